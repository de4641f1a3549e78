"""How long a proof is good for: each that carries a time, just inside its window and just outside, and with no time.

Every time below is signed with the right key: what is refused is refused for the time alone. A module that verifies or
signs and is not in these tables fails the last tests.
"""

from __future__ import annotations

import ast
import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from joserfc import jwt
from joserfc.jwk import OctKey

from channels import CHANNELS
from channels.email.providers import PROVIDERS, resend, sendgrid, sns
from channels.email.providers.mailgun import Mailgun
from channels.orders import Orders
from channels.orders import signature as order_signature
from core.channel import Account
from core.content import File
from core.continuation import Continuation
from core.errors import Invalid, NotFromThem
from portal.chat.files import Shares
from portal.chat.identity import signed_in
from portal.chat.visitor import Visitors
from portal.forms.ticket import Ticket, Tickets
from tests.channel_contract import NOW
from tests.channels.email.providers import test_ses as amazon
from tests.channels.email.providers.made import ACCOUNT, EC_KEY, SVIX_KEY, body, form
from tests.house_rules import files

SECRET = "a secret of the shop and the hub"
SHOP = Account("orders", "shop", secrets={"secret": SECRET})
SITE = Account("webchat", "site", secrets={"secret": SECRET})
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))


# ------------------------------------------------------------------------------ what comes from other systems


def by_orders(stamp: str, now: datetime) -> None:
    header = f"t={stamp},v1={order_signature(SECRET, stamp, b'{}')}"
    Orders(SHOP).verify(b"{}", {"x-switchboard-signature": header}, now)


def _mailgun(stamp: str) -> dict[str, str]:
    key = ACCOUNT.secrets["mailgun_signing_key"].encode()
    mac = hmac.new(key, f"{stamp}token".encode("utf-8", "replace"), hashlib.sha256)
    return {"timestamp": stamp, "token": "token", "signature": mac.hexdigest()}


def by_mailgun(stamp: str, now: datetime) -> None:
    Mailgun(ACCOUNT).verify(body({"signature": _mailgun(stamp), "event-data": {}}), {}, now)


def by_mailguns_form(stamp: str, now: datetime) -> None:
    Mailgun(ACCOUNT).verify(*form({**_mailgun(stamp), "body-plain": "x"}), now)


def by_sendgrid(stamp: str, now: datetime) -> None:
    mac = EC_KEY.sign(stamp.strip().encode() + b"[]", ec.ECDSA(SHA256()))
    headers = {sendgrid.SIGNATURE: b64encode(mac).decode(), sendgrid.STAMP: stamp}
    sendgrid.SendGrid(ACCOUNT).verify(b"[]", headers, now)


def by_resend(stamp: str, now: datetime) -> None:
    mac = hmac.new(SVIX_KEY, f"id.{stamp.strip()}.{{}}".encode(), hashlib.sha256).digest()
    headers = {"svix-id": "id", "svix-timestamp": stamp, "svix-signature": f"v1,{b64encode(mac).decode()}"}
    resend.Resend(ACCOUNT).verify(b"{}", headers, now)


def by_ses(stamp: str, now: datetime) -> None:
    value = amazon.envelope("hello", Timestamp=stamp)
    sns.verify(value, amazon.PEM, now)


@dataclass(frozen=True)
class Proof:
    """`prove(stamp, now)` raises NotFromThem unless a request signed with `stamp` is taken at `now`."""

    prove: Callable[[str, datetime], None]
    back: timedelta
    ahead: timedelta = 5 * MINUTE
    written: Callable[[datetime], str] = lambda at: str(int(at.timestamp()))


PROOFS = {
    "orders": Proof(by_orders, 5 * MINUTE),
    "mailgun": Proof(by_mailgun, 9 * HOUR),
    "mailgun, a form": Proof(by_mailguns_form, 9 * HOUR),
    "sendgrid": Proof(by_sendgrid, 73 * HOUR),
    "resend": Proof(by_resend, 5 * MINUTE),
    "ses": Proof(by_ses, 2 * HOUR, written=lambda at: at.isoformat()),
}
# A secret that comes with each request and says nothing of when: whoever has it can make requests of their own anyway.
WITHOUT_TIME = {"telegram", "brevo", "mailjet", "postmark"}

