"""The widget beside the talk itself: greetings, questions, who writes, what was read, sign-in, menu, keyboard."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Error, Locator, Page, Route, expect
from pymongo import MongoClient

from core.channel import Account
from core.chat.typing import Typist
from core.content import Button, Content, Mark
from core.interactions.interaction import Author, Interaction
from switchboard.hub import Hub
from tests.browser import assert_accessible, browsing
from tests.making import until
from tests.portal.browsing import complaints, foreign_site
from tests.portal.conftest import put, said_at
from tests.portal.test_identity import SECRET, token
from tests.portal.test_widget import address_of, dot, say, shop
from tests.portal.wire import Wire, wire_to

GREETINGS = (
    "page=/elsewhere | Not here\n"
    "after=3000 | Not yet\n"
    "visitor=returning repeat=page | Welcome back!\n"
    "page=/* visitor=new repeat=visit | Looking for a bike?"
)


@asynccontextmanager
async def site(hub: Hub, **settings: Any) -> AsyncIterator[tuple[Page, Wire, list[str]]]:
    """A page of a site whose chat is set up like this before anybody opens it."""
    async with wire_to(hub.url) as wire, foreign_site(wire.url) as url, browsing() as opened:
        wanted = {**settings, "origins": url}
        await hub.parts.stores.accounts.save(Account("webchat", "shop", "Shop", wanted, {"secret": SECRET}))

        async def known() -> bool:
            now = await hub.parts.lines.account("webchat", "shop")
            return now.settings == wanted and "secret" in now.secrets

        await until(known)
        page = await (await opened.new_context()).new_page()
        found = complaints(page)
        await page.goto(f"{url}/?utm_source=news&utm_campaign=spring&secret=1")
        yield page, wire, found


# Gives the page a `give(way)`: a picture pasted into the composer, or dropped on the panel.
GIVES = """() => {
  const root = document.querySelector("switchboard-chat").shadowRoot;
  const pixel = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
  const send = (part, kind, name, more) =>
    root.querySelector(part).dispatchEvent(new kind(name, { ...more, bubbles: true, cancelable: true }));
  window.give = (way) => {
    const bytes = Uint8Array.from(atob(pixel), (sign) => sign.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], way + ".gif", { type: "image/gif" }));
    if (way === "paste") return send("textarea", ClipboardEvent, "paste", { clipboardData: data });
    for (const name of ["dragenter", "dragover", "drop"]) send(".panel", DragEvent, name, { dataTransfer: data });
  };
}"""


def part(page: Page, what: str) -> Locator:
    return page.locator(f"switchboard-chat {what}")


async def messages(hub: Hub, address: str) -> list[Interaction]:
    return [entry for entry in await said_at(hub, address) if entry.kind == "message"]


async def test_greeted_once_asked_before_and_known_to_agents(hub: Hub) -> None:
    questions = "name\nemail *\nOrder number"
    async with site(hub, title="Bikes", questions=questions, greetings=GREETINGS) as (page, _, found):
        words = part(page, ".teaser .words")
        await expect(words).to_have_text("Looking for a bike?")
        await expect(part(page, ".badge")).to_have_text("1")
        await assert_accessible(page, "switchboard-chat")
        await part(page, ".dismiss").click()
        await expect(part(page, ".launcher")).to_be_focused()
        await page.reload()
        await expect(part(page, ".duty")).to_have_text(re.compile("Leave a message"))
        await asyncio.sleep(1.2)  # two looks at the rules: nothing comes a second time in one visit
        await expect(words).to_have_count(0)
        await page.evaluate("sessionStorage.clear()")  # a new visit
        await page.goto(page.url)
        await expect(words).to_have_text("Welcome back!")
        await words.click()
        await expect(part(page, ".them .text").first).to_have_text("Welcome back!")
        await expect(part(page, "#q0")).to_be_focused()
        await assert_accessible(page, "switchboard-chat")
        await part(page, ".sheet .main").click()
        await expect(part(page, "#q1-wrong")).to_have_text("Please fill this in.")
        await expect(part(page, "#q1")).to_be_focused()
        await assert_accessible(page, "switchboard-chat")
        await part(page, "#q0").fill("Ann")
        await part(page, "#q1").fill("ann@example.org")
        await part(page, "#q2").fill("A-1042")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Your message")).to_be_focused()
        await say(page, "Is it in stock?")
        await expect(part(page, ".pending")).to_have_count(0)
        (entry,) = await messages(hub, await address_of(page))
        assert entry.author.name == "Ann"
        assert entry.who["identities"] == [
            {"kind": "email", "value": "ann@example.org", "verified": False, "doubted": False}
        ]
        assert entry.data["about"] == {"Order number": "A-1042"}
        here = entry.data["page"]
        assert (here["utm_source"], here["utm_campaign"], here["greeting"]) == ("news", "spring", "Welcome back!")
        assert "secret" not in here
        conversation = await until(lambda: visited(hub, entry.address))
        assert conversation.visit["first"]["utm_source"] == "news"
        await page.reload()
        await part(page, ".launcher").click()
        await expect(page.get_by_label("Your message")).to_be_focused()  # asked once
        assert found == []


async def visited(hub: Hub, address: str) -> Any:
    entries = await hub.parts.stores.interactions.page(address=address)
    id = next((entry.conversation_id for entry in entries if entry.conversation_id), None)
    found = await hub.parts.stores.conversations.get(id) if id else None
    return found if found and found.visit else None


async def test_both_sides_see_that_the_other_writes_and_what_was_read(hub: Hub) -> None:
    async with shop(hub) as (page, _, _found):
        await part(page, ".launcher").click()
        await say(page, "I want to talk to a person")
        await expect(part(page, ".you .fate")).to_have_text("Delivered")
        address = await address_of(page)
        conversation = await until(lambda: visited(hub, address))
        agent = await hub.parts.stores.agents.add("Olga", "olga@shop.example", "long enough to be one")
        async with hub.parts.feed.subscribe(f"conversation:{conversation.id}") as changes:
            await expect(part(page, ".them").first).to_be_visible()
            await page.get_by_label("Your message").press_sequentially("Hm")

            async def writes() -> bool:
                return any(change.what == "typing" for change in await changes.next(0.1))

            await until(writes)
        await hub.parts.typists.note(Typist("agent", address, conversation.id, "Olga"))
        await expect(part(page, ".writing span")).to_have_text("Olga is writing…")

        async def unread() -> bool:
            now = await hub.parts.stores.conversations.get(conversation.id)
            return now is not None and now.unread > 0

        await until(unread)
        await hub.parts.desk.read(agent, conversation.id)
        await expect(part(page, ".you .fate")).to_have_text("Read")
        await hub.parts.desk.reply(agent, conversation.id, Content("Here I am"), key="r1")
        await expect(part(page, ".them .text").last).to_have_text("Here I am")
        await expect(part(page, ".writing")).to_be_hidden()


async def test_formatted_words_scores_and_pictures_dropped_or_pasted(hub: Hub) -> None:
    async with shop(hub) as (page, _, found):
        await part(page, ".launcher").click()
        await say(page, "Is *this* it? https://example.org/_a_*b* `x<b>`")
        text = part(page, ".you .text").first
        await expect(text.locator("b")).to_have_text("this")
        await expect(text.locator("code")).to_have_text("x<b>")
        await expect(text.locator("a")).to_have_attribute("href", "https://example.org/_a_*b*")
        await expect(part(page, ".pending")).to_have_count(0)
        await expect(part(page, ".them .text")).not_to_have_count(0)  # the bot has answered, and says no more
        address = await address_of(page)
        words = "😀 Look: the shop, not here"
        marks = (
            Mark("bold", 2, 4),
            Mark("link", 8, 8, "https://shop.example/"),
            Mark("link", 18, 8, "javascript:alert(1)"),
            Mark("italic", 0, 10_000),
        )
        await put(hub, address, words, content=Content(words, marks=marks))
        last = part(page, ".them .text").last
        await expect(last).to_have_text(words)
        await expect(last.locator("b")).to_have_text("Look")
        await expect(last.locator("a")).to_have_count(1)
        await expect(last.locator("a")).to_have_attribute("href", "https://shop.example/")
        scores = tuple(Button(str(n), f"rate:{n}:c") for n in range(1, 6))
        await put(
            hub, address, "How was it?", kind="survey", author=Author("bot"), content=Content("?", buttons=scores)
        )
        await page.get_by_role("button", name="4 of 5").click()
        await expect(part(page, ".you .text").last).to_have_text("4")
        await expect(part(page, ".pending")).to_have_count(0)
        assert (await messages(hub, address))[-1].choice == "rate:4:c"
        await assert_accessible(page, "switchboard-chat")
        await page.evaluate(GIVES)
        for way in ("paste", "drop"):
            await page.evaluate("(way) => give(way)", way)
            await expect(part(page, ".you img").last).to_have_attribute("alt", f"{way}.gif")
        await expect(part(page, ".dropping")).to_have_count(0)
        assert found == []


async def test_signed_in_by_the_site_and_forgotten_at_sign_out(hub: Hub) -> None:
    async with site(hub, questions="name\nemail") as (page, wire, _found):
        await part(page, ".launcher").click()
        await page.get_by_role("button", name="Skip").click()
        await say(page, "as a stranger")
        await expect(part(page, ".pending")).to_have_count(0)
        stranger = await address_of(page)
        wire.cut(down=True)
        await say(page, "not sent before signing in")
        # An unsigned word is refused, and nothing is lost by it.
        chat = "document.querySelector('switchboard-chat')"
        wire.mend()
        await page.evaluate(f"{chat}.signIn({{id: '4711', expires: '9999999999', hash: '{'0' * 64}'}})")
        await expect(page.get_by_text("Sign in again to go on.")).to_be_visible()
        await page.evaluate(f"{chat}.signIn({{token: {token(name='Ann', email='ann@example.org')!r}}})")
        await expect(part(page, ".pending")).to_have_count(0, timeout=120_000)
        await expect(part(page, ".you .text").last).to_have_text("not sent before signing in")
        await say(page, "as Ann")
        await expect(part(page, ".pending")).to_have_count(0)
        await expect(part(page, ".you .text")).to_have_count(3)
        assert [e.content.text for e in await messages(hub, stranger)] == [
            "as a stranger",
            "not sent before signing in",
        ]
        other = await page.context.new_page()
        await other.goto(page.url)  # this page says nothing of who is there, so nobody is
        await part(other, ".launcher").click()
        await expect(part(other, ".you .text")).to_have_count(2)
        await page.evaluate(f"{chat}.signOut()")
        for tab in (page, other):
            await expect(part(tab, ".you .text")).to_have_count(0)
        kept = await page.evaluate("() => Object.entries(localStorage).map((one) => one.join(' ')).join(' ')")
        assert "as Ann" not in kept
        await page.get_by_role("button", name="Skip").click()  # asked anew: it may be somebody else
        await say(page, "somebody new")
        await expect(part(page, ".pending")).to_have_count(0)
        assert await address_of(page) != stranger


async def test_a_file_on_its_way_is_not_sent_as_whoever_is_there_by_then(
    hub: Hub, mongo_client: MongoClient[dict[str, Any]]
) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        asked.set()
        await go.wait()
        with suppress(Error):  # the page has given it up
            await route.continue_()

    async with site(hub) as (page, _wire, _found):
        chat = "document.querySelector('switchboard-chat')"
        await page.evaluate(f"{chat}.signIn({{token: {token(sub='1', name='Ann')!r}}})")
        await part(page, ".launcher").click()
        await say(page, "as Ann")
        await expect(part(page, ".pending")).to_have_count(0)
        await page.route("**/chat/files", slowly)
        await part(page, "input[type=file]").set_input_files([dot("ann-1.png"), dot("ann-2.png")])
        await asked.wait()
        # Her word is renewed and she is still there; then somebody else is.
        await page.evaluate(f"{chat}.signIn({{token: {token(sub='1', name='Ann Lee')!r}}})")
        await expect(part(page, ".pending")).to_have_count(2)
        await page.evaluate(f"{chat}.signIn({{token: {token(sub='2', name='Bob')!r}}})")
        await expect(part(page, ".pending")).to_have_count(0)
        go.set()
        await part(page, "input[type=file]").set_input_files(dot("bob.png"))
        await expect(part(page, ".you img")).to_have_attribute("alt", "bob.png")
        log = mongo_client[hub.parts.settings.database]["interactions"].find({"direction": "in"})
        assert [file["name"] for entry in log for file in entry["content"].get("files", ())] == ["bob.png"]


async def test_the_menu_by_keyboard_alone_and_its_mail(hub: Hub) -> None:
    await hub.parts.stores.accounts.save(Account("email", "help", settings={"address": "help@shop.example"}))
    async with shop(hub) as (page, _, found):
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Your message")).to_be_focused()
        await page.keyboard.type("Hello")
        await page.keyboard.press("Enter")
        await expect(part(page, ".them").last).to_be_visible()
        menu = page.get_by_role("button", name="More", exact=True)
        for _ in range(12):
            await page.keyboard.press("Shift+Tab")
            if await menu.evaluate("e => e.getRootNode().activeElement === e"):
                break
        await page.keyboard.press("Enter")
        sound = page.get_by_role("button", name="Sound")
        await expect(sound).to_be_focused()
        await page.keyboard.press("Space")
        await expect(sound).to_have_attribute("aria-pressed", "false")
        await assert_accessible(page, "switchboard-chat")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Mail address")).to_be_focused()
        await assert_accessible(page, "switchboard-chat")
        await page.keyboard.press("Escape")
        await expect(page.get_by_label("Your message")).to_be_focused()
        await menu.click()
        await page.get_by_role("button", name="Get answers by mail").click()
        await page.keyboard.type("ann@example.org")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("What you have not read here comes to ann@example.org.")).to_be_visible()
        notes = [e for e in await said_at(hub, await address_of(page)) if e.kind == "click"]
        assert [note.data["email"] for note in notes] == ["ann@example.org"]
        await page.reload()
        assert await page.evaluate("() => Object.keys(localStorage).filter((k) => k.endsWith(':sound')).length") == 1
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Escape")
        await expect(part(page, ".launcher")).to_be_focused()
        assert found == []


@pytest.mark.parametrize("shape", ["phone", "rtl"])
async def test_a_covered_page_keeps_no_focus_and_either_direction_will_do(hub: Hub, shape: str) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 700}, "has_touch": True, "is_mobile": True}
    attributes = """data-site="shop" data-language="ar" data-dir="rtl" data-texts='{"say": "رسالتك", "here": "هنا"}'"""
    async with foreign_site(hub.url, attributes) as site, browsing() as opened:
        await hub.parts.stores.accounts.save(Account("webchat", "shop", "Shop", {"origins": site}))
        await asyncio.sleep(1.1)  # the hub looks at its lines once a second
        page = await (await opened.new_context(**(phone if shape == "phone" else {}))).new_page()
        found = complaints(page)
        await page.goto(site)
        await part(page, ".launcher").click()
        await expect(page.get_by_label("رسالتك")).to_be_focused()
        await expect(part(page, ".panel")).to_have_attribute("aria-modal", "true" if shape == "phone" else "false")
        if shape == "phone":
            for key in ("Tab", "Shift+Tab"):
                for _ in range(9):
                    await page.keyboard.press(key)
                    inside = "e => e.contains(e.getRootNode().activeElement)"
                    assert await part(page, ".panel").evaluate(inside), "the focus stays where something is to be seen"
        else:
            launcher = await part(page, ".launcher").bounding_box()
            assert launcher is not None
            assert launcher["x"] < 100, "at the other side"
        await assert_accessible(page, "switchboard-chat")
        assert found == []


async def test_who_is_there_and_when_somebody_is_again(hub: Hub, client: Any) -> None:
    agent = await hub.parts.stores.agents.add("Olga Petrenko", "olga@shop.example", "long enough to be one")
    await hub.parts.stores.agents.seen(agent.id, datetime.now(UTC))

    async def there() -> bool:
        async with client.get(f"{hub.url}/chat/sites/shop") as answer:
            facts = await answer.json()
            assert "Petrenko" not in str(facts)
            return bool(facts["people"] == ["Olga"] and facts["on_duty"])

    await until(there)
