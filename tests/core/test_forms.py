"""Forms without a browser: masks, checks, file types, rules, signs of spam, and what the stores keep."""

from __future__ import annotations

import asyncio
import string
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.content import File
from core.database import Database
from core.errors import Conflict, Invalid
from core.forms import mask
from core.forms.caught import caught_id
from core.forms.check import Problem, as_date, as_number, problems
from core.forms.field import KINDS, FormField, Option
from core.forms.form import Form
from core.forms.judge import Signs, held_back, suspicion
from core.forms.rules import checked, leads_somewhere
from core.forms.sniff import GROUPS, group_of, type_of
from core.forms.store import CaughtForms, Forms
from core.forms.submission import read_submission
from core.forms.wording import harmless, worded
from tests.making import make_caught


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("99999", "01001", True),
        ("99999", "1001", False),
        ("AA 9999", "ав 1234", True),
        ("A-9999[9]|9999", "A-10423", True),
        ("A-9999[9]|9999", "1042", True),
        ("A-9999[9]|9999", "A-104", False),
        ("**\\*", "a7*", True),
        ("**\\*", "a77", False),
        ("[+]9", "+1", True),
        ("9", "²", False),
        ("", "", True),
    ],
)
def test_masks(pattern: str, text: str, fits: bool) -> None:
    assert mask.matches(pattern, text) is fits


@pytest.mark.parametrize("pattern", ["[", "]", "[]", "[[9]]", "[9|9]", "9\\", "9" * 201])
def test_masks_that_make_no_sense(pattern: str) -> None:
    with pytest.raises(Invalid) as caught:
        mask.pieces(pattern)
    assert caught.value.field == "pattern"


@given(st.text(string.digits + "Aa9*-+()[] |\\я", max_size=30), st.text(max_size=40))
def test_a_mask_is_refused_or_decides(pattern: str, text: str) -> None:
    try:
        mask.pieces(pattern)
    except Invalid:
        return
    assert mask.matches(pattern, text) in (True, False)


def test_no_mask_costs_more_than_its_length_times_the_answer() -> None:
    """What makes a backtracking engine count for ever."""
    began = time.thread_time()
    assert not mask.matches("[9]" * 66, "1" * 60 + "x")
    assert not mask.matches("|".join(["[9]9"] * 40), "1" * 5000)
    assert time.thread_time() - began < 10


def asked(kind: str, **more: Any) -> Form:
    return Form("f", "site", fields=(FormField("x", kind, **more),))  # type: ignore[arg-type]  # the test names kinds


@pytest.mark.parametrize(
    ("form", "answer", "code"),
    [
        (asked("number", least="1", most="10"), "5,5", ""),
        (asked("number", least="1", most="10"), "1 000", "high"),
        (asked("number", least="1"), "-3", "low"),
        (asked("number"), "1e400", "number"),
        (asked("number"), "٣", "number"),
        (asked("date", least="2026-01-01", most="2026-12-31"), "31.12.2026", ""),
        (asked("date", least="2026-01-01"), "2025-12-31", "early"),
        (asked("date", most="today-1"), "2999-01-01", "late"),
        (asked("date"), "2026-02-30", "date"),
        (asked("date"), "0000-00-00", "date"),
        (asked("choices", options=(Option("a", {}), Option("b", {}), Option("c", {})), least="2"), "a", "few"),
        (asked("choices", options=(Option("a", {}), Option("b", {})), most="1"), "a, b", "many"),
        (asked("choices", options=(Option("a", {}), Option("b", {}))), "a, b", ""),
        (asked("choices", options=(Option("a", {}),)), "a, <script>", "choice"),
        (asked("text", least="3"), "ab", "short"),
        (asked("text", most="3"), "abcd", "too_long"),
        (asked("text", pattern="9999"), "12a4", "pattern"),
        (asked("long"), "x" * 10_001, "too_long"),
        (asked("text", required=True), "", "required"),
        (asked("consent", required=True), "", "tick"),
        (asked("hidden", required=True), "", ""),
    ],
)
def test_each_answer_is_checked(form: Form, answer: str, code: str) -> None:
    assert checked(form)
    found = problems(form, {"x": answer} if answer else {})
    assert found.get("x", Problem("")).code == code


kinds = st.sampled_from([kind for kind in KINDS if kind not in ("choice", "choices")])


