"""A team, as a value. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.content import clean
from core.errors import Invalid

LONGEST_NAME, LONGEST_SIGNATURE, MOST_MEMBERS = 60, 2000, 500


@dataclass(frozen=True, slots=True)
class Team:
    """`members` are ids of agents. `signature` is for those of them who have none of their own.

    `active` is false once it was removed: it is given nothing more, and what it had still says its name.
    """

    id: str
    name: str
    members: tuple[str, ...] = ()
    signature: str = ""
    active: bool = True

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Team:
        """The team that is stored as `document`."""
        return cls(
            document["_id"],
            document["name"],
            tuple(document.get("members", ())),
            document.get("signature", ""),
            document.get("active", True),
        )


def checked(name: str, members: Iterable[str], signature: str) -> dict[str, Any]:
    """What is stored of a team; `key` is what its name is compared by. Raises Invalid."""
    name = " ".join(clean(name).split())
    if not name:
        raise Invalid("Write a name.", field="name")
    if len(name) > LONGEST_NAME:
        raise Invalid("A team's name has at most 60 characters.", field="name")
    known = [clean(id)[:40] for id in members if id]
    return {
        "name": name,
        "key": name.casefold(),
        "members": list(dict.fromkeys(known))[:MOST_MEMBERS],
        "signature": clean(signature).strip()[:LONGEST_SIGNATURE],
    }


def names_of(teams: Sequence[Team]) -> dict[str, str]:
    """Id → name, those of removed teams too."""
    return {team.id: team.name for team in teams}
