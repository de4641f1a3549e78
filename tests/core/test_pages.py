"""Paging and searching: every row once, in order, and nothing that was not asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.conversations.conversation import STATUSES
from core.conversations.store import View
from core.interactions import status
from core.interactions.interaction import Author, Problem
from switchboard.wiring import Parts
from tests.making import handle, make_address, make_arrival, make_message, now, receive

ANN = str(make_address())


async def test_the_log_is_read_page_by_page_both_ways(parts: Parts) -> None:
    log = parts.stores.interactions
    entries = [make_message(str(n), conversation_id="c", customer_id="p") for n in range(25)]
    await log.add([*entries, make_message("other", person="eve", conversation_id="d", customer_id="q")])
    ids = [entry.id for entry in entries]
    places: list[dict[str, Any]] = [{"address": ANN}, {"conversation_id": "c"}, {"customer_id": "p"}]
    for where in places:
        newest = await log.page(**where, limit=10)
        assert [entry.id for entry in newest] == ids[-10:]
        older = await log.page(**where, limit=10, before=newest[0].id)
        assert [entry.id for entry in older] == ids[5:15]
        later = await log.page(**where, limit=10, after=ids[3])
        assert [entry.id for entry in later] == ids[4:14]
        between = await log.page(**where, after=ids[3], before=ids[7])
        assert [entry.id for entry in between] == ids[4:7]
    assert [entry.id async for entry in log.of_customer("p")] == ids


async def test_the_list_is_read_page_by_page_also_where_times_are_equal(parts: Parts) -> None:
    store = parts.stores.conversations
    await receive(parts, make_arrival("agent please"))
    await handle(parts)
    (first,) = await store.page(View())
    moment = now()
    for n in range(23):
        await store.start(replace(first, id=f"{n:020}", address=f"chat:demo:p{n}", last=replace(first.last, at=moment)))
    seen: list[str] = []
    before = None
    while page := await store.page(View(STATUSES), before=before, limit=5):
        seen += [conversation.id for conversation in page]
        before = page[-1].last.at, page[-1].id
    assert len(seen) == len(set(seen)) == 24
    assert seen[:23] == sorted(seen[:23], reverse=True)
    assert seen[-1] == first.id
    assert await store.count(View()) == 24
    assert await store.count(View(), most=10) == 10


async def test_lists_show_what_they_say(parts: Parts) -> None:
    store = parts.stores.conversations
    agent = await parts.stores.agents.add("Olha", "o@x.org", "a long password")
    await receive(parts, make_arrival("hello", "bot"), make_arrival("agent please", "mine"))
    await receive(parts, make_arrival("agent please", "free"), make_arrival("Call me", "f1", "hole", kind="form"))
    await handle(parts)
    mine = await store.active(str(make_address("mine")))
    assert mine is not None
    await parts.desk.assign(agent, mine.id, agent.id)

    async def people(view: View) -> set[str]:
        return {conversation.address.rpartition(":")[2] for conversation in await store.page(view)}

    assert await people(View()) == {"mine", "free", "f1"}
    assert await people(View(("pending",))) == {"bot"}
    assert await people(View(assignee=agent.id)) == {"mine"}
    assert await people(View(assignee="")) == {"free", "f1"}
    assert await people(View(channel="hole")) == {"f1"}
    assert await people(View(lead=True)) == {"f1"}
    assert await people(View(STATUSES)) == {"bot", "mine", "free", "f1"}


async def test_search_finds_whole_words_and_the_beginning_of_the_last(parts: Parts) -> None:
    log = parts.stores.interactions
    await receive(parts, make_arrival("My zebra umbrella arrived broken"))
    await receive(parts, make_arrival("An apple and a zucchini", "eve"))
    await handle(parts)
    out = make_message("We are sorry about the umbrella", direction="out", status=status.SENT, author=Author("agent"))
    await log.add([out])

    async def found(text: str) -> list[str]:
        return [entry.content.text[:8] for entry in (await log.search(text)).entries]

    assert await found("zebra") == await found("ZEBRA umb") == await found("zebr") == ["My zebra"]
    assert await found("umbrellas") == ["We are s", "My zebra"], "newest first"
    # No word of it begins with m and lies between the others: that is where a careless range finds everything.
    assert await found("mmm") == await found("zebra apple") == await found("") == await found("!?") == []
    page = (await log.search("umbrella", limit=1)).entries
    assert [entry.content.text[:8] for entry in (await log.search("umbrella", before=page[0].id)).entries] == [
        "My zebra"
    ]


async def test_trouble_is_listed_newest_first(parts: Parts) -> None:
    log = parts.stores.interactions
    troubled = [
        make_message(str(n), direction="out", status=what, error=Problem("c", "s"), author=Author("bot"))
        for n, what in enumerate([status.FAILED, status.SENT, status.UNCERTAIN, status.FAILED])
    ]
    await log.add(troubled)
    assert [entry.content.text for entry in await log.troubled()] == ["3", "2", "0"]
    assert [entry.content.text for entry in await log.troubled(before=troubled[2].id)] == ["0"]
    assert await log.by_key(ANN, troubled[0].key) == troubled[0]
    assert await log.by_key(ANN, "nothing") is None
    assert await log.get("nothing") is None
