"""Leads in the inbox: board, list, panel, export and settings, with and without a browser."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from playwright.async_api import Browser, Page, expect

from core.campaigns.link import Link
from core.ids import new_id
from core.leads.lead import Lead, Source
from core.leads.store import LeadView
from switchboard.hub import Hub
from tests.browser import assert_accessible, page_of
from tests.inbox.desk import AtDesk, agent_of, asks
from tests.inbox.pages import fits, sign_in
from tests.making import now


def made(name: str, **values: Any) -> Lead:
    """A lead of nobody's conversation, for lists."""
    usual = {"customer_id": new_id(), "customer_name": name, "made_at": now(), "touched_at": now()}
    return Lead(**{"id": new_id(), "conversation_id": new_id(), **usual, **values})


async def test_a_list_shows_what_its_filters_say(hub: Hub, desk: AtDesk) -> None:
    leads = hub.parts.stores.leads
    names: dict[str, dict[str, Any]] = {
        "Ann": {},
        "Bob": {"state": "won", "owner": "x"},
        "Cid": {"source": Source("campaign", "spring")},
    }
    for name, values in names.items():
        await leads.add(made(name, **values))
    await leads.add(replace(made("Dora"), flagged=True))

    async def shown(query: str) -> list[str]:
        answer, page = await desk.get("/inbox/leads?shape=list&" + query)
        assert answer.status == 200
        return re.findall(r'<a class="strong" dir="auto" href="[^"]*">(\w+)</a>', page)

    assert await shown("") == ["Dora", "Cid", "Bob", "Ann"]
    assert await shown("state=won") == ["Bob"]
    assert await shown("owner=none&state=new") == ["Dora", "Cid", "Ann"]
    assert await shown("owner=x") == ["Bob"]
    assert await shown("source=campaign") == ["Cid"]
    assert await shown("source=campaign:spring") == ["Cid"]
    assert await shown("source=campaign:fall") == []
    assert await shown("flagged=1") == ["Dora"]
    today = f"{now():%Y-%m-%d}"
    assert len(await shown(f"since={today}&until={today}")) == 4
    assert await shown("until=2020-01-01") == []
    # What makes no sense is left out, and pages go on where the last one ended.
    assert len(await shown("state=x&source=%00&since=9999-99-99&rows=-1&until=2026-13-01")) == 4
    _, page = await desk.get("/inbox/leads?shape=list&rows=2")
    [onward] = re.findall(r'href="(/inbox/leads\?shape=list&amp;before=[0-9a-v]+)"', page)
    _, page = await desk.get(onward.replace("&amp;", "&"))
    assert "Ann" in page
    assert "Cid" not in page


async def test_an_export_is_what_the_list_shows_and_runs_nothing(hub: Hub, desk: AtDesk) -> None:
    leads = hub.parts.stores.leads
    evil = '=HYPERLINK("http://evil.example","x")'
    await leads.add(made(evil, amount=Decimal("12.5"), currency="EUR", reason="+1", source=Source("campaign", "@sum")))
    await leads.add(made("Won", state="won"))
    answer, text = await desk.get("/inbox/leads.csv?state=new")
    assert answer.content_type == "text/csv"
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row[1] for row in rows] == ["Customer", "'" + evil]
    assert rows[1][4:7] == ["12.50", "EUR", "'@sum"]
    async with desk.session.get(f"{desk.url}/inbox/leads.xlsx?state=new") as response:
        book = zipfile.ZipFile(io.BytesIO(await response.read()))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "HYPERLINK" in sheet
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert "<v>12.5</v>" in sheet
    assert sheet.count("<row ") == 2


