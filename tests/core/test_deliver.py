"""What is to go out: queued once, sent in order, tried again, and never silently lost or doubled."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from core.addresses.address import KnownAddress
from core.agents.agent import Agent
from core.channel import Capabilities, Channel, Receipt
from core.content import Content, File
from core.conversations.conversation import Conversation
from core.database import Database
from core.deliver import Deliver, pause
from core.errors import Conflict, Invalid
from core.interactions import status
from core.interactions.interaction import Author, Interaction
from core.lines import Lines
from core.reach import best
from core.restraint import Restraint
from core.revise import Revise
from switchboard.wiring import Parts, unsubscribe_links
from tests.making import claimed, handle, log_of, make_account, make_address, make_arrival, now, receive, until, working
from tests.servers.little import TABLE
from tests.servers.provider import Provider

BOT = Author("bot")


async def say(parts: Parts, text: str, person: str = "ann", channel: str = "chat", **how: Any) -> list[Interaction]:
    how.setdefault("key", f"key of {text}")
    return await parts.send(str(make_address(person, channel)), Content(text), BOT, **how)


async def became(parts: Parts, person: str = "ann", channel: str = "chat") -> list[str]:
    return [entry.status for entry in await log_of(parts, person, channel)]


async def entry_of(parts: Parts, person: str = "ann", channel: str = "chat") -> Interaction:
    (entry,) = await log_of(parts, person, channel)
    return entry


# ------------------------------------------------------------------------------------------------ queueing


async def test_the_same_key_is_queued_and_sent_once_however_often_it_is_asked(parts: Parts, there: Provider) -> None:
    results = await asyncio.gather(*(say(parts, "once", key="order:1:shipped") for _ in range(20)))
    assert len({entry.id for entries in results for entry in entries}) == 1
    await handle(parts, "out")
    await say(parts, "once", key="order:1:shipped")
    await handle(parts, "out")
    assert there.texts == ["once"]
    assert await became(parts) == ["sent"]


async def test_a_long_text_is_several_messages_and_repeating_it_adds_none(parts: Parts, there: Provider) -> None:
    text = " ".join(f"word{n}" for n in range(150))
    entries = await say(parts, text, key="long")
    assert [entry.key for entry in entries] == ["long", "long/1", "long/2"]
    again = await say(parts, text, key="long")
    assert [entry.id for entry in again] == [entry.id for entry in entries]
    await handle(parts, "out")
    assert " ".join(there.texts) == text


async def test_a_channel_that_cannot_send_is_refused(parts: Parts) -> None:
    for channel in ("hole", "unheard-of"):
        with pytest.raises(Invalid):
            await say(parts, "hello", channel=channel)
        assert await log_of(parts, channel=channel) == []


async def test_what_was_sent_is_in_the_log_with_the_providers_id(parts: Parts, there: Provider) -> None:
    await say(parts, "hello")
    async with parts.feed.subscribe("address:chat:demo:ann") as changes:
        await handle(parts, "out")
        (change,) = await changes.next(1)
    entry = await entry_of(parts)
    assert (entry.status, entry.external_id, entry.attempts, entry.error) == ("sent", "p1", 1, None)
    assert (change.value.status, change.value.external_id) == ("sent", "p1")
    assert there.sent[0].key == entry.id


async def test_messages_leave_in_the_order_they_were_written(acting: Parts, there: Provider) -> None:
    texts = [str(n) for n in range(20)]
    for text in texts:
        await say(acting, text)
        if text == "7":
            there.fail("status", status=500, after_seconds=0.5)
    await until(lambda: counted(there, 20))
    assert there.texts == texts


async def counted(there: Provider, n: int) -> bool:
    return len(there.sent) >= n


async def test_attachments_go_with_their_bytes(parts: Parts, there: Provider) -> None:
    sha256 = await parts.stores.files.put(b"x" * 1234)
    content = Content("see", files=(File("a.bin", sha256=sha256, size=1234),))
    await parts.send("chat:demo:ann", content, BOT, key="1")
    lost = replace(content, files=(File("lost.bin", sha256="0" * 64),))
    await parts.send("chat:demo:ann", lost, BOT, key="2")
    await handle(parts, "out")
    assert [sent.body["files"] for sent in there.sent] == [[1234]]
    assert await became(parts) == ["sent", "failed"]
    assert "lost.bin" in (await log_of(parts))[1].error.sentence  # type: ignore[union-attr]  # it failed


# ----------------------------------------------------------------------------------------------- trying again


async def test_what_fails_for_now_is_tried_again_later_and_then_sent(parts: Parts, there: Provider) -> None:
    there.fail("status", status=503, times=2)
    await say(parts, "hello")
    for attempt in (1, 2):
        await handle(parts, "out", later=60 * (attempt - 1))
        entry = await entry_of(parts)
        assert (entry.status, entry.attempts) == ("queued", attempt)
        assert entry.error is not None
        assert entry.error.code == "503"
        assert entry.due_at is not None
        wait = (entry.due_at - now()).total_seconds()
        assert 1 < wait < 6
        assert await handle(parts, "out") == 0, "not before its time"
        await make_due(parts, entry)
    await handle(parts, "out", later=60)
    entry = await entry_of(parts)
    assert (entry.status, entry.attempts, entry.error, entry.due_at) == ("sent", 3, None, None)
    assert there.texts == ["hello"]


async def make_due(parts: Parts, entry: Interaction) -> None:
    """Let the time of its next try have come."""
    past = now() - timedelta(seconds=1)
    await parts.stores.database.collection("interactions").update_one({"_id": entry.id}, {"$set": {"due_at": past}})
    await parts.stores.addresses.flag([entry.address], past)


async def test_the_providers_own_delay_is_honoured(parts: Parts, there: Provider) -> None:
    there.fail("status", status=429, after_seconds=120)
    await say(parts, "hello")
    await handle(parts, "out")
    entry = await entry_of(parts)
    assert entry.due_at is not None
    assert 119 < (entry.due_at - now()).total_seconds() < 135
    assert await handle(parts, "out", later=110) == 0


def test_pauses_double_to_three_hours_and_span_about_a_day() -> None:
    waits = [pause(n).total_seconds() for n in range(13)]
    assert 1.5 <= waits[0] <= 2.5
    assert all(wait <= 3 * 3600 * 1.25 for wait in waits)
    assert 1 * 3600 < sum(waits[:12]) < 24 * 3600
    assert pause(99).total_seconds() <= 3 * 3600 * 1.25
    assert 0.5 <= pause(0, 0).total_seconds() < 1
    assert pause(0, 10**9).total_seconds() <= 24 * 3600 * 1.1


async def test_after_a_day_of_tries_a_person_is_asked(parts: Parts, there: Provider) -> None:
    there.fail("status", status=500)
    (entry,) = await say(parts, "hello")
    log = parts.stores.database.collection("interactions")
    await log.update_one({"_id": entry.id}, {"$set": {"attempts": 12}})
    await handle(parts, "out")
    assert (await entry_of(parts)).status == "failed"
    assert [trouble.id for trouble in await parts.stores.interactions.troubled()] == [entry.id]


async def test_what_waits_for_another_try_holds_back_what_was_written_after(parts: Parts, there: Provider) -> None:
    there.fail("status", status=500)
    await say(parts, "one")
    await say(parts, "two")
    await handle(parts, "out")
    assert there.texts == []
    assert await became(parts) == ["queued", "queued"]
    (first, _) = await log_of(parts)
    await make_due(parts, first)
    await handle(parts, "out")
    assert there.texts == ["one", "two"]


async def test_a_refusal_is_final_and_what_comes_behind_is_sent(parts: Parts, there: Provider) -> None:
    there.fail("status", status=400)
    await say(parts, "one")
    await say(parts, "two")
    await handle(parts, "out")
    assert await became(parts) == ["failed", "sent"]
    assert there.texts == ["two"]


async def test_who_is_gone_is_not_reachable_until_they_write_again(parts: Parts, there: Provider) -> None:
    there.fail("status", status=410)
    await say(parts, "hello")
    await handle(parts, "out")
    assert (await entry_of(parts)).status == "failed"
    gone = await parts.stores.addresses.get("chat:demo:ann")
    assert gone is not None
    assert not gone.reachable
    assert best([gone], parts.lines.able) is None
    await receive(parts, make_arrival("I am back"))
    await handle(parts)
    back = await parts.stores.addresses.get("chat:demo:ann")
    assert back is not None
    assert best([back], parts.lines.able) == back


async def test_a_line_that_was_removed_says_so(parts: Parts) -> None:
    await say(parts, "hello")
    await parts.stores.accounts.remove("chat", "demo")
    await handle(parts, "out")
    entry = await entry_of(parts)
    assert entry.error is not None
    assert (entry.status, entry.error.code) == ("failed", "no_line")


# ------------------------------------------------------------------------------------------------ uncertain


async def test_a_provider_that_says_nothing_leaves_it_uncertain(parts: Parts, there: Provider) -> None:
    await parts.stores.accounts.save(make_account(settings={"url": there.url, "seconds": 0.1}))
    there.fail("hang")
    await say(parts, "hello")
    await handle(parts, "out")
    assert (await entry_of(parts)).status == "uncertain"
    assert await handle(parts, "out", later=3600) == 0, "nobody sends it again by itself"


async def test_core_does_not_wait_for_ever_even_if_an_adapter_does(database: Database, there: Provider) -> None:
    async with working(database, url=there.url, send_seconds=1) as impatient:
        await impatient.stores.accounts.save(make_account(settings={"url": there.url, "seconds": 60}))
        there.fail("hang")
        await say(impatient, "hello")
        began = time.monotonic()
        await handle(impatient, "out")
        assert time.monotonic() - began < 20
        entry = await entry_of(impatient)
        assert entry.error is not None
        assert (entry.status, entry.error.code) == ("uncertain", "no_answer")


async def test_a_connection_that_breaks_after_the_yes_is_never_sent_twice(parts: Parts, there: Provider) -> None:
    there.fail("drop", recorded=True)
    await say(parts, "hello")
    await say(parts, "more")
    for _ in range(3):
        await handle(parts, "out", later=60)
    assert there.texts == ["hello", "more"]
    assert await became(parts) == ["uncertain", "sent"]


async def dead_in_the_middle(parts: Parts, channel: str) -> Interaction:
    """A worker has begun to send, and died."""
    (entry,) = await say(parts, "hello", channel=channel)
    await parts.stores.interactions.begin(entry)
    return entry


async def test_what_a_dead_worker_had_begun_is_uncertain_and_a_person_decides(parts: Parts, there: Provider) -> None:
    entry = await dead_in_the_middle(parts, "chat")
    await handle(parts, "out")
    found = await entry_of(parts)
    assert found.error is not None
    assert (found.status, found.error.code, there.texts) == ("uncertain", "interrupted", [])
    agent = await agent_of(parts)
    await parts.desk.retry(agent, entry.id)
    await handle(parts, "out")
    assert there.texts == ["hello"]
    assert (await entry_of(parts)).status == "sent"


def another(parts: Parts, lines: Any = None, follow_up: Any = None) -> Deliver:
    """Another process's, of which some parts are replaced."""
    stores = parts.stores
    return Deliver(
        stores.interactions,
        stores.addresses,
        stores.files,
        parts.feed,
        lines or parts.lines,
        Restraint(stores.addresses, stores.customers, parts.lines),
        unsubscribe_links(stores, parts.settings),
        Revise(stores.interactions, stores.conversations, parts.feed),
        follow_up,
    )