@given(kinds, st.text(max_size=60), st.booleans(), st.sampled_from(["", "0", "3", "500"]))
def test_any_answer_is_taken_or_refused_with_a_code(kind: str, answer: str, required: bool, bound: str) -> None:
    form = asked(kind, required=required, least=bound if kind != "date" else "", most="")
    found = problems(form, {"x": answer}, "UA")
    assert set(found) <= {"x"}
    if not answer and not required:
        assert not found


@given(st.decimals(-(10**14), 10**14, places=3))
def test_numbers_come_back(number: Any) -> None:
    assert as_number(f"{number:f}") == number
    assert as_number(f"{number:f}".replace(".", ",")) == number


@given(st.dates())
def test_days_come_back(day: Any) -> None:
    assert as_date(day.isoformat()) == day
    assert as_date(f"{day.day}.{day.month:02}.{day.year:04}") == day


PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
OOXML = b"PK\x03\x04" + b"\x00" * 26 + b"[Content_Types].xml" + b"word/document.xml"


@pytest.mark.parametrize(
    ("data", "type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"%PDF-1.7\n", "application/pdf"),
        (OOXML, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (OOXML + b"word/vbaProject.bin", "application/octet-stream"),
        (b"PK\x03\x04" + b"\x00" * 26 + b"evil.exe", "application/octet-stream"),
        (
            b"PK\x03\x04" + b"\x00" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.textPK",
            "application/vnd.oasis.opendocument.text",
        ),
        ("Просто текст,1;2\n".encode(), "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "application/octet-stream"),
        (b"\xef\xbb\xbf  <!doctype html><script>", "application/octet-stream"),
        (b"#!/bin/sh\n", "application/octet-stream"),
        (b"MZ\x90\x00", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_a_file_is_what_is_in_it(data: bytes, type: str) -> None:
    assert type_of(data) == type
    assert (group_of(type) in GROUPS) == (type != "application/octet-stream")


def test_files_are_counted_weighed_and_looked_into() -> None:
    form = asked("file", required=True, accept=("pictures",), most="2", megabytes=1)

    def of(*files: File) -> str:
        return problems(form, {}, files={"x": files}).get("x", Problem("")).code

    good = File("me.png", "image/png", size=100)
    assert of() == "required"
    assert of(good, good) == ""
    assert of(good, good, good) == "files_many"
    assert of(File("me.png", "image/png", size=1024 * 1024 + 1)) == "file_large"
    assert of(File("me.png", "application/pdf", size=9)) == "file_type"
    assert of(File("me.png", "image/png", size=0)) == "file_type"
    assert problems(form, {}, files={"x": [good], "other": [good]}) == {"other": Problem("unasked")}


@pytest.mark.parametrize(
    ("field", "where"),
    [
        (FormField("x", "number", least="5", most="3"), "least"),
        (FormField("x", "number", least="many"), "least"),
        (FormField("x", "date", most="tomorrow"), "most"),
        (FormField("x", pattern="[9"), "pattern"),
        (FormField("x", "file", megabytes=500), "megabytes"),
        (FormField("x", "file", accept=("programs",)), "accept"),
        (FormField("x", "consent", purpose="Два слова"), "purpose"),
        (FormField("x", "choices", options=(Option("a,b", {}),)), "options"),
        (FormField("x", "choice", options=(Option("a", {}), Option("a", {}))), "options"),
        (FormField("x", label={"en": "y" * 5001}), "label"),
    ],
)
def test_a_field_that_makes_no_sense_says_where(field: FormField, where: str) -> None:
    with pytest.raises(Invalid) as caught:
        checked(Form("f", "site", fields=(FormField("a"), field)))
    assert caught.value.field == f"fields.1.{where}"


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://shop.example/thanks?a=1", True),
        ("/thanks", True),
        ("http://shop.example/", False),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("https://user@shop.example/", False),
        ("https:evil", False),
        ("https://[::1", False),
        ("data:text/html,x", False),
    ],
)
def test_a_redirect_leads_to_https_or_to_us(url: str, fine: bool) -> None:
    assert leads_somewhere(url) is fine


def test_what_weighs_enough_is_held_and_no_single_doubt_is() -> None:
    fair = {"message": "Hello, do you have the Fjord in green?"}
    assert suspicion(Signs(seconds=30, work="done"), fair) == {}
    assert held_back(suspicion(Signs(trapped=True, seconds=30, work="done"), fair))
    # Without scripts a person is let through; with links as programs write them they wait.
    assert not held_back(suspicion(Signs(seconds=30), fair))
    assert not held_back(suspicion(Signs(seconds=30), {"message": "See https://shop.example/fjord"}))
    assert held_back(suspicion(Signs(seconds=30), {"message": "http://a http://b http://c"}))
    assert not held_back(suspicion(Signs(seconds=30, work="done"), {"message": "http://a http://b http://c"}))
    for doubt in (
        Signs(seconds=0.1, work="done"),
        Signs(seconds=9, work="wrong"),
        Signs(hurried=True),
        Signs(forged=True),
        Signs(seconds=9, work="done", reused=9),
        Signs(seconds=9, work="done", repeats=4),
    ):
        assert suspicion(doubt, fair)
        assert not held_back(suspicion(doubt, fair)), doubt
    assert held_back(suspicion(Signs(seconds=0.1), fair))


def test_an_answer_repeats_nothing_that_could_be_abused() -> None:
    said = worded("{{ form.title }}", "Hello{% if customer.name %} {{ customer.name }}{% endif %}!", "A ride", "Anna")
    assert (said.subject, said.body) == ("A ride", "Hello Anna!")
    for name in ("Win at http://evil.example", "evil.example", "x" * 61, "<b>Ann</b>", "{{ 7*7 }}"):
        assert harmless(name) == ""
    with pytest.raises(Invalid):
        checked(Form("f", "site", answer={"en": "{{ customer.email }}"}))


def test_too_many_files_are_refused_and_not_dropped() -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nhi\r\n'
    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert len(read_submission(part * 20 + b"--b--", headers).files) == 20
    with pytest.raises(Exception, match="at most 20 files"):
        read_submission(part * 21 + b"--b--", headers)


FORM = Form("ride", "site", title={"en": "A ride"}, fields=(FormField("name"),))


async def test_every_version_of_a_form_is_kept(database: Database) -> None:
    forms = Forms(database)
    first = await forms.save(FORM, base=0)
    assert (first.version, (await forms.save(FORM)).version) == (1, 1)
    second = await forms.save(replace(FORM, title={"en": "A test ride"}), base=1)
    assert second.version == 2
    assert await forms.version("ride", 1) == first
    assert await forms.get("ride") == second
    closed = await forms.save(replace(second, enabled=False), base=2)
    assert (closed.version, (await forms.get("ride")).enabled) == (2, False)  # type: ignore[union-attr]  # it is there
    with pytest.raises(Conflict):
        await forms.save(replace(FORM, title={"en": "Older"}), base=1)
    with pytest.raises(Conflict):
        await forms.save(FORM, base=0)
    assert await forms.remove("ride")
    assert await forms.version("ride", 2) == second
    # The name used again goes on counting: an old submission never shows what it was not asked.
    again = await forms.save(replace(FORM, title={"en": "Another"}), base=0)
    assert again.version == 3


async def test_of_two_who_save_at_once_one_is_told(database: Database) -> None:
    forms = Forms(database)
    await forms.save(FORM)
    made = [replace(FORM, title={"en": f"By {n}"}) for n in range(5)]
    results = await asyncio.gather(*(forms.save(form, base=1) for form in made), return_exceptions=True)
    kept = [one for one in results if isinstance(one, Form)]
    assert len(kept) == 1
    assert all(isinstance(one, Form | Conflict) for one in results)
    assert await forms.get("ride") == kept[0]
    assert await forms.version("ride", kept[0].version) == kept[0]


async def test_what_is_held_is_counted_listed_and_decided_about_once(database: Database) -> None:
    held = CaughtForms(database)
    await asyncio.gather(*(held.hold(make_caught()) for _ in range(5)))
    await held.hold(make_caught("y"))
    assert [(row.preview, row.times) for _, row in await held.page()] == [("y", 1), ("x", 5)]
    assert await held.count() == 2
    id = caught_id("ride", "x")
    assert [await held.decide(id, "deleted", "a1"), await held.decide(id, "freed", "a2")] == [True, False]
    gone = await held.get(id)
    assert gone is not None
    assert (gone.state, gone.body, gone.preview) == ("deleted", b"", "")
    assert await held.count() == 1
    await held.hold(make_caught(at=datetime.now(UTC) + timedelta(days=1)))  # here again: a person looks again
    assert [row.preview for _, row in await held.page()] == ["x", "y"]
    assert (await held.get(id)).body == b"name=x"  # type: ignore[union-attr]  # it is there
    await held.hold(make_caught("z", contact="ann@example.org"))
    assert (await held.erase(["ann@example.org"]), await held.erase(["nobody@example.org"])) == (1, 0)
