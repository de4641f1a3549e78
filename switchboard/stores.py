"""The stores on one database, and how they are opened: what a hub is wired on, and what a command works with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.accounts import store as accounts
from core.accounts.secrets import Vault
from core.addresses import store as addresses
from core.agents import store as agents
from core.campaigns import store as campaigns
from core.chat import store as chat
from core.conversations import store as conversations
from core.customers import store as customers
from core.database import Database
from core.faq import store as faq
from core.files.store import Files
from core.forms import store as forms
from core.hours import store as hours
from core.intake import store as intake
from core.interactions import store as interactions
from core.leads import store as leads
from core.mongod import PrivateMongod
from core.orders import store as orders
from core.persona import store as persona
from core.secret_key import old_secret_keys
from core.settings import Settings, secret_key
from core.teams import store as teams
from core.templates import store as templates

# Every index of every collection: what `switchboard migrate` and each start bring up to date.
INDEXES = (
    *interactions.INDEXES,
    *addresses.INDEXES,
    *conversations.INDEXES,
    *customers.INDEXES,
    *orders.INDEXES,
    *accounts.INDEXES,
    *agents.INDEXES,
    *teams.INDEXES,
    *intake.INDEXES,
    *forms.INDEXES,
    *templates.INDEXES,
    *chat.INDEXES,
    *hours.INDEXES,
    *faq.INDEXES,
    *persona.INDEXES,
    *leads.INDEXES,
    *campaigns.INDEXES,
)


@dataclass(frozen=True)
class Stores:
    """Every collection, on one database."""

    database: Database
    vault: Vault
    interactions: interactions.Interactions
    addresses: addresses.Addresses
    conversations: conversations.Conversations
    customers: customers.Customers
    orders: orders.Orders
    accounts: accounts.Accounts
    agents: agents.Agents
    teams: teams.Teams
    failed: intake.FailedIntakes
    caught: forms.CaughtForms
    forms: forms.Forms
    templates: templates.Templates
    files: Files
    hours: hours.OpeningHours
    faq: faq.Faq
    persona: persona.Personas
    leads: leads.Leads
    campaigns: campaigns.Campaigns


def stores_on(database: Database, settings: Settings) -> Stores:
    """The stores on a connected database."""
    vault = Vault(secret_key(settings).decode("utf-8", "replace"), *old_secret_keys(settings))
    return Stores(
        database=database,
        vault=vault,
        interactions=interactions.Interactions(database),
        addresses=addresses.Addresses(database),
        conversations=conversations.Conversations(database),
        customers=customers.Customers(database),
        orders=orders.Orders(database),
        accounts=accounts.Accounts(database, vault),
        agents=agents.Agents(database),
        teams=teams.Teams(database),
        failed=intake.FailedIntakes(database),
        forms=forms.Forms(database),
        caught=forms.CaughtForms(database),
        templates=templates.Templates(database),
        files=Files(database),
        hours=hours.OpeningHours(database),
        faq=faq.Faq(database),
        persona=persona.Personas(database),
        leads=leads.Leads(database),
        campaigns=campaigns.Campaigns(database),
    )


async def migrated(stores: Stores) -> list[str]:
    """Bring indexes, and what documents must have for them, up to date; returns a line for each change."""
    changes = await stores.database.migrate(INDEXES)
    shelving = {"conversations": stores.conversations.shelve, "leads": stores.leads.shelve}
    for name, shelve in shelving.items():
        done = 0
        while found := await shelve():
            done += found
        if done:
            changes.append(f"{name}: {done:,} put on the shelves of their lists")
    return changes


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database that `settings` name: the private MongoDB (started, or attached to) when no URI is given."""
    if settings.mongodb_uri:
        database = Database.connect(settings.mongodb_uri, settings.database)
        try:
            yield database
        finally:
            await database.close()
        return
    async with PrivateMongod(settings.data, settings.mongod) as uri:
        database = Database.connect(uri, settings.database)
        try:
            yield database
        finally:
            await database.close()


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncIterator[Stores]:
    """The stores, for a command that runs and ends. Raises SetupError, with what to do, when they cannot be had."""
    async with open_database(settings) as database:
        await database.hello()
        yield stores_on(database, settings)
