"""What people mean, in three languages, with typing errors, and what they do not mean."""

import time

import pytest

from bot.intents import Intents
from bot.phrases import PHRASES
from bot.words import within_one, words

READ = Intents()


def intent(text: str) -> str | None:
    return READ.read(words(text))


@pytest.mark.parametrize(
    ("meant", "text"),
    [
        ("order_status", "Where is my order?"),
        ("order_status", "wheres my order"),
        ("order_status", "were is my order"),
        ("order_status", "When will my parcel arrive"),
        ("order_status", "my order has not arrived yet"),
        ("order_status", "What is the status of order 1042"),
        ("order_status", "can I track my pacakge please"),
        ("order_status", "hello, I want to know when my order will be delivered"),
        ("order_status", "Где мой заказ?"),
        ("order_status", "а заказ мой где"),
        ("order_status", "Подскажите когда приедет посылка"),
        ("order_status", "статус заказа 1042"),
        ("order_status", "что с моим заказом?"),
        ("order_status", "хочу узнать, когда привезут заказ"),
        ("order_status", "Де моє замовлення"),
        ("order_status", "де моє замовленя"),
        ("order_status", "коли прийде посилка?"),
        ("order_status", "що з моїм замовленням"),
        ("order_status", "статус замовлення, будь ласка"),
        ("order_mention", "my order 1042"),
        ("order_mention", "заказ 1042"),
        ("order_mention", "замовлення № 1042"),
        ("person", "agent"),
        ("person", "AGENT!!!"),
        ("person", "I want to talk to a person"),
        ("person", "real human please"),
        ("person", "opertaor"),
        ("person", "is there a live person about my order?"),
        ("person", "оператор"),
        ("person", "Оператора позовите"),
        ("person", "живой человек"),
        ("person", "позовите человека"),
        ("person", "человек"),
        ("person", "хочу поговорить с человеком"),
        ("person", "соедините с менеджером"),
        ("person", "людина"),
        ("person", "жива людина"),
        ("person", "хочу поговорити з людиною"),
        ("person", "з'єднайте з оператором"),
        ("person", "зв’яжіть мене з менеджером"),
        ("needs_person", "I want to cancel my order"),
        ("needs_person", "refund please"),
        ("lead", "I want to order a cake"),
        ("lead", "хочу купить велосипед"),
        ("lead", "хотіла б замовити торт"),
        ("delivery", "I gave the wrong address"),
        ("delivery", "can I change the delivery adress of order 1042"),
        ("delivery", "поменяйте, пожалуйста, адрес доставки"),
        ("delivery", "указала неверный адрес"),
        ("delivery", "змініть отримувача"),
        ("callback", "call me back"),
        ("callback", "please call me tomorrow"),
        ("callback", "Перезвоните мне завтра после обеда"),
        ("callback", "передзвоніть мені"),
        ("callback", "закажите мне звонок"),
        ("complaint", "I want to complain"),
        ("complaint", "my order came broken"),
        ("complaint", "хочу пожаловаться"),
        ("complaint", "товар пришел поврежденный"),
        ("complaint", "скарга на доставку"),
        ("hours", "when are you open?"),
        ("hours", "opening hours"),
        ("hours", "до скольки вы работаете"),
        ("hours", "график работы"),
        ("hours", "коли ви працюєте"),
        ("hours", "ви сьогодні відчинені?"),
        ("faq", "questions"),
        ("faq", "частые вопросы"),
        ("erasure", "delete my data"),
        ("erasure", "удалите мои данные"),
        ("erasure", "видаліть усі мої дані"),
        ("erasure", "please forget everything you know about me"),
        ("needs_person", "хочу отменить заказ"),
        ("lead", "хочу сделать заказ"),
        ("needs_person", "хочу вернуть деньги"),
        ("needs_person", "скасуйте замовлення"),
        ("delivery", "хочу змінити адресу"),
        ("language", "change language"),
        ("language", "Language"),
        ("language", "змінити мову"),
        ("language", "сменить язык"),
        ("lang:en", "do you speak English?"),
        ("lang:en", "english"),
        ("lang:ru", "можно по-русски?"),
        ("lang:ru", "на русском пожалуйста"),
        ("lang:uk", "українською"),
        ("lang:uk", "можна українською?"),
        ("lang:uk", "Українська"),
        ("menu", "/start"),
        ("menu", "меню"),
        ("menu", "допомога"),
        ("thanks", "thanks a lot!"),
        ("thanks", "Спасибо большое"),
        ("thanks", "дуже дякую вам"),
        ("bye", "bye"),
        ("bye", "до свидания"),
        ("bye", "до побачення"),
        ("greeting", "Hello"),
        ("greeting", "good morning"),
        ("greeting", "Добрый день!"),
        ("greeting", "Вітаю"),
        ("greeting", "доброго дня"),
        ("no", "нет"),
        ("thanks", "нет, спасибо"),
        ("yes", "так"),
        ("person", "мені потрібен оператор"),
        ("ok", "ок"),
        ("ok", "добре"),
    ],
)
def test_meant(meant: str, text: str) -> None:
    assert intent(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bla bla",
        "do you sell gluten free cakes",
        "а у вас есть торты без сахара",
        "торт на 10 человек",
        "торт на десять людей, скільки коштує",
        "thanks in advance, do you bake wedding cakes?",
        "русский медовый торт с вишней",
        "скільки коштує наполеон",
        "пока не решили какой торт брать на праздник",
        "👍",
        "12345",
        "мне нужен заказ на завтра",
    ],
)
def test_not_meant(text: str) -> None:
    assert intent(text) is None


@pytest.mark.parametrize(
    ("left", "right", "near"),
    [
        ("order", "order", True),
        ("order", "oder", True),
        ("order", "orrder", True),
        ("order", "ordre", True),
        ("order", "ordex", True),
        ("order", "", False),
        ("", "a", True),
        ("order", "oredre", False),
        ("abcd", "badc", False),
        ("abc", "cba", False),
        ("order", "rder", True),
        ("order", "orders", True),
    ],
)
def test_one_typing_error(left: str, right: str, near: bool) -> None:
    assert within_one(left, right) is near
    assert within_one(right, left) is near


def test_short_words_are_not_guessed() -> None:
    assert intent("mend") is None
    assert intent("пако") is None


def test_every_single_typing_error_in_a_long_word_is_forgiven() -> None:
    word = "замовлення"
    for at in range(len(word)):
        assert intent(f"де {word[:at]}{word[at + 1 :]}") == "order_status", at
        assert intent(f"де {word[:at]}ж{word[at:]}") == "order_status", at


def test_latin_letters_in_a_cyrillic_word() -> None:
    assert intent("где мoй зaкaз") == "order_status"


def test_nobody_waits_for_a_huge_text() -> None:
    for text in ("where order " * 200_000, "a" * 2_000_000, "ﷺ" * 500_000, "замовленн " * 100_000):
        started = time.thread_time()
        for _ in range(5):
            READ.read_all(words(text))
        assert (time.thread_time() - started) / 5 < 2


def test_phrases_are_written_as_words_are_normalised() -> None:
    for lines in PHRASES.values():
        for line in lines:
            for atom in line.lstrip("!=").replace("|", " ").split():
                assert words(atom.rstrip("*")) == (atom.rstrip("*"),), (atom, line)
