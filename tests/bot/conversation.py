"""Plays a conversation written as text (tests/bot/scripts/*.txt) with the bot, on one channel.

A script is a header, an empty line, and turns:

    channels: telegram webchat sms email      where it is played
    known: c1                                 the address belongs to this customer for certain
    language: en        device: uk            what is stored of the person; what their device says
    duty: off                                 nobody is on duty
    order: A-1042 shipped c1 +380671234567 ann@example.org promised=2026-05-12 url=https://… item=Honey cake
    from: ann@example.org                     what the channel says of the sender

    hours: mon-fri 9:00-18:00                 the opening hours; zone: Europe/Kyiv, day: 2026-05-09 closed
    at: 2026-05-04T20:30                      what time it is there
    faq: Question? | answer | further words   a frequently asked question, in place of the shipped ones

    customer: where is my order?              what they write; `[press VALUE]` presses a button (on a channel without
                                              buttons its number is typed), `[contact +380…]`, `[image]`, `[voice]` …
    bot: the answer, [Buttons] at its end     ` / ` stands for a new line; `(silence)` for no answer
    on: telegram                              the customer goes on there, and the conversation with them
    does: PlanCall(phone=…, …)                what the bot has done besides (the beginning of it)
    notes: – where is my order                a line of the note for people
    tags: complaint urgent                    how the conversation is marked for people
    handed over: reason                       the conversation is with people now; nothing may follow
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot import Bot, Library
from core.channel import Address, Arrival, Capabilities, Identity
from core.content import Button, Content, File, Location
from core.decide import BotState, Decision, OrderFacts, Person, Turn
from core.faq.question import DEFAULTS, Question
from core.fit import fit
from core.hours.hours import Hours
from core.hours.written import read_intervals, read_week

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
ABLE: Mapping[str, Capabilities] = {
    "telegram": Capabilities(max_text=4096, max_buttons=20, files=True, ask_phone=True),
    "webchat": Capabilities(max_text=8000, max_buttons=12, files=True, idempotent=True),
    "sms": Capabilities(max_text=1600),
    "email": Capabilities(subject=True, html=True, files=True),
}


class Orders:
    """Orders at hand, found as people type their number."""

    def __init__(self, *orders: OrderFacts) -> None:
        self.orders = list(orders)
        self.asked: list[str] = []

    async def of_customer(self, customer_id: str, limit: int = 5) -> list[OrderFacts]:
        """The customer's orders, in the order they were given."""
        return [order for order in self.orders if order.customer_id == customer_id][:limit]

    async def by_number(self, number: str) -> list[OrderFacts]:
        """The orders with this number; case, spaces and # aside."""
        self.asked.append(number)
        return [order for order in self.orders if _plain(order.number) == _plain(number)]

    async def by_token(self, token: str) -> OrderFacts | None:
        """The order whose number, in small letters, is the token."""
        return next((order for order in self.orders if _plain(order.number) == token), None)


def _plain(number: str) -> str:
    return re.sub(r"[\s#№]", "", number).lower()


def identity(value: str, verified: bool = False) -> Identity:
    """A mail or a phone, told by the @."""
    return Identity("email" if "@" in value else "phone", value, verified)


@dataclass
class Conversation:
    """The person's end of a conversation: what they say, and what route would keep between two messages."""

    able: Capabilities
    orders: Orders = field(default_factory=Orders)
    person: Person = field(default_factory=lambda: Person("c0"))
    device: str | None = None
    on_duty: bool = True
    now: datetime = NOW
    sender: tuple[Identity, ...] = ()
    bot: Bot = field(default_factory=Bot)
    state: BotState = field(default_factory=BotState)
    count: int = 0

    async def say(self, text: str = "", **more: Any) -> Decision:
        """Say `text` (with further fields of Arrival) and return the decision."""
        content = more.pop("content", Content(text=text))
        more.setdefault("identities", self.sender)
        arrival = Arrival(Address("x", "y", "z"), f"k{self.count}", content=content, language=self.device, **more)
        decision = await self.decide(arrival)
        self.count += 1
        # Kept as the conversation keeps it: in JSON.
        self.state = replace(decision.state, data=json.loads(json.dumps(dict(decision.state.data), ensure_ascii=False)))
        if decision.language:
            self.person = replace(self.person, language=decision.language)
        return decision

    async def decide(self, arrival: Arrival) -> Decision:
        """The bot's decision on `arrival`, nothing kept."""
        first, able = self.count == 0, self.able
        turn = Turn(arrival, self.state, self.person, able, self.orders, self.now, first=first, on_duty=self.on_duty)
        return await self.bot.decide(turn)


# ------------------------------------------------------------------------------------------------- scripts


def channels_of(script: str) -> list[str]:
    """Where the script wants to be played."""
    return _header(script)[0]["channels"].split()


