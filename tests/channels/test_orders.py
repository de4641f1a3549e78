"""The order door: what it lets in, what it reads, and the sentence it gives for everything else."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.orders import Orders, signed
from core.channel import Account, Address, Arrival, Identity, Ignored
from core.errors import NotFromThem, Unreadable
from tests.channel_contract import NOW, Case, ChannelContract, Signed, like

ACCOUNT = Account("orders", "shop", settings={"country": "UA"}, secrets={"secret": "s3cret"})
NO_ID = {"status": "paid", "occurred_at": "2026-11-20T10:00:00Z", "order": {"number": "7"}}
FULL: dict[str, Any] = {
    "id": "evt_1",
    "type": "order.shipped",
    "occurred_at": "2026-11-20T12:00:00.123456+02:00",
    "order": {
        "number": "A-1042",
        "customer": {"name": "Анна Коваль", "email": "Ann@Example.org", "phone": "067 123 45 67", "language": "uk-UA"},
        "lines": [{"name": "Oak table", "quantity": 1, "price": 540.10}, {"name": "Chair", "quantity": "4"}],
        "total": 882.2,
        "currency": "eur",
        "promised_at": "2026-12-18",
        "tracking_url": "https://carrier.example/77",
        "gift": True,
    },
    "shop_version": 3,
}
NORMALISED = {
    "id": "evt_1",
    "status": "shipped",
    "occurred_at": "2026-11-20T10:00:00.123000+00:00",
    "order": {
        "number": "A-1042",
        "customer": {"name": "Анна Коваль", "email": "ann@example.org", "phone": "+380671234567", "language": "uk"},
        "lines": [{"name": "Oak table", "quantity": "1", "price": "540.10"}, {"name": "Chair", "quantity": "4"}],
        "total": "882.2",
        "currency": "EUR",
        "promised_at": "2026-12-18T00:00:00+00:00",
        "tracking_url": "https://carrier.example/77",
    },
}


def body(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def event(**order: Any) -> dict[str, Any]:
    return {"id": "e", "status": "paid", "order": {"number": "7", **order}}


SHIPPED = like(
    Arrival,
    address=Address("orders", "shop", "A-1042"),
    kind="order",
    key="id:evt_1",
    at=datetime(2026, 11, 20, 10, 0, 0, 123000, tzinfo=UTC),
    name="Анна Коваль",
    language="uk",
    identities=(Identity("email", "ann@example.org", True), Identity("phone", "+380671234567", True)),
    data=NORMALISED,
)

CASES = [
    # 540.10 as a float would be 540.1: the digits are those that were sent.
    Case("a full event", json.dumps(FULL).replace("540.1", "540.10").encode(), [SHIPPED]),
    Case("a byte order mark", b"\xef\xbb\xbf" + json.dumps(FULL).replace("540.1", "540.10").encode(), [SHIPPED]),
    Case("a list", body([event(), {**event(), "id": "f"}]), [like(Arrival, key="id:e"), like(Arrival, key="id:f")]),
    Case("events", body({"events": [event()]}), [like(Arrival, key="id:e")]),
    Case("no events", body({"events": []}), [like(Ignored)]),
    Case("without an id", body(NO_ID), [like(Arrival, address=Address("orders", "shop", "7"))]),
    Case("a number as a number", body(event(number=1042)), [like(Arrival, address=Address("orders", "shop", "1042"))]),
    Case(
        "a number with colons", body(event(number="a:b:c")), [like(Arrival, address=Address("orders", "shop", "a:b:c"))]
    ),
    Case("words in two parts", body({**event(), "status": "In production"}), [like(Arrival, text="7: in production")]),
    Case("camel case", body({**event(), "status": "order.inProduction"}), [like(Arrival, text="7: in production")]),
    Case("one l", body({**event(), "status": "canceled"}), [like(Arrival, text="7: cancelled")]),
    Case("status before type", body({**event(), "type": "order.updated"}), [like(Arrival, text="7: paid")]),
    Case("seconds", body({**event(), "occurred_at": 1767225600}), [like(Arrival, at=datetime(2026, 1, 1, tzinfo=UTC))]),
    Case(
        "a phone that is none", body(event(customer={"phone": "call me", "email": "-"})), [like(Arrival, identities=())]
    ),
    Case("nulls", body(event(customer=None, lines=None, total=None, currency=None)), [like(Arrival, identities=())]),
    Case(
        "a lone surrogate and a NUL",
        b'{"status":"paid","order":{"number":"7\\ud800\\u0000","customer":{"name":"\\ud83d\\u0000x"}}}',
        [like(Arrival, address=Address("orders", "shop", "7\ufffd\ufffd"), name="\ufffd\ufffdx")],
    ),
    Case("text", b'"hello"', Unreadable),
    Case("a number alone", b"5", Unreadable),
    Case("null", b"null", Unreadable),
    Case("no order", body({"status": "paid"}), Unreadable),
    Case("no number", body({"status": "paid", "order": {}}), Unreadable),
    Case("no status", body({"order": {"number": "7"}}), Unreadable),
    Case("an unknown status", body({**event(), "status": "exploded"}), Unreadable),
    Case("a key twice", b'{"status":"paid","order":{"number":"7","number":"8"}}', Unreadable),
]


class TestContract(ChannelContract):
    cases = CASES
    not_theirs = (b"", b"{", b"\xff\xfe", b"<xml/>", b"[" * 200_000, b'{"a": NaN}', b'{"n": ' + b"9" * 10_000 + b"}")

    def adapter(self) -> Orders:
        return Orders(ACCOUNT)

    def signed(self) -> list[Signed]:
        content = body(FULL)
        fresh = signed("s3cret", content, NOW)
        old_secret = signed("other", content, NOW).replace("t=", "t=") + "," + fresh.split(",")[1]
        return [
            Signed(content, {"x-switchboard-signature": fresh}),
            Signed(content, {"x-switchboard-signature": fresh.upper().replace("T=", "t=").replace("V1=", "v1=")}),
            Signed(content, {"x-switchboard-signature": old_secret}),
            Signed(content, {"x-switchboard-signature": signed("s3cret", content, NOW - timedelta(seconds=299))}),
            Signed(content, {"x-switchboard-signature": signed("s3cret", content, NOW + timedelta(seconds=299))}),
            Signed(b"", {"x-switchboard-signature": signed("s3cret", b"", NOW)}),
        ]

    def forged(self) -> list[Signed]:
        content = body(FULL)
        good = signed("s3cret", content, NOW)
        stamp, mac = good.split(",")
        later = f"t={int(NOW.timestamp()) + 10}"
        plain = hmac.new(b"s3cret", content, hashlib.sha256).hexdigest()
        headers = [
            "",
            "nonsense",
            stamp,
            mac,
            "t=,v1=",
            f"{stamp},v1=",
            f"{stamp},v1={'0' * 64}",
            f"{stamp},v1={plain}",  # the time is not part of what was signed
            f"{later},{mac}",  # a replay with a fresh time
            f"t=٣,{mac}",
            f"{stamp},v1={'é' * 64}",
            signed("", content, NOW),
            signed("wrong", content, NOW),
            signed("s3cret", content + b" ", NOW),
            signed("s3cret", content, NOW - timedelta(seconds=301)),
            signed("s3cret", content, NOW + timedelta(seconds=301)),
        ]
        return [Signed(content, {"x-switchboard-signature": header}) for header in headers] + [Signed(content, {})]


def test_a_line_without_a_secret_lets_nobody_in() -> None:
    with pytest.raises(NotFromThem):
        Orders(Account("orders", "shop")).verify(b"{}", {"x-switchboard-signature": signed("", b"{}", NOW)}, NOW)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "missing"),
        ({"x-switchboard-signature": "sha256=00"}, "should look like"),
        ({"x-switchboard-signature": signed("wrong", b"{}", NOW)}, "not right"),
        ({"x-switchboard-signature": signed("s3cret", b"{}", NOW - timedelta(hours=1))}, "5 minutes old"),
        ({"x-switchboard-signature": signed("s3cret", b"{}", NOW + timedelta(hours=1))}, "future"),
    ],
)
def test_a_refusal_says_what_to_do(headers: dict[str, str], words: str) -> None:
    with pytest.raises(NotFromThem, match=words):
        Orders(ACCOUNT).verify(b"{}", headers, NOW)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], "the event"),
        ({"status": "paid", "order": "7"}, "order: should be an object"),
        (event(number=None), "order.number"),
        (event(number=True), "order.number"),
        (event(number="  "), "order.number"),
        (event(number="7" * 65), "order.number"),
        (event(number=["7"]), "order.number"),
        ({**event(), "status": 5}, "status"),
        ({**event(), "id": {}}, "id"),
        ({**event(), "occurred_at": "yesterday"}, "occurred_at"),
        ({**event(), "occurred_at": 10**30}, "occurred_at"),
        ({**event(), "occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({**event(), "occurred_at": "9999-12-31T23:59:59-12:00"}, "occurred_at"),
        ({**event(), "occurred_at": True}, "occurred_at"),
        (event(customer="Ann"), "order.customer"),
        (event(customer={"email": 5}), "order.customer.email"),
        (event(customer={"name": []}), "order.customer.name"),
        (event(customer={"phone": {}}), "order.customer.phone"),
        (event(customer={"language": 5.5e3}), "order.customer.language"),
        (event(lines={}), "order.lines"),
        (event(lines=["table"]), r"order.lines\[0\]"),
        (event(lines=[{"name": "a"}, {"quantity": 1}]), r"order.lines\[1\].name"),
        (event(lines=[{"name": "a", "price": "12,50 €"}]), r"order.lines\[0\].price"),
        (event(total="much"), "order.total"),
        (event(total=True), "order.total"),
        (event(total="1e400"), "order.total"),
        (event(total="Infinity"), "order.total"),
        (event(currency="euro"), "order.currency"),
        (event(promised_at="soon"), "order.promised_at"),
        (event(tracking_url="javascript:alert(1)"), "order.tracking_url"),
        (event(tracking_url="https://[bad"), "order.tracking_url"),
        (event(tracking_url=5), "order.tracking_url"),
    ],
)
def test_what_is_no_order_event_is_named_by_its_field(value: Any, field: str) -> None:
    with pytest.raises(Unreadable, match=field) as caught:
        Orders(ACCOUNT).parse(body([event(), value]), {})
    assert caught.value.sentence.startswith("[1].")
    (good,) = caught.value.read
    assert isinstance(good, Arrival)
    assert good.key == "id:e"


def test_several_broken_events_of_a_list_are_counted() -> None:
    with pytest.raises(Unreadable) as caught:
        Orders(ACCOUNT).parse(body({"events": [{}, event(), 5, event(total="x")]}), {})
    assert caught.value.sentence == "events[0].order: is missing; it should be an object. So are 2 more of 4."
    assert len(caught.value.read) == 1


def test_without_an_id_any_difference_is_another_event() -> None:
    def key(value: Any) -> str:
        (arrival,) = Orders(ACCOUNT).parse(body(value), {})
        assert isinstance(arrival, Arrival)
        return arrival.key

    assert key(NO_ID) == key(json.loads(json.dumps(NO_ID)))
    assert key(NO_ID) == key({**NO_ID, "attempt": 2})  # what we do not know does not count
    assert len({key(NO_ID), key({**NO_ID, "status": "shipped"}), key({**NO_ID, "occurred_at": "2026-11-21"})}) == 3
    assert len(key({**NO_ID, "id": "x" * 5000})) == 64