class StandsStill:
    """Something to follow up, which takes so long that the lease runs out meanwhile."""

    def __init__(self) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    def concerns(self, entry: Interaction, able: Capabilities) -> bool:
        return True

    async def plan(self, entry: Interaction) -> datetime | None:
        self.reached.set()
        await self.go_on.wait()
        return None

    def is_plan(self, entry: Interaction) -> bool:
        return False

    async def carry_out(self, plan: Interaction) -> datetime | None:
        return None


async def test_who_stood_still_sends_nothing_that_somebody_else_has_sent_meanwhile(
    parts: Parts, there: Provider
) -> None:
    await say(parts, "hello")
    still = StandsStill()
    slow = another(parts, follow_up=still)
    (claim,) = await claimed(parts, "out")
    late = asyncio.create_task(slow(claim))
    await still.reached.wait()
    assert await handle(parts, "out", later=3600) == 1, "the lease has run out"
    still.go_on.set()
    await late
    assert there.texts == ["hello"]
    assert [(entry.status, entry.attempts) for entry in await log_of(parts)] == [("sent", 1)]


class OutOfReach:
    """Lines that cannot be looked up, because the database is away."""

    def __init__(self, lines: Lines) -> None:
        self.able = lines.able

    async def get(self, channel: str, name: str) -> Channel:
        raise AutoReconnect("connection reset")


