"""A customer's record, as a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.channel import Identity


def key_of(identity: Identity) -> str:
    """How an identity is written in `keys` and `claims`: `email:ann@example.org`, `phone:+380501234567`."""
    return f"{identity.kind}:{identity.value}"


def purpose_of(name: str) -> str:
    """The purpose of consent that a form's field called `name` stands for; empty when it cannot be one."""
    purpose = re.sub(r"[^a-z]+", "_", name.lower()).strip("_")[:40]
    return purpose.rstrip("_")


@dataclass(frozen=True, slots=True)
class Customer:
    """One person.

    `keys` are what they are recognised by: identities a channel or a signed source vouched for, and the addresses
    they write from. No two customers have the same. `claims` are what was only said ("my mail is …"): good for a
    proposal to an agent, never for joining. `merged_into` points to the record that took this one in. `consents` tells
    per purpose (`marketing`) what they last said, `{given, at}`, with its `history` of `{given, at, how, entry}` and,
    where known, the `words` they agreed to, their `version`, and the agent `by` whom it was written down.
    """

    id: str
    name: str = ""
    language: str | None = None
    time_zone: str | None = None
    keys: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    created_at: datetime | None = None
    merged: tuple[Mapping[str, Any], ...] = ()
    merged_into: str | None = None
    consents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def declined(self, purpose: str) -> bool:
        """Whether they said that they want nothing more of this purpose."""
        return self.consents.get(purpose, {}).get("given") is False

    @property
    def email(self) -> str:
        """The first mail address that is known, proved ones first; empty when there is none."""
        return self._first("email:")

    @property
    def phone(self) -> str:
        """The first phone number that is known, proved ones first; empty when there is none."""
        return self._first("phone:")

    def _first(self, kind: str) -> str:
        return next((key.removeprefix(kind) for key in (*self.keys, *self.claims) if key.startswith(kind)), "")

    @property
    def identities(self) -> tuple[Identity, ...]:
        """Keys as verified identities, claims as unverified ones."""
        return tuple(_identity(key, True) for key in self.keys) + tuple(_identity(key, False) for key in self.claims)

    def document(self) -> dict[str, Any]:
        """The record as it is stored."""
        document: dict[str, Any] = {
            "_id": self.id,
            "name": self.name,
            "keys": list(self.keys),
            "created_at": self.created_at,
        }
        optional = {
            "language": self.language,
            "time_zone": self.time_zone,
            "claims": list(self.claims),
            "attributes": dict(self.attributes),
            "tags": list(self.tags),
            "merged": [dict(entry) for entry in self.merged],
            "merged_into": self.merged_into,
            "consents": {purpose: dict(consent) for purpose, consent in self.consents.items()},
        }
        document.update({key: value for key, value in optional.items() if value})
        if not self.keys:
            del document["keys"]  # a sparse unique index leaves out who has none
        return document

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Customer:
        """The record that is stored as `document`."""
        return cls(
            id=document["_id"],
            name=document.get("name", ""),
            language=document.get("language"),
            time_zone=document.get("time_zone"),
            keys=tuple(document.get("keys", ())),
            claims=tuple(document.get("claims", ())),
            attributes=document.get("attributes", {}),
            tags=tuple(document.get("tags", ())),
            created_at=document.get("created_at"),
            merged=tuple(document.get("merged", ())),
            merged_into=document.get("merged_into"),
            consents=document.get("consents", {}),
        )


def _identity(key: str, verified: bool) -> Identity:
    kind, value = key.split(":", 1)
    return Identity("email" if kind == "email" else "phone", value, verified)
