"""A conversation that began in the web chat goes on in a messenger, for whoever proves to have been in it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.channel import Identity
from core.content import Content
from core.continuation import LIFETIME, Continuation
from core.conversations.conversation import Conversation
from core.customers.customer import Customer
from core.ids import new_id
from core.interactions import status
from switchboard.wiring import Parts
from tests.making import handle, log_of, make_address, make_arrival, now, receive

WEB, THERE = make_address("visitor"), make_address("4711", channel="safe")


async def began(parts: Parts) -> Conversation:
    """A visitor wrote in the web chat."""
    await receive(parts, make_arrival("where is my order?", person="visitor"))
    await handle(parts)
    found = await parts.stores.conversations.active(str(WEB))
    assert found is not None
    return found


async def starts(parts: Parts, payload: str, person: str = "4711", **values: object) -> None:
    """Somebody presses START in the messenger."""
    await receive(parts, make_arrival("/start", person, "safe", data={"start_payload": payload}, **values))
    await handle(parts)


async def customer(parts: Parts, id: str | None) -> Customer:
    found = await parts.stores.customers.get(id or "")
    assert found is not None
    return found


async def whose(parts: Parts, address: object) -> str | None:
    known = await parts.stores.addresses.get(str(address))
    return known.customer_id if known else None


async def test_the_conversation_moves_and_the_two_are_one_customer(parts: Parts) -> None:
    before = await began(parts)
    await starts(parts, parts.continuation.token(before.id, now()), name="Ann")
    after = await parts.stores.conversations.active(str(THERE))
    assert after is not None
    assert (after.id, after.channel, after.reply_address) == (before.id, "safe", str(THERE))
    assert await parts.stores.conversations.active(str(WEB)) is None
    assert await whose(parts, THERE) == await whose(parts, WEB) == before.customer_id == after.customer_id
    entries = await parts.stores.interactions.page(conversation_id=before.id)
    assert [each.data["channel"] for each in entries if each.key.startswith("continued:")] == ["Safe"]
    agent = await parts.stores.agents.add("Olha", "o@x.org", "a long password")
    said = await parts.desk.reply(agent, before.id, Content("We look"), key="1")
    assert said.address == str(THERE)


async def test_a_token_is_good_once_and_for_one_address(parts: Parts) -> None:
    before = await began(parts)
    token = parts.continuation.token(before.id, now())
    await starts(parts, token)
    await starts(parts, token, "815")
    assert await whose(parts, make_address("815", "safe")) != before.customer_id
    after = await parts.stores.conversations.active(str(THERE))
    assert after is not None
    assert after.id == before.id


async def test_many_who_bring_one_token_at_once_are_one(parts: Parts) -> None:
    before = await began(parts)
    token = parts.continuation.token(before.id, now())
    people = [f"p{n}" for n in range(6)]
    for person in people:
        await receive(parts, make_arrival("/start", person, "safe", data={"start_payload": token}))
    await asyncio.gather(*(handle(parts) for _ in people))
    owners = [await whose(parts, make_address(person, "safe")) for person in people]
    assert owners.count(before.customer_id) == 1
    assert len(set(owners)) == len(people)


async def test_what_crashed_half_way_is_completed(parts: Parts) -> None:
    before = await began(parts)
    await starts(parts, parts.continuation.token(before.id, now()))
    entries = await log_of(parts, "4711", "safe")
    log = parts.stores.database.collection("interactions")
    await log.update_one({"_id": entries[0].id}, {"$set": {"status": status.RECEIVED}})
    await handle(parts)
    again = await log_of(parts, "4711", "safe")
    assert [each.id for each in again] == [each.id for each in entries]
    after = await parts.stores.conversations.active(str(THERE))
    assert after is not None
    assert after.id == before.id


async def test_who_is_proved_to_be_somebody_is_not_joined_by_a_link(parts: Parts) -> None:
    known = (Identity("phone", "+380501112233", verified=True),)
    await receive(parts, make_arrival("hi", "4711", "safe", identities=known, name="Ann"))
    await handle(parts)
    ann = await whose(parts, THERE)
    before = await began(parts)
    await starts(parts, parts.continuation.token(before.id, now()))
    assert await whose(parts, THERE) == ann
    assert await whose(parts, WEB) == before.customer_id != ann
    assert (await customer(parts, before.customer_id)).claims == ("phone:+380501112233",)


async def test_they_wrote_there_already_so_that_conversation_takes_over(parts: Parts) -> None:
    await receive(parts, make_arrival("hi", "4711", "safe"))
    await handle(parts)
    there = await parts.stores.conversations.active(str(THERE))
    before = await began(parts)
    agent = await parts.stores.agents.add("Olha", "o@x.org", "a long password")
    await parts.desk.reply(agent, before.id, Content("I look"), key="1")
    await starts(parts, parts.continuation.token(before.id, now()))
    after, ended = [await parts.stores.conversations.get(each.id) for each in (there, before) if each]
    assert after is not None
    assert ended is not None
    assert (after.status, after.assignee, ended.status) == ("open", agent.id, "resolved")
    assert await whose(parts, THERE) == await whose(parts, WEB)


@pytest.mark.parametrize(
    "payload", ["chat_", "chat_" + "0" * 52, "spring-sale", "chat_" + "v" * 300, "track_x", "\ufffd"]
)
async def test_what_is_no_token_of_ours_is_an_ordinary_start(parts: Parts, payload: str) -> None:
    before = await began(parts)
    await starts(parts, payload)
    assert await whose(parts, THERE) not in (None, before.customer_id)


async def test_a_conversation_that_ended_meanwhile_is_not_moved(parts: Parts) -> None:
    before = await began(parts)
    agent = await parts.stores.agents.add("Olha", "o@x.org", "a long password")
    await parts.desk.resolve(agent, before.id)
    await starts(parts, parts.continuation.token(before.id, now()))
    after = await parts.stores.conversations.active(str(THERE))
    assert after is not None
    assert after.id != before.id
    assert after.customer_id == before.customer_id


def test_a_token_fits_a_link_and_ends() -> None:
    tokens, id, at = Continuation("key"), new_id(), now()
    token = tokens.token(id, at)
    assert len(token) <= 64
    assert token.replace("_", "").isalnum()
    assert tokens.conversation(token, at + LIFETIME - timedelta(seconds=1)) == id
    assert tokens.conversation(token, at + LIFETIME + timedelta(seconds=2)) is None
    assert Continuation("another").conversation(token, at) is None
    for n in range(5, len(token)):
        changed = token[:n] + ("0" if token[n] != "0" else "1") + token[n + 1 :]
        assert tokens.conversation(changed, at) is None