@pytest.mark.parametrize("channel", ["chat", "safe"])
async def test_what_was_not_handed_over_because_the_database_was_away_waits(
    parts: Parts, there: Provider, channel: str
) -> None:
    await say(parts, "hello", channel=channel)
    (claim,) = await claimed(parts, "out")
    with pytest.raises(AutoReconnect):
        await another(parts, lines=OutOfReach(parts.lines))(claim)
    assert await became(parts, channel=channel) == ["queued"], "nobody has to decide about it"
    await parts.stores.addresses.release(claim, due_at=now())
    await handle(parts, "out", later=1)
    assert there.texts == ["hello"]


async def test_of_many_who_begin_one_may_send(parts: Parts) -> None:
    (entry,) = await say(parts, "hello")
    (other,) = await say(parts, "hello", person="bob")
    begun = await asyncio.gather(*(parts.stores.interactions.begin(one) for one in (entry, other) * 10))
    assert sorted(begun) == [False] * 18 + [True] * 2
    assert [(e.status, e.attempts) for e in await log_of(parts)] == [("sending", 1)]


async def test_where_sending_twice_is_harmless_it_is_sent_again(parts: Parts, there: Provider) -> None:
    there.fail("drop", recorded=True)
    await say(parts, "one", channel="safe")
    await handle(parts, "out")
    assert (await entry_of(parts, channel="safe")).status == "uncertain"
    await dead_in_the_middle(parts, "safe")
    await handle(parts, "out")
    assert await became(parts, channel="safe") == ["uncertain", "sent"]
    assert there.texts == ["one", "hello"]


