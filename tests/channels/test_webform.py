"""Web forms: what browsers, other people's forms and programs send, and what becomes of it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from channels.webform import Webform
from core.channel import Account, Address, Arrival, Identity, Outbound, Parses
from core.content import File
from core.errors import NotThisFormat, Rejected, TooLarge
from core.forms.arrival import RECEIVED, FormReader
from core.forms.form import Form, FormField, Option
from tests.channel_contract import Case, ChannelContract, like

ACCOUNT = Account("webform", "site", settings={"country": "UA"})
PLAIN = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json; charset=utf-8"}
MULTIPART = {"content-type": 'multipart/form-data; boundary="----x--y"'}


def multipart(*parts: tuple[str, bytes]) -> bytes:
    whole = b"".join(b"------x--y\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in parts)
    return whole + b"------x--y--\r\n"


CASES = (
    Case(
        "a plain form",
        urlencode(
            {"name": "Anna  Berg", "email": " Anna@Example.org ", "message": "Hi\r\nthere", "_id": "s1"}
        ).encode(),
        [
            like(
                Arrival,
                kind="form",
                name="Anna Berg",
                text="name: Anna  Berg\nemail: Anna@Example.org\nmessage:\nHi\nthere",
                identities=(Identity("email", "anna@example.org"),),
                data={"fields": {"name": "Anna  Berg", "email": "Anna@Example.org", "message": "Hi\nthere"}},
            )
        ],
        PLAIN,
    ),
    Case(
        "json with a phone of the country, page and campaign",
        json.dumps(
            {
                "fields": {"phone": "050 123 45 67", "agree": True, "sizes": ["S", "M"], "empty": None},
                "_page": "https://shop.example/bikes",
                "_lang": "uk",
                "utm_source": "newsletter",
            }
        ).encode(),
        [
            like(
                Arrival,
                language="uk",
                text="phone: 050 123 45 67\nagree: yes\nsizes: S, M",
                identities=(Identity("phone", "+380501234567"),),
                data={
                    "fields": {"phone": "050 123 45 67", "agree": "yes", "sizes": "S, M", "empty": ""},
                    "page": "https://shop.example/bikes",
                    "utm": {"utm_source": "newsletter"},
                },
            )
        ],
        JSON,
    ),
    Case(
        "multipart with a file, byte for byte",
        multipart(
            ('Content-Disposition: form-data; name="Почта"', b"Anna@example.org"),
            (
                'Content-Disposition: form-data; name="picture"; filename="../my %22cat%22.png"\r\n'
                "Content-Type: image/png",
                b"\x89PNG\r\n\x1a\n\r\n--\x00\xff\n\r",
            ),
            ('Content-Disposition: form-data; name="none"; filename=""\r\nContent-Type: application/octet-stream', b""),
        ),
        [
            like(
                Arrival,
                identities=(Identity("email", "anna@example.org"),),
                files=(
                    like(File, name="my _cat_.png", kind="image", size=16, data=b"\x89PNG\r\n\x1a\n\r\n--\x00\xff\n\r"),
                ),
            )
        ],
        MULTIPART,
    ),
    Case("a number is no name", b"order=5&phone=12", [like(Arrival, identities=(), name="")], PLAIN),
    Case("no type, but JSON", b'{"name": "Bo"}', [like(Arrival, name="Bo")]),
    Case("surrogates and NUL", b'{"name": "\\ud800\\u0000x"}', [like(Arrival, text="name: \ufffd\ufffdx")], JSON),
    Case("too many fields", urlencode({f"f{n}": n for n in range(200)}).encode(), TooLarge, PLAIN),
    Case("JSON without an object", b"[1, 2]", NotThisFormat, JSON),
    Case("another type", b"<a/>", NotThisFormat, {"content-type": "text/xml"}),
    Case("multipart without a boundary", b"x", NotThisFormat, {"content-type": "multipart/form-data"}),
    Case("nothing", b"", NotThisFormat, PLAIN),
    Case("prose", "просто текст".encode(), NotThisFormat, PLAIN),
)


class TestContract(ChannelContract):
    cases = CASES
    not_theirs = (b"", b"{", b"hello", b"\x00\xff\xfe", b"[" * 5000)

    def adapter(self) -> Parses:
        return Webform(ACCOUNT)


def one(body: bytes, headers: dict[str, str], form: Form | None = None) -> Arrival:
    [event] = FormReader(ACCOUNT, form).parse(body, headers)
    assert isinstance(event, Arrival)
    return event


def sent(minute: str = "", **fields: str) -> Arrival:
    return one(urlencode(fields).encode(), {**PLAIN, RECEIVED: minute})


def test_the_same_contact_is_the_same_address_which_does_not_tell_it() -> None:
    first, again = sent(email="anna@example.org", text="a"), sent(email=" ANNA@example.org", text="b")
    other = sent(email="bo@example.org", text="a")
    assert first.address == again.address != other.address
    assert "anna" not in str(first.address)
    assert not any(identity.verified for identity in first.identities)
    assert sent(text="who am I").address != sent(text="somebody else").address


def test_a_doubled_click_is_one_entry_and_a_corrected_form_another() -> None:
    assert sent(_id="a1", text="x").key == sent(_id="a1", text="x", minute="later").key
    assert sent(_id="a1", text="x").key != sent(_id="a1", text="y").key
    assert sent("12:00", text="x").key == sent("12:00", text="x").key
    assert sent("12:00", text="x").key != sent("12:01", text="x").key


def test_a_known_form_gives_its_labels_its_kinds_and_the_words_agreed_to() -> None:
    form = Form(
        name="contact",
        account="site",
        title={"en": "Contact", "ru": "Связаться"},
        fields=(
            FormField("who", label={"en": "Your name", "ru": "Имя"}, autocomplete="name"),
            FormField("reach", "email", {"en": "E-mail", "ru": "Почта"}),
            FormField("email", "text", {"en": "E-mail of a friend"}),
            FormField("topic", "choice", {"en": "Topic", "ru": "Тема"}, options=(Option("b", {"ru": "Велосипед"}),)),
            FormField("ok", "consent", {"en": "You may write to me.", "ru": "Вы можете мне писать."}),
            FormField("campaign", "hidden"),
        ),
    )
    fields = {
        "who": "Анна",
        "reach": "a@example.org",
        "email": "friend@example.org",
        "topic": "b",
        "ok": "yes",
        "campaign": "spring",
        "extra": "kept",
        "_lang": "ru",
    }
    event = one(urlencode(fields).encode(), PLAIN, form)
    assert event.content.subject == "Связаться"
    assert event.content.text == (
        "Имя: Анна\nПочта: a@example.org\nE-mail of a friend: friend@example.org\nТема: Велосипед\nextra: kept"
    )
    assert event.identities == (Identity("email", "a@example.org"),)
    assert event.name == "Анна"
    assert event.data["consents"] == [
        {
            "field": "ok",
            "words": "Вы можете мне писать.",
            "purpose": "contact",
            "text": "contact/0/ok/ru",
            "confirm": False,
        }
    ]
    assert event.data["fields"]["campaign"] == "spring"
    assert event.data["form"] == "contact"


async def test_a_form_cannot_be_answered() -> None:
    adapter = Webform(ACCOUNT)
    event: Any = adapter.parse(b"a=b", PLAIN)[0]
    with pytest.raises(Rejected):
        await adapter.send(Outbound("0" * 20, Address("webform", "site", event.address.person), event.content))
    await adapter.close()
