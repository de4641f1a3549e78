"""Years of a busy company, made a chunk at a time: the documents as the hub writes them, in the order they came.

Every shape is the `document()` of a real value, made once and filled in; a test reads each back as that value. What is
the same at every size: conversations a day, people and teams, the share of each channel and status. What grows is how
far back it goes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from benchmarks.vocabulary import LANGUAGES, Vocabulary, vocabulary
from core.content import Content
from core.conversations.conversation import Conversation, Last
from core.customers.customer import Customer
from core.decide import BotState
from core.ids import _written, id_of
from core.interactions.interaction import Author, Direction, Interaction
from core.leads.lead import STATES, Lead, Source
from core.orders.order import Contact, Order, OrderLine, Step, plain

Document = dict[str, Any]

CHUNK = 2000  # conversations
NEW_PEOPLE = 800  # of them begun by somebody who never wrote before
ORDERS = 600
ENTRIES = 10  # for each conversation
A_DAY = 1000  # conversations
LONG = 20_000  # entries of the one conversation that never ends
CHANNELS = ("webchat", "telegram", "webchat", "email", "webchat", "telegram", "email", "webchat", "telegram", "webform")
AGENTS = [id_of(f"agent {n}") for n in range(40)]
TEAMS = [id_of(f"team {n}") for n in range(8)]
# Whoever looks at the lists has a fifth of what is given to anybody, and is in two teams.
ME, MY_TEAMS = AGENTS[0], tuple(TEAMS[:2])
LONG_ADDRESS = "telegram:bench:1"
LONG_CONVERSATION, LONG_CUSTOMER = id_of("the long one"), id_of(f"customer {LONG_ADDRESS}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TELEGRAM = (
    '{"update_id":%d,"message":{"message_id":%d,"from":{"id":%d,"is_bot":false,"first_name":"Olena","last_name":'
    '"Kovalenko","username":"olena_k","language_code":"uk"},"chat":{"id":%d,"first_name":"Olena","last_name":'
    '"Kovalenko","username":"olena_k","type":"private"},"date":%d,"text":"%s"}}'
)
_MAIL = (
    "Received: from mail.example.org (mail.example.org [192.0.2.7]) by mx.example.com with ESMTPS id %(id)s\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=2026; h=from:to:subject:message-id;\r\n"
    " bh=%(id)s=; b=%(id)s%(id)s%(id)s%(id)s%(id)s%(id)s%(id)s%(id)s\r\n"
    "From: Olena Kovalenko <%(who)s>\r\nTo: help@example.com\r\nSubject: %(subject)s\r\n"
    "Message-ID: <%(id)s@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: 8bit\r\n\r\n%(text)s\r\n"
)


def moment(ms: int) -> datetime:
    """So many milliseconds after 1970."""
    return EPOCH + timedelta(milliseconds=ms)


@dataclass(frozen=True)
class Span:
    """A history of `conversations` conversations (whole chunks) that ends at `until`, in ms since 1970.

    `long` is how many entries the one that never ends has.
    """

    conversations: int
    until: int
    long: int = LONG

    @property
    def chunks(self) -> int:
        """How many there are to make."""
        return max(1, self.conversations // CHUNK)

    @property
    def entries(self) -> int:
        """How many entries it will have."""
        return self.chunks * CHUNK * ENTRIES + self.long

    def window(self, number: int) -> tuple[int, int]:
        """From when to when the conversations of a chunk were begun."""
        length = CHUNK * 86_400_000 // A_DAY
        start = self.until - (self.chunks - number) * length
        return start, start + length


@dataclass
class Chunk:
    """Some days of it, by collection."""

    interactions: list[Document] = field(default_factory=list)
    conversations: list[Document] = field(default_factory=list)
    customers: list[Document] = field(default_factory=list)
    addresses: list[Document] = field(default_factory=list)
    orders: list[Document] = field(default_factory=list)
    leads: list[Document] = field(default_factory=list)

    def collections(self) -> Iterator[tuple[str, list[Document]]]:
        """Each with its name."""
        yield from vars(self).items()


@dataclass(frozen=True, slots=True)
class Person:
    """The n-th person who ever wrote."""

    number: int

    @property
    def channel(self) -> str:
        """Where they write."""
        return CHANNELS[self.number % 10]

    @property
    def who(self) -> str:
        """What the channel calls them."""
        if self.channel == "email":
            return f"p{self.number}@example.org"
        return str(500_000_000 + self.number) if self.channel == "telegram" else f"v{self.number:x}"

    @property
    def address(self) -> str:
        """Where they are reached."""
        return f"{self.channel}:bench:{self.who}"

    @property
    def customer(self) -> str:
        """The id of their record."""
        return id_of(f"customer {self.address}")

    @property
    def language(self) -> str:
        """One of three."""
        return LANGUAGES[self.number % 3]

    @property
    def name(self) -> str:
        """Two words of their language."""
        words = vocabulary(self.language).words
        return f"{words[100 + self.number % 900]} {words[1000 + self.number // 900 % 9000]}".title()


# ------------------------------------------------------------------------------------------------- shapes


@lru_cache
def entry_shape(direction: Direction, channel: str, kind: str = "customer") -> Document:
    """A message as it is stored, but for what differs from one to the next."""
    status = {"in": "handled", "out": "sent", "internal": "handled"}[direction]
    return Interaction(
        id="",
        kind="message" if direction != "internal" else "system",
        direction=direction,
        address="",
        key="",
        author=Author(kind, AGENTS[0] if kind == "agent" else None, "Olena" if kind != "bot" else ""),  # type: ignore[arg-type]  # the table above has only these
        content=Content(""),
        at=EPOCH,
        status=status,
        channel=channel,
        account="bench",
        customer_id="c",
        conversation_id="c",
        external_id="x" if direction != "internal" else None,
        attempts=1 if direction == "out" else 0,
        who={"name": "Olena Kovalenko", "language": "uk"} if direction == "in" else {},
    ).document()


@lru_cache
def conversation_shape(channel: str) -> Document:
    """A conversation as it is stored."""
    said = {"to": "", "address": "", "say": [{"text": "We have your message and answer soon."}], "flow": "hand_over"}
    return Conversation(
        id="",
        address="",
        channel=channel,
        account="bench",
        status="resolved",
        customer_id="",
        customer_name="",
        opened_at=EPOCH,
        last=Last(EPOCH, "", "customer", ""),
        language="uk",
        bot=BotState(data={"said": {"text": "where is my order", "times": 1}, "trail": ["Where is my order?"]}),
        said=said,
        runs=({"at": EPOCH, "flow": "hand_over", "outcome": "handed_over", "step": "start"},),
        rev=4,
        read_at=EPOCH,
    ).document()


# -------------------------------------------------------------------------------------------------- a chunk


class Making:
    """Makes one chunk of `span`."""

    def __init__(self, span: Span, number: int) -> None:
        self._span = span
        self._number = number
        self._chance = random.Random(number)
        self._tail = number.to_bytes(4, "big")
        self._made = 0
        self.chunk = Chunk()

    def __call__(self) -> Chunk:
        """All of it; entries in the order of their ids, as the log has them."""
        for n in range(NEW_PEOPLE):
            self._person(Person(self._number * NEW_PEOPLE + n))
        lengths = self._lengths()
        for n in range(CHUNK):
            self._conversation(n, lengths[n])
        for n in range(ORDERS):
            self._order(n)
        self._long()
        self._in_order()
        return self.chunk

    def _lengths(self) -> list[int]:
        """How many entries each conversation has: few have many; with the orders' they are ENTRIES on average."""
        lengths = [min(80, 2 + int(self._chance.expovariate(1 / 7.2))) for _ in range(CHUNK)]
        missing = CHUNK * ENTRIES - ORDERS * 2 - sum(lengths)
        for n in range(abs(missing)):
            at = n % CHUNK
            lengths[at] += 1 if missing > 0 else -1 if lengths[at] > 1 else 0
        lengths[0] += CHUNK * ENTRIES - ORDERS * 2 - sum(lengths)
        return lengths

    def _started(self) -> int:
        start, end = self._span.window(self._number)
        return self._chance.randrange(start, end)

    def _person(self, person: Person) -> None:
        start, _ = self._span.window(self._number)
        keys = [f"email:{person.who}"] if person.channel == "email" else []
        customer = Customer(person.customer, person.name, person.language, keys=tuple(keys), created_at=moment(start))
        words = [*person.name.casefold().split(), *(person.who.split("@") if keys else ())]
        self.chunk.customers.append({**customer.document(), "words": words, "writer": "00000000:1"})
        self.chunk.addresses.append(
            {
                "_id": person.address,
                "account": "bench",
                "channel": person.channel,
                "customer_id": person.customer,
                "in": {},
                "language": person.language,
                "last_in": moment(start),
                "name": person.name,
                "out": {"arrivals": 4},
                "reachable": True,
                "writer": "00000000:1",
            }
        )

    def _conversation(self, n: int, length: int) -> None:
        chance = self._chance
        new = n < NEW_PEOPLE
        everybody = (self._number + 1) * NEW_PEOPLE
        person = Person(self._number * NEW_PEOPLE + n if new else int(everybody * (1 - chance.random() ** 2)))
        id = id_of(f"conversation {self._number} {n}")
        at = opened = self._started()
        pause = 14_400_000 if person.channel == "email" else 120_000
        agent = (ME if chance.random() < 0.2 else chance.choice(AGENTS[1:])) if chance.random() < 0.6 else None
        talk = vocabulary(person.language)
        subject = talk.text(talk.said(chance, 4)) if person.channel in ("email", "webform") else ""
        last: Document = {}
        for turn in range(length):
            at = min(at + int(chance.expovariate(1 / pause)), self._span.until)
            direction: Direction = "in" if turn % 2 == 0 or chance.random() < 0.1 else "out"
            last = self._entry(person.address, person.channel, talk, direction, agent, at, subject)
            last |= {"customer_id": person.customer, "conversation_id": id}
        if new and chance.random() < 0.02:
            self._planned(n, last)
        # One in ten is not over, and nobody has two of those.
        status = chance.choices(("open", "pending", "snoozed"), (4, 3, 3))[0] if new and chance.random() < 0.25 else ""
        fields: Document = {
            "_id": id,
            "address": person.address,
            "reply_address": person.address,
            "thread": id_of(f"thread {id}") if person.channel == "email" else "",
            "status": status or "resolved",
            "active": bool(status),
            "customer": {"id": person.customer, "name": person.name},
            "opened_at": moment(opened),
            "last": {"at": moment(at), "preview": last["content"]["text"][:140], "author": "customer", "id": ""},
            "assignee": agent,
            "team": (chance.choice(MY_TEAMS) if chance.random() < 0.2 else chance.choice(TEAMS[2:]))
            if chance.random() < 0.5
            else None,
            "seen": {id_of(person.address): []},
            "writer": "00000000:1",
            "stamp": "",
        }
        if subject:
            fields |= {"subject": subject, "references": [f"{id}@example.org"]}
        if status == "snoozed":
            fields["snoozed_until"] = moment(self._span.until + chance.randrange(86_400_000, 30 * 86_400_000))
        if lead := chance.random() < 0.15:
            fields["lead"] = True
        self.chunk.conversations.append({**conversation_shape(person.channel), **fields})
        if lead:
            self._lead(person, id, moment(opened), agent or "")

    def _planned(self, n: int, last: Document) -> None:
        """Something is still to be done: an answer that waits for its time, or a call to make."""
        later = moment(self._span.until + self._chance.randrange(86_400_000, 30 * 86_400_000))
        if last["direction"] == "out":
            last |= {"status": "planned", "due_at": later}
            self.chunk.addresses[n]["out"] = {"arrivals": 5, "due_at": later}
        elif "raw" not in last:
            last |= {"kind": "call", "direction": "internal", "status": "to_do", "due_at": later}

    def _lead(self, person: Person, conversation: str, at: datetime, owner: str) -> None:
        chance = self._chance
        source = Source("form", "ride") if person.channel == "webform" else Source(person.channel)
        state = chance.choices(STATES, (1, 1, 1, 4, 3))[0]
        lead = Lead(self._id(at), conversation, person.customer, person.name, at, at, state, owner, source=source)
        self.chunk.leads.append({**lead.document(), "writer": "00000000:1"})

    def _entry(
        self,
        address: str,
        channel: str,
        talk: Vocabulary,
        direction: Direction,
        agent: str | None,
        at: int,
        subject: str = "",
    ) -> Document:
        chance = self._chance
        numbers = talk.said(chance, 3 + min(60, int(chance.expovariate(1 / (25 if channel == "email" else 8)))))
        text, number = talk.text(numbers), self._number * CHUNK * ENTRIES * 2 + self._made
        words = talk.found_by(numbers)
        author = "customer" if direction == "in" else "agent" if agent else "bot"
        content: Document = {"text": text}
        entry = {
            **entry_shape(direction, channel, author),
            "_id": at,  # until all are made and in order
            "address": address,
            "key": str(number),
            "content": content,
            "at": moment(at),
            "external_id": str(number),
            "words": words,
            "writer": "00000000:1",
        }
        if subject:
            content["subject"] = subject
        if direction == "out" and chance.random() < 0.002:
            entry |= {"status": "failed", "error": {"code": "rejected", "sentence": "The provider refused it."}}
        if direction == "in":
            self._raw(entry, address, channel, number, at // 1000, subject)
        self._made += 1
        self.chunk.interactions.append(entry)
        return entry

    @staticmethod
    def _raw(entry: Document, address: str, channel: str, number: int, at: int, subject: str) -> None:
        who, text = address.split(":", 2)[2], entry["content"]["text"]
        if channel == "telegram":
            entry["raw"] = {"body": (_TELEGRAM % (number, number, int(who), int(who), at, text)).encode()}
        elif channel == "email":
            raw = (_MAIL % {"id": f"{number:020d}", "who": who, "subject": subject, "text": text}).encode()
            digest = sha256(raw).hexdigest()
            entry |= {"raw": {"body": raw}, "data": {"sha256": digest}, "external_id": f"{number:020d}@example.org"}
            entry["key"] = f"{entry['external_id']} {digest[:32]}"
            entry["words"] = [digest[:40], *entry["words"]]

    def _order(self, n: int) -> None:
        """An order, and the two entries that tell of it."""
        chance = self._chance
        person = Person(self._number * NEW_PEOPLE + n)
        number = f"A-{self._number * ORDERS + n + 1000}"
        at = self._started()
        talk = vocabulary(person.language)
        steps = tuple(Step(status, moment(at), f"{number}-{status}") for status in ("created", "paid"))
        order = Order(
            id=self._id(moment(at)),
            number=number,
            source="bench",
            token=id_of(f"token {number}") + "abcd",
            customer_id=person.customer,
            status=chance.choice(("paid", "shipped", "delivered", "delivered", "delivered")),
            lines=(OrderLine("City bike", "1", "640"),),
            total="640",
            currency="EUR",
            contact=Contact(person.name, f"p{person.number}@example.org", "+380501112233"),
            language=person.language,
            history=steps,
            created_at=moment(at),
            updated_at=moment(at),
        )
        self.chunk.orders.append({**order.document(), "search": plain(number), "writer": "00000000:1"})
        told = self._entry(f"orders:bench:{number}", "orders", talk, "in", None, at)
        told |= {"kind": "order", "customer_id": person.customer}
        notice = self._entry(person.address, person.channel, talk, "out", None, at)
        notice |= {"kind": "notification", "customer_id": person.customer}
        for entry in (told, notice):
            del entry["conversation_id"]

    def _long(self) -> None:
        """This chunk's part of the conversation that never ends."""
        chunks, length = self._span.chunks, self._span.long
        share = length * (self._number + 1) // chunks - length * self._number // chunks
        talk = vocabulary("en")
        for at in sorted(self._started() for _ in range(share)):
            direction: Direction = "in" if self._chance.random() < 0.5 else "out"
            entry = self._entry(LONG_ADDRESS, "telegram", talk, direction, ME, at)
            entry |= {"customer_id": LONG_CUSTOMER, "conversation_id": LONG_CONVERSATION}
        if self._number:
            return
        person = Person(0)
        ids: Document = {"customer": {"id": LONG_CUSTOMER, "name": "Long Standing"}, "reply_address": LONG_ADDRESS}
        now = moment(self._span.until)
        fields: Document = {"_id": LONG_CONVERSATION, "address": LONG_ADDRESS, "status": "open", "active": True}
        fields |= {"opened_at": now, "last": {"at": now, "preview": "", "author": "customer", "id": ""}, "assignee": ME}
        self.chunk.conversations.append({**conversation_shape("telegram"), **fields, **ids})
        customer = Customer(LONG_CUSTOMER, "Long Standing", "en", created_at=now)
        self.chunk.customers.append({**customer.document(), "words": ["long", "standing"]})
        known = {"_id": LONG_ADDRESS, "customer_id": LONG_CUSTOMER, "name": "Long Standing"}
        self.chunk.addresses.append({**self.chunk.addresses[person.number], **known, "channel": "telegram"})

    def _id(self, at: datetime) -> str:
        self._made += 1
        return self._named((at - EPOCH) // timedelta(milliseconds=1))

    def _named(self, ms: int) -> str:
        return _written(((ms << 16) + self._made % 65_536).to_bytes(8, "big") + self._tail)

    def _in_order(self) -> None:
        """Entries get ids that rise with their times; what names one of them gets its id."""
        self.chunk.interactions.sort(key=_time)
        newest: dict[str, str] = {}
        for entry in self.chunk.interactions:
            self._made += 1
            entry["_id"] = self._named(entry["_id"])
            if "conversation_id" in entry:
                newest[entry["conversation_id"]] = entry["_id"]
        for conversation in self.chunk.conversations:
            id = newest[conversation["_id"]]
            conversation["last"]["id"] = conversation["stamp"] = id
            for address in conversation["seen"]:
                conversation["seen"][address] = [id]


def _time(entry: Mapping[str, Any]) -> int:
    return int(entry["_id"])


def chunk(span: Span, number: int) -> Chunk:
    """The chunk with this number, the same every time."""
    return Making(span, number)()
