"""What the counterparts wrote down themselves, and what the database holds at the end: all that the checker looks at.

Everything said carries a trace, a word that no person would write. So whatever is found anywhere can be told apart.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

TRACE = re.compile(r"zq[a-p]{8}qz")
_LETTERS = "abcdefghijklmnop"
_numbers = itertools.count(1)

Document = Mapping[str, Any]


def new_trace() -> str:
    """A word that is said once: letters alone, because the bot takes numbers for order numbers."""
    number = next(_numbers)
    return "zq" + "".join(_LETTERS[number >> shift & 15] for shift in range(28, -4, -4)) + "qz"


def traces_in(text: str) -> list[str]:
    """The traces in `text`, in order."""
    return TRACE.findall(text)


@dataclass
class Said:
    """Something `person` said. `told_yes`: they were told that it was taken, so it must be in the log."""

    person: str
    trace: str
    told_yes: bool = False


@dataclass
class Heard:
    """Something `person` received. `ref` is what the provider calls it (chat: the entry's id), `text` its words."""

    person: str
    ref: str
    text: str


@dataclass
class Reply:
    """What an agent wrote with `trace`, about the message `about`. `told_yes`: the page said that it is sent."""

    trace: str
    conversation: str
    about: str = ""
    told_yes: bool = False


@dataclass
class Ledger:
    """All records of the counterparts, each in the order in which it happened there.

    `people`: person → the line on which they receive (`telegram:bot`) and their address there, empty where only the log
    knows it (a chat visitor's).
    """

    people: dict[str, tuple[str, str]] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    retried: list[str] = field(default_factory=list)  # ids of entries that a person sent again

    def say(self, person: str, trace: str) -> Said:
        """Note that `person` begins to say something."""
        said = Said(person, trace)
        self.said.append(said)
        return said

    def hear(self, person: str, ref: str, text: str) -> None:
        """Note that `person` received something."""
        self.heard.append(Heard(person, ref, text))

    def heard_by(self) -> dict[str, list[Heard]]:
        """Person → what they received, in order."""
        found: defaultdict[str, list[Heard]] = defaultdict(list)
        for one in self.heard:
            found[one.person].append(one)
        return found


@dataclass
class Snapshot:
    """What the database holds after everything has settled, as plain documents."""

    interactions: list[Document] = field(default_factory=list)
    conversations: list[Document] = field(default_factory=list)
    customers: list[Document] = field(default_factory=list)
    addresses: list[Document] = field(default_factory=list)
    failed_intake: list[Document] = field(default_factory=list)

    @classmethod
    def of(cls, database: Any) -> Snapshot:
        """Everything in a PyMongo `database`."""
        names = ("interactions", "conversations", "customers", "addresses", "failed_intake")
        return cls(**{name: list(database[name].find().sort("_id", 1)) for name in names})


def keep(folder: Path, ledger: Ledger, snapshot: Snapshot) -> None:
    """Write both down as evidence."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in (*asdict(ledger).items(), *vars(snapshot).items()):
        _write(folder / f"{name}.jsonl", records.items() if isinstance(records, dict) else records)


def _write(path: Path, records: Iterable[Any]) -> None:
    path.write_text("".join(json.dumps(one, default=str, ensure_ascii=False) + "\n" for one in records))
