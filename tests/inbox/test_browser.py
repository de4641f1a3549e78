"""The inbox in a real browser: live, by keyboard, on a phone, without scripts, and with strangers' words in it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from core.agents.agent import Agent
from core.content import Content
from switchboard.hub import Hub
from tests.browser import assert_accessible, page_of
from tests.inbox.desk import agent_of, asks, says
from tests.inbox.pages import fits, sign_in


async def test_two_agents_see_what_happens_without_a_reload(hub: Hub, browser: Browser, maria: Agent) -> None:
    errors: list[str] = []
    oleh = await agent_of(hub, "Oleh", "admin")
    _, page = await page_of(browser, errors)
    _, other = await page_of(browser, errors)
    await sign_in(hub, page, maria)
    await sign_in(hub, other, oleh)
    await expect(page.get_by_text("No open conversations")).to_be_visible()
    await page.evaluate("window.stayed = true")

    conversation = await asks(hub, text="I want to talk to a person", name="Ann Example")
    row = page.locator(f"#c-{conversation.id}")
    await expect(row).to_contain_text("Ann Example")
    await expect(row.locator(".badge")).to_contain_text("1")
    await expect(page.locator("#aloud")).to_have_text("New message from Ann Example")

    # The keyboard alone: open, assign to oneself, answer.
    await page.keyboard.press("j")
    await expect(page.locator("#thread")).to_contain_text("I want to talk to a person")
    await expect(row.locator(".badge")).to_have_count(0)
    await page.keyboard.press("a")
    await page.keyboard.press("Enter")
    await expect(page.locator("#head")).to_contain_text("Yours")
    await page.keyboard.press("r")
    await page.keyboard.type("Good morning!\nHow can I help?")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#text")).to_have_value("")
    bubble = page.locator(".entry.ours").filter(has_text="How can I help?")
    await expect(bubble).to_contain_text("Sent")
    await expect(bubble).to_have_count(1)

    # The colleague sees it, and what is being typed here survives what comes in.
    await expect(other.locator(f"#c-{conversation.id}")).to_contain_text("How can I help?")
    await page.keyboard.type("half a sent")
    await says(hub, "Where is my bicycle?", name="Ann Example")
    await expect(page.locator("#thread")).to_contain_text("Where is my bicycle?")
    await page.keyboard.type("ence")
    await expect(page.locator("#text")).to_have_value("half a sentence")

    # It also survives a reload; resolving can be taken back.
    assert await page.evaluate("window.stayed")
    await page.reload()
    await expect(page.locator("#text")).to_have_value("half a sentence")
    await page.locator("#thread").click()
    await page.keyboard.press("e")
    await expect(page.locator("#head")).to_contain_text("Resolved")
    await expect(other.locator(f"#c-{conversation.id}")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator("#head")).to_contain_text("Open")
    await expect(other.locator(f"#c-{conversation.id}")).to_have_count(1)
    assert errors == []


async def test_what_is_refused_is_given_back(hub: Hub, browser: Browser, maria: Agent) -> None:
    conversation = await asks(hub)
    context, page = await page_of(browser, [])
    await sign_in(hub, page, maria)
    await page.goto(f"{hub.url}/inbox/c/{conversation.id}")
    await page.locator("#text").fill("Do not lose me")
    await context.set_offline(True)
    await page.locator("#text").press("Control+Enter")
    await expect(page.locator(".toast.bad")).to_be_visible()
    await expect(page.locator("#text")).to_have_value("Do not lose me")
    await context.set_offline(False)
    await page.locator("#text").press("Control+Enter")
    await expect(page.locator(".entry.ours").filter(has_text="Do not lose me")).to_have_count(1)
    # After a break the page looks again by itself.
    await says(hub, "And me")
    await expect(page.locator("#thread")).to_contain_text("And me")


async def test_everything_works_without_scripts(hub: Hub, browser: Browser, maria: Agent) -> None:
    conversation = await asks(hub, name="Ann")
    _, page = await page_of(browser, [], java_script_enabled=False)
    await sign_in(hub, page, maria)
    await page.locator(f"#c-{conversation.id} a").click()
    await page.locator("#text").fill("No scripts here")
    await page.locator("#send").click()
    await expect(page.locator("#thread")).to_contain_text("No scripts here")
    await expect(page.locator("#toasts")).to_contain_text("Sent")
    await page.locator("#snooze summary").click()
    await page.get_by_role("button", name="Tomorrow morning").click()
    await expect(page.locator("#head")).to_contain_text("Snoozed until")
    await page.get_by_role("button", name="Open again").click()
    await page.locator("#assign summary").click()
    await page.get_by_role("button", name="To nobody").click()
    await expect(page.locator("#head")).to_contain_text("Assign")
    await page.locator("#mode-note").locator("..").click()
    await page.locator("#text").fill("Only for us")
    await page.locator("#send").click()
    await expect(page.locator(".entry.note")).to_contain_text("Only for us")


async def test_a_strangers_words_break_nothing_on_any_screen(hub: Hub, browser: Browser, maria: Agent) -> None:
    errors: list[str] = []
    hostile = "<script>document.title='owned'</script>\u202egnp.exe\u2066" + "W" * 5000 + " 🎉👨‍👩‍👧‍👦 שלום مرحبا"
    html = (
        "<style>body{display:none}</style><table width=9000><tr><td>" + "x" * 3000 + "</table><script>top.x=1</script>"
    )
    conversation = await asks(
        hub, text=hostile, name="\u202e" + "N" * 300, content=Content(subject="S" * 900, html=html)
    )
    for size, scheme in (((1280, 800), "light"), ((390, 780), "dark")):
        _, page = await page_of(browser, errors, viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        await sign_in(hub, page, maria)
        for path in ("/inbox/", f"/inbox/c/{conversation.id}", f"/inbox/customers/{conversation.customer_id}"):
            await page.goto(hub.url + path)
            await fits(page)
            assert "owned" not in await page.title()
        await page.goto(f"{hub.url}/inbox/c/{conversation.id}")
        await page.locator(".as-sent summary").first.click()
        frame = page.frame_locator(".as-sent iframe").first
        await expect(frame.locator("table")).to_be_visible()
        assert await page.evaluate("window.x === undefined")
        await fits(page)
    assert errors == []


@pytest.mark.parametrize(("scheme", "width", "language"), [("light", 1360, "en"), ("dark", 390, "uk")])
async def test_axe_finds_nothing(hub: Hub, browser: Browser, scheme: str, width: int, language: str) -> None:
    ada = await agent_of(hub, "Ada", "admin", language)
    conversation = await asks(hub, name="Ann", content=Content(html="<p>Hello</p>", subject="A subject"))
    await hub.parts.desk.note(ada, conversation.id, "a note", key="n")
    _, page = await page_of(
        browser, [], viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    await page.goto(f"{hub.url}/inbox/sign-in")
    await assert_accessible(page)
    await sign_in(hub, page, ada)
    for path in (
        "/inbox/",
        "/inbox/?whose=mine",
        f"/inbox/c/{conversation.id}",
        "/inbox/customers",
        f"/inbox/customers/{conversation.customer_id}",
        "/inbox/problems",
        "/inbox/me",
        "/inbox/settings/lines",
        "/inbox/settings/lines/telegram",
        "/inbox/settings/agents",
        "/inbox/settings/teams",
        "/inbox/settings/wording",
        "/inbox/settings/wording/shipped/en",
        "/inbox/c/nothing",
    ):
        await page.goto(hub.url + path)
        await assert_accessible(page)
        await fits(page)
    await page.goto(f"{hub.url}/inbox/c/{conversation.id}")
    await page.locator("#snooze summary").click()
    await assert_accessible(page)
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await assert_accessible(page)
