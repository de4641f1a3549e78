"""A frequently asked question, as a value, and the ones every shop begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_QUESTION, MAX_ANSWER, MAX_WORDS = 200, 3000, 500


@dataclass(frozen=True, slots=True)
class Question:
    """`question`, `answer` and `words` by language (en, ru, uk). `words` are further words people ask it with.

    `place` orders the list. A question without an answer in the customer's language is answered in the first there is.
    """

    id: str
    question: Mapping[str, str]
    answer: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)
    place: int = 0
    enabled: bool = True

    def asked(self, language: str) -> str:
        """The question in this language, else in the first there is."""
        return _in(self.question, language)

    def answered(self, language: str) -> str:
        """The answer in this language, else in the first there is."""
        return _in(self.answer, language)


def _in(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or next((text for text in texts.values() if text), "")


DEFAULTS = (
    Question(
        "follow-order",
        {
            "en": "How do I follow my order?",
            "ru": "Как следить за заказом?",
            "uk": "Як стежити за замовленням?",
        },
        {
            "en": "Ask me “Where is my order?”, or open the link in the messages about your order: it shows each step.",
            "ru": "Спросите меня «Где мой заказ?» или откройте ссылку из сообщений о заказе: там виден каждый шаг.",
            "uk": "Запитайте мене «Де моє замовлення?» або відкрийте посилання з повідомлень про замовлення: там видно "
            "кожен крок.",
        },
        {"en": "track follow see progress link", "ru": "отслеживать трек ссылка", "uk": "відстежувати трек посилання"},
        10,
    ),
    Question(
        "change-delivery",
        {
            "en": "Can I change the delivery address?",
            "ru": "Можно ли изменить адрес доставки?",
            "uk": "Чи можна змінити адресу доставки?",
        },
        {
            "en": "Yes, until the order is shipped: write “change delivery” and I will do it with you.",
            "ru": "Да, пока заказ не отправлен: напишите «изменить доставку», и мы сделаем это вместе.",
            "uk": "Так, поки замовлення не відправлено: напишіть «змінити доставку», і ми зробимо це разом.",
        },
        {"en": "recipient possible", "ru": "получатель возможно", "uk": "отримувач можливо"},
        20,
    ),
    Question(
        "my-data",
        {
            "en": "What happens with my data?",
            "ru": "Что происходит с моими данными?",
            "uk": "Що відбувається з моїми даними?",
        },
        {
            "en": "We keep what you write and your orders, to answer you. Write “delete my data” to have it deleted.",
            "ru": "Мы храним вашу переписку и заказы, чтобы отвечать вам. Напишите «удалите мои данные», и их удалят.",
            "uk": "Ми зберігаємо ваше листування й замовлення, щоб відповідати вам. Напишіть «видаліть мої дані», і їх "
            "видалять.",
        },
        {"en": "privacy personal store gdpr", "ru": "персональные конфиденциальность", "uk": "персональні приватність"},
        30,
    ),
)
