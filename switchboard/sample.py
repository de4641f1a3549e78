"""Sample data: a small shop with its chat, form and orders, so that everything can be tried right after `make run`.

Everything comes in through the same doors as real things do: order events and messages are received, routed and
answered. Adding it twice changes nothing.
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from functools import partial

import orjson

from core.channel import Account, Address, Arrival, Parses
from core.content import Content
from core.errors import NotFound
from core.forms.form import Form, FormField, Option
from core.orders.order import Order
from portal.needs import Demo
from switchboard.postoffice import PostOffice
from switchboard.sample_bot import add_sample_bot
from switchboard.wiring import Parts

SITE, FORM, SHOP = "demo", "contact", "demo"
ORDER, CONTACT = "A-1042", "+380 50 111 22 33"

CONTACT_FORM = Form(
    name=FORM,
    account=FORM,
    title={"en": "Ask for an offer", "ru": "Запросить предложение", "uk": "Запитати пропозицію"},
    intro={
        "en": "Tell us what you are looking for; a person answers by mail.",
        "ru": "Расскажите, что вы ищете; человек ответит по почте.",
        "uk": "Розкажіть, що ви шукаєте; людина відповість поштою.",
    },
    fields=(
        FormField(
            "name", label={"en": "Your name", "ru": "Ваше имя", "uk": "Ваше ім’я"}, required=True, autocomplete="name"
        ),
        FormField("email", "email", {"en": "Mail", "ru": "Почта", "uk": "Пошта"}, required=True),
        FormField("phone", "phone", {"en": "Phone", "ru": "Телефон", "uk": "Телефон"}),
        FormField(
            "interest",
            "choice",
            {"en": "I am interested in", "ru": "Меня интересует", "uk": "Мене цікавить"},
            options=(
                Option("city", {"en": "A city bike", "ru": "Городской велосипед", "uk": "Міський велосипед"}),
                Option("cargo", {"en": "A cargo bike", "ru": "Грузовой велосипед", "uk": "Вантажний велосипед"}),
                Option("service", {"en": "Service", "ru": "Обслуживание", "uk": "Обслуговування"}),
            ),
        ),
        FormField("message", "long", {"en": "Message", "ru": "Сообщение", "uk": "Повідомлення"}, required=True),
        FormField(
            "consent",
            "consent",
            {
                "en": "You may use this to answer me.",
                "ru": "Вы можете использовать эти данные, чтобы ответить мне.",
                "uk": "Ви можете використати ці дані, щоб відповісти мені.",
            },
            required=True,
        ),
    ),
    button={"en": "Send", "ru": "Отправить", "uk": "Надіслати"},
    thanks={
        "en": "Thank you! We answer by mail, usually within a day.",
        "ru": "Спасибо! Мы ответим по почте, обычно в течение дня.",
        "uk": "Дякуємо! Ми відповімо поштою, зазвичай протягом дня.",
    },
)


def demo(parts: Parts, post: PostOffice | None) -> Demo:
    """What the sample shop's pages need."""
    orders = parts.stores.orders

    async def find(number: str) -> Order | None:
        return await orders.numbered(SHOP, number)

    async def event(number: str, status: str) -> Order:
        return await tell(parts, number, status)

    return Demo(site=SITE, form=FORM, order=ORDER, contact=CONTACT, event=event, find=find, post=post)


async def add_sample_data(parts: Parts, post: PostOffice | None) -> None:
    """Make the lines, the form and the sample shop's first days, unless they are there. Needs a running worker."""
    accounts = parts.stores.accounts
    there = {f"{account.channel}:{account.name}": account for account in await accounts.all()}
    if f"webchat:{SITE}" not in there:
        await accounts.save(Account("webchat", SITE, "Northwind Bikes", {"title": "Northwind Bikes"}))
    if f"webform:{FORM}" not in there:
        await accounts.save(Account("webform", FORM, "Contact form"))
        await parts.stores.forms.save(CONTACT_FORM)
    if f"orders:{SHOP}" not in there:
        secret = secrets.token_urlsafe(24)
        await accounts.save(Account("orders", SHOP, "Sample shop", secrets={"secret": secret}))
    if post is not None:
        post.deliver = partial(_mailed, parts)
        mailbox, known = post.account(), there.get("email:demo")
        if known is None or dict(known.settings) != dict(mailbox.settings):
            await accounts.save(mailbox)
    await add_sample_bot(parts.stores)
    if await parts.stores.orders.numbered(SHOP, ORDER) is None:
        await _first_days(parts)


