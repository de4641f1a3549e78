"""A conversation, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from core.decide import BotState
from core.shelves import shelves

Status = Literal["pending", "open", "snoozed", "resolved"]
STATUSES: tuple[Status, ...] = ("pending", "open", "snoozed", "resolved")
ACTIVE = ("pending", "open", "snoozed")
NOBODY = "-"


@dataclass(frozen=True, slots=True)
class Last:
    """The newest line, as the inbox list shows it."""

    at: datetime
    preview: str = ""
    author: str = "customer"
    id: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One thread with one person.

    `thread` is empty for channels with one conversation at a time, the first mail's key for mail. `reply_address` is
    where answers go (the sender's mailbox for a form). `rev` rises with every change and guards the bot's commits.
    `seen` maps an address (by `core.ids.id_of`) to the last ten of its entries that were handled here; not to the
    highest, because what another process wrote may come to light with a lower id. `said` is what the bot decided to
    say to the entry `said["to"]`, kept until it is surely in the log.
    `participants` are other people's addresses that joined it: copied in by somebody who takes part, and answering.
    `references` are the external ids of the customer's last messages, newest last, where answers quote them (mail).
    `visit` tells where the customer came from: the pages `first` and `now`, {url, title, referrer, utm_…}. `read_at` is
    when somebody last looked. `unread` counts what people have not looked at. `waiting_since` is when the customer
    began to wait for a person.
    `urgent`: somebody should look at it before others. `runs` is what the bot began here (`runs.py`). `rating` tells
    that the customer was asked how it was: `{asked_at, agent}`, and then `score`. `team` is a team's id, or words from
    before there were teams.
    """

    id: str
    address: str
    channel: str
    account: str
    status: Status
    customer_id: str
    customer_name: str
    opened_at: datetime
    last: Last
    thread: str = ""
    subject: str = ""
    reply_address: str = ""
    language: str | None = None
    assignee: str | None = None
    team: str | None = None
    unread: int = 0
    waiting_since: datetime | None = None
    snoozed_until: datetime | None = None
    lead: bool = False
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    bot: BotState = field(default_factory=BotState)
    said: Mapping[str, Any] | None = None
    urgent: bool = False
    runs: tuple[Mapping[str, Any], ...] = ()
    rating: Mapping[str, Any] | None = None
    seen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rev: int = 0
    visit: Mapping[str, Any] = field(default_factory=dict)
    read_at: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether it is not resolved."""
        return self.status in ACTIVE

    @property
    def shelves(self) -> list[str]:
        """The lists it is in (`core.shelves`)."""
        return shelves((self.assignee or NOBODY,), (self.channel,), ("lead",) * self.lead, (self.team or "",))

    def document(self) -> dict[str, Any]:
        """The conversation as it is stored."""
        document: dict[str, Any] = {
            "_id": self.id,
            "address": self.address,
            "channel": self.channel,
            "account": self.account,
            "thread": self.thread,
            "status": self.status,
            "active": self.active,
            "customer": {"id": self.customer_id, "name": self.customer_name},
            "opened_at": self.opened_at,
            "last": {
                "at": self.last.at,
                "preview": self.last.preview,
                "author": self.last.author,
                "id": self.last.id,
            },
            "reply_address": self.reply_address or self.address,
            "assignee": self.assignee,
            "team": self.team,
            "unread": self.unread,
            "bot": bot_document(self.bot),
            "seen": {address: list(entries) for address, entries in self.seen.items()},
            "rev": self.rev,
            "shelves": self.shelves,
        }
        optional = {
            "subject": self.subject,
            "language": self.language,
            "waiting_since": self.waiting_since,
            "snoozed_until": self.snoozed_until,
            "lead": self.lead,
            "tags": list(self.tags),
            "references": list(self.references),
            "participants": list(self.participants),
            "said": self.said,
            "urgent": self.urgent,
            "runs": [dict(run) for run in self.runs],
            "rating": self.rating,
            "visit": dict(self.visit),
            "read_at": self.read_at,
        }
        document.update({key: value for key, value in optional.items() if value})
        return document

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Conversation:
        """The conversation that is stored as `document`."""
        customer = document["customer"]
        last = document["last"]
        bot = document.get("bot", {})
        return cls(
            id=document["_id"],
            address=document["address"],
            channel=document["channel"],
            account=document["account"],
            thread=document.get("thread", ""),
            status=document["status"],
            customer_id=customer["id"],
            customer_name=customer.get("name", ""),
            opened_at=document["opened_at"],
            last=Last(last["at"], last.get("preview", ""), last.get("author", "customer"), last.get("id", "")),
            subject=document.get("subject", ""),
            reply_address=document.get("reply_address", document["address"]),
            language=document.get("language"),
            assignee=document.get("assignee"),
            team=document.get("team"),
            unread=document.get("unread", 0),
            waiting_since=document.get("waiting_since"),
            snoozed_until=document.get("snoozed_until"),
            lead=document.get("lead", False),
            tags=tuple(document.get("tags", ())),
            references=tuple(document.get("references", ())),
            participants=tuple(document.get("participants", ())),
            bot=BotState(bot.get("flow", ""), bot.get("step", ""), bot.get("data", {}), bot.get("misses", 0)),
            said=document.get("said"),
            urgent=document.get("urgent", False),
            runs=tuple(document.get("runs", ())),
            rating=document.get("rating"),
            seen={address: tuple(entries) for address, entries in document.get("seen", {}).items()},
            rev=document.get("rev", 0),
            visit=document.get("visit", {}),
            read_at=document.get("read_at"),
        )


UNBORN = -1
"""The `rev` of a conversation that is not written yet: its first commit begins it."""


def bot_document(state: BotState) -> dict[str, Any]:
    """The bot's place in a conversation, as it is stored."""
    return {"flow": state.flow, "step": state.step, "data": dict(state.data), "misses": state.misses}


def preview(text: str, length: int = 140) -> str:
    """The first words of `text` on one line, for the list."""
    line = " ".join(text[: length * 4].split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
