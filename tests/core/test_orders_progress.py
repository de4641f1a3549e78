"""How events change an order: in any order, however often."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from core.orders.order import Contact, Order, OrderLine, Step
from core.orders.progress import Happened, happened, is_latest, progress

START = datetime(2026, 11, 1, tzinfo=UTC)
ORDER = Order(id="o", number="A-1042", source="shop", token="t" * 24)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def news(status: str, hours: float, event: str = "", promised: datetime | None = None, **more: object) -> Happened:
    return Happened(Step(status, at(hours), event or f"{status}{hours}", promised), **more)  # type: ignore[arg-type]  # fields by name


def after(*events: Happened) -> Order:
    order = ORDER
    for one in events:
        order = progress(order, one)
    return order


def test_the_latest_by_the_shops_clock_is_the_status_whatever_came_last() -> None:
    order = after(news("created", 0), news("shipped", 3), news("paid", 1), news("in_production", 2))
    assert order.status == "shipped"
    assert [step.status for step in order.history] == ["created", "paid", "in_production", "shipped"]


def test_any_sequence_with_repetitions_gives_the_same_order() -> None:
    events = [
        news("created", 0, promised=at(100)),
        news("paid", 1),
        news("delayed", 2, promised=at(200)),
        news("shipped", 3),
        news("delayed", 4, promised=at(300)),
    ]
    dice = random.Random(7)
    wanted = after(*events)
    assert (wanted.status, wanted.promised, wanted.shown_status) == ("shipped", at(300), "delayed")
    for _ in range(50):
        shuffled = [*events, *dice.choices(events, k=5)]
        dice.shuffle(shuffled)
        assert after(*shuffled) == wanted


def test_the_same_event_twice_changes_nothing() -> None:
    order = after(news("paid", 1, "e1"))
    assert progress(order, news("paid", 1, "e1")) is order
    assert progress(order, news("paid", 1, "another id for the same")) is order
    assert progress(order, news("paid", 9, "e1")) is order


def test_a_delay_moves_the_date_and_keeps_the_progress() -> None:
    order = after(news("paid", 1, promised=at(50)), news("delayed", 2, promised=at(90)))
    assert (order.status, order.delayed, order.shown_status, order.promised) == ("paid", True, "delayed", at(90))
    order = progress(order, news("shipped", 3))
    assert (order.status, order.delayed, order.promised) == ("shipped", False, at(90))


def test_a_delay_that_comes_first_makes_a_created_order() -> None:
    assert after(news("delayed", 1)).status == "created"


def test_events_of_one_moment_are_sorted_as_they_usually_come() -> None:
    for pair in (("paid", "created"), ("created", "paid")):
        assert after(*(news(status, 1) for status in pair)).status == "paid"


def test_older_news_fills_only_what_is_empty() -> None:
    newer = news(
        "shipped", 3, total="20", contact=Contact("Ann", "new@example.org"), lines=(OrderLine("Table"),), language="uk"
    )
    older = news(
        "created",
        0,
        total="10",
        currency="EUR",
        contact=Contact("A.", "old@example.org", "+380"),
        tracking_url="https://x",
    )
    for order in (after(newer, older), after(older, newer)):
        assert (order.total, order.currency, order.tracking_url, order.language) == ("20", "EUR", "https://x", "uk")
        assert order.contact == Contact("Ann", "new@example.org", "+380")
        assert order.lines == (OrderLine("Table"),)


def test_only_the_latest_is_news() -> None:
    shipped, paid = news("shipped", 3), news("paid", 1)
    order = after(shipped, paid)
    assert is_latest(order, shipped.step)
    assert not is_latest(order, paid.step)


def test_each_promised_date_is_an_occasion_of_its_own() -> None:
    dates = {news("delayed", 1, promised=at(hours)).step.occasion for hours in (24, 25, 48)}
    assert dates == {"delayed:2026-11-02", "delayed:2026-11-03"}
    assert news("delayed", 1).step.occasion == "delayed"
    assert news("paid", 1, promised=at(24)).step.occasion == "paid"


def test_a_source_that_repeats_itself_for_ever_grows_nothing_for_ever() -> None:
    order = after(*(news("paid", hours) for hours in range(300)))
    assert len(order.history) == 200
    assert order.history[-1].at == at(299)


@pytest.mark.parametrize("data", [{}, {"status": "paid"}, {"status": "exploded", "order": {"number": "1"}}])
def test_an_entry_that_is_no_order_event_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no order event"):
        happened(data, START, "e")


def test_an_order_is_read_as_it_was_stored() -> None:
    order = after(
        news("paid", 1, promised=at(5), lines=(OrderLine("Table", "1", "5.00"),), contact=Contact("A", "a@b.c"))
    )
    assert Order.of(order.document()) == order