NO_TIME = (
    "", " ", "now", "NaN", "nan", "inf", "-inf", "-1", "-1795431600", "+1795431600", "1e9", "0x6b0e1a30",
    "1795431600.0x", "1_795_431_600", "٣", "１７９５４３１６００", "0", "9" * 12, "9" * 13, "9" * 400, "1795431600000",
    "true", "null", "[]", "1795431600\n", "1795431600 1795431600", "1795431600,1795431600", "1795431600\x00",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z", "2026-11-23", "2026-11-23T12:00:00+99:99",
)  # fmt: skip


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_is_good_within_its_window_and_not_a_second_longer(name: str) -> None:
    proof = PROOFS[name]
    for age in (0 * SECOND, SECOND, -SECOND, proof.back, -proof.ahead):
        proof.prove(proof.written(NOW - age), NOW)
    for age in (proof.back + SECOND, -proof.ahead - SECOND, 3650 * DAY, -3650 * DAY):
        with pytest.raises(NotFromThem):
            proof.prove(proof.written(NOW - age), NOW)


@pytest.mark.parametrize("name", PROOFS)
def test_what_is_no_time_is_no_proof(name: str) -> None:
    proof = PROOFS[name]
    for stamp in NO_TIME:
        # White space around a header's value is none of its value (RFC 9110, 5.5).
        if stamp.strip() != "1795431600":
            with pytest.raises(NotFromThem):
                proof.prove(stamp, NOW)


def test_of_two_times_none_is_believed_that_was_not_signed() -> None:
    """An old request that was caught, with a time of now beside its own, in either order."""
    old, fresh = (str(int(at.timestamp())) for at in (NOW - DAY, NOW))
    mac = order_signature(SECRET, old, b"{}")
    for first, second in ((old, fresh), (fresh, old)):
        with pytest.raises(NotFromThem):
            Orders(SHOP).verify(b"{}", {"x-switchboard-signature": f"t={first},t={second},v1={mac}"}, NOW)
        told = body(_mailgun(old))[1:-1].replace(f'"timestamp": "{old}"'.encode(), b"")
        both = f'"timestamp": "{first}", "timestamp": "{second}"'.encode()
        with pytest.raises(NotFromThem):
            Mailgun(ACCOUNT).verify(b'{"signature": {' + both + told + b'}, "event-data": {}}', {}, NOW)
        fields, headers = form({name: value for name, value in _mailgun(old).items() if name != "timestamp"})
        with pytest.raises(NotFromThem):
            Mailgun(ACCOUNT).verify(f"timestamp={first}&timestamp={second}&".encode() + fields, headers, NOW)


def test_every_adapter_that_verifies_is_in_the_table() -> None:
    verifying = {}
    for file in files():
        if file.path.startswith("channels/") and "def verify(self, body: bytes, headers" in file.text:
            *_, folder, name = file.path.removesuffix(".py").split("/")
            verifying[folder if name == "adapter" else name] = file
    timed = {name.partition(",")[0] for name in PROOFS}
    assert set(verifying) == timed | WITHOUT_TIME
    assert not timed & WITHOUT_TIME
    assert set(PROVIDERS) <= set(verifying) <= {*PROVIDERS, *CHANNELS}
    for name in WITHOUT_TIME:  # who reads the time after all belongs to the others
        assert "fresh(" not in verifying[name].text, name
        assert ".timestamp()" not in verifying[name].text, name


# ----------------------------------------------------------------------------------- what we sign ourselves


