"""A hub with one of everything that can be somebody else's, and the people who have no business with it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pymongo
from aiohttp import ClientSession, TCPConnector

from core.campaigns.link import Link
from core.channel import Account
from core.content import Content, File
from core.ids import new_id
from core.interactions.interaction import Author, Interaction
from switchboard.hub import Hub
from switchboard.wiring import confirm_links, unsubscribe_links
from tests.inbox.desk import AtDesk, agent_of, asks, at_desk
from tests.making import make_caught, until
from tests.running import running_hub
from tests.security.doors import HUB

NAME = "Zebulon Quagga"  # the customer whom nobody else may hear of
WORDS = "the okapi is in the cellar"
FILE = b"a file of somebody's"
# What changes by itself while nobody does anything: sessions and leases.
RESTLESS = ("sessions", "addresses", "accounts", "typists", "agents")


@dataclass
class World:
    """The hub and what is in it. `ada` is an administrator, `maria` an agent; `gone` was one, and was signed in."""

    hub: Hub
    client: ClientSession
    ada: AtDesk
    maria: AtDesk
    gone: AtDesk
    database: pymongo.database.Database[dict[str, Any]]
    ids: Mapping[str, str]

    def real(self, path: str) -> str:
        """`path` with what is really there."""
        for start, id in self.ids.items():
            if path.startswith(start):
                path = re.sub(r"\{(id|name|key|sha256|channel)\}", id, path, count=1)
                break
        known = {"version": "1", "status": "paid", "language": "en", "rest": "nothing", "path": "x"}
        return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "x"), path)

    def state(self) -> dict[str, str]:
        """A hash of each collection that changes only when somebody changes something."""
        hashes: dict[str, str] = self.database.command("dbHash")["collections"]
        # When they were last seen moves with whatever they ask for.
        agents = str(list(self.database["agents"].find({}, {"seen_at": 0}).sort("_id", 1)))
        return {name: each for name, each in hashes.items() if name not in RESTLESS} | {"agents": agents}

    def link(self, kind: str) -> str:
        """A real link of each kind that a token opens, as a path."""
        entry, stores, settings = self.ids["entry"], self.hub.parts.stores, self.hub.parts.settings
        made = {
            "unsubscribe": unsubscribe_links(stores, settings).link(entry),
            "confirm": confirm_links(stores, settings).link(self.ids["form"]),
            "track": f"/track/{self.ids['token']}",
        }
        return made[kind][made[kind].index(f"/{kind}/") :]


@asynccontextmanager
async def a_world(uri: str, name: str) -> AsyncIterator[World]:
    """The hub at work, and everybody signed in who could."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        async with running_hub(uri, name, sample_data=True) as busy:
            boss = await agent_of(busy, "Ada", "admin")
            ids = await _everything(busy, boss)
            calling = busy.parts.stores.interactions.calling

            async def settled() -> bool:
                return await calling("", 1) == ([], False)

            await until(settled)
        # No worker from now on, so that nothing changes unless somebody at a door changes it. Every place may be
        # claimed by a header, so that limits by place can be seen on one machine.
        settings = {"sample_data": True, "max_body": HUB, "trusted_proxies": "127.0.0.0/8", "request_seconds": 1}
        hub = await enter(running_hub(uri, name, role="web", **settings))
        client = await enter(ClientSession(connector=TCPConnector(force_close=True)))  # this hub keeps few open
        mongo: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(uri, tz_aware=True)
        stack.callback(mongo.close)
        agent, former = await agent_of(hub), await agent_of(hub, "Gone")
        ada, maria, gone = [await enter(at_desk(hub, who)) for who in (boss, agent, former)]
        await hub.parts.stores.agents.change(former.id, active=False)
        # Deactivating ended the session; this one is as if it had not.
        token = await hub.parts.stores.agents.begin_session(former, datetime(2100, 1, 1, tzinfo=UTC))
        gone.session.cookie_jar.update_cookies({"session": token})
        yield World(hub, client, ada, maria, gone, mongo[name], ids)


