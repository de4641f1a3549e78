"""An entry that comes in several parts is one entry, whoever brings which part when."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from core.channel import Arrival
from core.content import Content, File, Mark
from core.database import Database
from core.interactions import status
from core.media import Media
from switchboard.wiring import Parts
from tests.core.round_trips import round_trips
from tests.making import handle, log_of, make_account, make_arrival, make_message, now, receive, until, working
from tests.servers.provider import Provider


def part(number: int, text: str = "", *, marks: tuple[Mark, ...] = (), key: str = "album") -> Arrival:
    file = File(f"{number}.jpg", "image/jpeg", kind="image", source=f"{number}.jpg")
    content = Content(text, files=(file,), marks=marks)
    return make_arrival(content=content, key=key, external_id=f"m{number}", part=number)


async def names(parts: Parts) -> list[str]:
    (entry, *_) = await log_of(parts)
    return [file.name for file in entry.content.files]


async def test_parts_in_any_order_from_several_processes_are_one_entry(database: Database, there: Provider) -> None:
    async with working(database, url=there.url) as one, working(database, url=there.url) as two:
        marks = (Mark("bold", 0, 3),)
        sent = [part(1, "the 🙂 door", marks=marks), part(2), part(3, "red one", marks=marks), part(4)]
        dice = random.Random(7)
        deliveries = [(dice.choice((one, two)), each) for each in sent for _ in range(3)]
        dice.shuffle(deliveries)
        line = make_account()
        kept = await asyncio.gather(*(hub.receive.keep(line, [each]) for hub, each in deliveries))
        assert sum(each.new for (each,) in kept) == 4
        assert len({each.id for (each,) in kept}) == 1
        (entry,) = await log_of(one)
        assert await names(one) == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
        assert (entry.content.text, entry.parts) == ("the 🙂 door\nred one", (1, 2, 3, 4))
        assert entry.content.marks == (Mark("bold", 0, 3), Mark("bold", 11, 3))
        assert entry.id == kept[0][0].id


async def test_the_bot_answers_all_parts_once(acting: Parts) -> None:
    await receive(acting, part(2), part(1, "what is this?"), make_arrival("and?"))

    async def handled() -> bool:
        return all(each.status == status.HANDLED for each in (await log_of(acting))[:2])

    await until(handled)
    album, _after, *rest = await log_of(acting)
    assert len(album.content.files) == 2
    # It hands over what it cannot look at, and says so once.
    assert [each.key for each in rest if each.direction == "out"] == [f"bot:{album.id}:0"]


async def test_a_part_that_comes_late_changes_the_entry_and_nothing_else(acting: Parts, there: Provider) -> None:
    there.files["1.jpg"] = there.files["9.jpg"] = b"jpg"
    await receive(acting, part(1, "green"))

    async def done() -> bool:
        entries = await log_of(acting)
        outward = [each.status for each in entries if each.direction == "out"]
        return entries[0].status == status.HANDLED and outward == [status.SENT]

    await until(done)
    before = await log_of(acting)
    conversation = await acting.stores.conversations.active("chat:demo:ann")
    await receive(acting, part(9, "turquoise"), part(9, "turquoise"))

    async def fetched() -> bool:
        return all(file.sha256 for file in (await log_of(acting))[0].content.files)

    await until(fetched)
    entry, *rest = await log_of(acting)
    assert entry.content.text == "green\nturquoise"
    assert len(rest) == len(before) - 1
    assert await acting.stores.conversations.active("chat:demo:ann") == conversation
    for word in ("green", "turquoise"):
        assert [each.id for each in (await acting.stores.interactions.search(word)).entries] == [entry.id]


async def test_a_part_that_arrives_while_another_is_fetched_stays(parts: Parts, there: Provider) -> None:
    there.files["1.jpg"] = there.files["2.jpg"] = b"jpg"
    await receive(parts, part(1))
    log = parts.stores.interactions
    claimed = await log.claim_media(now(), lease := now())
    assert claimed is not None
    await receive(parts, part(2))
    await log.media_fetched(claimed, [{"name": "1.jpg", "source": "1.jpg", "sha256": "0" * 64, "part": 1}], lease)
    assert await names(parts) == ["1.jpg", "2.jpg"]
    media = Media(log, parts.stores.files, parts.feed, parts.lines)
    assert await media.one()
    assert not await media.one()
    (entry,) = await log_of(parts)
    assert all(file.sha256 for file in entry.content.files)


async def test_every_part_is_found_edited_and_taken_for_the_one_entry(parts: Parts) -> None:
    await receive(parts, part(1, "one"), part(2, "two"), part(3))
    log = parts.stores.interactions
    (entry,) = await log_of(parts)
    for name in ("m1", "m2", "m3"):
        found = await log.answered("chat:demo:ann", [name])
        assert found is not None
        assert found.id == entry.id
    edit = make_message("zwei", edit_of="m2")
    edited = await log.edit(replace(edit, content=Content("zwei", marks=(Mark("bold", 0, 4),))))
    assert edited is not None
    assert (edited.content.text, edited.edits) == ("one\nzwei", ("one\ntwo",))
    assert edited.content.marks == (Mark("bold", 4, 4),)
    assert len(edited.content.files) == 3
    await receive(parts, part(0, "zero"))
    assert (await log_of(parts))[0].content.text == "zero\none\nzwei"


async def test_a_part_costs_one_round_trip_whether_it_is_new_or_not(parts: Parts) -> None:
    line, name = await parts.lines.account("chat", "demo"), parts.stores.database.name
    for _ in range(2):
        with round_trips(name) as asked:
            await parts.receive.keep(line, [part(1)])
        assert asked == {"findAndModify": 1}


async def test_a_part_that_is_sent_again_raises_the_flag_a_crash_left_down(parts: Parts) -> None:
    await receive(parts, part(1))
    addresses = parts.stores.database.collection("addresses")
    await addresses.delete_many({})  # as if the process had died between the log and the flag
    await receive(parts, part(1))
    assert await handle(parts, later=5) == 1


async def test_an_ordinary_message_behind_parts_waits_for_them_and_no_longer(parts: Parts) -> None:
    await receive(parts, part(1), make_arrival("hello"))
    await handle(parts)
    assert [each.status for each in await log_of(parts)] == [status.RECEIVED] * 2
    log = parts.stores.database.collection("interactions")
    # A clock that is far ahead somewhere must not hold up a person.
    await log.update_one({"key": "album"}, {"$set": {"wait_until": now().replace(year=2090)}})
    await handle(parts, later=5)
    assert {each.status for each in await log_of(parts) if each.direction == "in"} == {status.HANDLED}


async def test_parts_of_different_keys_and_addresses_stay_apart(parts: Parts) -> None:
    await receive(parts, part(1), part(1, key="other"))
    other = replace(part(2), address=replace(part(2).address, person="bob"))
    await receive(parts, other)
    assert [each.parts for each in await log_of(parts)] == [(1,), (1,)]
    assert [each.parts for each in await log_of(parts, "bob")] == [(2,)]
