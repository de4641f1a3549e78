"""Small things that happen to messages: reactions, deletions, moving places; and what ours wrote elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from core.channel import Reachability, Remark
from core.content import Content, File, Location
from core.database import Database
from core.ids import id_at
from core.interactions import status
from core.interactions.interaction import Interaction
from switchboard.wiring import Parts
from tests.core.round_trips import round_trips
from tests.making import handle, log_of, make_account, make_address, make_arrival, now, receive, told

ANN = make_address()


async def remarked(parts: Parts, *names: str, ago: float = 0, **what: Any) -> Interaction:
    """The first entry of the log after a remark on those called `names`."""
    at = now() - timedelta(seconds=ago)
    await parts.receive.keep(make_account(), [Remark(ANN, names, at=at, **what)])
    return (await log_of(parts))[0]


async def test_a_reaction_shows_on_its_message_and_the_newest_counts(parts: Parts) -> None:
    await receive(parts, make_arrival("hi", external_id="m1"))
    async with parts.feed.subscribe(f"address:{ANN}") as changes:
        assert (await remarked(parts, "m1", ago=5, reactions=("👍",))).reactions == ("👍",)
        assert told(await changes.next(1), "interaction")
    assert (await remarked(parts, "m1", ago=9, reactions=("👎",))).reactions == ("👍",), "an older one came late"
    assert (await remarked(parts, "m1", reactions=())).reactions == ()
    assert len(await log_of(parts)) == 1


async def test_a_reaction_to_what_nobody_knows_changes_nothing(parts: Parts) -> None:
    await receive(parts, make_arrival("hi", external_id="m1"))
    await receive(parts, make_arrival("theirs", person="bob", external_id="m9"))
    before = await remarked(parts, "m9", "m404", reactions=("👍",))
    assert (before.reactions, (await log_of(parts, "bob"))[0].reactions) == ((), ())


async def test_what_is_deleted_keeps_its_words_and_says_so(parts: Parts) -> None:
    await receive(parts, make_arrival("a secret", external_id="m1"), make_arrival("more", external_id="m2"))
    entry = await remarked(parts, "m1", deleted=True)
    assert (entry.content.text, entry.deleted_at is None) == ("a secret", False)
    assert (await log_of(parts))[1].deleted_at is None


async def test_an_album_is_deleted_when_all_of_it_is(parts: Parts) -> None:
    for number in (1, 2):
        content = Content(files=(File(f"{number}.jpg", source=str(number)),))
        await receive(parts, make_arrival(content=content, key="g", external_id=f"m{number}", part=number))
    assert (await remarked(parts, "m1", deleted=True)).deleted_at is None
    assert (await remarked(parts, "m2", "m1", deleted=True)).deleted_at is not None


async def test_a_live_place_moves_and_never_back(parts: Parts) -> None:
    await receive(parts, make_arrival(content=Content(location=Location(1, 1)), external_id="m1"))
    assert (await remarked(parts, "m1", ago=3, location=Location(2, 2))).content.location == Location(2, 2)
    moved = await remarked(parts, "m1", ago=6, location=Location(3, 3))
    assert (moved.content.location, moved.edits) == (Location(2, 2), ())


async def test_a_remark_costs_one_round_trip_for_each_message(parts: Parts) -> None:
    await receive(parts, make_arrival("hi", external_id="m1"))
    with round_trips(parts.stores.database.name) as asked:
        await remarked(parts, "m1", reactions=("👍",))
    assert asked["findAndModify"] == 1


async def test_blocked_and_at_once_unblocked_ends_unblocked_in_any_order(parts: Parts) -> None:
    await receive(parts, make_arrival("hi"))
    at = now()
    words = [Reachability(ANN, True, at), Reachability(ANN, False, at - timedelta(seconds=2))]
    for order in (words, words[::-1]):
        for word in order:
            await parts.receive.keep(make_account(), [word])
        known = await parts.stores.addresses.get(str(ANN))
        assert known is not None
        assert known.reachable
    await parts.receive.keep(make_account(), [Reachability(ANN, False, at + timedelta(seconds=1))])
    known = await parts.stores.addresses.get(str(ANN))
    assert known is not None
    assert not known.reachable


# --------------------------------------------------------------------------------- written by ours, elsewhere


async def test_what_ours_wrote_in_the_providers_app_takes_over_from_the_bot(parts: Parts) -> None:
    await receive(parts, make_arrival("hi", name="Ann"))
    await handle(parts)
    said = len(await log_of(parts))
    await receive(parts, make_arrival("Olena here, one moment", echo="Olena", name="Ann"))
    await handle(parts)
    await receive(parts, make_arrival("thank you"))
    await handle(parts)
    entries = await log_of(parts)
    assert len(entries) == said + 2, "the bot is silent"
    ours = entries[said]
    assert (ours.direction, ours.author.kind, ours.author.name, ours.status) == (
        "out",
        "agent",
        "Olena",
        status.HANDLED,
    )
    conversation = await parts.stores.conversations.active(str(ANN))
    assert conversation is not None
    assert (conversation.status, conversation.customer_name) == ("open", "Ann")


async def test_ours_may_write_first_and_edit_what_they_wrote(parts: Parts) -> None:
    await receive(parts, make_arrival("We are open", echo="Olena", name="Ann", external_id="m1"))
    await handle(parts)
    await receive(parts, make_arrival("We are closed", echo="Olena", edits="m1", external_id=None))
    await receive(parts, make_arrival("hers now", edits="m1", external_id=None))
    await handle(parts)
    entry, *_ = await log_of(parts)
    assert (entry.content.text, entry.edits) == ("We are closed", ("We are open",))
    conversation = await parts.stores.conversations.active(str(ANN))
    assert conversation is not None
    assert (conversation.status, conversation.unread, conversation.last.author) == ("open", 0, "agent")


# ------------------------------------------------------------------------------------------- edits out of order


async def test_an_edit_that_overtakes_its_message_waits_for_it(database: Database, parts: Parts) -> None:
    await receive(parts, make_arrival("blue shoes", edits="m1", external_id=None))
    await handle(parts)
    await receive(parts, make_arrival("red shoes", external_id="m1"))
    await handle(parts, later=2)
    edit, message, *_ = await log_of(parts)
    assert (message.content.text, message.edits) == ("blue shoes", ("red shoes",))
    assert (edit.status, edit.conversation_id) == (status.HANDLED, None)


async def test_an_edit_of_what_was_before_our_time_is_kept_as_it_is(parts: Parts) -> None:
    await receive(parts, make_arrival("blue shoes", edits="m1", external_id=None))
    (entry,) = await log_of(parts)
    log = parts.stores.database.collection("interactions")
    old = replace(entry, id=id_at(now() - timedelta(minutes=1)))
    await log.delete_one({"_id": entry.id})
    await parts.stores.interactions.add([old])
    await handle(parts)
    (kept, *_) = await log_of(parts)
    assert (kept.content.text, kept.status) == ("blue shoes", status.HANDLED)
    assert kept.conversation_id