async def _everything(hub: Hub, admin: Any) -> dict[str, str]:
    parts, stores = hub.parts, hub.parts.stores
    await stores.accounts.save(Account("webchat", "site", "Shop chat"))
    conversation = await asks(hub, text=WORDS, name=NAME)
    address, customer = conversation.address, conversation.customer_id or ""
    sha256 = await stores.files.put(FILE)
    file = File("plan.pdf", "application/pdf", len(FILE), sha256=sha256)
    now = datetime.now(UTC)
    common: dict[str, Any] = {
        "address": address,
        "channel": "webchat",
        "account": "site",
        "customer_id": customer,
        "conversation_id": conversation.id,
        "at": now,
    }
    consent = {"confirm": True, "purpose": "news", "words": "Write to me"}
    with_file, outgoing, form = new_id(), new_id(), new_id()
    await stores.interactions.add(
        [
            Interaction(
                id=with_file, kind="message", direction="in", key=with_file, author=Author("customer"), status="seen",
                content=Content(WORDS, html=f"<p>{WORDS}</p>", files=(file,)), raw={"body": WORDS.encode()}, **common,
            ),
            Interaction(
                id=outgoing, kind="notification", direction="out", key=outgoing, author=Author("system"),
                status="sent", content=Content(WORDS), data={"purpose": "marketing"}, **common,
            ),
            Interaction(
                id=form, kind="form", direction="in", key=form, author=Author("customer"), status="seen",
                content=Content("A form"), data={"consents": [consent], "form": "contact"}, **common,
            ),
        ]
    )  # fmt: skip
    lead = await parts.lead_desk.make(admin, conversation.id)
    caught = await stores.caught.hold(make_caught(WORDS))
    team = await stores.teams.add("Workshop", [])
    await stores.campaigns.set_sites(("https://shop.example",))
    link = await stores.campaigns.add(Link("autumn", "https://shop.example/autumn"))
    asked = {"en": "Where is the okapi?"}
    question = await stores.faq.save(None, question=asked, answer={"en": WORDS}, by="Ada", now=now)
    await stores.failed.keep("webchat", "site", b"raw", {}, "It could not be read.", now)
    (failed,) = await stores.failed.page()
    order = await stores.orders.numbered("demo", "A-1042")
    assert order
    return {
        "/inbox/c/": conversation.id,
        "/inbox/sent/": outgoing,
        "/inbox/deliveries/": outgoing,
        "/inbox/files/": f"{sha256}?entry={with_file}",
        "/inbox/mail/": with_file,
        "/inbox/original/": with_file,
        "/inbox/customers/": customer,
        "/inbox/spam/": caught.id,
        "/inbox/forms/": "contact",
        "/inbox/calls/": with_file,
        "/inbox/bot/texts/": "welcome.hello",
        "/inbox/bot/questions/": question.id,
        "/inbox/leads/": lead.id,
        "/inbox/problems/": failed.id,
        "/inbox/settings/lines/": "email",
        "/inbox/settings/agents/": admin.id,
        "/inbox/settings/teams/": team.id,
        "/inbox/settings/forms/": "contact",
        "/inbox/settings/leads/links/": link.name,
        "/chat/sites/": "site",
        "/forms/": "contact",
        "/go/": link.name,
        "entry": outgoing,
        "form": form,
        "token": order.token,
        "order": order.number,
        "sha256": sha256,
        "customer": customer,
    }


def same_answer(one: tuple[int, str, Mapping[str, str]], other: tuple[int, str, Mapping[str, str]]) -> bool:
    """Whether two answers tell the same: status, body and headers, but for the time, the nonce and the path."""
    return _told(one) == _told(other)


def _told(answer: tuple[int, str, Mapping[str, str]]) -> tuple[int, str, dict[str, str]]:
    status, body, headers = answer
    nonce = re.compile(r"nonce-[\w-]+|nonce=\"[\w-]+\"|href=\"[^\"]*\?lang|data-challenge=\"[\w.-]+\"")
    shown = {
        name.lower(): nonce.sub("", value)
        for name, value in headers.items()
        if name.lower() not in ("date", "content-length")
    }
    return status, hashlib.sha256(nonce.sub("", body).encode()).hexdigest(), shown


async def asked(
    world: World, method: str, path: str, desk: AtDesk | None = None, **more: Any
) -> tuple[int, str, Mapping[str, str]]:
    """Status, body and headers of the answer; redirects are not followed."""
    session = desk.session if desk else world.client
    async with session.request(method, world.hub.url + path, allow_redirects=False, **more) as response:
        return response.status, await response.text(errors="replace"), response.headers
