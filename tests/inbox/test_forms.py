"""Forms are made in the inbox: with and without scripts, by drag and by keyboard; and what was held back is decided."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect

from core.channel import Account
from core.forms.field import FormField, Option
from core.forms.form import Form
from switchboard.hub import Hub
from tests.browser import assert_accessible, page_of
from tests.inbox.desk import AtDesk, agent_of
from tests.inbox.pages import fits, sign_in

RIDE = Form(
    "ride",
    "site",
    title={"en": "A test ride", "ru": "Пробная поездка"},
    fields=(
        FormField("name", label={"en": "Your name", "ru": "Имя"}),
        FormField("email", "email", {"en": "Mail"}),
        FormField("bike", "choice", {"en": "Bike"}, options=(Option("f", {"en": "Fjord", "ru": "Фьорд"}),)),
        FormField("news", "consent", {"en": "Send me news."}, purpose="marketing", confirm=True),
    ),
)
BASE = "/inbox/settings/forms/ride"


@pytest.fixture
async def ride(hub: Hub) -> Form:
    await hub.parts.stores.accounts.save(Account("webform", "site", "Our site"))
    return await hub.parts.stores.forms.save(RIDE)


async def fields_of(desk: AtDesk, path: str = BASE) -> list[tuple[str, str]]:
    """What the page's form would post, as a browser without scripts reads it."""
    _, page = await desk.get(path)
    form = page[page.index('id="builder"') :]
    found: list[tuple[str, str]] = []
    pattern = re.compile(
        r'<input [^>]*?name="(?P<name>[^"]+)"[^>]*?>|<textarea [^>]*?name="(?P<area>[^"]+)"[^>]*>\n?(?P<text>[^<]*)<'
        r'|<select [^>]*?name="(?P<select>[^"]+)"[^>]*>(?P<options>.*?)</select>',
        re.DOTALL,
    )
    for match in pattern.finditer(form[: form.index("</form>")]):
        tag = match[0]
        if match["area"]:
            found.append((match["area"], match["text"]))
        elif match["select"]:
            chosen = re.search(r'<option value="([^"]*)" selected', match["options"])
            found.append((match["select"], chosen[1] if chosen else ""))
        elif ('type="checkbox"' not in tag and 'type="radio"' not in tag) or " checked" in tag:
            value = re.search(r'value="([^"]*)"', tag)
            found.append((match["name"], value[1] if value else "on"))
    return found


async def press(desk: AtDesk, do: str, **changes: str) -> tuple[int, str]:
    """Press a button of the builder after changing some fields; status and page."""
    fields = [(name, changes.get(name, value)) for name, value in await fields_of(desk)]
    known = {name for name, _ in fields}
    data = [*fields, *((name, value) for name, value in changes.items() if name not in known), ("do", do)]
    async with desk.session.post(desk.url + BASE, data=aiohttp.FormData(data), allow_redirects=False) as answer:
        return answer.status, await answer.text()


async def test_only_administrators_make_forms(desk: AtDesk, admin: AtDesk, ride: Form) -> None:
    for path in ("/inbox/settings/forms", BASE):
        assert (await desk.get(path))[0].status == 403
        assert (await admin.get(path))[0].status == 200
    for path in (BASE, BASE + "/remove", "/inbox/settings/forms"):
        assert (await desk.form(path, {"name": "x", "do": "save"}))[0].status == 403
        async with admin.session.post(admin.url + path, data={"do": "save"}) as forged:
            assert forged.status == 403
    assert (await desk.get("/inbox/spam"))[0].status == 200


async def test_the_builder_gives_back_what_it_was_given(hub: Hub, admin: AtDesk, ride: Form) -> None:
    assert (await press(admin, "save"))[0] == 303
    assert await hub.parts.stores.forms.get("ride") == ride  # not even a new version


async def test_every_button_works_without_scripts(hub: Hub, admin: AtDesk, ride: Form) -> None:
    def order(page: str) -> list[str]:
        return re.findall(r'name="r\d+-name"[^>]*value="([^"]*)"', page)

    assert order((await press(admin, "down:0"))[1]) == ["email", "name", "bike", "news"]
    assert order((await press(admin, "up:3"))[1]) == ["name", "email", "news", "bike"]
    assert order((await press(admin, "remove:1"))[1]) == ["name", "bike", "news"]
    status, page = await press(admin, "add", **{"add-kind": "phone"})
    assert (status, order(page)) == (200, ["name", "email", "bike", "news", "phone"])
    for nonsense in ("up:99", "down:-1", "remove:x", "add", "", "drop table"):
        assert order((await press(admin, nonsense, **{"add-kind": "nonsense"}))[1]) == ["name", "email", "bike", "news"]
    assert (await hub.parts.stores.forms.get("ride")) == ride  # nothing is kept before it is saved
    assert "Имя" in (await press(admin, "look", preview="ru"))[1]


