"""What the portal uses of the rest, put together in `switchboard/wiring.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from aiohttp import web
from jinja2 import Environment

from core.campaigns.click import Clicks
from core.campaigns.store import Campaigns
from core.channel import Capabilities
from core.chat.store import Typists
from core.chat.transcript import Transcript
from core.chat.unread import Unread
from core.content import Content
from core.conversations.store import Conversations
from core.feed import Feed
from core.files.store import Files
from core.forms.confirm import Confirm
from core.forms.spam import Spam
from core.forms.store import Forms
from core.hours.hours import Hours
from core.interactions.store import Interactions
from core.lines import Lines
from core.orders.order import Order
from core.receive import Receive
from core.unsubscribe import Unsubscribe
from portal.streams import Streams


class TracksOrders(Protocol):
    """The one question a customer's browser may ask about orders."""

    async def by_token(self, token: str) -> Order | None:
        """The order behind an unguessable token, or None."""
        ...


class Letter(Protocol):
    """A mail that reached a sample customer."""

    @property
    def at(self) -> datetime:
        """When it arrived."""
        ...

    @property
    def to(self) -> str:
        """Whom it reached."""
        ...

    @property
    def subject(self) -> str:
        """Its subject."""
        ...

    @property
    def text(self) -> str:
        """Its words."""
        ...

    @property
    def message_id(self) -> str:
        """Its Message-ID, to answer it."""
        ...


class Post(Protocol):
    """The sample shop's post office: a real SMTP server on this machine that nothing ever leaves."""

    @property
    def letters(self) -> Iterable[Letter]:
        """What the hub mailed to sample customers, newest first."""
        ...

    async def write(self, sender: str, subject: str, text: str, answers: str = "") -> None:
        """Mail the shop, as a customer's mail program would; `answers` is the Message-ID this replies to."""
        ...


@dataclass(frozen=True)
class Demo:
    """What the sample shop needs: the chat account and the form it shows, the order to try, and how to move it.

    `event(number, status)` tells the hub that the order `number` is now `status` (an unknown number makes an order)
    and returns the order. `contact` is the phone or mail the sample order was placed with.
    """

    site: str
    form: str
    order: str
    contact: str
    event: Callable[[str, str], Awaitable[Order]]
    find: Callable[[str], Awaitable[Order | None]]
    post: Post | None = None


@dataclass(frozen=True)
class Needs:
    """`signing_key` is for the portal alone. `visitor_ip` knows which proxies to trust. `demo` None: no sample data.

    `country` (two letters) is where phone numbers without a country code are. `people` are the first names of who is
    there. `telegram_link` makes of a Telegram line and a conversation ("": none yet) the link by which it goes on
    there; empty when the line has no bot that answers. `personal` marks campaign links in what is sent. Who takes
    nothing of what is sent for `slow_seconds` is let go, and catches up when it comes back.
    """

    receive: Receive
    lines: Lines
    interactions: Interactions
    files: Files
    forms: Forms
    spam: Spam
    confirm: Confirm
    campaigns: Campaigns
    clicks: Clicks
    personal: Callable[[Content, str, Capabilities], Content]
    orders: TracksOrders
    feed: Feed
    templates: Environment
    signing_key: str
    unsubscribe: Unsubscribe
    on_duty: Callable[[], Awaitable[bool]]
    conversations: Conversations
    typists: Typists
    unread: Unread
    transcript: Transcript
    people: Callable[[], Awaitable[Sequence[str]]]
    hours: Callable[[], Awaitable[Hours | None]]
    telegram_link: Callable[[str, str], Awaitable[str]] | None = None
    visitor_ip: Callable[[web.Request], str] = lambda request: request.remote or ""
    languages: Sequence[str] = ("en", "ru", "uk")
    country: str | None = None
    public_url: str | None = None
    demo: Demo | None = None
    slow_seconds: float = 20
    streams: Streams = field(default_factory=Streams)
