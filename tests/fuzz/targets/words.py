"""What people write in words of their own: the bot's readers, phone numbers, amounts, what is searched for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.heard import hear
from bot.identities import matches, read_identities
from bot.language import pick, writes
from bot.moments import read_wish
from bot.numbers import MAX_NUMBER, read_numbers, spellings
from bot.phones import e164, shown
from bot.planning import FARTHEST, SOON, day_in_words, in_words, settle
from bot.words import words as words_said
from channels.orders import Orders
from core.channel import Address, Arrival, Identity
from core.content import Content, clean
from core.errors import IntakeError, Invalid
from core.forms.check import as_date, as_mail, as_number, as_phone
from core.hours.hours import Hours, next_open, open_at
from core.hours.written import read_date, read_week, write_week
from core.interactions.interaction import storable
from core.interactions.words import words as stems
from core.leads.rules import amount_of, currency_of, rules_of
from core.orders.progress import happened
from inbox.composed import copies, mail_address
from switchboard.design.dates import money
from switchboard.design.environment import environment, hue, initials, paragraphs
from tests.channels import test_orders
from tests.fuzz.promises import in_whole_time, nothing_active, text_is_writable
from tests.fuzz.request import request, written
from tests.fuzz.target import ROOT, Target

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KYIV = ZoneInfo("Europe/Kyiv")
HOURS = Hours("Europe/Kyiv", read_week("mon-fri 9:00-13:00 14-18:00, sat 22:00-02:00"))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _heard(data: bytes) -> Any:
    choice, _, rest = _text(data).partition("\n")
    subject, _, text = rest.partition("\n")
    offered = {"offered": [["1. Where is my order?", "order_status"], ["Yes", "yes"], ["faq", "faq:x"]]}
    message = Arrival(Address("chat", "demo", "1"), "k", content=Content(text, subject=subject), choice=choice or None)
    return [hear(message, offered, letter) for letter in (False, True)]


def _short_and_writable(data: bytes, found: Any) -> None:
    text_is_writable(data, found)
    assert all(len(one.numbers.best(asked=True)) <= 3 for one in found)


_SAID = [
    b"\n\nWhere is my order #A-1042? Call 067 123 45 67 or ann@example.org",
    "lang:uk\nRe: Замовлення № 77\nДе моє замовлення 1042?\n> старе\nOn 1 Jan, Ann <a@b.c> wrote:\n> x".encode(),
    b"\n\n(2)",
    b"faq:x\n\n/start chat_0123456789",
    "\n\nХочу поговорить с человеком! номер заказа 2024-0042/A, а телефон +380 (67) 123-45-67".encode(),
]


def _wish(data: bytes) -> Any:
    wish = read_wish(_text(data))
    if wish is None:
        return None
    found = settle(wish, NOW, KYIV, HOURS)
    told = ""
    if isinstance(found, datetime):
        told = "".join(in_words(found, NOW, KYIV, language) for language in ("en", "ru", "uk"))
    return found, told, settle(wish, NOW, UTC)


def _soon_enough(_: bytes, found: Any) -> None:
    for at in (found[0], found[2]) if found else ():
        if isinstance(at, datetime):
            in_whole_time(at)
            assert NOW < at <= NOW + FARTHEST + SOON, f"{at} is no time to call"


_WISHES = [
    *("завтра после обеда", "half past five tomorrow", "23.11 о 17:30", "in 2 hours", "через полчаса", "за 3 дні"),
    *("on friday at 9 pm", "2027-02-29 10:00", "31.12.2026", "в четверг в без четверти шесть", "asap", "о 25:61"),
    *("понедельник утром", "next week", "через неделю", "the 31st at noon", "29.02", "tonight at 12"),
]


def _numbers(data: bytes) -> Any:
    text = clean(_text(data))
    found, given = read_numbers(text), read_identities(text)
    known = (Identity("phone", "+380671234567"), Identity("email", "ann@example.org"), Identity("phone", text[:40]))
    match = matches(given.all, known)
    ways = [spelled for number in found.best(asked=True) for spelled in spellings(number)]
    return found, given, match, ways, writes(text, words_said(text)), pick(None, text[:5], None, text, text[:9])


def _numbers_are_short(data: bytes, found: Any) -> None:
    text_is_writable(data * 4, found)
    assert all(len(number) <= MAX_NUMBER for number in found[0].best(asked=True))
    assert all(len(way) <= 2 * MAX_NUMBER for way in found[3])


def _fields(data: bytes) -> Any:
    text = _text(data)
    phone = as_phone(text, "UA")
    return phone, as_mail(text), as_number(text), as_date(text), e164(text, "UA"), shown(text)


def _fields_are_settled(data: bytes, found: Any) -> None:
    phone, mail, number, day, called, _ = found
    assert phone is None or as_phone(phone) == phone
    assert mail is None or as_mail(mail) == mail
    assert number is None or number.is_finite()
    assert day is None or isinstance(day, date)
    assert called == "" or e164(called, "GB") == called
    text_is_writable(data * 2, (phone, mail))


_TYPED = [b"067 123 45 67", b"+1 (202) 555-0143 ext. 5", b"ann@example.org", b"1 200,50", b"31.12.2026", b"2026-12-31"]


def _hours(data: bytes) -> Any:
    week, _, day = _text(data).partition("|")
    found = Hours("Europe/Kyiv", read_week(week))
    for at in (NOW, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)):
        opens = next_open(found, at)
        assert opens is None or open_at(found, opens)
    return found.week, read_week(write_week(found)), read_date(day) if day else ""


def _written_the_same(_: bytes, found: Any) -> None:
    assert found[0] == found[1], "what was written is read as something else"


_WEEKS = [
    b"mon-fri 9:00-13:00 14-18:00, sat 10:00-14:00, fri 22:00-02:00|12-25",
    b"sun-sat 24h|2026-02-29",
    b"wed closed",
]


def _amount(data: bytes) -> Any:
    amount, _, currency = _text(data).partition("|")
    rules_of(dict.fromkeys(("new", "contacted", "qualified"), amount), currency or "EUR")
    return (
        amount_of(amount),
        currency_of(currency or "EUR"),
        money(amount, currency, "uk"),
        money(data.decode("latin-1"), "EUR", "en"),
    )


def _searched(data: bytes) -> list[str]:
    return stems(_text(data), most=60)


def _stems_are_few(data: bytes, found: list[str]) -> None:
    text_is_writable(data * 4, found)
    assert len(found) <= 60
    assert all(0 < len(word) <= 60 for word in found)


def _shown(data: bytes) -> str:
    text = _text(data)
    initials(text)
    hue(text)
    return str(paragraphs(text))


_PAGE = environment(ROOT / "inbox" / "templates")
_MOMENT = _PAGE.from_string("{{ text | written_moment }} {{ text | length | filesize }}")


def _moment_shown(data: bytes) -> str:
    """A time that came in a mail, as a page shows it to a reader in some zone."""
    text, _, zone = _text(data).partition("|")
    return "".join(_MOMENT.render(text=text, zone=zone, language=language) for language in ("en", "uk"))


def _copied(data: bytes) -> Any:
    return copies(_text(data), ("help@shop.test",), "cc"), mail_address(_text(data))


def _order(data: bytes) -> Any:
    """An order event all the way to what is kept of the order."""
    headers, body = request(data)
    adapter = Orders(test_orders.ACCOUNT)
    found = []
    for event in adapter.parse(body, headers):
        if isinstance(event, Arrival):
            news = happened(storable(event.data), event.at or NOW, event.key)
            found.append((news, money(news.total, news.currency, "uk"), day_in_words(NOW.date(), NOW.date(), "en")))
    return found


def _orders() -> list[bytes]:
    return [written({}, case.body) for case in test_orders.TestContract.cases]


TARGETS: tuple[Target, ...] = (
    Target("bot.heard", _heard, lambda: _SAID, "text", (), (_short_and_writable,), 4, 300, 4_000),
    Target("bot.moment", _wish, lambda: [wish.encode() for wish in _WISHES], "text", (), (_soon_enough,), 3, 400, 600),
    Target("bot.numbers", _numbers, lambda: [one.partition(b"\n\n")[2] for one in _SAID], "text", (),
           (_numbers_are_short,), 3, 300, 3_000),
    Target("words.fields", _fields, lambda: _TYPED, "text", (), (_fields_are_settled,), 2, 300, 600),
    Target("words.hours", _hours, lambda: _WEEKS, "text", (Invalid,), (_written_the_same,), 2, 250, 1_500),
    Target("words.amount", _amount, lambda: [b"1,200.50|usd", b"24|EUR"], "text", (Invalid,), (), 1, 250, 400),
    Target("words.search", _searched, lambda: ["Замовлення orders ёлка ﬁne".encode()], "text", (), (_stems_are_few,), 1,
           250, 3_000),
    Target("words.paragraphs", _shown, lambda: [b"See https://x.test/a?b=c, ok. <b>"], "text", (), (nothing_active,), 1,
           250, 3_000),
    Target("words.moment", _moment_shown,
           lambda: [b"2026-11-24T10:00:00+00:00|Europe/Kyiv", b"9999-12-31T23:30:00-11:00|Etc/GMT-14", b"2026-11-24|x"],
           "text", (), (), 1, 200, 300, steady=False),
    Target("words.copies", _copied, lambda: [b"Koval, Olena <o@x.test>; a@b.co\nhelp@shop.test", "é@п.test".encode()],
           "text", (Invalid,), (), 1, 250, 2_000),
    Target("words.order", _order, _orders, "request", (IntakeError,), (), 2, 200, 12_000),
)  # fmt: skip
