"""Who takes part in a conversation of letters: who wrote, who was copied in, who joined, and whom to copy next time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.channel import Address
from core.conversations.conversation import Conversation
from core.interactions.interaction import Interaction


@dataclass(frozen=True, slots=True)
class Participant:
    """One person by their mail address.

    `wrote`: something of theirs is here. `copied`: somebody named them as a recipient. `joined`: they are not the
    customer and answered all the same. `doubted`: what came from them could not be verified.
    """

    address: str
    name: str = ""
    wrote: bool = False
    copied: bool = False
    joined: bool = False
    doubted: bool = False


def participants(conversation: Conversation, entries: Sequence[Interaction], own: Collection[str]) -> list[Participant]:
    """Everybody in `entries` (oldest first) but ourselves, the customer first, then in the order they came in."""
    found: dict[str, Participant] = {}

    def note(address: str, name: str = "", **facts: Any) -> None:
        address = address.strip().lower()
        if not address or address in own or address.endswith("@invalid"):
            return
        known = found.get(address, Participant(address))
        found[address] = replace(known, name=known.name or name, **facts)

    for entry in entries:
        person = Address.of(entry.address).person
        if entry.kind not in ("message", "form", "notification"):
            continue
        if entry.direction == "in":
            note(person, entry.author.name, wrote=True)
            if entry.data.get("doubted"):
                note(person, doubted=True)
            for box in (*_boxes(entry, "to"), *_boxes(entry, "cc")):
                note(str(box.get("address", "")), str(box.get("name", "")), copied=True)
        elif entry.direction == "out":
            for address in (person, *entry.content.cc, *entry.content.bcc):
                note(address, copied=True)
    for address in conversation.participants:
        note(Address.of(address).person, joined=True)
    first = Address.of(conversation.address).person.lower()
    return sorted(found.values(), key=lambda one: one.address != first)


def suggested(
    entries: Sequence[Interaction], people: Sequence[Participant], to: str, own: Collection[str]
) -> tuple[list[str], list[str]]:
    """(who got our last answer in copy, who else takes part) as an answer to `to` would copy them.

    The first are put into the field again: an agent chose them. The second are offered, those of the last letter first.
    """
    last_ours = next((entry for entry in reversed(entries) if entry.direction == "out" and entry.author.id), None)
    letters = [e for e in entries if e.direction == "in" and e.kind == "message" and not e.data.get("machine")]
    chosen = list(last_ours.content.cc) if last_ours else []
    last = letters[-1] if letters else None
    others = [str(box.get("address", "")).strip().lower() for name in ("to", "cc") for box in _boxes(last, name)]
    if last is not None:
        others.insert(0, Address.of(last.address).person.lower())
    left_out = {*own, Address.of(to).person.lower() if to else "", "", *chosen}
    others += [one.address for one in people if not one.doubted]
    return chosen, [one for one in dict.fromkeys(others) if one not in left_out and not one.endswith("@invalid")][:12]


def _boxes(entry: Interaction | None, name: str) -> list[Any]:
    found = entry.data.get(name, ()) if entry is not None else ()
    return [box for box in found if isinstance(box, dict)][:100] if isinstance(found, list | tuple) else []
