"""Notification texts: the default ones, an operator's own, and what a broken or hostile one can do (nothing)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.database import Database
from core.errors import Invalid, NotFound
from core.orders.order import STATUSES
from core.templates.check import preview, validate
from core.templates.render import BrokenTemplate, render
from core.templates.store import Templates
from core.templates.template import LANGUAGES, default, status_words, statuses
from core.templates.variables import CustomerWords, OrderWords, Variables, day, money, sample
from core.templates.word import Word

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_a_text_in_every_language(status: str, language: str) -> None:
    text = default(status, language)
    assert validate(text.subject, text.body, status, language) is None
    full = preview(text.subject, text.body, status, language)
    assert "A-1042" in full.subject
    assert "A-1042" in full.body
    assert status_words(status, language)
    for rendered in (full, render(text.subject, text.body, sample(status, language, full=False))):
        assert "\n\n\n" not in rendered.body
        assert "{" not in rendered.subject + rendered.body
        assert "None" not in rendered.body
        assert rendered.body == rendered.body.strip()


def test_there_is_a_text_for_each_status_and_nothing_else() -> None:
    assert set(statuses()) == set(STATUSES)


def test_amounts_and_dates_are_written_as_the_reader_writes_them() -> None:
    assert money("1234.5", "EUR", "en") == "€1,234.50"
    assert money("1234.5", "UAH", "uk") == "1\xa0234,50\xa0₴"
    assert money("1234.5", "", "ru") == "1\xa0234,5"
    assert money("5", "XQQ", "en") == "XQQ5.00"
    assert money("", "EUR", "en") == ""
    assert day(NOW, "en") == "23 November 2026"
    assert day(NOW, "ru") == "23 ноября 2026\u202fг."
    assert day(NOW, "uk") == "23 листопада 2026\u202fр."
    assert day(None, "uk") == ""


def test_an_unknown_language_is_english() -> None:
    assert default("paid", "xx").body == default("paid", "en").body


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{{ nobody }}", "Line 1: 'nobody' is undefined."),
        ("a\n\n{{ order.nothing }}", "Line 3: there is no nothing here, only lines, number, promised, status, total."),
        ("{{ nobody.name.first }}", "Line 1: 'nobody' is undefined."),
        ("{% if %}", "Line 1"),
        ("x\n{% for line in order.lines %}", "Line 2"),
        ("{{ order.number.__class__ }}", "there is no __class__"),
        ("{{ ''.__class__.__mro__ }}", "there is no __class__"),
        ("{{ order.__init__ }}", "there is no __init__"),
        ("{{ order.lines.index }}", "there is no index"),
        ("{{ order.number.format }}", "there is no format"),
        ("{{ customer['name'] }}", "getitem cannot be used"),
        ("{{ 'x' * 1000000000 }}", "mul cannot be used"),
        ("{{ 9 ** 9 ** 9 }}", "pow cannot be used"),
        ("{{ range(9) }}", "call cannot be used"),
        ("{% set x = 1 %}", "assign cannot be used"),
        ("{% macro x() %}{% endmacro %}", "macro cannot be used"),
        ("{% include 'secrets' %}", "include cannot be used"),
        ("{% import 'os' as os %}", "import cannot be used"),
        ("{{ order.number|attr('__class__') }}", "there is no filter attr"),
        ("{{ order.lines|map(attribute='__class__') }}", "there is no filter map"),
        ("{{ '{0.__class__}'|format(order) }}", "there is no filter format"),
        ("{{ '%c' % 65 }}", "mod cannot be used"),
        ("{{ 'x'.join(order.lines) }}", "call cannot be used"),
        ("{{ 'x'|center(1000000000) }}", "there is no filter center"),
        ("{{ order.number ~ order.number }}", "concat cannot be used"),
        ("{{ [order] }}", "list cannot be used"),
        ("{{ {'a': order} }}", "dict cannot be used"),
        ("{{ 1 + 1 }}", "add cannot be used"),
        ("{{ order.number is sameas order }}", "there is no test sameas"),
        ("{{ self }}", "'self' is undefined"),
        ("{{ loop }}", "'loop' is undefined"),
        ("{{ lipsum }}", "'lipsum' is undefined"),
        ("{{ cycler.__init__.__globals__ }}", "'cycler' is undefined"),
        ("{% extends 'x' %}", "extends cannot be used"),
        ("{% block x %}{% endblock %}", "block cannot be used"),
        ("{% filter upper %}x{% endfilter %}", "filterblock cannot be used"),
        ("{% call x() %}{% endcall %}", "callblock cannot be used"),
        ("{% raw %}{{ x }}", "Line 1"),
        ("{% for a in order.lines recursive %}{{ loop(a) }}{% endfor %}", "for goes over"),
        ("{% for a in 'abc' %}{% endfor %}", "for goes over"),
        (
            "{% for a in order.lines %}{% for b in order.lines %}{% for c in order.lines %}"
            "{% endfor %}{% endfor %}{% endfor %}",
            "at most two deep",
        ),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "nested too deeply"),
        ("{% if customer.name < 3 %}{% endif %}", "not supported"),
        ("x" * 10_001, "longer than 10000"),
        (" \n ", "The text is empty."),
        ("{{ order.total }}", "empty when the order has no details"),
        ("{{", "Line 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(body: str, says: str) -> None:
    assert says in (validate("ok", body) or "nothing is wrong")


def test_a_wrong_subject_says_that_it_is_the_subject() -> None:
    assert (validate("{{ x }}", "ok") or "").startswith("Subject: Line 1")


def test_the_most_work_a_template_can_ask_for_is_bounded() -> None:
    loop = "{% for a in order.lines %}{% for b in order.lines %}{{ a.name }} and more{% endfor %}{% endfor %}"
    many = Variables(CustomerWords(), OrderWords("1", "x", lines=sample("paid", "en").order.lines * 15))
    with pytest.raises(BrokenTemplate, match="longer than 20000"):
        render("", loop * 3, many)
    # What is not seen is work all the same: this one would take most of a minute with long names.
    quiet = "{% for a in order.lines %}{% for b in order.lines %}{% if a.name|title|title %}{% endif %}"
    with pytest.raises(BrokenTemplate, match="too much to do"):
        render("", quiet + "{% if a.name" + "|title" * 90 + " %}{% endif %}{% endfor %}{% endfor %}x", many)
    assert render("", quiet + "{% endfor %}{% endfor %}x", many).body == "x"


DEEP = {
    "ifs": "{% if order %}" * 120 + "x" + "{% endif %}" * 120,
    "nots": "{{ " + "not " * 2400 + "1 }}",
    "brackets": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "filters": "{{ 1" + "|upper" * 1600 + " }}",
    "a number": "{{ " + "9" * 9000 + " }}",
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP.keys())
async def test_what_is_too_deep_for_python_itself_is_refused_and_never_said(database: Database, body: str) -> None:
    """At saving with a sentence; and where it is in the database already, the usual words are said instead."""
    assert validate("ok", body[:10_000]) is not None
    templates = Templates(database)
    await database.collection("templates").insert_one(
        {"_id": "paid:en", "status": "paid", "language": "en", "subject": "x", "body": body}
    )
    usual = default("paid", "en")
    assert await Word(templates)("paid", "en", sample("paid", "en")) == render(
        usual.subject, usual.body, sample("paid", "en")
    )
    assert (await templates.get("paid", "en")).problem


def test_what_customers_are_called_is_never_a_template() -> None:
    hostile = Variables(CustomerWords("{{ order.number }}{% for"), OrderWords("1", "x"))
    assert render("{{ customer.name }}", "{{ customer.name }}", hostile).body == "{{ order.number }}{% for"


def test_a_subject_is_one_line() -> None:
    assert render("a\r\nBcc: x@example.org\n b", "x", sample("paid", "en")).subject == "a Bcc: x@example.org b"


async def test_an_own_text_is_used_and_can_be_taken_back(database: Database) -> None:
    templates, word = Templates(database), Word(Templates(database))
    saved = await templates.save(
        "paid", "uk", subject=" Є ", body="Сплачено: {{ order.number }}", enabled=True, by="ann", now=NOW
    )
    assert saved == await templates.get("paid", "uk")
    assert (saved.own, saved.subject, saved.changed_by, saved.changed_at) == (True, "Є", "ann", NOW)
    rendered = await word("paid", "uk", sample("paid", "uk"))
    assert rendered is not None
    assert rendered.body == "Сплачено: A-1042"
    assert [t.own for t in await templates.all()].count(True) == 1
    assert len(await templates.all()) == len(STATUSES) * len(LANGUAGES)
    await templates.reset("paid", "uk")
    assert await templates.get("paid", "uk") == default("paid", "uk")


async def test_a_text_that_is_turned_off_is_not_said(database: Database) -> None:
    templates = Templates(database)
    await templates.save("paid", "en", subject="x", body="x", enabled=False, by="ann", now=NOW)
    assert await Word(templates)("paid", "en", sample("paid", "en")) is None


async def test_a_broken_own_text_is_noted_and_the_default_is_said(database: Database) -> None:
    templates = Templates(database)
    # As an older version may have kept it: today `save` refuses it.
    await database.collection("templates").insert_one(
        {"_id": "paid:en", "status": "paid", "language": "en", "subject": "x", "body": "{{ customer.street }}"}
    )
    rendered = await Word(templates)("paid", "en", sample("paid", "en"))
    usual = default("paid", "en")
    assert rendered == render(usual.subject, usual.body, sample("paid", "en"))
    assert "there is no street here" in (await templates.get("paid", "en")).problem
    await templates.save("paid", "en", subject="x", body="y", enabled=True, by="ann", now=NOW)
    assert (await templates.get("paid", "en")).problem == ""


async def test_a_text_that_would_not_work_is_refused(database: Database) -> None:
    templates = Templates(database)
    for field, subject, body in (("body", "x", "{{ x }}"), ("subject", "{{ x }}", "x"), ("subject", "x" * 301, "x")):
        with pytest.raises(Invalid) as caught:
            await templates.save("paid", "en", subject=subject, body=body, enabled=True, by="ann", now=NOW)
        assert caught.value.field == field
    with pytest.raises(NotFound):
        await templates.save("exploded", "en", subject="x", body="x", enabled=True, by="ann", now=NOW)
    assert not (await templates.get("paid", "en")).own