async def test_a_receipt_that_was_faster_than_our_own_note_stands(parts: Parts) -> None:
    (entry,) = await say(parts, "hello")
    log = parts.stores.interactions
    await log.conclude(entry, status.SENT, external_id="p1")
    await parts.receive.keep(make_account(), [Receipt(make_address(), "p1", "delivered")])
    await log.conclude(entry, status.SENT, external_id="p1")
    await log.conclude(entry, status.UNCERTAIN)
    assert (await entry_of(parts)).status == "delivered"


# ------------------------------------------------------------------------------------------------- planned


async def test_what_is_planned_goes_out_when_due_and_blocks_nobody(acting: Parts, there: Provider) -> None:
    due = now() + timedelta(seconds=3)
    (planned,) = await say(acting, "later", due_at=due)
    assert planned.status == "planned"
    await say(acting, "now")
    await until(lambda: counted(there, 1))
    assert there.texts == ["now"]
    await until(lambda: counted(there, 2))
    assert datetime.now(due.tzinfo) >= due
    assert there.texts == ["now", "later"]


async def test_what_was_taken_back_is_not_sent(parts: Parts, there: Provider) -> None:
    agent = await agent_of(parts)
    (planned,) = await say(parts, "later", due_at=now() + timedelta(hours=1))
    assert (await parts.desk.cancel(agent, planned.id)).status == "cancelled"
    with pytest.raises(Conflict):
        await parts.desk.cancel(agent, planned.id)
    await handle(parts, "out", later=7200)
    assert there.texts == []


async def test_what_is_taken_back_at_the_last_moment_is_not_sent(parts: Parts, there: Provider) -> None:
    """The worker has read it with the one before, which takes its time; then it is taken back."""
    agent = await agent_of(parts)
    there.fail("hang", seconds=0.3, recorded=True, status=200)
    await say(parts, "first")
    (planned,) = await say(parts, "later", due_at=now() + timedelta(hours=1))
    await make_due(parts, planned)
    delivering = asyncio.create_task(handle(parts, "out"))
    await until(lambda: tried(there))
    assert (await parts.desk.cancel(agent, planned.id)).status == "cancelled"
    await delivering
    assert there.texts == ["first"]
    assert (await log_of(parts))[1].status == "cancelled"


