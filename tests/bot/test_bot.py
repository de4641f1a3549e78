"""The bot at its edges: what it stays silent about, what it must never tell, and that nothing makes it fall over."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import Bot, Settings, Texts
from core.channel import Address, Arrival, Capabilities
from core.content import Content, File
from core.decide import BotState, OrderFacts, Person
from tests.bot.conversation import ABLE, Conversation, Orders, identity

ORDER = OrderFacts("A-1042", "shop", "shipped", identities=(identity("+380671234567"), identity("ann@example.org")))


def conversation(channel: str = "webchat", **more: Any) -> Conversation:
    return Conversation(ABLE[channel], **{"orders": Orders(ORDER), **more})


# ---------------------------------------------------------------------------------------------- silence


@pytest.mark.parametrize("channel", ABLE)
async def test_edits_and_automatic_mail_get_no_answer_and_change_nothing(channel: str) -> None:
    talk = conversation(channel)
    await talk.say("where is my order?")
    before = talk.state
    for more in ({"edits": "m1"}, {"data": {"automatic": True}}, {"kind": "order"}, {"kind": "click"}):
        decision = await talk.say("talk to a person", **more)
        assert (decision.say, decision.hand_over, decision.language) == ((), False, None)
        assert talk.state == before


async def test_a_line_that_only_receives_is_handed_over_without_a_word() -> None:
    talk = Conversation(Capabilities(sends=False))
    decision = await talk.say("hello")
    assert decision.hand_over
    assert decision.reason
    assert decision.say == ()


# ----------------------------------------------------------------------------------- what it must not tell


async def test_no_such_order_and_not_your_order_look_the_same() -> None:
    said = []
    for number in ("A-1042", "A-9999"):
        talk = conversation()
        asked = await talk.say(f"where is my order {number}?")
        wrong = await talk.say("bob@example.org")
        said.append((asked.say[0].text.replace(number, "N"), wrong.say, wrong.hand_over, wrong.state.step))
    assert said[0] == said[1]


@pytest.mark.parametrize("guess", ["1042", "7", "234567", "671234", "ann@example", "example.org", "+38067123456", "@"])
async def test_part_of_phone_or_mail_tells_nothing(guess: str) -> None:
    talk = conversation()
    await talk.say("order A-1042")
    decision = await talk.say(guess)
    assert "on its way" not in " ".join(content.text for content in decision.say)


async def test_wrong_tries_are_counted_over_the_whole_conversation() -> None:
    talk = conversation()
    for attempt in range(3):
        await talk.say("menu")
        decision = await talk.say(f"where is order A-1042, my mail is bob{attempt}@example.org")
    assert decision.hand_over
    assert decision.reason == "could not show whose order it is"


async def test_unverified_identities_of_the_customer_record_open_nothing() -> None:
    claimed = Person("c1", identities=(identity("ann@example.org"),))
    proven = Person("c1", identities=(identity("ann@example.org", verified=True),))
    assert (await conversation(person=claimed).say("where is order A-1042")).state.step == "identity"
    assert "on its way" in (await conversation(person=proven).say("where is order A-1042")).say[0].text


async def test_a_list_of_guesses_in_one_message_does_not_help() -> None:
    talk = conversation()
    await talk.say("order A-1042")
    decision = await talk.say(", ".join(f"guess{n}@example.org" for n in range(50)) + ", ann@example.org")
    assert "on its way" not in decision.say[0].text


async def test_few_lookups_for_one_message() -> None:
    orders = Orders()
    talk = conversation(orders=orders)
    await talk.say("orders " + " ".join(f"#A-{n}" for n in range(1000, 1200)) + " ann@example.org")
    assert 0 < len(orders.asked) <= 10


# -------------------------------------------------------------------------------------------- its answers


@pytest.mark.parametrize(
    "status", ["created", "paid", "in_production", "shipped", "delivered", "delayed", "cancelled", "refunded"]
)
@pytest.mark.parametrize("language", ["en", "ru", "uk"])
async def test_every_status_in_every_language(status: str, language: str) -> None:
    orders = Orders(replace(ORDER, status=status, customer_id="c1"))
    talk = conversation(orders=orders, person=Person("c1", language=language, known=True))
    (content,) = (
        (await talk.say("where is my order")).say if language == "en" else (await talk.say(choice="order_status")).say
    )
    assert Texts.load().say(language, f"status.{status}") in content.text
    assert "{" not in content.text


async def test_unknown_status_absurd_date_and_odd_link() -> None:
    for promised in (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        odd = replace(
            ORDER, status="teleported", promised=promised, tracking_url="javascript:alert(1)", customer_id="c1"
        )
        talk = conversation(orders=Orders(odd), person=Person("c1", known=True))
        text = (await talk.say("where is my order?")).say[0].text
        assert "a person has to look" in text
        assert "javascript" not in text


async def test_braces_in_an_order_are_just_braces() -> None:
    odd = replace(ORDER, number="{status}", lines=["{number.__class__}"], customer_id="c1")
    talk = conversation(orders=Orders(odd), person=Person("c1", known=True))
    assert "Order {status} ({number.__class__}): on its way" in (await talk.say("where is my order?")).say[0].text


async def test_unfinished_orders_first_three_at_most() -> None:
    orders = Orders(
        *(replace(ORDER, number=f"N{n}", status="paid" if n else "delivered", customer_id="c1") for n in range(5))
    )
    talk = conversation(orders=orders, person=Person("c1", known=True))
    text = (await talk.say("where is my order?")).say[0].text
    assert [f"N{n}" in text for n in range(5)] == [False, True, True, True, False]


async def test_an_old_order_of_a_known_person_is_found_by_its_number() -> None:
    orders = Orders(*(replace(ORDER, number=f"N-{n}", customer_id="c1") for n in range(9)))
    known = conversation(orders=orders, person=Person("c1", known=True))
    assert "Order N-8: on its way" in (await known.say("where is my order N-8?")).say[0].text
    unknown = conversation(orders=orders, person=Person("c1"))
    assert (await unknown.say("where is my order N-8?")).state.step == "identity"


async def test_the_language_is_learned_once_and_kept() -> None:
    talk = conversation(device="en")
    assert (await talk.say("Де моє замовлення?")).language == "uk"
    second = await talk.say("1042")
    assert second.language is None
    assert second.say[0].text.startswith("Дякую")


async def test_chosen_language_stays_although_they_write_another() -> None:
    talk = conversation()
    assert (await talk.say(choice="lang:en")).language == "en"
    decision = await talk.say("где мой заказ")
    assert decision.language is None
    assert decision.say[0].text.startswith("What is your order number")


async def test_company_name_in_the_greeting() -> None:
    talk = conversation(bot=Bot(settings=Settings(company="Honey & Co")))
    assert "the bot of Honey & Co" in (await talk.say("hi")).say[0].text


async def test_one_away_notice_in_a_conversation() -> None:
    talk = conversation(on_duty=False)
    first = await talk.say("agent")
    again = await talk.say("agent")  # it was given back to the bot in between
    assert first.say[0].text.startswith("Nobody is here")
    assert "Nobody is here" not in again.say[0].text
    assert again.hand_over


@pytest.mark.parametrize(
    "answer", ["1", "1.", " 1) ", "(1)", "1️⃣", "where is my order?", "1. Where is my order?", "WHERE IS MY ORDER"]
)
async def test_offered_choices_by_number_or_words(answer: str) -> None:
    talk = conversation("sms")
    await talk.say("hi")
    decision = await talk.say(answer)
    assert (decision.state.flow, decision.state.step) == ("order_status", "number")


async def test_a_number_outside_the_offer_picks_nothing() -> None:
    talk = conversation("sms", device="en")
    await talk.say("hi")
    assert (await talk.say("9")).state.misses == 1


async def test_choices_that_were_never_offered() -> None:
    for choice in ("", "nonsense", "lang:xx", "no_number", "../../etc", "x" * 10_000, "\ud800"):
        decision = await conversation().say(choice=choice)
        assert decision.say
        assert not decision.hand_over


async def test_photo_with_a_question_answers_the_question() -> None:
    content = Content(text="where is my order A-1042? ann@example.org", files=(File("x", kind="image"),))
    assert "on its way" in (await conversation().say(content=content)).say[0].text


async def test_new_mail_is_understood_by_its_subject() -> None:
    talk = conversation("email", sender=(identity("ann@example.org"),))
    content = Content(subject="Where is my order A-1042?", text="Hi, please tell me. Ann")
    assert "on its way" in (await talk.say(content=content)).say[0].text


async def test_quoted_words_of_ours_are_not_theirs() -> None:
    talk = conversation("email")
    text = (
        "Do you bake wedding cakes?\n\nOn Mon, 4 May 2026 at 09:00 Help <help@example.com> wrote:\nWhere is my order?"
    )
    decision = await talk.say(content=Content(subject="Re: Where is my order A-1042?", text=text))
    assert decision.reason == "the bot did not understand"


# ------------------------------------------------------------------------------------------- robustness

STATES = st.builds(
    BotState,
    flow=st.sampled_from(["", "order_status", "welcome", "gone"]),
    step=st.sampled_from(["", "number", "identity", "gone"]),
    data=st.dictionaries(
        st.sampled_from(["offered", "said", "tries", "numbers", "typed", "idle", "language", "written", "away_told"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "times"]), inner),
            max_leaves=6,
        ),
    ),
    misses=st.integers(0, 3),
)
PIECES = st.sampled_from(
    ["where", "order", "#", "1042", "№ А-1042", "ann@example.org", "+380671234567", "067 123", "де", "замовлення"]
) | st.sampled_from(
    [
        "оператор",
        "1",
        "english",
        "дякую",
        "\n> ",
        "\x00",
        "\ud800",
        "ß",
        "İ",
        "ﷺ",
        "١٢٣٤٥٦٧٨",
        "²³",
        "{number}",
        "wrote:",
    ]
)
TEXTS = st.text(st.characters(), max_size=200) | st.lists(PIECES, max_size=12).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, state=STATES, channel=st.sampled_from(sorted(ABLE)), choice=st.none() | TEXTS, known=st.booleans())
async def test_never_raises_and_returns_what_can_be_kept(
    text: str, state: BotState, channel: str, choice: str | None, known: bool
) -> None:
    talk = conversation(channel, person=Person("c1", known=known), state=state)
    arrival = Arrival(Address("x", "y", "z"), "k", content=Content(text=text, subject=text), choice=choice)
    decision = await talk.decide(arrival)
    json.dumps(dict(decision.state.data), ensure_ascii=False).encode()
    assert all(content.text.strip() for content in decision.say)
    for content in decision.say:
        content.text.encode()
        assert all(len(button.value.encode()) <= 60 for button in content.buttons)
    assert decision == await talk.decide(arrival)


@pytest.mark.parametrize("channel", ABLE)
@pytest.mark.parametrize(
    "piece", ["where order ", "1 ", "#1 ", "a@", "a@b.", "(", "+1(", "A-1-", "\n> ", "ﷺ", "on wrote", "ааааа ", "\n"]
)
async def test_huge_texts_are_answered_at_once(channel: str, piece: str) -> None:
    started = time.thread_time()
    await conversation(channel).say(piece * (1_000_000 // len(piece)))
    assert time.thread_time() - started < 10


async def test_it_does_not_talk_for_ever_to_another_bot() -> None:
    for lines in (
        ["Hello!"],
        ["Thank you!", "Bye!"],
        ["Your order is important to us"],
        ["Where is your order?", "Order status, please", "Track your order"],
        ["How can I help you?", "Hello!"],
        ["How can I help you?", "Help", "Menu", "Hello!", "Bye"],
        ["We value your opinion", "Hello!", "Thanks!"],
    ):
        talk = conversation()
        answers = 0
        for turn in range(60):
            decision = await talk.say(lines[turn % len(lines)])
            answers += bool(decision.say)
            if decision.hand_over:
                break
        assert answers <= 6, lines


async def test_our_own_words_sent_back_are_not_answered() -> None:
    talk = conversation()
    said = await talk.say("opening hours")
    assert (await talk.say(said.say[0].text)).say == ()


async def test_words_in_turns_and_a_flood_go_to_people() -> None:
    talk = conversation(person=Person("c1", language="en"))
    for n in range(12):
        decision = await talk.say(("Hello!", "Good day!")[n % 2])
        if decision.hand_over:
            break
    assert decision.reason == "the same words again and again"
    talk = conversation(person=Person("c1", language="en"))
    reasons = [(await talk.say(f"where is my order #{1000 + n}")).reason for n in range(25)]
    assert "messages come faster than a person writes" in reasons[20:]
    assert not any(reasons[:20])


async def test_commands_with_a_payload() -> None:
    for text in ("/start", "/start order-17", "/start where is my order", "/menu"):
        decision = await conversation("telegram").say(text)
        assert [button.value for button in decision.say[0].buttons] == list(Settings().menu), text
