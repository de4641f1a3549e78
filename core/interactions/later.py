"""What becomes of a message after it came: further parts, edits, reactions, and its being taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from core.channel import Remark
from core.content import Content, clean
from core.database import Document, taken, writer
from core.interactions.interaction import Interaction, content_document
from core.interactions.pages import Pages
from core.interactions.parts import adding, editing
from core.interactions.words import words

# How long the next part of an album is waited for, and how long at most from the first one on.
PART_WAIT = timedelta(seconds=1)
PARTS_AT_MOST = timedelta(seconds=5)
MOST_REACTIONS = 20


class Later(Pages):
    """The part of `core.interactions.store.Interactions` that changes what people said already."""

    async def add_part(self, entry: Interaction, number: int, now: datetime) -> tuple[Interaction, bool]:
        """Add `entry` as part `number` of the one entry of its key, durably; True when that part was not there yet.

        One write, which may be repeated. Returns the entry as it is in the log, but for its content.
        """
        file_names = (file.name for file in entry.content.files)
        change = adding(
            entry,
            number,
            now=now,
            wait=(now + PART_WAIT, now + PARTS_AT_MOST),
            found=words(entry.content.text, *file_names),
            mark=writer(),
        )
        which = {"address": entry.address, "key": entry.key}
        try:
            before = await self._all.find_one_and_update(which, change, upsert=True)
        except Exception as error:
            if not taken(error):
                raise
            # Two parts began the entry at the same moment; it is there now.
            before = await self._all.find_one_and_update(which, change, upsert=True)
        if before is None:
            return entry, True
        there = Interaction.of(before)
        return there, number not in there.parts

    async def edit(self, edited_by: Interaction) -> Interaction | None:
        """Give the message that `edited_by` is about its new text, keeping the old; None when there is no such message.

        The same edit twice, or an older one that comes late, changes nothing. Returns the message as it is then.
        """
        name = edited_by.edit_of or ""
        content = content_document(edited_by.content)
        found = words(content["text"])
        pipeline = [
            *editing(name, content["text"], content.get("marks", ())),
            {
                "$set": {
                    "edited_by": edited_by.id,
                    "words": {
                        "$cond": [
                            {"$isArray": "$parts"},
                            {"$setUnion": [{"$ifNull": ["$words", []]}, {"$literal": found}]},
                            {"$literal": found},
                        ]
                    },
                    "writer": writer(),
                }
            },
        ]
        which = {
            "address": edited_by.address,
            "external_id": name,
            "direction": edited_by.direction,
            "edit_of": {"$exists": False},
        }
        # What is newer is the provider's to say, and only among edits of the same second the order in which they came.
        stale = {"edited_at": {"$gt": edited_by.at}}
        twice = {"edited_by": {"$gte": edited_by.id}, "edited_at": {"$gte": edited_by.at}}
        pipeline[-1]["$set"]["edited_at"] = edited_by.at
        document: Document | None = await self._all.find_one_and_update(
            {**which, "$nor": [stale, twice]}, pipeline, return_document=True
        )
        document = document or await self._all.find_one(which)
        return Interaction.of(document) if document else None

    async def remark(self, remark: Remark, at: datetime) -> list[Interaction]:
        """Note `remark`, made `at`, on the messages it is about; returns those that it changed."""
        changed = []
        for name in dict.fromkeys(map(clean, remark.external_ids)):
            which = {"address": clean(str(remark.address)), "external_id": name, "edit_of": {"$exists": False}}
            for field, change in _noted(remark, name):
                stamp = f"{field}_at"
                document = await self._all.find_one_and_update(
                    {**which, stamp: {"$not": {"$gt": at}}},
                    {**change, "$set": {**change.get("$set", {}), stamp: at, "writer": writer()}},
                    return_document=True,
                )
                if document:
                    changed.append(Interaction.of(document))
        return changed


def _noted(remark: Remark, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Field by field what `remark` changes in the message that is called `name`."""
    found: list[tuple[str, dict[str, Any]]] = []
    if remark.reactions is not None:
        shown = [clean(sign)[:40] for sign in remark.reactions[:MOST_REACTIONS]]
        found.append(("reactions", {"$set": {"reactions": shown}}))
    if remark.deleted:
        found.append(("deleted", {"$addToSet": {"deleted": name}}))
    if remark.location is not None:
        place = content_document(Content(location=remark.location))["location"]
        found.append(("location", {"$set": {"content.location": place}}))
    return found
