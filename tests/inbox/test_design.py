"""The design language: three languages without gaps, assets that are kept for ever, dates as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp import ClientSession
from babel.messages.pofile import read_po

from switchboard.design import dates
from switchboard.design.assets import Assets, assets
from switchboard.design.environment import ROOMS, environment, initials, paragraphs
from switchboard.design.words import catalogue, language_for
from switchboard.hub import Hub
from tests.inbox.sentences import in_tables, in_templates

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "switchboard" / "design" / "translations", ROOT / "inbox" / "translations")
HOLES = re.compile(r"%\(\w+\)s|\{\w+\}")


@pytest.mark.parametrize("language", ["ru", "uk"])
def test_everything_the_inbox_says_is_said_in_every_language(language: str) -> None:
    known: dict[object, object] = {}
    for folder in FOLDERS:
        with (folder / f"{language}.po").open("rb") as file:
            known |= {message.id: message.string for message in read_po(file, locale=language) if message.id}
    wanted = {*in_templates(environment(), "inbox", "design"), *in_tables()}
    for sentence in sorted(wanted):
        one, _, many = sentence.partition("\n")
        said = known.get((one, many) if many else one)
        forms = [said] if isinstance(said, str) else list(said or [""])  # type: ignore[call-overload]  # babel's plural forms
        assert all(forms), f"{language}: {sentence!r} is not translated"
        for form in forms:
            assert sorted(HOLES.findall(form)) == sorted(HOLES.findall(one)), sentence


def test_plurals_follow_the_language() -> None:
    one, many = next(s for s in in_templates(environment(), "inbox") if "\n" in s).split("\n")
    words = catalogue("uk", FOLDERS)
    forms = {n: words.ngettext(one, many, n) for n in (1, 2, 5, 11, 21)}
    assert forms[1] == forms[21] != forms[2] != forms[5] == forms[11]


@pytest.mark.parametrize(
    ("wanted", "accepted", "language"),
    [
        ("uk", "en", "uk"),
        (None, "de, uk;q=0.8, ru;q=0.9", "ru"),
        ("xx", "", "en"),
        (None, "uk-UA;q=x, *;q=0.1", "en"),
        (None, "," * 5000, "en"),
    ],
)
def test_the_language_of_a_visitor(wanted: str | None, accepted: str, language: str) -> None:
    assert language_for(wanted, accepted) == language


def test_dates_as_people_write_them() -> None:
    at, now = datetime(2026, 5, 12, 22, 30, tzinfo=UTC), datetime(2026, 5, 13, 9, 0, tzinfo=UTC)
    kyiv = ZoneInfo("Europe/Kyiv")
    assert dates.spoken(at, "short", "uk", kyiv, now) == "01:30"
    assert dates.spoken(at, "short", "en", dates.zone_of(None), now) == "May 12"
    assert dates.spoken(at, "ago", "ru", kyiv, now) == "10 часов назад"
    assert dates.spoken(at, "date", "uk", kyiv, now) == "13 трав. 2026\u202fр." or "2026" in dates.spoken(
        at, "date", "uk", kyiv, now
    )
    assert dates.time_element(None, "short", "en", kyiv, now) == ""
    for nonsense in ("../../etc/passwd", "Mars/Base", "", "\x00", "x" * 1000):
        assert dates.zone_of(nonsense) is UTC


def test_money_and_numbers_survive_nonsense() -> None:
    assert dates.money("1234.5", "eur", "en") == "€1,234.50"
    assert dates.money("a lot", "EUR", "en") == "a lot EUR"


def test_initials_and_links() -> None:
    assert [initials(name) for name in ("Ann Example", "оксана", "", "  ", "🎉 party")] == ["AE", "О", "·", "·", "P"]
    assert str(paragraphs("see https://a.example/x, <b>")) == (
        'see <a href="https://a.example/x" target="_blank" rel="noopener noreferrer nofollow">https://a.example/x</a>, '
        "&lt;b&gt;"
    )
    assert "<a" not in paragraphs("javascript:alert(1) data:text/html,x")
    assert len(paragraphs("x" * 100_000)) == 100_000


async def test_assets_are_kept_for_ever_and_a_new_version_has_a_new_address(hub: Hub, tmp_path: Path) -> None:
    url = assets().url("design/components.css")
    async with ClientSession(auto_decompress=False) as session:
        async with session.get(hub.url + url) as response:
            assert response.status == 200
            assert "immutable" in response.headers["Cache-Control"]
            assert response.headers["Content-Encoding"] == "gzip"
            assert response.content_type == "text/css"
            etag = response.headers["ETag"]
        async with session.get(hub.url + url, headers={"If-None-Match": etag}) as response:
            assert response.status == 304
        async with session.get(f"{hub.url}/static/000000000000/design/components.css") as response:
            assert response.headers["Cache-Control"] == "no-cache"
        for path in ("nothing.css", "../environment.py", "design/%2e%2e/environment.py", "%00"):
            async with session.get(f"{hub.url}/static/{path}") as response:
                assert response.status in (404, 400)
    (tmp_path / "a.css").write_text("a{}")
    before = Assets({"room": tmp_path}).url("room/a.css")
    (tmp_path / "a.css").write_text("b{}")
    assert Assets({"room": tmp_path}).url("room/a.css") != before


def test_every_template_compiles_and_every_asset_it_names_is_there() -> None:
    made = environment()
    names = made.list_templates()
    assert {name.split("/")[0] for name in names} == {"design", *(folder.parent.name for folder in ROOMS)}
    for name in names:
        made.get_template(name)
        assert made.loader
        for path in re.findall(r"asset\(['\"]([^'\"]+)['\"]\)", made.loader.get_source(made, name)[0]):
            assets().url(path)
