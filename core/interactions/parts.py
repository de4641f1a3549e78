"""How an entry that came in several parts (an album) is put together: expressions that MongoDB evaluates.

The database does it in one write, so that parts which come through several processes at once are all kept, each once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.database import Document
from core.interactions.interaction import Interaction, content_document

_COMPOSED = "composed_of_parts"


def beginning_of(entry: Interaction, wait_at_most: datetime) -> Document:
    """The document of `entry` before any part of it was added."""
    document = entry.document()
    return document | {"content": {"text": ""}, "parts": [], "external_id": [], "wait_at_most": wait_at_most}


def adding(
    entry: Interaction,
    number: int,
    *,
    now: datetime,
    wait: tuple[datetime, datetime],
    found: Sequence[str],
    mark: str,
) -> list[Document]:
    """The pipeline that adds `entry` as part `number`; it changes nothing when that part is there already.

    `wait`: until when the next part is waited for, and for how long at most if this is the first. `found` are the words
    it is found by, `mark` is the process's mark of a write. An entry that is not there yet begins with this part.
    """
    content = content_document(entry.content)
    files = [{**file, "part": number} for file in content.get("files", ())]
    part: Document = {
        "number": number,
        "external_id": entry.external_id,
        "text": content["text"],
        "marks": content.get("marks", []),
        "raw": entry.raw,
    }
    there = {"$in": [number, "$parts.number"]}
    fetch = any(file.get("source") and not file.get("sha256") for file in files)

    def unless_there(new: Any, old: str) -> Document:
        return {"$cond": [there, old, new]}

    return [
        {"$replaceWith": {"$mergeObjects": [{"$literal": beginning_of(entry, wait[1])}, "$$ROOT"]}},
        {
            "$set": {
                "parts": unless_there(_inserted("$parts", "number", number, [part]), "$parts"),
                "content.files": unless_there(
                    _inserted({"$ifNull": ["$content.files", []]}, "part", number, files), "$content.files"
                ),
                "external_id": unless_there(
                    {"$concatArrays": ["$external_id", [{"$literal": entry.external_id}]]}, "$external_id"
                ),
                # From the first part on no longer than a few moments, whatever trickles in.
                "wait_until": unless_there(
                    {"$min": [{"$max": ["$wait_until", wait[0]]}, "$wait_at_most"]}, "$wait_until"
                ),
                "words": unless_there(
                    {"$setUnion": [{"$ifNull": ["$words", []]}, {"$literal": list(found)}]}, "$words"
                ),
                "fetch_at": unless_there(now, "$fetch_at") if fetch else "$fetch_at",
                "writer": unless_there(mark, "$writer"),
            }
        },
        *composing(),
    ]


def _inserted(list_: Any, field: str, number: int, new: Sequence[Mapping[str, Any]]) -> Document:
    """`list_` with `new` in its place by `field`."""

    def those(comparison: str) -> Document:
        return {"$filter": {"input": list_, "as": "one", "cond": {comparison: [f"$$one.{field}", number]}}}

    return {"$concatArrays": [those("$lt"), {"$literal": list(new)}, those("$gt")]}


def composing() -> list[Document]:
    """Stages that make the text and its marks of those of the parts; an entry without parts stays as it is."""
    gap = {"$cond": [{"$or": [{"$eq": ["$$value.text", ""]}, {"$eq": ["$$this.text", ""]}]}, "", "\n"]}
    before = {"$strLenCP": {"$concat": ["$$value.text", gap]}}
    shifted = {
        "$map": {
            "input": "$$this.marks",
            "as": "mark",
            "in": {"$mergeObjects": ["$$mark", {"start": {"$add": ["$$mark.start", before]}}]},
        }
    }
    composed = {
        "$reduce": {
            "input": "$parts",
            "initialValue": {"text": "", "marks": []},
            "in": {
                "text": {"$concat": ["$$value.text", gap, "$$this.text"]},
                "marks": {"$concatArrays": ["$$value.marks", shifted]},
            },
        }
    }
    several = {"$isArray": "$parts"}
    return [
        {"$set": {_COMPOSED: {"$cond": [several, composed, "$$REMOVE"]}}},
        {
            "$set": {
                "content.text": {"$cond": [several, f"${_COMPOSED}.text", "$content.text"]},
                "content.marks": {"$cond": [several, f"${_COMPOSED}.marks", "$content.marks"]},
            }
        },
        {"$unset": _COMPOSED},
    ]


def editing(external_id: str, text: str, marks: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Stages that give a message, or that part of it which is called `external_id`, another text; the old is kept."""
    new = {"text": text, "marks": list(marks)}
    edited = {
        "$map": {
            "input": "$parts",
            "as": "part",
            "in": {
                "$cond": [
                    {"$eq": ["$$part.external_id", {"$literal": external_id}]},
                    {"$mergeObjects": ["$$part", {"$literal": new}]},
                    "$$part",
                ]
            },
        }
    }
    was = "text_before"
    same = {"$eq": [f"${was}", "$content.text"]}
    earlier = {"$ifNull": ["$edits", []]}
    return [
        {
            "$set": {
                was: "$content.text",
                "content.text": {"$literal": text},
                "content.marks": {"$literal": list(marks)},
                "content.visible": "$$REMOVE",
                "parts": {"$cond": [{"$isArray": "$parts"}, edited, "$$REMOVE"]},
            }
        },
        *composing(),
        {"$set": {"edits": {"$cond": [same, earlier, {"$concatArrays": [earlier, [f"${was}"]]}]}}},
        {"$unset": was},
    ]
