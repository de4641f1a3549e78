"""A submission that is held back as spam, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from core.ids import id_of

State = Literal["held", "freed", "deleted"]


@dataclass(frozen=True, slots=True)
class Caught:
    """What somebody sent, whole, with the signs that spoke against it.

    `body` is what came over the wire, empty in lists; `type` is its content type. `kept` names files that were stored
    at an earlier try, as (field, name, type, size, hash). `times` counts how often the same came.
    """

    id: str
    form: str
    version: int
    account: str
    at: datetime
    signs: Mapping[str, int]
    preview: str
    type: str
    name: str = ""
    contact: str = ""
    body: bytes = field(default=b"", repr=False)
    kept: tuple[tuple[str, str, str, int, str], ...] = ()
    place: str = ""
    times: int = 1
    state: State = "held"
    by: str = ""

    def document(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "_id": self.id,
            "form": self.form,
            "version": self.version,
            "account": self.account,
            "at": self.at,
            "signs": dict(self.signs),
            "preview": self.preview,
            "type": self.type,
            "name": self.name,
            "contact": self.contact,
            "body": self.body,
            "kept": [list(one) for one in self.kept],
            "place": self.place,
            "times": self.times,
            "state": self.state,
            "by": self.by,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Caught:
        """What is stored as `document`."""
        values = {name: value for name, value in document.items() if name not in ("_id", "kept", "order")}
        return cls(id=document["_id"], **values, kept=tuple(tuple(one) for one in document.get("kept", ())))


def caught_id(form: str, fingerprint: str) -> str:
    """The id of what was caught: the same answers to the same form are one, however often they come."""
    return id_of(f"caught {form} {fingerprint}")