async def _mailed(parts: Parts, raw: bytes) -> None:
    """Take in a mail to the sample shop, as a mailbox brings it."""
    account = await parts.lines.account("email", "demo")
    adapter = await parts.lines.get("email", "demo")
    if isinstance(adapter, Parses):
        await parts.receive.take(account, adapter, raw, {}, keep_foreign=True)


async def _first_days(parts: Parts) -> None:
    now = datetime.now(UTC)
    for number, customer, lines, statuses in _ORDERS:
        for n, status in enumerate(statuses):
            at = now - timedelta(hours=6 * (len(statuses) - n))
            await _send(parts, number, status, at, customer, lines)
    chat = await parts.lines.account("webchat", SITE)
    for visitor, name, language, text in _CHATS:
        address = Address("webchat", SITE, visitor)
        arrival = Arrival(address, "sample", content=Content(text), name=name, language=language)
        await parts.receive.keep(chat, [arrival])


async def tell(parts: Parts, number: str, status: str) -> Order:
    """Receive an order event, as the shop's webhook would bring it, and return the order once it is handled."""
    known = await parts.stores.orders.numbered(SHOP, number)
    at = datetime.now(UTC)
    before = known.updated_at if known else None
    await _send(parts, number, status, at, _ORDERS[0][1], _ORDERS[0][2])
    async with parts.feed.subscribe("orders") as changes:
        for _ in range(50):
            order = await parts.stores.orders.numbered(SHOP, number)
            if order is not None and order.updated_at != before:
                return order
            await changes.next(0.1)
    if order is None:
        raise NotFound("The order did not arrive; is a worker running?")
    return order


async def _send(
    parts: Parts, number: str, status: str, at: datetime, customer: dict[str, str], lines: list[dict[str, object]]
) -> None:
    body = orjson.dumps(
        {
            "id": f"{number}-{status}-{at.isoformat()}",
            "status": status,
            "occurred_at": at.isoformat(),
            "order": {
                "number": number,
                "customer": customer,
                "lines": lines,
                "total": str(sum(int(str(line["price"])) for line in lines)),
                "currency": "EUR",
                "promised_at": (at + timedelta(days=9 if status == "delayed" else 5)).date().isoformat(),
                **({"tracking_url": f"https://carrier.example/{number}"} if status == "shipped" else {}),
            },
        }
    )
    account = await parts.lines.account("orders", SHOP)
    adapter = await parts.lines.get("orders", SHOP)
    if isinstance(adapter, Parses):
        await parts.receive.take(account, adapter, body, {"content-type": "application/json"})
    await asyncio.sleep(0)


_ORDERS: list[tuple[str, dict[str, str], list[dict[str, object]], tuple[str, ...]]] = [
    (
        ORDER,
        {"name": "Olena Koval", "email": "olena@example.org", "phone": "+380501112233", "language": "en"},
        [
            {"name": "City bike “Dnipro”, green", "quantity": 1, "price": 640},
            {"name": "Front basket", "quantity": 1, "price": 45},
        ],
        ("created", "paid", "in_production"),
    ),
    (
        "A-1043",
        {"name": "Martin Weber", "email": "martin@example.org", "phone": "+4915112345678", "language": "en"},
        [{"name": "Cargo bike “Harbour”", "quantity": 1, "price": 2890}],
        ("created", "paid", "in_production", "shipped"),
    ),
    (
        "A-1044",
        {"name": "Ирина Соколова", "email": "irina@example.org", "phone": "+77011234567", "language": "ru"},
        [{"name": "Детский велосипед «Зебра»", "quantity": 2, "price": 180}],
        ("created", "paid", "in_production", "shipped", "delivered"),
    ),
]

_CHATS = (
    ("sample-1", "Sofia", "en", "Hello! I would like to talk to a person about a test ride, please."),
    ("sample-2", "Тарас", "uk", "Добрий день! З’єднайте мене, будь ласка, з людиною."),
)
