"""A run from beginning to end: a stage is set, everybody speaks while everything breaks, it settles, it is checked."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymongo

from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.agents.store import Agents
from core.channel import Account
from core.database import Database
from core.forms.field import FormField
from core.forms.form import Form
from core.forms.store import Forms
from tests.running import KEY
from tests.servers.botapi import BotApi, bot_api
from tests.servers.nameserver import NameServer
from tests.servers.proxy import proxy
from tests.torture.checker import Finding, check
from tests.torture.faults import CLASSES, HANDS, World, play
from tests.torture.hubs import Front, Hub, Plan, running
from tests.torture.ledger import Ledger, Snapshot, keep
from tests.torture.offices import OURS, Correspondent, FormFillers, PostOffice, Shop, post_office
from tests.torture.people import Agent, Load, Telegrammer, Visitor, note_telegrams
from tests.torture.privately import PrivateDatabase
from tests.torture.replica_set import ReplicaSet

DATABASE = "torture"
PASSWORD = "a password for torture"
AGENT = "maria@example.org"
SECRET = "the shop's secret"
LEASE, SEND = 2, 3  # seconds: leases run out often, and what hangs is given up soon
BOTS = {"pushed": "4200:AAtest-token_of-the_tests", "polled": "4300:AAtest-token_of-the_tests"}
LEFT = {"status": {"$in": ["received", "queued", "sending"]}}


@dataclass(frozen=True)
class Chapter:
    """One stage and how long it is played. `stage`: one (a MongoDB, each hub with a line of its own to it), three (a
    replica set) or private (the hubs' own MongoDB)."""

    stage: str
    seconds: float
    seed: int
    webs: int = 2
    workers: int = 2
    people: int = 8
    only: frozenset[str] = frozenset()
    haste: float = 1.0  # above 1: faults come faster
    longest: float = 6.0  # seconds that one lasts at most
    each: bool = False  # it goes on until each fault has come, at most two minutes more


@dataclass
class Outcome:
    """What a chapter came to."""

    chapter: Chapter
    counts: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    said: int = 0
    heard: int = 0
    entries: Counter[str] = field(default_factory=Counter)
    settled_in: float = 0
    findings: list[Finding] = field(default_factory=list)


async def play_chapter(chapter: Chapter, folder: Path) -> Outcome:
    """Play it; `folder` keeps logs, and the evidence when something is found."""
    dice = random.Random(chapter.seed)
    ledger = Ledger()
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(bot_api())
        post = await stack.enter_async_context(post_office(ledger))
        dns = await stack.enter_async_context(NameServer({}))
        environment = {
            "SWITCHBOARD_DATABASE": DATABASE,
            "SWITCHBOARD_LEASE_SECONDS": str(LEASE),
            "SWITCHBOARD_SEND_SECONDS": str(SEND),
            "SWITCHBOARD_DNS_SERVERS": f"127.0.0.1:{dns.port}",
        }
        world = World(dice, [], api, post, most=chapter.longest)
        front = await stack.enter_async_context(_stage(chapter, folder, world, environment, stack))
        uri = world.members.uri if world.members else world.private.uri if world.private else ""
        await _lines(uri, api, post)
        load = Load(lambda: front.url, ledger, dice)
        chats = [Visitor(load, f"visitor {n}", "shop") for n in range(chapter.people)]
        writers = [
            Telegrammer(load, f"{bot} {n}", bot, api.bots[token])
            for bot, token in BOTS.items()
            for n in range(chapter.people // 2)
        ]
        looking = [asyncio.create_task(chat.live()) for chat in chats]
        stack.push_async_callback(_cancel, looking)
        talking = [
            asyncio.create_task(does, name=who) for who, does in _everybody(chapter, load, chats, writers, world)
        ]
        stack.push_async_callback(_cancel, talking)
        await _storm(chapter, world)
        began = time.monotonic()
        await _calm(world)
        load.over.set()
        _, waiting = await asyncio.wait(talking, timeout=600)
        # Who is not told yes now that nothing is broken never will be.
        unheard = {task.get_name() for task in waiting}
        mute = dict.fromkeys(unheard, "") | {one.name: one.trouble for one in writers if one.name in unheard}
        uri = world.private.uri if world.private else uri
        snapshot = await asyncio.to_thread(_settled, uri, ledger)
        settled_in = time.monotonic() - began
        for name, token in BOTS.items():
            people = {writer.chat: writer.name for writer in writers if writer.account == name}
            note_telegrams(ledger, api.bots[token], people)
        for task in talking:
            if task.done() and (error := task.exception()) is not None:
                raise error
    return _told(chapter, world, ledger, snapshot, settled_in, folder, mute)


def _everybody(
    chapter: Chapter, load: Load, chats: Sequence[Visitor], writers: Sequence[Telegrammer], world: World
) -> list[tuple[str, Any]]:
    """Who there is, and what they do all day."""

    def door() -> int:
        return load.dice.choice([hub for hub in world.hubs if hub.plan.role != "worker"]).lmtp

    shops = [Shop(load, name, SECRET) for name in ("shop", "store")]
    mails = [Correspondent(load, f"writer{n}", door) for n in range(max(2, chapter.people // 2))]
    return [
        *((chat.name, chat.talk()) for chat in chats),
        *((writer.name, writer.talk()) for writer in writers),
        *((mail.name, mail.write()) for mail in mails),
        *((f"the shop {shop.source}", shop.trade()) for shop in shops),
        ("whoever fills in forms", FormFillers(load, "contact").fill()),
        *((f"agent {n}", Agent(load, AGENT, PASSWORD).work()) for n in range(2)),
    ]


# -------------------------------------------------------------------------------------------------- the stage


@asynccontextmanager
async def _stage(
    chapter: Chapter, folder: Path, world: World, environment: dict[str, str], stack: AsyncExitStack
) -> AsyncIterator[Front]:
    """The database and the hubs on it, as the chapter wants them."""
    private = chapter.stage == "private"
    if private:
        world.private = PrivateDatabase(folder)
    else:
        world.members = await stack.enter_async_context(ReplicaSet(3 if chapter.stage == "three" else 1))
        await _people(world.members.uri)
    roles = ["all" if private and not n else "web" for n in range(chapter.webs)] + ["worker"] * chapter.workers
    for n, role in enumerate(roles):
        name = f"{role}-{n}"
        uri = world.members.uri if world.members else None
        if chapter.stage == "one" and world.members:
            line = await stack.enter_async_context(proxy(world.members.nodes[0].port))
            world.lines = {**world.lines, name: line}
            uri = f"mongodb://127.0.0.1:{line.port}/?directConnection=true"
        world.hubs.append(Hub(Plan(name, role, folder, uri, environment, clock=not private)))
    async with running(world.hubs, world.dice) as front:
        if private:
            await _people(PrivateDatabase(folder).uri)
        yield front


async def _people(uri: str) -> None:
    """The agent who works here."""
    database = Database.connect(uri, DATABASE, timeout=30)
    await Agents(database).add("Maria", AGENT, PASSWORD, role="admin")
    await database.close()


async def _lines(uri: str, api: BotApi, post: PostOffice) -> None:
    """The lines of the company."""
    database = Database.connect(uri, DATABASE, timeout=30)
    accounts = Accounts(database, Vault(KEY))
    await accounts.save(Account("webchat", "shop", settings={"mail_after": 0}))
    for shop in ("shop", "store"):
        await accounts.save(Account("orders", shop, secrets={"secret": SECRET}))
    mail = {"address": OURS, "smtp_host": "127.0.0.1", "smtp_port": post.port, "smtp_security": "none"}
    await accounts.save(Account("email", "help", settings={**mail, "automatic_per_hour": 0}))
    await accounts.save(Account("webform", "site"))
    fields = (FormField("name"), FormField("email", "email"), FormField("message", "long"))
    await Forms(database).save(Form("contact", "site", fields=fields))
    for name, token in BOTS.items():
        api.add_bot(token, f"{name}_bot")
        settings = {"api_url": api.url, "mode": "webhook" if name == "pushed" else "polling", "answer_seconds": 2}
        await accounts.save(
            Account("telegram", name, settings=settings, secrets={"token": token, "webhook_secret": "hush"})
        )
    await database.close()


# -------------------------------------------------------------------------------------------------- the storm


async def _storm(chapter: Chapter, world: World) -> None:
    """Everything breaks, for as long as the chapter lasts."""
    playing = [asyncio.create_task(play(world, hand, chapter.only, chapter.haste)) for hand in HANDS]
    try:
        wanted = chapter.only or {one.__name__ for one in CLASSES} if chapter.each else set()
        ends = time.monotonic() + chapter.seconds
        while (left := ends - time.monotonic()) > 0 or (left > -120 and any(not world.counts[one] for one in wanted)):
            done, _ = await asyncio.wait(playing, timeout=max(0.5, left), return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()  # it failed, or there was nothing for it to do
            if len(done) == len(playing):
                break
    finally:
        await _cancel(playing)


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _calm(world: World) -> None:
    """Nothing is broken any more, and every process is up."""
    world.api.faults.clear()
    world.post.mood = "fine"
    for line in world.lines.values():
        line.mend()
    for hub in world.hubs:
        hub.thaw()
        hub.jump(0)
    if world.members is not None:
        await world.members.whole()
    for hub in world.hubs:
        await hub.ready()


def _settled(uri: str, ledger: Ledger, within: float = 400) -> Snapshot:
    """The database once nothing is left to do and everybody has seen what was said to them, or it is too late."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(uri, tz_aware=True, timeoutMS=30_000)
    with client:
        log = client[DATABASE]["interactions"]
        until = time.monotonic() + within
        while log.count_documents(LEFT) and time.monotonic() < until:
            time.sleep(0.25)
        until = time.monotonic() + 20
        where = {"channel": "webchat", "direction": "out", "status": "sent"}
        while time.monotonic() < until:
            shown = {heard.ref for heard in list(ledger.heard)}
            if all(str(entry["_id"]) in shown for entry in log.find(where, {"_id": 1})):
                break
            time.sleep(0.25)
        return Snapshot.of(client[DATABASE])


def _told(
    chapter: Chapter,
    world: World,
    ledger: Ledger,
    snapshot: Snapshot,
    settled_in: float,
    folder: Path,
    mute: Mapping[str, str],
) -> Outcome:
    ends = Counter(_ended(code) for hub in world.hubs for code in hub.ends)
    out = Counter(str(entry["status"]) for entry in snapshot.interactions if entry["direction"] == "out")
    said = sum(one.told_yes for one in ledger.said)
    findings = [
        Finding("never_told", f"{who} was not told yes long after the last fault {trouble}".strip())
        for who, trouble in sorted(mute.items())
    ]
    findings += check(ledger, snapshot)
    keep(folder / "evidence", ledger, snapshot)
    return Outcome(chapter, world.counts, ends, said, len(ledger.heard), out, settled_in, findings)


def _ended(code: int) -> str:
    return {0: "finished", -9: "killed"}.get(code, f"ended with {code}")
