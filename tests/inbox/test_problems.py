"""What did not go out or come in is visible, and a person can do something about it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from core.channel import Account, Identity
from core.interactions.interaction import Interaction
from switchboard.hub import Hub
from tests.inbox.desk import AtDesk, asks


async def _failed(hub: Hub, desk: AtDesk) -> Interaction:
    """A reply on a line that is switched off."""
    conversation = await asks(hub)
    await hub.parts.stores.accounts.save(Account("webchat", "site", enabled=False))
    await asyncio.sleep(1.1)  # lines are looked up at most once a second
    await desk.post(f"/inbox/c/{conversation.id}/say", {"text": "Will this arrive?"})
    async with asyncio.timeout(120):
        while not (found := [e for e in await hub.parts.stores.interactions.troubled() if e.author.kind == "agent"]):
            await asyncio.sleep(0.05)
    return found[0]


async def test_a_failed_reply_is_shown_with_its_reason_and_can_be_sent_again(hub: Hub, desk: AtDesk) -> None:
    entry = await _failed(hub, desk)
    for path in (f"/inbox/c/{entry.conversation_id}", "/inbox/problems"):
        _, text = await desk.get(path)
        assert "The line it should go out on is not configured or switched off." in text
        assert f"/inbox/deliveries/{entry.id}/retry" in text
    await hub.parts.stores.accounts.save(Account("webchat", "site"))
    await asyncio.sleep(1.1)
    assert (await desk.post(f"/inbox/deliveries/{entry.id}/retry"))[0] == 200
    async with asyncio.timeout(120):
        while (after := await hub.parts.stores.interactions.get(entry.id)) and after.status != "sent":
            await asyncio.sleep(0.05)
    assert (await desk.post(f"/inbox/deliveries/{entry.id}/retry"))[0] == 409


async def test_a_person_says_what_became_of_an_uncertain_one(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub)
    entry = next(e for e in await hub.parts.stores.interactions.page(conversation_id=conversation.id))
    database = hub.parts.stores.database
    for outcome, shown in (("sent", "sent"), ("failed", "failed")):
        document = {**entry.document(), "_id": f"uncertain{outcome}", "key": outcome, "direction": "out"}
        await database.collection("interactions").insert_one({**document, "status": "uncertain"})
        _, text = await desk.get(f"/inbox/c/{conversation.id}")
        assert "It may not have arrived" in text
        assert "It did not" in text
        assert (await desk.post(f"/inbox/deliveries/uncertain{outcome}/settle", {"outcome": outcome}))[0] == 200
        after = await hub.parts.stores.interactions.get(f"uncertain{outcome}")
        assert after
        assert after.status == shown


async def test_what_could_not_be_read_is_kept_and_can_be_tried_again_or_put_away(hub: Hub, admin: AtDesk) -> None:
    failed = hub.parts.stores.failed
    await failed.keep("email", "help", b"\xff\x00", {}, "No <b>header</b>", datetime.now(UTC))
    (one,) = await failed.page()
    _, text = await admin.get("/inbox/problems")
    assert "No &lt;b&gt;header" in text
    status, answer = await admin.post(f"/inbox/problems/{one.id}/replay")
    assert status == 422
    assert answer["sentence"] == "There is no such line here."
    assert len(await failed.page()) == 1
    assert (await admin.post(f"/inbox/problems/{one.id}/dismiss"))[0] == 200
    assert await failed.page() == []


async def test_possible_matches_are_joined_and_parted_again(hub: Hub, desk: AtDesk) -> None:
    phone = Identity("phone", "+380501112233")
    first = await asks(hub, "a", name="Ann", identities=(Identity("phone", phone.value, True),))
    second = await asks(hub, "b", name="A. Example", identities=(phone,))
    assert first.customer_id != second.customer_id
    _, text = await desk.get(f"/inbox/c/{second.id}")
    assert "The same person?" in text
    status, answer = await desk.post(f"/inbox/customers/{second.customer_id}/merge", {"other": first.customer_id})
    assert status == 200
    moved = await hub.parts.stores.conversations.get(first.id)
    assert moved
    assert moved.customer_id == second.customer_id
    _, timeline = await desk.get(f"/inbox/customers/{second.customer_id}")
    assert timeline.count("I want to talk to a person") >= 2
    assert (await desk.get(f"/inbox/customers/{first.customer_id}"))[0].status == 303
    assert (await desk.post(answer["undo"]["to"], answer["undo"]["fields"]))[0] == 200
    back = await hub.parts.stores.conversations.get(first.id)
    assert back
    assert back.customer_id == first.customer_id


async def test_export_holds_the_person_and_nobody_else(hub: Hub, admin: AtDesk) -> None:
    ann = await asks(hub, "a", "I want a person, says Ann", name="Ann")
    await asks(hub, "b", "I want a person, says Bob", name="Bob")
    response, text = await admin.get(f"/inbox/customers/{ann.customer_id}/export")
    assert response.status == 200
    assert "says Ann" in text
    assert "Bob" not in text