async def test_what_is_wrong_is_said_in_its_place_and_nothing_is_lost(hub: Hub, admin: AtDesk, ride: Form) -> None:
    status, page = await press(admin, "save", **{"r0-pattern": "[9", "title-uk": "Поїздка <b>"})
    assert status == 422
    assert "each [ needs a ]" in page
    assert 'value="[9"' in page
    assert 'value="Поїздка &lt;b&gt;"' in page
    status, page = await press(admin, "save", redirect="http://shop.example/")
    assert (status, "looks like https://shop.example/thanks" in page) == (422, True)
    status, page = await press(admin, "save", **{"answer-en": "{{ customer.email }}"})
    assert (status, "there is no email here" in page) == (422, True)
    assert (await hub.parts.stores.forms.get("ride")) == ride


async def test_of_two_administrators_the_second_is_told(hub: Hub, admin: AtDesk, ride: Form) -> None:
    assert (await press(admin, "save", **{"title-en": "Mine"}))[0] == 303
    status, page = await press(admin, "save", base="1", **{"title-en": "Theirs"})
    assert (status, "Somebody else changed this form" in page, 'value="Theirs"' in page) == (409, True, True)
    assert (await hub.parts.stores.forms.get("ride")).title["en"] == "Mine"  # type: ignore[union-attr]  # it is there


async def test_an_old_submission_shows_what_was_asked(hub: Hub, admin: AtDesk, desk: AtDesk, ride: Form) -> None:
    async with aiohttp.ClientSession() as session:
        await session.post(f"{hub.url}/forms/ride", data={"name": "Ann <b>", "bike": "f", "_lang": "ru"})
    await press(admin, "save", **{"title-ru": "Другое", "r0-label-ru": "Совсем другое"})
    [entry] = [e async for e in hub.parts.stores.interactions._all.find({"kind": "form"})]
    _, page = await desk.get(f"/inbox/forms/ride/versions/1?entry={entry['_id']}")
    assert "Пробная поездка" in page
    assert "Ann &amp;lt;b&amp;gt;" in page  # escaped for the form, and once more for the frame it is in
    assert "Совсем другое" not in page
    for wrong in ("/inbox/forms/ride/versions/9", "/inbox/forms/ride/versions/x", "/inbox/forms/no/versions/1"):
        assert (await desk.get(wrong))[0].status == 404
    # An entry of another form is not poured into this one.
    _, page = await desk.get(f"/inbox/forms/ride/versions/2?entry={entry['_id']}")
    assert "Ann" not in page


async def test_a_new_form_begins_closed(hub: Hub, admin: AtDesk) -> None:
    answer, page = await admin.form("/inbox/settings/forms", {"name": "fresh"})
    assert (answer.status, "Add a web form line first" in page) == (422, True)
    await hub.parts.stores.accounts.save(Account("webform", "site", "Our site"))
    answer, _ = await admin.form("/inbox/settings/forms", {"name": "fresh"})
    assert (answer.status, answer.headers["Location"]) == (303, "/inbox/settings/forms/fresh?said=saved")
    form = await hub.parts.stores.forms.get("fresh")
    assert form is not None
    assert (form.enabled, [one.name for one in form.fields]) == (False, ["name", "email", "message"])
    for name in ("fresh", "Two words", "", "../x"):
        assert (await admin.form("/inbox/settings/forms", {"name": name}))[0].status == 422
    assert (await admin.form("/inbox/settings/forms/fresh/remove", {}))[0].status == 303
    assert await hub.parts.stores.forms.get("fresh") is None


async def test_spam_is_shown_freed_and_deleted(hub: Hub, desk: AtDesk, ride: Form) -> None:
    async with aiohttp.ClientSession() as session:
        for name in ("Ann", "Bad <script>"):
            data = {"name": name, "_website": "x"}
            await session.post(f"{hub.url}/forms/ride", data=data)
    _, page = await desk.get("/inbox/spam")
    assert "filled in what only programs see" in page
    assert "<script>alert" not in page
    assert "Bad &lt;script&gt;" in page
    bad, ann = re.findall(r'id="s-([0-9a-v]{20})"', page)
    assert (await desk.form(f"/inbox/spam/{bad}/delete", {}))[0].status == 303
    assert (await desk.form(f"/inbox/spam/{ann}/free", {}))[0].status == 303
    assert (await desk.form(f"/inbox/spam/{ann}/free", {}))[0].status == 409
    assert (await desk.form("/inbox/spam/none/free", {}))[0].status == 404
    assert "Nothing is held back" in (await desk.get("/inbox/spam"))[1]
    [entry] = [e async for e in hub.parts.stores.interactions._all.find({"kind": "form"})]
    assert entry["who"]["name"] == "Ann"


