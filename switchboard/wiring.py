"""Puts the domain together on one database: stores, path, worker. The only place that knows every part."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot import Bot, Library, Studio
from bot import Settings as BotSettings
from channels import CHANNELS
from core.agents.duty import Duty
from core.amend import Amend
from core.calls import Calls
from core.channel import Account, Address, Line
from core.chat import store as chat
from core.chat.unread import Parts as UnreadParts
from core.chat.unread import Unread
from core.continuation import Continuation
from core.customers.identify import Identify
from core.customers.merge import Merge
from core.deliver import Deliver
from core.desk import Desk
from core.elsewhere import Elsewhere
from core.feed import Feed, conversation_changed, entry_changed, order_changed
from core.forms.confirm import Confirm, ConfirmLinks
from core.forms.handle import HandleForm
from core.forms.spam import Spam
from core.go_on import GoOn
from core.join import Join
from core.lead_desk import LeadDesk
from core.lines import Lines
from core.listen import Listen
from core.media import Media
from core.network import Network
from core.orders.delivery import Redirect
from core.orders.handle import HandleOrder
from core.orders.lookup import OrderLookup
from core.orders.notify import Notify, Reaches, Speaks
from core.orders.owner import Owner
from core.perform import Perform
from core.rating import AskRating
from core.receive import Receive, Replay
from core.restraint import Restraint
from core.revise import Revise
from core.route import Parts as RouteParts
from core.route import Route
from core.send import Send
from core.settings import Settings
from core.templates.word import Word
from core.typing import Typing
from core.unsubscribe import Unsubscribe
from core.worker import Parts as WorkerParts
from core.worker import Worker
from core.write_first import WriteFirst
from switchboard import selling
from switchboard.stores import Stores


@dataclass(frozen=True)
class Parts:
    """The domain at work: what rooms and commands are handed, each only what it uses.

    `leaving` is set once this process is about to stop, so that no new work is sent to it.
    """

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
    amend: Amend
    typing: Typing
    write_first: WriteFirst
    merge: Merge
    continuation: Continuation
    duty: Duty
    unread: Unread
    typists: chat.Typists
    worker: Worker
    calls: Calls
    bot: Bot
    studio: Studio
    lead_desk: LeadDesk
    leaving: asyncio.Event = field(default_factory=asyncio.Event)


def parts_on(stores: Stores, settings: Settings, table: Mapping[str, Line] = CHANNELS) -> Parts:
    """The domain on these stores; nothing runs yet."""
    feed = Feed()
    lines = Lines(stores.accounts, table, Network(settings.private_networks))
    typing = Typing(lines)
    send = Send(stores.interactions, stores.addresses, feed, lines.able)
    elsewhere = Elsewhere(
        stores.interactions,
        stores.addresses,
        send,
        feed,
        lines.able,
        lambda customer: _mail_of(stores, lines, customer),
    )
    receive = Receive(stores.interactions, stores.addresses, stores.files, stores.failed, feed, elsewhere)
    continuation = Continuation(stores.vault.purpose("continuation"))
    merge = Merge(
        stores.customers, stores.addresses, stores.interactions, (stores.conversations, stores.orders, stores.leads)
    )
    duty = Duty(stores.agents)
    unread = Unread(
        UnreadParts(stores.interactions, stores.addresses, stores.conversations, stores.customers, lines, send, feed)
    )
    lease = timedelta(seconds=settings.lease_seconds)
    deliver = Deliver(
        stores.interactions,
        stores.addresses,
        stores.files,
        feed,
        lines,
        Restraint(stores.addresses, stores.customers, lines),
        unsubscribe_links(stores, settings),
        Revise(stores.interactions, stores.conversations, feed),
        unread,
        elsewhere,
        selling.personal_links(stores, own_url(settings)).into,
        lease=lease,
        patience=timedelta(seconds=settings.send_seconds),
    )
    order_facts = OrderLookup(stores.orders)
    bot = Bot(bot_settings(settings), library_on(stores))
    redirect = Redirect(stores.orders, lambda order: feed.announce(order_changed(order)))
    perform = Perform(stores.interactions, send, feed, redirect)
    rating = AskRating(stores.interactions, stores.conversations, send, bot.asks_rating)
    lead_desk = selling.lead_desk(stores, feed)
    desk = Desk(
        stores.conversations,
        stores.interactions,
        stores.addresses,
        stores.agents,
        stores.teams,
        send,
        feed,
        perform,
        rating,
        lead_desk.spoken,
    )
    calls = Calls(stores.interactions, stores.conversations, feed)
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
            bot=bot,
            perform=perform,
            typing=typing,
            go_on=GoOn(
                continuation,
                stores.interactions,
                stores.conversations,
                stores.customers,
                stores.addresses,
                merge,
                feed,
                table,
            ),
            order_facts=order_facts,
            orders=orders_handler(stores, settings, feed, lines, send),
            forms=form_handler(stores, settings, feed, lines, send),
            leads=lead_desk.notice,
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
            calls=calls,
            leads=selling.lead_watch(stores, feed),
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
        replay=Replay(receive, stores.failed, lines, stores.interactions, feed),
        send=send,
        route=route,
        deliver=deliver,
        desk=desk,
        write_first=WriteFirst(stores.conversations, stores.customers, stores.addresses, desk, send, feed),
        amend=Amend(stores.interactions, stores.addresses, feed, lines.able),
        typing=typing,
        merge=merge,
        continuation=continuation,
        duty=duty,
        unread=unread,
        typists=chat.Typists(stores.database, feed),
        worker=worker,
        calls=calls,
        bot=bot,
        studio=Studio(bot, order_facts, lines.able, stores.persona),
        lead_desk=lead_desk,
    )


def library_on(stores: Stores) -> Library:
    """What the bot reads of its own: persona, opening hours, questions."""
    return Library(stores.persona.recent, stores.hours.recent, stores.faq.recent)


def bot_settings(settings: Settings) -> BotSettings:
    """What the operator's settings say of the bot."""
    return BotSettings(language=settings.languages[0], languages=tuple(settings.languages), country=settings.country)


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


