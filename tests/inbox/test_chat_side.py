"""What agents see and do of a chat on a site: where the visitor is, that somebody writes, the line for the site."""

from __future__ import annotations

from core.channel import Account, Address, Arrival
from core.content import Content
from switchboard.hub import Hub
from tests.inbox.desk import agent_of, at_desk
from tests.making import until

PAGE = {
    "url": "https://shop.example/<b>fjord</b>",
    "title": "Fjord",
    "referrer": "javascript:alert(1)",
    "landing": "https://shop.example/?utm_source=news",
    "utm_source": "news",
    "greeting": "Looking for a bike?",
}


async def test_page_campaign_and_typing(hub: Hub) -> None:
    account = await hub.parts.stores.accounts.save(Account("webchat", "side", settings={"bot": False}))
    address = Address("webchat", "side", "visitor")
    arrival = Arrival(address, "c:1", content=Content("Is it there?"), data={"page": PAGE})
    await hub.parts.receive.keep(account, [arrival])

    async def conversation() -> str | None:
        known = await hub.parts.stores.conversations.active(str(address))
        return known.id if known and known.visit else None

    id = await until(conversation)
    async with at_desk(hub, await agent_of(hub, "Maria Lis", "admin")) as desk:
        _, page = await desk.get(f"/inbox/c/{id}")
        shown = page.partition('id="visited"')[2].partition("</section>")[0]
        for words in ("Fjord", "utm_source=news", "Looking for a bike?", "&lt;b&gt;fjord"):
            assert words in shown
        assert "<a" not in shown, "a browser's word is no link to press"
        async with hub.parts.feed.subscribe(f"address:{address}") as changes:
            status, _ = await desk.post(f"/inbox/c/{id}/typing")
            assert status == 204
            (change,) = await changes.next(5)
            assert (change.what, change.value.name) == ("typing", "Maria"), "a first name is enough"
        assert (await desk.post("/inbox/c/nothing/typing"))[0] == 404
        _, page = await desk.get("/inbox/settings/lines/webchat?name=side")
        assert f"{hub.url}/chat/widget.js" in page
        assert "data-site=&#34;side&#34;" in page
        fields = {"name": "side", "field-greetings": "nonsense", "field-transcripts": "on", "enabled": "on"}
        response, page = await desk.form("/inbox/settings/lines/webchat", fields)
        assert response.status == 422
        assert "“nonsense” is not a rule" in page
