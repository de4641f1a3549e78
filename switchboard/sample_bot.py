"""What the sample shop's bot knows: its name, its opening hours, and what its customers often ask."""

from __future__ import annotations

from datetime import UTC, datetime

from core.hours.hours import Hours
from core.hours.written import read_week
from switchboard.stores import Stores

BY = "sample data"
COMPANY = "Northwind Bikes"
# Always open, so that whoever tries the shop may be customer and agent at any hour.
HOURS = Hours("Europe/Kyiv", read_week("mon-sun 24h"), {})


async def add_sample_bot(stores: Stores) -> None:
    """Set what is not set yet. Adding it twice changes nothing."""
    now = datetime.now(UTC)
    if not (await stores.persona.get()).company:
        await stores.persona.save(company=COMPANY, by=BY, now=now)
    if await stores.hours.get() is None:
        await stores.hours.save(HOURS, by=BY, now=now)
    there = {question.id for question in await stores.faq.all()}
    for id, (question, answer, words) in _QUESTIONS.items():
        if id not in there:
            await stores.faq.save(id, question=question, answer=answer, words=words, by=BY, now=now)


_Texts = dict[str, str]
_QUESTIONS: dict[str, tuple[_Texts, _Texts, _Texts]] = {
    "delivery-time": (
        {
            "en": "How long does delivery take?",
            "ru": "Сколько идёт доставка?",
            "uk": "Скільки триває доставка?",
        },
        {
            "en": "Two to five working days. A cargo bike comes by appointment.",
            "ru": "От двух до пяти рабочих дней. Грузовой велосипед привозим в назначенное время.",
            "uk": "Від двох до п’яти робочих днів. Вантажний велосипед привозимо в призначений час.",
        },
        {"en": "days fast ship courier", "ru": "срок дней долго курьер", "uk": "термін днів довго кур’єр"},
    ),
    "payment": (
        {"en": "How can I pay?", "ru": "Как можно оплатить?", "uk": "Як можна оплатити?"},
        {
            "en": "By card, by bank transfer, or in cash at the shop.",
            "ru": "Картой, банковским переводом или наличными в магазине.",
            "uk": "Карткою, банківським переказом або готівкою в магазині.",
        },
        {
            "en": "payment card cash credit invoice",
            "ru": "оплата карта наличные кредит счёт",
            "uk": "оплата картка готівка кредит рахунок",
        },
    ),
    "test-ride": (
        {
            "en": "Can I take a test ride?",
            "ru": "Можно ли прокатиться до покупки?",
            "uk": "Чи можна проїхатися перед покупкою?",
        },
        {
            "en": "Yes, at the shop during opening hours. Bring something with your name on it.",
            "ru": "Да, в магазине в часы работы. Возьмите с собой документ.",
            "uk": "Так, у магазині в години роботи. Візьміть із собою документ.",
        },
        {"en": "try testing ride", "ru": "тест тестовая попробовать поездка", "uk": "тест тестова спробувати поїздка"},
    ),
}