async def play(name: str, text: str, channel: str) -> None:
    """Play the script on the channel; AssertionError at the line that goes otherwise."""
    header, orders, questions = _header(text)
    known = header.get("known")
    talk = Conversation(
        ABLE[channel],
        Orders(*orders),
        Person(known or "c0", language=header.get("language"), known=bool(known)),
        device=header.get("device"),
        on_duty=header.get("duty") != "off",
        sender=tuple(identity(value) for value in header.get("from", "").split()),
        now=_now(header),
        bot=Bot(library=_library(header, questions)),
    )
    expected: list[tuple[int, str, str]] = []
    start = text[: text.index("\n\n")].count("\n") + 2
    for number, line in enumerate(text.splitlines()[start:], start + 1):
        if line.strip() and not line.startswith("--"):
            who, _, what = line.partition(":")
            expected.append((number, who.strip(), what.strip()))
    heard: list[str] = []
    handed = ""
    did: list[str] = []
    decision = Decision()
    for number, who, what in expected:
        where = f"{name}:{number} on {channel}: {who}: {what}"
        if who == "customer":
            assert not did, f"{where}\n  also did {did}"
            assert not heard, f"{where}\n  not expected before it: {heard}"
            assert not handed, f"{where}\n  was handed over before: {handed}"
            decision = await _do(talk, what)
            heard = [seen(part) for content in decision.say for part in fit(content, talk.able)] or ["(silence)"]
            handed = decision.reason if decision.hand_over else ""
            did = [repr(act) for act in decision.acts]
        elif who == "on":
            talk.able = ABLE[what]
        elif who == "does":
            assert any(act.startswith(what) for act in did), f"{where}\n  but: {did}"
            did = [act for act in did if not act.startswith(what)]
        elif who == "notes":
            assert what in decision.summary.splitlines(), f"{where}\n  but: {decision.summary!r}"
        elif who == "tags":
            marks = [*decision.tags, *(["urgent"] if decision.urgent else []), *(["lead"] if decision.lead else [])]
            assert dict.fromkeys(marks) == dict.fromkeys(what.split()), f"{where}\n  but: {marks}"
        elif who == "bot":
            assert heard, f"{where}\n  nothing was said"
            said = heard.pop(0)
            assert said == _wanted(what, talk.able), f"{where}\n  but: {said}"
        elif who == "handed over":
            assert handed == what, f"{where}\n  but: {handed!r}"
        else:
            raise AssertionError(f"{where}\n  is no line of a script")
    assert not heard, f"{name} on {channel}: also said {heard}"
    assert not did, f"{name} on {channel}: also did {did}"
    assert bool(handed) == (expected[-1][1] == "handed over"), f"{name} on {channel}: handed over: {handed!r}"


def seen(content: Content) -> str:
    """A message as the person sees it, buttons in brackets."""
    return " ".join([content.text.replace("\n", " / "), *(f"[{button.label}]" for button in content.buttons)])


def _wanted(line: str, able: Capabilities) -> str:
    labels = re.findall(r"\[([^\]]+)\]", line)
    text = re.sub(r"\s*\[[^\]]+\]", "", line).replace(" / ", "\n")
    (content,) = fit(Content(text=text, buttons=tuple(Button(label, label) for label in labels)), able)
    return seen(content)


async def _do(talk: Conversation, what: str) -> Decision:
    act = re.fullmatch(r"\[(\w+)\s*([^\]]*)\]", what)
    if not act:
        return await talk.say(what.replace(" / ", "\n"))
    if act[1] == "press":
        offered = [value for _, value in talk.state.data["offered"]]
        assert act[2] in offered, f"{act[2]} is not among {offered}"
        return await (talk.say(choice=act[2]) if talk.able.max_buttons else talk.say(str(offered.index(act[2]) + 1)))
    if act[1] == "contact":
        return await talk.say(identities=(identity(act[2], verified=True),))
    if act[1] == "location":
        return await talk.say(content=Content(location=Location(50.45, 30.52)))
    return await talk.say(content=Content(text=act[2], files=(File("x", kind=act[1]),)))


def _header(text: str) -> tuple[dict[str, str], list[OrderFacts], list[Question]]:
    header: dict[str, str] = {}
    orders: list[OrderFacts] = []
    questions: list[Question] = []
    for line in text[: text.index("\n\n")].splitlines():
        name, _, value = line.partition(":")
        if name == "order":
            orders.append(_order(value))
        elif name == "faq":
            asked, answer, *more = (part.strip() for part in value.split("|"))
            language = header.get("language", "en")
            said = {language: " ".join(more)}
            questions.append(Question(f"q{len(questions)}", {language: asked}, {language: answer}, said))
        else:
            header[name.strip()] = value.strip()
    return header, orders, questions


def _now(header: Mapping[str, str]) -> datetime:
    at = datetime.fromisoformat(header["at"]) if "at" in header else NOW
    return at.replace(tzinfo=ZoneInfo(header.get("zone", "UTC"))).astimezone(UTC)


def _library(header: Mapping[str, str], questions: list[Question]) -> Library:
    day, _, times = header.get("day", "").partition(" ")
    days = {day: read_intervals(times)} if day else {}
    hours = Hours(header.get("zone", "UTC"), read_week(header["hours"]), days) if "hours" in header else None

    async def known_hours() -> Hours | None:
        return hours

    async def known_questions() -> tuple[Question, ...]:
        return tuple(questions) or DEFAULTS

    return Library(hours=known_hours, questions=known_questions)


def _order(line: str) -> OrderFacts:
    plain, *named = re.split(r"\s(?=(?:promised|url|item)=)", line.strip())
    number, status, customer, *identities = plain.split()
    values = [part.partition("=")[::2] for part in named]
    single = dict(values)
    promised = single.get("promised")
    return OrderFacts(
        number,
        "shop",
        status,
        lines=[value for name, value in values if name == "item"],
        promised=datetime.fromisoformat(promised).replace(hour=12, tzinfo=UTC) if promised else None,
        tracking_url=single.get("url"),
        identities=tuple(identity(value) for value in identities),
        customer_id=customer,
    )