async def order(page: Page) -> list[str]:
    names: list[str] = await page.locator(".question").evaluate_all("rows => rows.map((row) => row.dataset.called)")
    return names


async def kept_order(hub: Hub, wanted: list[str]) -> None:
    async with asyncio.timeout(120):
        while True:
            form = await hub.parts.stores.forms.get("ride")
            assert form is not None
            if [one.name for one in form.fields] == wanted:
                return
            await asyncio.sleep(0.05)


async def test_a_form_is_ordered_by_keyboard_and_by_drag(hub: Hub, ride: Form, browser: Browser) -> None:
    errors: list[str] = []
    _, page = await page_of(browser, errors)
    await sign_in(hub, page, await agent_of(hub, "Ada", "admin"))
    await page.goto(hub.url + BASE)
    await page.get_by_role("button", name="Move Your name: arrow up, arrow down, or drag").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#aloud")).to_have_text("Your name is now number 2 of 4")
    assert await order(page) == ["Mail", "Your name", "Bike", "Send me news."]

    handle = page.locator(".question", has=page.locator("h3", has_text="Bike")).locator(".handle")
    await handle.scroll_into_view_if_needed()
    above = await page.locator(".question").nth(1).bounding_box()
    assert above is not None
    await handle.hover()
    await page.mouse.down()
    await page.mouse.move(above["x"] + 30, above["y"] + above["height"] / 2 + 20, steps=4)
    await page.mouse.move(above["x"] + 30, above["y"] + 4, steps=4)
    await page.mouse.up()
    assert await order(page) == ["Mail", "Bike", "Your name", "Send me news."]

    await page.get_by_role("button", name="Save", exact=True).click()
    await kept_order(hub, ["email", "bike", "name", "news"])
    await page.wait_for_url("**said=saved")
    assert errors == []


async def test_the_preview_follows_what_is_typed(hub: Hub, ride: Form, browser: Browser) -> None:
    errors: list[str] = []
    _, page = await page_of(browser, errors)
    await sign_in(hub, page, await agent_of(hub, "Ada", "admin"))
    await page.goto(hub.url + BASE)
    shown = page.frame_locator("#preview")
    await expect(shown.get_by_role("heading", name="A test ride")).to_be_visible()
    await page.locator("#title-en").fill("Ride with us")
    await expect(shown.get_by_role("heading", name="Ride with us")).to_be_visible()
    await page.locator(".look").get_by_text("Русский").click()
    await expect(shown.get_by_role("heading", name="Пробная поездка")).to_be_visible()
    narrow = await page.locator("#preview").bounding_box()
    await page.locator(".look").get_by_text("Desktop").click()
    wide = await page.locator("#preview").bounding_box()
    assert narrow is not None
    assert wide is not None
    assert narrow["width"] <= 390 < wide["width"]

    await page.get_by_label("Kind").select_option("file")
    await page.get_by_role("button", name="Add a question").click()
    await expect(page.locator("#r4 input.input").first).to_be_focused()
    await page.keyboard.type("Your photo")
    await expect(shown.get_by_label("Your photo")).to_be_visible()
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.wait_for_url("**said=saved")
    form: Any = await hub.parts.stores.forms.get("ride")
    assert [(one.kind, one.label["en"]) for one in form.fields][-1] == ("file", "Your photo")
    assert errors == []


@pytest.mark.parametrize(("width", "language", "scheme"), [(1280, "en", "light"), (390, "ru", "dark")])
async def test_the_builder_is_for_everybody(
    hub: Hub, ride: Form, browser: Browser, width: int, language: str, scheme: str
) -> None:
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    _, page = await page_of(browser, [], **options)
    await sign_in(hub, page, await agent_of(hub, "Ada", "admin", language))
    async with aiohttp.ClientSession() as session:
        await session.post(f"{hub.url}/forms/ride", data={"name": "Ann", "_website": "x"})
    for path in ("/inbox/settings/forms", BASE, "/inbox/spam", "/inbox/forms/ride/versions/1"):
        await page.goto(hub.url + path)
        await page.locator(".question details").evaluate_all("all => all.forEach((one) => (one.open = true))")
        await assert_accessible(page)
        await fits(page)
