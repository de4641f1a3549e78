"""What an agent sends is never lost, doubled, turned round or sent to the customer when it was for colleagues."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, Route, expect

from core.agents.agent import Agent
from core.conversations.conversation import Conversation
from switchboard.hub import Hub
from tests.browser import assert_accessible, page_of
from tests.inbox.desk import agent_of, asks, says
from tests.inbox.pages import sign_in

SAY = "**/inbox/c/*/say"
Way = Callable[[Route], Awaitable[None]]


async def said(hub: Hub, conversation: Conversation) -> list[tuple[str, str]]:
    """(kind, words) of what agents wrote, oldest first."""
    entries = await hub.parts.stores.interactions.page(conversation_id=conversation.id, limit=50)
    ours = sorted((entry for entry in entries if entry.author.kind == "agent"), key=lambda entry: entry.id)
    return [(entry.kind, entry.content.text) for entry in ours if entry.kind in ("message", "note")]


async def at(hub: Hub, browser: Browser, agent: Agent, conversation: Conversation) -> Page:
    _, page = await page_of(browser, [])
    await sign_in(hub, page, agent)
    await page.goto(f"{hub.url}/inbox/c/{conversation.id}")
    return page


async def send(page: Page, words: str) -> None:
    await page.locator("#text").fill(words)
    await page.keyboard.press("Control+Enter")


async def arrives(page: Page, words: str) -> None:
    """The hub has it, and the page shows it as it is there, once."""
    await expect(page.locator(".entry.pending")).to_have_count(0)
    await expect(page.locator("#thread .entry[id]").filter(has_text=words)).to_have_count(1)


async def never_arrives(route: Route) -> None:
    """The line breaks on the way there."""
    await route.abort()


async def held(page: Page, then: Way) -> asyncio.Event:
    """From now on `then` happens to what is sent, once the event that is returned is set."""
    go = asyncio.Event()

    async def hold(route: Route) -> None:
        await go.wait()
        await then(route)

    await page.route(SAY, hold)
    return go


async def answer_is_lost(route: Route) -> None:
    """The hub has it, and the line breaks on the way back."""
    await route.fetch()
    await route.abort()


async def test_what_is_written_while_something_is_on_its_way_is_another_message(
    hub: Hub, browser: Browser, maria: Agent
) -> None:
    conversation = await asks(hub)
    page = await at(hub, browser, maria, conversation)
    go = await held(page, lambda route: route.continue_())
    await page.locator("#mode-note").locator("..").click()
    await send(page, "He is difficult")
    # From this moment on, and not when the answer comes: a hand that goes on writing would not see it change.
    await expect(page.locator("#mode-reply")).to_be_checked()
    await page.locator("#mode-note").locator("..").click()
    await page.locator("#text").fill("and")
    await page.keyboard.type(" rude")
    go.set()
    await arrives(page, "difficult")
    await expect(page.locator("#mode-note")).to_be_checked()
    await page.keyboard.press("Control+Enter")
    go.clear()
    for words in ("Hello!", "How can I help?", "We are open until six."):
        await send(page, words)
    go.set()
    await arrives(page, "until six")
    assert await said(hub, conversation) == [
        ("note", "He is difficult"),
        ("note", "and rude"),
        ("message", "Hello!"),
        ("message", "How can I help?"),
        ("message", "We are open until six."),
    ]


async def test_what_stands_behind_one_that_cannot_go_comes_back_with_it(
    hub: Hub, browser: Browser, maria: Agent
) -> None:
    conversation = await asks(hub)
    page = await at(hub, browser, maria, conversation)
    go = await held(page, never_arrives)
    await page.locator("#file").set_input_files({"name": "map.txt", "mimeType": "text/plain", "buffer": b"here"})
    await send(page, "First")
    await expect(page.locator("#chosen li")).to_have_count(0)
    await send(page, "Second")
    await page.locator("#text").fill("and third")
    go.set()
    await expect(page.locator("#text")).to_have_value("First\nSecond\nand third")
    await expect(page.locator("#chosen li")).to_contain_text("map.txt")
    await page.unroute(SAY)
    await page.keyboard.press("Control+Enter")
    await arrives(page, "and third")
    assert await said(hub, conversation) == [("message", "First\nSecond\nand third")]


@pytest.mark.parametrize("way", [never_arrives, answer_is_lost])
@pytest.mark.parametrize("again", ["as it was", "after a reload", "from elsewhere"])
async def test_a_second_try_is_no_second_message(
    hub: Hub, browser: Browser, maria: Agent, way: Way, again: str
) -> None:
    conversation = await asks(hub)
    other = await asks(hub, "bob", name="Bob")
    page = await at(hub, browser, maria, conversation)
    await page.route(SAY, way)
    await send(page, "Only once")
    await expect(page.locator("#text")).to_have_value("Only once")
    await page.unroute(SAY)
    if again == "after a reload":
        await page.reload()
    if again == "from elsewhere":
        await page.locator(f"#c-{other.id} a").click()
        await expect(page.locator("#main")).to_have_attribute("data-conversation", other.id)
        await expect(page.locator("#text")).to_have_value("")
        await page.locator(f"#c-{conversation.id} a").click()
    await expect(page.locator("#text")).to_have_value("Only once")
    await page.locator("#text").press("Control+Enter")
    await expect(page.locator("#text")).to_have_value("")
    await arrives(page, "Only once")
    assert await said(hub, conversation) == [("message", "Only once")]


async def test_what_could_not_be_sent_while_another_conversation_is_open_is_told_and_waits_there(
    hub: Hub, browser: Browser, maria: Agent
) -> None:
    ann, bob = await asks(hub, name="Ann"), await asks(hub, "bob", name="Bob")
    page = await at(hub, browser, maria, ann)
    go = await held(page, never_arrives)
    await page.locator("#file").set_input_files({"name": "map.txt", "mimeType": "text/plain", "buffer": b"here"})
    await send(page, "For Ann only")
    await page.locator(f"#c-{bob.id} a").click()
    await expect(page.locator("#main")).to_have_attribute("data-conversation", bob.id)
    await page.locator("#text").fill("For Bob")
    go.set()
    await expect(page.locator("#toasts")).to_contain_text("What you wrote to Ann was not sent.")
    await expect(page.locator("#text")).to_have_value("For Bob")
    # What waits is marked in the list, also after a reload and when the row is drawn anew.
    await expect(page.locator(f"#c-{ann.id} [data-draft]")).to_have_attribute("data-draft", "Draft")
    await says(hub, "Are you there?", name="Ann")
    await expect(page.locator(f"#c-{ann.id}")).to_contain_text("Are you there?")
    await expect(page.locator("[data-draft]")).to_have_count(1)
    await assert_accessible(page)
    await page.unroute(SAY)
    await page.get_by_role("link", name="Go there").click()
    await expect(page.locator("#main")).to_have_attribute("data-conversation", ann.id)
    await expect(page.locator("#toasts")).to_be_empty()
    await expect(page.locator("#text")).to_have_value("For Ann only")
    await expect(page.locator("#chosen li")).to_contain_text("map.txt")
    await page.locator("#text").press("Control+Enter")
    await arrives(page, "For Ann only")
    await expect(page.locator(f"#c-{ann.id} [data-draft]")).to_have_count(0)
    await expect(page.locator(f"#c-{bob.id} [data-draft]")).to_have_count(1)
    await page.locator(f"#c-{bob.id} a").click()
    await expect(page.locator("#text")).to_have_value("For Bob")
    await expect(page.locator("[data-draft]")).to_have_count(0)
    assert (await said(hub, ann), await said(hub, bob)) == ([("message", "For Ann only")], [])


async def test_a_page_that_is_closed_while_it_sends_loses_nothing(hub: Hub, browser: Browser, maria: Agent) -> None:
    conversation = await asks(hub)
    page = await at(hub, browser, maria, conversation)
    asked = asyncio.Event()

    async def hangs(route: Route) -> None:
        if asked.is_set():
            await route.continue_()
        asked.set()  # and the first is left hanging, until its page is gone

    await page.route(SAY, hangs)
    await send(page, "Do not lose me")
    await asked.wait()
    await page.reload()
    await expect(page.locator("#text")).to_have_value("Do not lose me")
    await page.locator("#text").press("Control+Enter")
    await arrives(page, "Do not lose me")
    assert await said(hub, conversation) == [("message", "Do not lose me")]


@pytest.mark.parametrize("mode", ["reply", "note"])
async def test_whoever_changes_the_words_after_a_lost_answer_is_told_that_the_first_ones_arrived(
    hub: Hub, browser: Browser, maria: Agent, mode: str
) -> None:
    conversation = await asks(hub)
    page = await at(hub, browser, maria, conversation)
    await page.locator(f"#mode-{mode}").locator("..").click()
    await page.route(SAY, answer_is_lost)
    await send(page, "At six")
    await expect(page.locator("#text")).to_have_value("At six")
    await page.unroute(SAY)
    await send(page, "At seven")
    await expect(page.locator("#toasts")).to_contain_text("The earlier version did arrive")
    await expect(page.locator("#text")).to_have_value("At seven")
    await expect(page.locator(f"#mode-{mode}")).to_be_checked()
    await arrives(page, "At six")
    kind = "note" if mode == "note" else "message"
    assert await said(hub, conversation) == [(kind, "At six")]
    await page.locator("#text").press("Control+Enter")
    await expect(page.locator("#text")).to_have_value("")
    await arrives(page, "At seven")
    assert await said(hub, conversation) == [(kind, "At six"), (kind, "At seven")]


async def test_a_draft_is_shown_to_nobody_else_at_the_same_machine(hub: Hub, browser: Browser, maria: Agent) -> None:
    conversation = await asks(hub)
    page = await at(hub, browser, maria, conversation)
    await page.locator("#text").fill("What Maria thinks")
    for agent, words in ((await agent_of(hub, "Oleh"), ""), (maria, "What Maria thinks")):
        await page.context.clear_cookies()
        await sign_in(hub, page, agent)
        await expect(page.locator("[data-draft]")).to_have_count(1 if words else 0)
        await page.goto(f"{hub.url}/inbox/c/{conversation.id}")
        await expect(page.locator("#text")).to_have_value(words)