async def test_an_agent_makes_and_leads_a_lead_on_without_scripts(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub, name="Ann")
    here = f"/inbox/c/{conversation.id}"
    answer, _ = await desk.form(here + "/lead", {})
    assert (answer.status, answer.headers["Location"]) == (303, here + "?said=lead_made")
    [lead] = await hub.parts.stores.leads.of_conversation(conversation.id)
    url = f"/inbox/leads/{lead.id}"
    for path, fields, status in (
        ("/move", {"state": "lost", "was": "new"}, 422),
        ("/move", {"state": "gone"}, 422),
        ("/move", {"state": "qualified", "was": "won"}, 409),
        ("/move", {"state": "qualified", "was": "new", "from": "board"}, 303),
        ("/value", {"amount": "1 200,50", "currency": "UAH"}, 303),
        ("/value", {"amount": "much", "currency": "UAH"}, 422),
        ("/step", {"step": "Send an offer", "preset": "tomorrow"}, 303),
        ("/step", {"step": "x", "until": "yesterday"}, 422),
        ("/owner", {"owner": "nobody"}, 422),
    ):
        answer, _ = await desk.form(url + path, fields)
        assert answer.status == status, (path, fields)
    assert (await desk.form("/inbox/leads/none/done", {}))[0].status == 404
    after = await hub.parts.stores.leads.get(lead.id)
    assert after is not None
    assert (after.state, after.amount, after.currency) == ("qualified", Decimal("1200.50"), "UAH")
    _, page = await desk.get(here)
    assert "Send an offer" in page
    assert "UAH" in page
    assert (await desk.form(url + "/done", {}))[0].status == 303
    # A script is offered the way back.
    status, told = await desk.post(url + "/move", {"state": "lost", "reason": "Too dear"})
    assert (status, told["undo"]) == (200, {"to": f"{url}/move", "fields": {"state": "qualified", "reason": ""}})
    # The customer's page and export know the lead too.
    assert "Lost" in (await desk.get(f"/inbox/customers/{conversation.customer_id}"))[1]


async def test_settings_are_for_administrators_and_say_what_is_wrong(hub: Hub, desk: AtDesk, admin: AtDesk) -> None:
    base = "/inbox/settings/leads"
    assert (await desk.get(base))[0].status == 403
    for path in ("/rules", "/sites", "/links", "/links/x", "/links/x/remove"):
        assert (await desk.form(base + path, {}))[0].status == 403
    assert "First say where links may lead" in (await admin.get(base))[1]
    answer, page = await admin.form(
        base + "/rules", {"new": "x", "contacted": "1", "qualified": "0", "currency": "EUR"}
    )
    assert (answer.status, "Hours are a whole number" in page) == (422, True)
    rules = {"new": "2", "contacted": "1", "qualified": "0", "currency": "uah"}
    assert (await admin.form(base + "/rules", rules))[0].status == 303
    assert (await hub.parts.stores.leads.rules()).hours == {"new": 2, "contacted": 1, "qualified": 0}
    for wrong in ("http://shop.example", "https://shop.example/path", "javascript:alert(1)", "https://a@shop.example"):
        assert (await admin.form(base + "/sites", {"sites": wrong}))[0].status == 422
    assert (await admin.form(base + "/sites", {"sites": "https://shop.example\n"}))[0].status == 303
    link = {"name": "spring", "target": "https://shop.example/spring", "source": "mail"}
    assert (await admin.form(base + "/links", {**link, "target": "https://evil.example/"}))[0].status == 422
    assert (await admin.form(base + "/links", {**link, "name": "Two words"}))[0].status == 422
    assert (await admin.form(base + "/links", link))[0].status == 303
    assert (await admin.form(base + "/links", link))[0].status == 409
    assert (await admin.form(base + "/links/spring", {**link, "source": "fair"}))[0].status == 303
    assert await hub.parts.stores.campaigns.all() == [
        Link("spring", "https://shop.example/spring", "fair", enabled=False)
    ]
    assert (await admin.form(base + "/links/none", link))[0].status == 404
    assert (await admin.form(base + "/links/spring/remove", {}))[0].status == 303
    assert await hub.parts.stores.campaigns.all() == []


async def in_state(hub: Hub, lead: Lead, state: str) -> None:
    async with asyncio.timeout(120):
        while True:
            after = await hub.parts.stores.leads.get(lead.id)
            assert after is not None
            if after.state == state:
                return
            await asyncio.sleep(0.05)


async def drag(page: Page, lead: Lead, state: str) -> None:
    await page.locator(f"#l-{lead.id} .handle").hover()
    await page.mouse.down()
    box = await page.locator(f"#col-{state} h2").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 40, box["y"] + 40, steps=5)
    await page.mouse.up()