async def test_what_is_being_sent_cannot_be_taken_back(parts: Parts, there: Provider) -> None:
    agent = await agent_of(parts)
    there.fail("hang", seconds=0.2, recorded=True, status=200)
    (planned,) = await say(parts, "now", due_at=now() + timedelta(hours=1))
    await make_due(parts, planned)
    delivering = asyncio.create_task(handle(parts, "out"))
    await until(lambda: tried(there))
    with pytest.raises(Conflict):
        await parts.desk.cancel(agent, planned.id)
    await delivering
    assert there.texts == ["now"]


# --------------------------------------------------------------------------------------------- desk and others


async def agent_of(parts: Parts) -> Agent:
    return await parts.stores.agents.add("Agent", "agent@example.org", "a long password")


async def test_a_person_settles_what_is_uncertain(parts: Parts, there: Provider) -> None:
    agent = await agent_of(parts)
    for n, outcome in enumerate(("sent", "failed")):
        there.fail("drop", person=f"p{n}")
        await say(parts, "hello", f"p{n}")
        await handle(parts, "out")
        entry = await entry_of(parts, f"p{n}")
        settled = await parts.desk.settle(agent, entry.id, outcome)  # type: ignore[arg-type]  # one of the two
        assert settled.status == outcome
        with pytest.raises(Conflict):
            await parts.desk.settle(agent, entry.id, outcome)  # type: ignore[arg-type]  # one of the two
    with pytest.raises(Invalid):
        await parts.desk.settle(agent, entry.id, "delivered")  # type: ignore[arg-type]  # that is the mistake
    with pytest.raises(Conflict):
        await parts.desk.retry(agent, (await entry_of(parts, "p0")).id)


async def test_a_slow_provider_on_one_address_delays_nobody_else(acting: Parts, there: Provider) -> None:
    await acting.stores.accounts.save(make_account(settings={"url": there.url, "seconds": 90}))
    there.fail("hang", person="slow", seconds=90)
    await say(acting, "hello", "slow")
    await until(lambda: tried(there))
    for n in range(10):
        await say(acting, "hello", f"p{n}")
    await until(lambda: counted(there, 10))
    assert there.to("slow") == []


async def tried(there: Provider) -> bool:
    return there.tries > 0


async def test_workers_in_two_processes_send_each_message_once(
    acting: Parts, database_uri: str, database_name: str, there: Provider
) -> None:
    database = Database.connect(database_uri, database_name)
    async with working(database, url=there.url, work=True) as other:
        hubs = (acting, other)
        await asyncio.gather(*(say(hubs[n % 2], f"{n}", f"p{n % 10}") for n in range(60)))
        await until(lambda: counted(there, 60))
        await asyncio.sleep(0.05)
    await database.close()
    assert sorted(map(int, there.texts)) == list(range(60))


async def test_a_letter_quotes_what_it_answers(parts: Parts, there: Provider) -> None:
    await receive(parts, make_arrival("Hm", "ann@x.org", "letter", external_id="<1@x>"))
    await handle(parts)
    (conversation,) = await parts.stores.conversations.of_customer((await known(parts)).customer_id)
    await parts.send("letter:demo:ann@x.org", Content("Yes?"), BOT, key="1", conversation=conversation)
    await handle(parts, "out")
    assert there.sent[-1].body["references"] == ["<1@x>"]


async def known(parts: Parts) -> Conversation:
    (entry, *_) = await log_of(parts, "ann@x.org", "letter")
    found = await parts.stores.conversations.get(entry.conversation_id or "")
    assert found is not None
    return found


def test_the_address_last_used_is_the_best_and_one_only_typed_the_worst() -> None:
    able = {name: line.capabilities for name, line in TABLE.items()}
    typed = KnownAddress("chat:demo:typed")
    old = KnownAddress("chat:demo:old", last_in=now() - timedelta(days=9))
    fresh = KnownAddress("chat:demo:fresh", last_in=now())
    proved = KnownAddress("chat:demo:proved", verified=True)
    dead = replace(fresh, id="chat:demo:dead", reachable=False)
    deaf = replace(fresh, id="hole:demo:deaf")
    assert best([typed, old, fresh, proved, dead, deaf], able) == fresh
    assert best([typed, proved], able) == proved
    assert best([typed, dead, deaf], able) == typed
    assert best([dead, deaf], able) is None
    assert best([], able) is None
