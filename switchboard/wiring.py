"""Puts the domain together on one database: stores, path, worker. The only place that knows every part."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from bot import Bot
from channels import CHANNELS
from core.accounts import store as accounts
from core.accounts.secrets import Vault
from core.addresses import store as addresses
from core.agents import store as agents
from core.agents.duty import Duty
from core.channel import Line
from core.conversations import store as conversations
from core.customers import store as customers
from core.customers.identify import Identify
from core.customers.merge import Merge
from core.database import Database
from core.deliver import Deliver
from core.desk import Desk
from core.feed import Feed, entry_changed, order_changed
from core.files.store import Files
from core.forms import store as forms
from core.intake import store as intake
from core.interactions import store as interactions
from core.join import Join
from core.lines import Lines
from core.listen import Listen
from core.media import Media
from core.mongod import PrivateMongod
from core.orders import store as orders
from core.orders.handle import HandleOrder
from core.orders.lookup import OrderLookup
from core.orders.notify import Notify, Reaches, Speaks
from core.orders.owner import Owner
from core.receive import Receive, Replay
from core.restraint import Restraint
from core.route import Parts as RouteParts
from core.route import Route
from core.send import Send
from core.settings import Settings, secret_key
from core.templates import store as templates
from core.templates.word import Word
from core.unsubscribe import Unsubscribe
from core.worker import Parts as WorkerParts
from core.worker import Worker

# Every index of every collection: what `switchboard migrate` and each start bring up to date.
INDEXES = (
    *interactions.INDEXES,
    *addresses.INDEXES,
    *conversations.INDEXES,
    *customers.INDEXES,
    *orders.INDEXES,
    *accounts.INDEXES,
    *agents.INDEXES,
    *intake.INDEXES,
    *forms.INDEXES,
    *templates.INDEXES,
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
    failed: intake.FailedIntakes
    forms: forms.Forms
    templates: templates.Templates
    files: Files


@dataclass(frozen=True)
class Parts:
    """The domain at work: what rooms and commands are handed, each only what it uses."""

    settings: Settings
    stores: Stores
    feed: Feed
    lines: Lines
    receive: Receive
    replay: Replay
    send: Send
    route: Route
    deliver: Deliver
    desk: Desk
    merge: Merge
    duty: Duty
    worker: Worker


def stores_on(database: Database, settings: Settings) -> Stores:
    """The stores on a connected database."""
    vault = Vault(secret_key(settings).decode("utf-8", "replace"))
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
        failed=intake.FailedIntakes(database),
        forms=forms.Forms(database),
        templates=templates.Templates(database),
        files=Files(database),
    )


def parts_on(stores: Stores, settings: Settings, table: Mapping[str, Line] = CHANNELS) -> Parts:
    """The domain on these stores; nothing runs yet."""
    feed = Feed()
    lines = Lines(stores.accounts, table)
    receive = Receive(stores.interactions, stores.addresses, stores.files, stores.failed, feed)
    send = Send(stores.interactions, stores.addresses, feed, lines.able)
    merge = Merge(stores.customers, stores.addresses, stores.interactions, (stores.conversations, stores.orders))
    duty = Duty(stores.agents)
    lease = timedelta(seconds=settings.lease_seconds)
    deliver = Deliver(
        stores.interactions,
        stores.addresses,
        stores.files,
        feed,
        lines,
        Restraint(stores.addresses, stores.customers, lines),
        unsubscribe_links(stores, settings),
        lease=lease,
        patience=timedelta(seconds=settings.send_seconds),
    )
    order_facts = OrderLookup(stores.orders)
    route = Route(
        RouteParts(
            interactions=stores.interactions,
            addresses=stores.addresses,
            conversations=stores.conversations,
            customers=stores.customers,
            failed=stores.failed,
            feed=feed,
            lines=lines,
            send=send,
            identify=Identify(stores.customers, stores.addresses, merge),
            join=Join(stores.conversations, stores.interactions, stores.addresses, lines),
            duty=duty,
            bot=Bot(),
            order_facts=order_facts,
            orders=orders_handler(stores, settings, feed, lines, send),
        )
    )
    worker = Worker(
        WorkerParts(
            interactions=stores.interactions,
            addresses=stores.addresses,
            conversations=stores.conversations,
            feed=feed,
            route=route,
            deliver=deliver,
            media=Media(stores.interactions, stores.files, feed, lines),
            listen=Listen(stores.accounts, lines, receive, feed, lambda: settings.public_url),
            merge=merge,
        ),
        concurrency=settings.concurrency,
        lease=lease,
    )
    return Parts(
        settings=settings,
        stores=stores,
        feed=feed,
        lines=lines,
        receive=receive,
        replay=Replay(receive, stores.failed, lines, stores.interactions, stores.addresses),
        send=send,
        route=route,
        deliver=deliver,
        desk=Desk(stores.conversations, stores.interactions, stores.addresses, stores.agents, send, feed),
        merge=merge,
        duty=duty,
        worker=worker,
    )


def orders_handler(stores: Stores, settings: Settings, feed: Feed, lines: Lines, send: Send) -> HandleOrder:
    """What happens with order events: the customer is found and told."""

    async def mail_account() -> str | None:
        account = await lines.first("email")
        return account.name if account else None

    notify = Notify(
        stores.orders,
        stores.addresses,
        stores.interactions,
        Word(stores.templates),
        send,
        Reaches(lines.able, mail_account),
        Speaks(own_url(settings), settings.languages),
    )
    return HandleOrder(
        stores.orders,
        Owner(stores.customers),
        notify,
        announce=lambda order: feed.announce(order_changed(order)),
        announce_entry=lambda entry: feed.announce(entry_changed(entry)),
    )


def unsubscribe_links(stores: Stores, settings: Settings) -> Unsubscribe:
    """The links below automatic messages that need consent."""
    return Unsubscribe(stores.vault.purpose("unsubscribe"), own_url(settings))


def own_url(settings: Settings) -> str:
    """Where customers find this hub: the public address, else that of this machine, which is enough to try it."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104  # only compared
    return settings.public_url or f"http://{host}:{settings.port}"


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