async def test_a_board_is_worked_by_drag_and_keyboard_and_follows_others(hub: Hub, browser: Browser) -> None:
    errors: list[str] = []
    ada = await agent_of(hub, "Ada", "admin")
    conversation = await asks(hub, name="Ann <b>")
    lead = await hub.parts.lead_desk.make(ada, conversation.id)
    _, page = await page_of(browser, errors, viewport={"width": 1300, "height": 800})
    await sign_in(hub, page, ada)
    await page.goto(f"{hub.url}/inbox/leads")
    await assert_accessible(page)
    await page.evaluate("window.stayed = true")

    await drag(page, lead, "contacted")
    await in_state(hub, lead, "contacted")
    await expect(page.locator(f"#cards-contacted #l-{lead.id}")).to_be_visible()
    await expect(page.locator("#aloud")).to_have_text("Ann <b> is now: Contacted")

    handle = page.locator(f"#l-{lead.id} .handle")
    await handle.focus()
    await page.keyboard.press("ArrowRight")
    await in_state(hub, lead, "qualified")
    await expect(page.locator("#aloud")).to_have_text("Ann <b> is now: Qualified")
    await expect(page.locator(f"#cards-qualified #l-{lead.id} .handle")).to_be_focused()

    # Lost wants a reason; whoever gives none has not lost it.
    await drag(page, lead, "lost")
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.locator("#why-lost")).to_be_hidden()
    await expect(page.locator(f"#cards-qualified #l-{lead.id}")).to_be_visible()
    await drag(page, lead, "lost")
    await page.locator("#lost-reason").fill("Too dear")
    await page.keyboard.press("Enter")
    await expect(page.locator("#aloud")).to_have_text("Ann <b> is now: Lost")
    await in_state(hub, lead, "lost")
    await page.get_by_role("button", name="Undo").click()
    await in_state(hub, lead, "qualified")
    await expect(page.locator(f"#cards-qualified #l-{lead.id}")).to_be_visible()

    # What a colleague does is there without a reload, and so is what time does.
    other = await hub.parts.lead_desk.make(ada, (await asks(hub, "v2", name="Bob")).id)
    await expect(page.locator(f"#cards-new #l-{other.id}")).to_contain_text("Bob")
    kept = await hub.parts.stores.leads.get(other.id)
    assert kept is not None
    await hub.parts.stores.leads.change(kept, replace(kept, alone_at=now() - timedelta(hours=1)))
    await expect(page.locator(f"#l-{other.id}")).to_contain_text("Left alone")
    assert await page.evaluate("window.stayed")
    assert errors == []


async def test_leads_fit_a_phone_and_everybody(hub: Hub, browser: Browser) -> None:
    errors: list[str] = []
    olha = await agent_of(hub, "Ольга", "admin", "uk")
    conversation = await asks(hub, name="A very long name of somebody with many names " * 3)
    lead = await hub.parts.lead_desk.make(olha, conversation.id)
    await hub.parts.lead_desk.plan(olha, lead.id, now() + timedelta(hours=1), "x" * 150)
    await hub.parts.lead_desk.worth(olha, lead.id, Decimal("9999999999.99"), "UAH")
    await hub.parts.stores.campaigns.set_sites(("https://shop.example",))
    await hub.parts.stores.campaigns.add(Link("a" * 50, "https://shop.example/" + "b" * 200))
    phone = {"width": 390, "height": 844}
    _, page = await page_of(browser, errors, viewport=phone, color_scheme="dark", has_touch=True, is_mobile=True)
    await sign_in(hub, page, olha)
    for path in ("leads", "leads?shape=list", "settings/leads", f"c/{conversation.id}#side"):
        await page.goto(f"{hub.url}/inbox/{path}")
        await assert_accessible(page)
        await fits(page)
    # The card's own menu moves it where dragging is hard.
    await page.goto(f"{hub.url}/inbox/leads")
    await page.locator(f"#m-{lead.id} summary").tap()
    await page.get_by_role("button", name="Успіх").tap()
    await in_state(hub, lead, "won")
    await expect(page.locator(f"#cards-won #l-{lead.id}")).to_have_count(1)
    assert await hub.parts.stores.leads.count(LeadView("won")) == 1
    assert errors == []