def form_handler(stores: Stores, settings: Settings, feed: Feed, lines: Lines, send: Send) -> HandleForm:
    """What happens with submissions: they are given to whom their form says, and answered."""

    async def mail_account() -> str | None:
        account = await lines.first("email")
        return account.name if account else None

    return HandleForm(
        stores.forms,
        stores.conversations,
        stores.agents,
        stores.teams,
        send,
        confirm_links(stores, settings),
        mail_account,
        announce=lambda conversation: feed.announce(conversation_changed(conversation)),
    )


def spam(stores: Stores, settings: Settings, lines: Lines, receive: Receive) -> Spam:
    """What is held back, and how it comes in after all."""

    async def account(name: str) -> Account:
        return await lines.account("webform", name)

    return Spam(stores.caught, stores.forms, receive.keep, account, settings.country)


def confirming(stores: Stores, settings: Settings, feed: Feed) -> Confirm:
    """Writes down what people confirm by mail."""
    return Confirm(
        confirm_links(stores, settings),
        stores.interactions,
        stores.customers,
        announce=lambda entry: feed.announce(entry_changed(entry)),
    )


def confirm_links(stores: Stores, settings: Settings) -> ConfirmLinks:
    """The links in the mails that ask whether a consent was meant."""
    return ConfirmLinks(stores.vault.purpose("confirm"), own_url(settings))


def unsubscribe_links(stores: Stores, settings: Settings) -> Unsubscribe:
    """The links below automatic messages that need consent."""
    return Unsubscribe(stores.vault.purpose("unsubscribe"), own_url(settings))


async def _mail_of(stores: Stores, lines: Lines, customer_id: str) -> str:
    """Where a customer can be written to by mail; empty when no mail address of theirs is known, or no line for it."""
    customer = await stores.customers.get(customer_id) if "email" in lines.able else None
    account = await lines.first("email") if customer and customer.email else None
    return str(Address("email", account.name, customer.email)) if customer and account and customer.email else ""


def own_url(settings: Settings) -> str:
    """Where customers find this hub: the public address, else that of this machine, which is enough to try it."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104  # only compared
    return settings.public_url or f"http://{host}:{settings.port}"
