"""The portal's small parts on their own."""

from __future__ import annotations

import pytest

from core.channel import Account
from core.errors import Invalid
from core.forms.check import as_mail, as_phone
from core.forms.form import Form, FormField, Option
from core.forms.rules import checked
from portal.chat.origin import allowed
from portal.language import TEXTS, chosen
from portal.limits import Buckets, Places


def test_a_bucket_lets_a_burst_through_and_then_one_at_a_time() -> None:
    now = [100.0]
    buckets = Buckets(burst=20, per_second=1, clock=lambda: now[0])
    assert [buckets.take("ann") for _ in range(20)] == [0.0] * 20
    assert buckets.take("ann") == pytest.approx(1)
    assert buckets.take("ben") == 0
    now[0] += 0.5
    assert buckets.take("ann") == pytest.approx(0.5)
    now[0] += 0.5
    assert buckets.take("ann") == 0
    now[0] += 3600
    assert [buckets.take("ann") > 0 for _ in range(21)] == [False] * 20 + [True]


def test_a_bucket_forgets_whom_it_has_not_seen_for_long() -> None:
    buckets = Buckets(burst=1, per_second=0.001, most=2, clock=lambda: 0)
    assert [buckets.take(key) for key in "abc"] == [0, 0, 0]
    assert buckets.take("c") > 0
    assert buckets.take("a") == 0  # forgotten, so it begins anew


def test_this_machine_itself_is_no_place_to_limit() -> None:
    places = Places(burst=1, per_second=0.001)
    assert [places.take("127.0.0.1") for _ in range(5)] == [places.take("::1") for _ in range(5)] == [0.0] * 5
    for elsewhere in ("203.0.113.5", "2001:db8::5", "10.0.0.5", "unknown", ""):
        assert places.take(elsewhere) == 0
        assert places.take(elsewhere) > 0


@pytest.mark.parametrize(
    ("origins", "origin", "public", "may"),
    [
        ("", "https://hub.example", None, True),
        ("", "https://shop.example", None, False),
        ("https://shop.example\nhttps://www.shop.example/", "https://www.shop.example", None, True),
        (["https://shop.example"], "https://shop.example", None, True),
        ("https://shop.example", "http://shop.example", None, False),
        ("https://shop.example", "https://shop.example.evil.example", None, False),
        ("https://shop.example", "https://evil.example/https://shop.example", None, False),
        ("https://shop.example", "null", None, False),
        ("https://shop.example", "https://chat.example", "https://chat.example/hub", True),
        ("https://shop.example", None, None, True),
    ],
)
def test_which_sites_may_show_the_chat(
    origins: str | list[str], origin: str | None, public: str | None, may: bool
) -> None:
    account = Account("webchat", "shop", settings={"origins": origins})
    assert allowed(account, origin, "hub.example", public) is may


@pytest.mark.parametrize(
    ("asked", "accept", "language"),
    [
        ("ru", "en", "ru"),
        ("xx", "uk-UA,uk;q=0.9", "uk"),
        (None, "de, ru;q=0.5, uk;q=0.8", "uk"),
        (None, "ru;q=0, en;q=0.1", "en"),
        (None, "", "en"),
        (None, ";q=;;,,q=x" * 1000, "en"),
    ],
)
def test_the_language_of_a_page(asked: str | None, accept: str, language: str) -> None:
    assert chosen(asked, accept, ("en", "ru", "uk")) == language


def test_every_text_is_there_in_every_language() -> None:
    wanted = {(section, key) for section, texts in TEXTS["en"].items() for key in texts}
    for language in ("ru", "uk"):
        assert {(section, key) for section, texts in TEXTS[language].items() for key in texts} == wanted


@pytest.mark.parametrize(
    ("text", "mail"),
    [
        (" Anna@Example.ORG ", "anna@example.org"),
        ("mailto:a.b+c@sub.example.co.uk", "a.b+c@sub.example.co.uk"),
        ("анна@пример.рф", "анна@пример.рф"),
        ("a@b", None),
        ("a@b@c.de", None),
        ("a b@c.de", None),
        ("@c.de", None),
        ("a@-c.de", None),
        ("a@c.de>, <b@c.de", None),
        ("a@" + "c." * 200 + "de", None),
        ("x" * 65 + "@c.de", None),
    ],
)
def test_mail_addresses(text: str, mail: str | None) -> None:
    assert as_mail(text) == mail


@pytest.mark.parametrize(
    ("text", "country", "phone"),
    [
        ("+380 (50) 123-45-67", None, "+380501234567"),
        ("050 123 45 67", "UA", "+380501234567"),
        ("050 123 45 67", None, None),
        ("8 701 123-45-67", "KZ", "+77011234567"),
        ("call me", "UA", None),
        ("1", "UA", None),
        ("9" * 100, "UA", None),
    ],
)
def test_phone_numbers(text: str, country: str | None, phone: str | None) -> None:
    assert as_phone(text, country) == phone


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (Form("Bad Name", "site"), "name"),
        (Form("ok", ""), "account"),
        (Form("ok", "site", fields=(FormField("1st"),)), "fields.0.name"),
        (Form("ok", "site", fields=(FormField("_id"),)), "fields.0.name"),
        (Form("ok", "site", fields=(FormField("a"), FormField("a"))), "fields.1.name"),
        (Form("ok", "site", fields=(FormField("a", "choice"),)), "fields.0.options"),
        (Form("ok", "site", redirect="javascript:alert(1)"), "redirect"),
        (Form("ok", "site", redirect="//evil.example"), "redirect"),
        (Form("ok", "site", redirect="https://a.example/\r\nSet-Cookie: x"), "redirect"),
        (Form("ok", "site", origins=("https://shop.example/path",)), "origins"),
        (Form("ok", "site", origins=("*",)), "origins"),
    ],
)
def test_a_form_is_checked_before_it_is_kept(form: Form, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        checked(form)
    assert caught.value.field == field


def test_a_form_comes_back_as_it_was_kept() -> None:
    form = Form(
        "contact",
        "site",
        title={"en": "Contact"},
        fields=(FormField("a", "choice", {"en": "A"}, {"en": "help"}, True, (Option("x", {"en": "X"}),), "name"),),
        redirect="/thanks?a=1",
        origins=("https://shop.example",),
    )
    assert Form.of({"_id": form.name, **checked(form).document()}) == form
