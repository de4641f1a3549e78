"""Size: what an entry of the log takes on disk and in each index, with people's records beside it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from benchmarks.figures import Figure
from benchmarks.stage import Stage
from core.content import Content
from core.database import Database
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction
from core.interactions.words import words
from switchboard.stores import INDEXES

# Syllables make words that differ as much as words do, so that neither text nor stems compress too well.
SYLLABLES = [
    "ка",
    "по",
    "ре",
    "ли",
    "мо",
    "за",
    "ви",
    "го",
    "ту",
    "не",
    "ста",
    "про",
    "ди",
    "ра",
    "ло",
    "ko",
    "ma",
    "ter",
    "in",
    "al",
    "os",
    "te",
    "ri",
    "ve",
    "na",
]
EACH = 20  # entries of one conversation
BATCH = 1000


async def run(stage: Stage) -> AsyncIterator[Figure | str]:
    """Entries as they are once handled and sent: half came in with the payload they were read from, half went out."""
    many = int(stage.some(200_000, 4000))
    database = Database.connect(stage.mongo.uri, stage.database(), timeout=120)
    try:
        await database.migrate(index for index in INDEXES if index.collection == "interactions")
        log = database.collection("interactions")
        entries = _entries(many)
        while batch := list(islice(entries, BATCH)):
            await log.insert_many(batch, ordered=False)
        await database.client.admin.command("fsync")
        told = await database.motor.command("collStats", "interactions")
    finally:
        await database.close()
    yield Figure("an entry, as BSON", "bytes", [told["size"] / many])
    yield Figure("  on disk, compressed", "bytes", [told["storageSize"] / many])
    yield Figure("  in all its indexes, compressed by prefix", "bytes", [told["totalIndexSize"] / many])
    for name, size in sorted(told["indexSizes"].items(), key=lambda one: -one[1]):
        yield Figure(f"    {name}", "bytes", [size / many])


def _entries(many: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(1)
    vocabulary = ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(30_000)]
    at = datetime(2026, 1, 5, 9, tzinfo=UTC)
    for number in range(many):
        if number % EACH == 0:
            person, customer, conversation = 500_000_000 + number * 7919, new_id(), new_id()
        at += timedelta(seconds=chance.randint(1, 20))
        # Words as people use them: few of them most of the time.
        text = " ".join(vocabulary[int(len(vocabulary) * chance.random() ** 3)] for _ in range(chance.randint(3, 24)))
        entry = _message(number, at, f"telegram:support:{person}", text)
        document = {**entry.document(), "customer_id": customer, "conversation_id": conversation, "words": words(text)}
        yield {**document, "writer": f"0a1b2c3d:{number}"}


def _message(number: int, at: datetime, address: str, text: str) -> Interaction:
    incoming = number % 2 == 0
    person = address.rpartition(":")[2]
    payload = (
        f'{{"update_id":{number},"message":{{"message_id":{number},"from":{{"id":{person},"is_bot":false,'
        f'"first_name":"Olena","language_code":"uk"}},"chat":{{"id":{person},"first_name":"Olena",'
        f'"type":"private"}},"date":{int(at.timestamp())},"text":"{text}"}}}}'
    )
    return Interaction(
        id=new_id(),
        kind="message",
        direction="in" if incoming else "out",
        channel="telegram",
        account="support",
        address=address,
        key=f"{number}" if incoming else f"say:{new_id()}:0",
        author=Author("customer", name="Olena") if incoming else Author("bot"),
        content=Content(text),
        at=at,
        status=status.HANDLED if incoming else status.SENT,
        external_id=str(number),
        who={"name": "Olena", "language": "uk"} if incoming else {},
        raw={"body": payload.encode()} if incoming else None,
    )