@contextmanager
def signing_at(at: datetime) -> Iterator[tuple[type[TimestampSigner], Callable[..., Any]]]:
    """A signer and a serializer of the library whose clock says `at`, as another process's may."""

    class Then(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(at.timestamp())

    yield Then, lambda *given, **more: URLSafeTimedSerializer(*given, signer=Then, **more)


def visitor(at: datetime) -> bool:
    with signing_at(at) as (signer, _):
        token = signer(["key"], salt="webchat.visitor").sign("site:ann").decode()
    return Visitors("key").known("site", token) is not None


def share(at: datetime) -> bool:
    with signing_at(at) as (_, serializer):
        token = serializer(["key"], salt="webchat.file").dumps(["00", "image/png", "a.png", "webchat:site:ann"])
    return Shares("key").read(token) is not None


def upload(at: datetime) -> bool:
    with signing_at(at) as (_, serializer):
        told = ["webchat:site:ann", "00", "image/png", "a.png", 1, "image"]
        token = serializer(["key"], salt="webchat.upload").dumps(told)
    return isinstance(Shares("key").brought(["webchat:site:ann"], token), File)


def ticket(at: datetime) -> bool:
    tickets = Tickets("key")
    read = tickets.read(tickets.write(Ticket("id", "contact", 1, at.timestamp(), 13)))
    return read is not None and not tickets.over(read)


OURS: dict[str, tuple[Callable[[datetime], bool], timedelta]] = {
    "portal/chat/visitor.py": (visitor, 180 * DAY),
    "portal/chat/files.py": (share, DAY),
    "portal/chat/files.py, brought": (upload, DAY),
    "portal/forms/ticket.py": (ticket, DAY),
}
# What has no time of its own in it, and why it needs none; or where its time is tested.
OTHERS = {
    "core/accounts/secrets.py": "makes the keys",
    "core/continuation.py": "below",
    "core/unsubscribe.py": "a person may decline for as long as they have the mail",
    "core/campaigns/personal.py": "opens nothing",
    "core/forms/confirm.py": "its entry's time counts: tests/portal/test_forms_taken.py",
    "portal/came.py": "tests/portal/test_going.py",
    "inbox/visit.py": "ends with its session: tests/security/test_walk.py",
    "channels/email/mark.py": "a bounce may come when it likes; it changes the status of that mail and nothing else",
}


@pytest.mark.parametrize("name", OURS)
def test_what_we_sign_ends_when_it_says_and_clocks_may_differ_a_little(name: str) -> None:
    counts, lasts = OURS[name]
    now = datetime.now(UTC)
    for age in (0 * SECOND, lasts - MINUTE, -4 * MINUTE):
        assert counts(now - age), age
    for age in (lasts + MINUTE, *(() if name == "portal/forms/ticket.py" else (-6 * MINUTE, -DAY))):
        assert not counts(now - age), age


def test_a_chat_is_continued_within_its_quarter_of_an_hour() -> None:
    made = Continuation("key")
    token = made.token("0" * 20, NOW)
    assert made.conversation(token, NOW + 15 * MINUTE) == "0" * 20
    assert made.conversation(token, NOW + 15 * MINUTE + SECOND) is None


NUMBERS: tuple[Any, ...] = (
    None, "", "soon", "NaN", "-1", "1e12", "9" * 13, -1, 0, 10**12, 10**400, float("nan"), float("inf"), True, [], {},
    ["1795431600"], {"$gt": 0}, "１７９５４３１６００",
)  # fmt: skip


def test_a_sites_word_for_its_user_ends_when_it_says() -> None:
    def by_hash(expires: Any) -> dict[str, Any]:
        mac = hmac.new(SECRET.encode(), f"ann.{expires}".encode(), hashlib.sha256)
        return {"id": "ann", "expires": expires, "hash": mac.hexdigest()}

    def by_token(**claims: Any) -> dict[str, Any]:
        return {"token": jwt.encode({"alg": "HS256"}, {"sub": "ann", **claims}, OctKey.import_key(SECRET))}

    at = int(NOW.timestamp())
    for given in (
        by_hash(at + 1),
        by_hash(str(at + 1)),
        by_token(exp=at + 1),
        by_token(exp=at + 1, nbf=at + 60, iat=at),
    ):
        assert signed_in(SITE, given, NOW).expires == at + 1
    assert signed_in(SITE, by_hash(at + 10**9), NOW).expires == at + 31 * 86_400
    for given in (by_hash(at), by_token(exp=at), by_token(exp=at - 10**6)):
        with pytest.raises(Invalid, match="signed_out"):
            signed_in(SITE, given, NOW)
    for wrong, (name, late) in product(NUMBERS, (("nbf", at + 61), ("iat", at + 61))):
        claims = {"exp": at + 60, name: wrong}
        with pytest.raises(Invalid):
            signed_in(SITE, by_hash(wrong), NOW)
        with pytest.raises(Invalid):
            signed_in(SITE, by_token(exp=wrong), NOW)
        with pytest.raises(Invalid):
            signed_in(SITE, by_token(exp=at + 60, **{name: late}), NOW)
        if wrong != 0 or wrong is False:
            with pytest.raises(Invalid):
                signed_in(SITE, by_token(**claims), NOW)
    with pytest.raises(Invalid):
        signed_in(SITE, by_token(), NOW)
    with pytest.raises(Invalid):
        signed_in(SITE, by_hash(at + 1.5), NOW)


def test_every_module_that_signs_is_in_the_table() -> None:
    signing = set()
    for file in files():
        if file.ours and "core.signing" in file.text:
            for node in file.nodes:
                if isinstance(node, ast.ImportFrom) and node.module == "core.signing":
                    signing.add(file.path)
    assert signing == {name.partition(",")[0] for name in OURS} | set(OTHERS)
