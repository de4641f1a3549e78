"""What the inbox uses of the rest, put together in `switchboard/wiring.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web
from jinja2 import Environment

from core.accounts.store import Accounts
from core.addresses.store import Addresses
from core.agents.store import Agents
from core.amend import Amend
from core.campaigns.store import Campaigns
from core.channel import Capabilities, Line
from core.chat.store import Typists
from core.conversations.store import Conversations
from core.customers.merge import Merge
from core.customers.store import Customers
from core.desk import Desk
from core.feed import Feed
from core.files.store import Files
from core.forms.form import Form
from core.forms.spam import Spam
from core.forms.store import CaughtForms, Forms
from core.intake.store import FailedIntakes
from core.interactions.store import Interactions
from core.lead_desk import LeadDesk
from core.leads.store import Leads
from core.orders.order import Order
from core.teams.store import Teams
from core.templates.store import Templates
from core.typing import Typing
from core.write_first import WriteFirst
from inbox.bot_needs import BotNeeds
from inbox.presence import Presence
from inbox.tries import Tries


class KnowsOrders(Protocol):
    """What an agent may know of orders."""

    async def of_customer(self, customer_id: str, limit: int = 50) -> list[Order]:
        """The customer's orders, newest first."""
        ...


@dataclass(frozen=True)
class Needs:
    """`signing_key` is for the inbox alone. `table` holds each channel's `Line`, with the fields of its accounts.

    `replay` tries a failed intake again and returns a sentence about what became of it; it raises a RequestError.
    `visitor_ip` knows which proxies to trust. `wording` are the notifications' templates.
    `form_preview` is a form in a language with answers in it, as HTML that can send nothing.
    """

    interactions: Interactions
    conversations: Conversations
    customers: Customers
    addresses: Addresses
    agents: Agents
    teams: Teams
    accounts: Accounts
    files: Files
    intake: FailedIntakes
    orders: KnowsOrders
    leads: Leads
    lead_desk: LeadDesk
    campaigns: Campaigns
    merge: Merge
    feed: Feed
    desk: Desk
    typists: Typists
    amend: Amend
    typing: Typing
    write_first: WriteFirst
    wording: Templates
    table: Mapping[str, Line]
    able: Mapping[str, Capabilities]
    forms: Forms
    caught: CaughtForms
    spam: Spam
    form_preview: Callable[[Form, str, Mapping[str, str]], str]
    bot: BotNeeds
    templates: Environment
    signing_key: str
    replay: Callable[[str], Awaitable[str]]
    visitor_ip: Callable[[web.Request], str] = lambda request: request.remote or ""
    languages: Sequence[str] = ("en", "ru", "uk")
    public_url: str | None = None
    secure_cookies: bool = False
    session_hours: float = 12
    slow_seconds: float = 20
    presence: Presence = field(default_factory=Presence)
    tries: Tries = field(default_factory=Tries)
