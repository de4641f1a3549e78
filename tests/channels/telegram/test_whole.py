"""From a person's phone to an agent's page: what a private chat carries, through a hub at work."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.channel import Account, Address
from core.content import Content
from core.interactions import status
from core.interactions.interaction import Interaction
from switchboard.hub import Hub
from tests.inbox.desk import agent_of, at_desk
from tests.making import until
from tests.running import running_hub
from tests.servers.botapi import Bot, BotApi
from tests.servers.botapi_people import Person

CONNECTION = "AbCdEf123"
OWNER = {"id": 99, "is_bot": False, "first_name": "Olena"}


@pytest.fixture
async def hub(database_uri: str, database_name: str, api: BotApi, bot: Bot) -> AsyncIterator[Hub]:
    async with running_hub(database_uri, database_name, sample_data=False) as hub:
        account = Account(
            "telegram", "shop", settings={"api_url": api.url, "mode": "polling"}, secrets={"token": bot.token}
        )
        await hub.parts.stores.accounts.save(account)
        yield hub


@pytest.fixture
def ann(bot: Bot) -> Person:
    return bot.person("Ann")


def picture(red: int, width: int = 64, height: int = 48) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes([red, 90, 140]) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def album(ann: Person, group: str, *captions: str) -> None:
    """Photos sent together, the last update first and one of them twice."""
    items: list[dict[str, Any]] = []
    for n, caption in enumerate(captions):
        file_id = ann.bot.keep_file("photos/a.png", picture(60 * n))
        size = {"file_id": file_id, "file_unique_id": f"u{n}", "width": 64, "height": 48, "file_size": 200}
        items.append({"photo": [size], "media_group_id": group} | ({"caption": caption} if caption else {}))
    messages = [ann.bot.next_message_id() for _ in items]
    for n in (*reversed(range(len(items))), 0):
        ann.sends(message_id=messages[n], **items[n])


async def entries(hub: Hub, person: str) -> list[Interaction]:
    return await hub.parts.stores.interactions.page(address=str(Address("telegram", "shop", person)), limit=200)


async def handled(hub: Hub, person: str, count: int) -> list[Interaction]:
    """The first `count` things that came in, once all are handled."""

    async def there() -> list[Interaction]:
        found = [one for one in await entries(hub, person) if one.direction == "in" and one.kind == "message"]
        return found if len(found) >= count and all(one.status == status.HANDLED for one in found) else []

    return await until(there)


def business(ann: Person, text: str, **fields: Any) -> None:
    message = {
        "message_id": ann.bot.next_message_id(),
        "from": {"id": ann.id, "is_bot": False, "first_name": ann.name},
        "chat": ann.bot.chats[ann.id],
        "date": int(time.time()),
        "business_connection_id": CONNECTION,
        "text": text,
    }
    ann.bot.push("business_message", message | fields)


async def test_an_album_is_one_entry_with_one_answer(hub: Hub, bot: Bot, ann: Person) -> None:
    album(ann, "777", "two doors", "", "")
    (entry,) = await handled(hub, str(ann.id), 1)
    assert (len(entry.content.files), entry.content.text) == (3, "two doors")

    async def fetched() -> list[Interaction]:
        found = await entries(hub, str(ann.id))
        return found if all(file.sha256 for file in found[0].content.files) else []

    (entry, *_) = await until(fetched)
    data = [await hub.parts.stores.files.get(file.sha256 or "") for file in entry.content.files]
    assert data == [picture(0), picture(60), picture(120)]
    await bot.until(lambda: len(bot.sent) >= 1)
    ann.says("hello?")
    await handled(hub, str(ann.id), 2)
    out = [one for one in await entries(hub, str(ann.id)) if one.direction == "out"]
    assert len({one.key.split(":")[1] for one in out if one.key.startswith(f"bot:{entry.id}")}) == 1


async def everything(hub: Hub, ann: Person) -> list[Interaction]:
    """Ann sends one of each kind, and does small things to what was said."""
    ann.sends(
        text="I want 🙂 the red one, see e.org",
        entities=[
            {"type": "bold", "offset": 10, "length": 7},
            {"type": "text_link", "offset": 27, "length": 5, "url": "https://e.org/x"},
            {"type": "text_link", "offset": 0, "length": 1, "url": "javascript:alert(1)"},
        ],
    )
    first = ann.says("talk to a person")
    album(ann, "778", "two doors", "")
    ann.sends(
        text="this one",
        reply_to_message={**first, "text": "talk to a person"},
        quote={"text": "a person", "position": 8},
    )
    ann.sends(
        text="look", forward_origin={"type": "hidden_user", "date": int(time.time()), "sender_user_name": "Bob <b>"}
    )
    ann.sends(location={"latitude": 50.45, "longitude": 30.52, "live_period": 900})
    ann.shares_contact(own=False)
    ann.shares_contact()
    sticker = {"type": "regular", "width": 64, "height": 48, "is_animated": False, "is_video": False, "emoji": "👍"}
    file_id = ann.bot.keep_file("stickers/a.webp", picture(200))
    ann.sends(sticker=sticker | {"file_id": file_id, "file_unique_id": "st"})
    option = {"persistent_id": "0", "text": "yes", "voter_count": 0}
    ann.sends(
        poll={
            "id": "1",
            "question": "Tea?",
            "options": [option, option | {"text": "no"}],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
            "allows_revoting": False,
            "members_only": False,
        }
    )
    ann.sends(story={"chat": ann.bot.chats[ann.id], "id": 3})
    ann.says("/start spring-sale")
    ann.edits(first, "talk to a person, please")
    reaction = {"chat": ann.bot.chats[ann.id], "user": {"id": ann.id, "is_bot": False, "first_name": "Ann"}}
    ann.bot.push(
        "message_reaction",
        reaction
        | {
            "message_id": first["message_id"],
            "date": int(time.time()),
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": "👍"}],
        },
    )
    await handled(hub, str(ann.id), 12)

    async def reacted() -> list[Interaction]:
        found = await entries(hub, str(ann.id))
        return found if any(one.reactions for one in found) and any(one.edits for one in found) else []

    return await until(reacted)


async def test_an_agent_sees_everything_as_it_was_meant(hub: Hub, ann: Person) -> None:
    found = await everything(hub, ann)
    conversation = await hub.parts.stores.conversations.active(found[0].address)
    assert conversation is not None
    maria = await agent_of(hub, "Maria")
    async with at_desk(hub, maria) as desk:
        _, page = await desk.get(f"/inbox/c/{conversation.id}")
    for shown in (
        "<strong>the red</strong>",
        '<a href="https://e.org/x"',
        "a person, please",
        "Edited; before it was",
        "Bob &lt;b&gt;",
        "mlat=50.45",
        "Somebody else",
        "Their own number",
        "Tea?",
        "spring-sale",
        "<span>👍</span>",
        "only be looked at",
    ):
        assert shown in page, shown
    assert "javascript:" not in page
    assert page.count('class="answered') == 1


async def test_a_business_chat_is_answered_through_its_connection(hub: Hub, bot: Bot, ann: Person) -> None:
    person = f"{ann.id}@{CONNECTION}"
    business(ann, "talk to a person")
    (entry,) = await handled(hub, person, 1)
    await bot.until(lambda: len(bot.sent) >= 1)
    assert getattr(bot.sent[0].call, "business_connection_id", None) == CONNECTION
    business(ann, "I am here myself", **{"from": OWNER})
    bot.push(
        "deleted_business_messages",
        {"business_connection_id": CONNECTION, "chat": bot.chats[ann.id], "message_ids": [int(entry.external_id or 0)]},
    )

    async def gone() -> list[Interaction]:
        found = await entries(hub, person)
        return [one for one in found if one.deleted_at]

    assert [one.id for one in await until(gone)] == [entry.id]

    async def echoed() -> list[Interaction]:
        return [one for one in await entries(hub, person) if one.author.name == "Olena" and one.conversation_id]

    assert (await until(echoed))[0].direction == "out"
    conversation = await hub.parts.stores.conversations.active(entry.address)
    assert conversation is not None
    said = len(bot.sent)
    maria = await agent_of(hub, "Maria")
    await hub.parts.desk.reply(maria, conversation.id, Content("Hello Ann"), key="1")
    await bot.until(lambda: len(bot.sent) > said)
    assert (bot.sent[-1].text, getattr(bot.sent[-1].call, "business_connection_id", None)) == ("Hello Ann", CONNECTION)
    assert bot.sent[-1].chat_id == ann.id


async def test_a_person_who_blocks_the_bot_is_not_reachable_until_they_come_back(hub: Hub, ann: Person) -> None:
    ann.says("hi")
    (entry,) = await handled(hub, str(ann.id), 1)

    async def reachable() -> bool:
        known = await hub.parts.stores.addresses.get(entry.address)
        return known is not None and known.reachable

    async def unreachable() -> bool:
        return not await reachable()

    ann.blocks()
    await until(unreachable)
    ann.unblocks()
    await until(reachable)
