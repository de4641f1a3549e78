"""`/go/NAME`: who is counted, what is remembered, and what a lead tells of it in the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from itsdangerous import TimestampSigner

from core.campaigns.link import Link
from core.channel import Address
from core.conversations.conversation import Conversation, Last
from core.customers.customer import Customer
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction
from core.leads.lead import Lead
from core.leads.store import LeadView
from switchboard.hub import Hub
from switchboard.selling import personal_links
from switchboard.wiring import own_url
from tests.making import make_message, now, until
from tests.portal.conftest import Visitor, put
from tests.portal.test_forms import GOOD
from tests.running import running_hub

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
LED = "https://shop.example/spring?a=1&utm_source=news&utm_campaign=spring"


@pytest.fixture
async def link(hub: Hub) -> Link:
    await hub.parts.stores.campaigns.set_sites(("https://shop.example",))
    return await hub.parts.stores.campaigns.add(Link("spring", "https://shop.example/spring?a=1", "news"))


@pytest.fixture
async def person() -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody with a browser, which keeps cookies."""
    async with aiohttp.ClientSession(headers=BROWSER, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def go(session: aiohttp.ClientSession, hub: Hub, to: str = "spring", **more: Any) -> tuple[int, str, str]:
    """Status, where it leads, and the cookie that was set."""
    method = more.pop("method", "GET")
    async with session.request(method, f"{hub.url}/go/{to}", allow_redirects=False, **more) as answer:
        return answer.status, answer.headers.get("Location", ""), answer.headers.get("Set-Cookie", "")


async def counts(hub: Hub) -> tuple[int, int]:
    link = await hub.parts.stores.campaigns.get("spring")
    assert link is not None
    return link.clicks, link.known


async def written_to(hub: Hub) -> Interaction:
    """A message that Ann got from us."""
    stores = hub.parts.stores
    at = datetime.now(UTC)
    address = str(Address("webchat", "shop", "v1"))
    await stores.customers.add(Customer("ann", "Ann", created_at=at))
    conversation = Conversation("c1", address, "webchat", "shop", "open", "ann", "Ann", at, Last(at))
    await stores.conversations.start(conversation)
    sent = make_message("x", direction="out", status=status.SENT, author=Author("bot"), channel="webchat")
    sent = replace(sent, account="shop", address=address, customer_id="ann", conversation_id="c1")
    await stores.interactions.add([sent])
    return sent


async def test_programs_are_led_on_and_counted_for_nothing(
    hub: Hub, link: Link, client: aiohttp.ClientSession, person: aiohttp.ClientSession
) -> None:
    for headers in (
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        {"User-Agent": "WhatsApp/2.23"},
        {"User-Agent": ""},
        {**BROWSER, "Sec-Purpose": "prefetch;prerender"},
        {**BROWSER, "Purpose": "prefetch"},
        {**BROWSER, "Sec-Fetch-Dest": "image"},
    ):
        assert await go(client, hub, headers=headers) == (302, LED, "")
    assert await go(person, hub, method="HEAD") == (302, LED, "")
    assert await counts(hub) == (0, 0)
    found, to, cookie = await go(person, hub)
    assert (found, to) == (302, LED)
    assert all(word in cookie for word in ("came=spring.", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"))
    assert (await go(person, hub, headers={"Sec-GPC": "1"}))[2] == ""
    assert await counts(hub) == (2, 0)


async def test_who_comes_too_often_is_led_on_and_not_counted(database_uri: str, database_name: str) -> None:
    proxied = {"trusted_proxies": ["127.0.0.1/32"], "sample_data": False}
    async with (
        running_hub(database_uri, database_name, **proxied) as hub,
        aiohttp.ClientSession(headers={**BROWSER, "X-Forwarded-For": "203.0.113.9"}) as busy,
    ):
        await hub.parts.stores.campaigns.set_sites(("https://shop.example",))
        await hub.parts.stores.campaigns.add(Link("spring", "https://shop.example/spring?a=1", "news"))
        for _ in range(40):
            assert (await go(busy, hub))[:2] == (302, LED)
        # One more every five seconds may have been counted on a slow machine, and not all of them.
        assert 20 <= (await counts(hub))[0] < 40


async def test_it_leads_nowhere_else(hub: Hub, link: Link, person: aiohttp.ClientSession) -> None:
    for query in ("?target=https://evil.example", "?utm_source=https://evil.example", "?url=//evil.example&p=x"):
        assert (await go(person, hub, "spring" + query))[1] == LED
    for name in ("nothing", "SPRING", "..%2Fspring", "spring%00", "%F0%9F%8C%B1", "x" * 300):
        assert (await go(person, hub, name))[0] == 404
    async with person.get(f"{hub.url}/go/nothing", headers={"Accept-Language": "uk"}) as answer:
        assert "Це посилання нікуди не веде" in await answer.text()
    await hub.parts.stores.campaigns.set_sites(("https://other.example",))

    async def gone() -> bool:
        return (await go(person, hub))[0] == 404

    assert await until(gone)


async def test_who_follows_a_link_of_our_message_is_known(hub: Hub, link: Link, person: aiohttp.ClientSession) -> None:
    stores = hub.parts.stores
    token = personal_links(stores, own_url(hub.parts.settings)).token((await written_to(hub)).id)
    for _ in range(3):
        assert await go(person, hub, f"spring?p={token}") == (302, LED, "")
    clicks = [entry for entry in await stores.interactions.page(customer_id="ann") if entry.kind == "click"]
    assert len({entry.key for entry in clicks}) == len(clicks) <= 2  # one an hour
    assert (clicks[0].conversation_id, clicks[0].data["link"], clicks[0].status) == ("c1", "spring", status.HANDLED)
    assert await counts(hub) == (3, 3)
    # A mark that was made up is a visit like any other.
    assert "came=spring" in (await go(person, hub, f"spring?p={token[:-1]}0"))[2] or token.endswith("0")
    # What they become a lead of later tells it.
    agent = await stores.agents.add("Olha", "o@x.org", "a long password")
    lead = await hub.parts.lead_desk.make(agent, "c1")
    assert (lead.source.kind, lead.source.name) == ("campaign", "spring")


async def test_the_source_is_kept_until_they_say_who_they_are(
    hub: Hub, link: Link, person: aiohttp.ClientSession, client: aiohttp.ClientSession
) -> None:
    await go(person, hub)
    async with person.post(f"{hub.url}/forms/contact", data=GOOD, allow_redirects=False) as answer:
        assert answer.status == 303
        assert "came=" in answer.headers["Set-Cookie"]  # it has done its work
    leads = hub.parts.stores.leads

    async def first() -> Lead | None:
        found = [lead async for lead in leads.every(LeadView())]
        return found[0] if found else None

    lead = await until(first)
    assert lead is not None
    assert (lead.source.kind, lead.source.name, lead.source.utm["utm_source"]) == ("campaign", "spring", "news")
    # Somebody else's cookie, or one that was made up, tells nothing.
    forged = {"Cookie": f"came=spring.{new_id()}.x"}
    other = {**GOOD, "email": "other@example.org"}
    async with client.post(f"{hub.url}/forms/contact", data=other, headers=forged, allow_redirects=False):
        pass

    async def two() -> list[Lead] | None:
        found = [lead async for lead in leads.every(LeadView())]
        return found if len(found) == 2 else None

    assert (await until(two) or [lead])[0].source.kind == "form"


class Then(TimestampSigner):
    """Signs as the hub did some time ago."""

    ago = timedelta()

    def get_timestamp(self) -> int:
        return int((now() - self.ago).timestamp())


@pytest.mark.parametrize(
    ("ago", "kind"),
    [
        (timedelta(days=30, minutes=-9), "campaign"),
        (timedelta(days=30, minutes=9), "form"),
        (-timedelta(minutes=4), "campaign"),  # signed by a hub whose clock is a little ahead
        (-timedelta(minutes=9), "form"),
    ],
)
async def test_what_brought_them_counts_for_thirty_days(
    hub: Hub, link: Link, client: aiohttp.ClientSession, ago: timedelta, kind: str
) -> None:
    then = Then(hub.parts.stores.vault.purpose("portal"), salt="campaign.came")
    then.ago = ago
    cookie = {"Cookie": f"came={then.sign('spring').decode()}"}
    async with client.post(f"{hub.url}/forms/contact", data=GOOD, headers=cookie, allow_redirects=False) as answer:
        assert answer.status == 303

    async def first() -> Lead | None:
        return next(iter([lead async for lead in hub.parts.stores.leads.every(LeadView())]), None)

    lead = await until(first)
    assert lead is not None
    assert lead.source.kind == kind


async def test_a_chat_is_told_too_and_its_links_know_who_follows_them(
    hub: Hub, link: Link, person: aiohttp.ClientSession
) -> None:
    await go(person, hub)
    async with person.ws_connect(f"{hub.url}/chat/socket") as ws:
        visitor = Visitor(ws, hub)
        await visitor.hello(page={"url": hub.url})
        await visitor.say("Hello")
        conversations = hub.parts.stores.conversations

        async def told() -> Conversation | None:
            found = await conversations.active(visitor.address)
            return found if found is not None and "first" in found.visit else None

        conversation = await until(told)
        assert conversation is not None
        assert conversation.visit["first"]["utm_campaign"] == "spring"
        url = own_url(hub.parts.settings) + "/go/spring"
        entry = await put(hub, visitor.address, f"Look: {url}", customer_id=conversation.customer_id)
        frame = await visitor.next("message", lambda frame: frame["id"] == entry.id)
        assert frame["text"].startswith(f"Look: {url}?p={entry.id}")
        assert (await go(person, hub, frame["text"].rpartition("/")[2]))[2] == ""
    assert await counts(hub) == (2, 1)
