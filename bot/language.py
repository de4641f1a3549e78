"""Which of our languages somebody writes: by letters first, by common words where the letters do not say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.words import words

LANGUAGES = ("en", "ru", "uk")

_UKRAINIAN = re.compile("[іїєґІЇЄҐ]")
_RUSSIAN = re.compile("[ыэъёЫЭЪЁ]")
_CYRILLIC = re.compile("[А-Яа-яІЇЄҐіїєґЁё]")
_LATIN = re.compile("[A-Za-z]")

_RUSSIAN_WORDS = frozenset(
    words(
        """
        где мой мои мое моего заказ заказа заказу заказе спасибо привет здравствуйте как что когда мне меня можно нужно
        есть не нет еще это добрый день пожалуйста хочу могу человек человека человеком оператора с почему сколько или
        если уже помогите доставка посылка номер придет или телефон почта знаю помню да меню язык русский но до свидания
        доброе утро
        """
    )
)
_UKRAINIAN_WORDS = frozenset(
    words(
        """
        де коли моє мого замовлення дякую дякуємо привіт вітаю добрий доброго день дня як що мене мені можна треба
        потрібно не немає це будь ласка хочу можу людина людину людиною оператора з чому скільки або якщо вже допоможіть
        доставка посилка номер прийде телефон пошта знаю памятаю так ні меню мова та але до побачення ще замовив
        замовила
        """
    )
)
_ENGLISH_WORDS = frozenset(
    words(
        """
        where when what how is are my your the order please thanks thank hello can could would like to talk person i it
        in on need want status has have not yet and of for you me with speak english good morning
        """
    )
)


def writes(text: str, said: Sequence[str]) -> str | None:
    """The language of `text`, or None when it does not say. `said` are its words (from `bot.words.words`)."""
    ukrainian, russian = len(_UKRAINIAN.findall(text)), len(_RUSSIAN.findall(text))
    if ukrainian or russian:
        return "uk" if ukrainian >= russian else "ru"
    if _CYRILLIC.search(text):
        different = set(said)
        as_russian, as_ukrainian = len(different & _RUSSIAN_WORDS), len(different & _UKRAINIAN_WORDS)
        if as_russian == as_ukrainian:
            return None
        return "ru" if as_russian > as_ukrainian else "uk"
    common = sum(word in _ENGLISH_WORDS for word in said)
    return "en" if common >= 2 or (common == 1 and len(said) <= 2) else None


def script_of(text: str) -> str | None:
    """`Cyrillic` or `Latin`, whichever `text` is mostly written in; None without letters of either."""
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if not cyrillic and not latin:
        return None
    return "Cyrillic" if cyrillic >= latin else "Latin"


def ours(language: str | None) -> str | None:
    """The one of our languages that a tag such as `uk-UA` or `en_GB` names, or None."""
    short = (language or "").strip().lower().replace("_", "-").split("-")[0]
    return short if short in LANGUAGES else None


def pick(chosen: str | None, stored: str | None, written: str | None, text: str, device: str | None) -> str | None:
    """The language to answer in, or None when nothing says.

    What was chosen in this conversation, else what is stored of the person, else what they write, else their device's.
    One exception: who writes Cyrillic is not answered in a stored English, nor the other way round.
    """
    if chosen:
        return chosen
    known = ours(stored)
    if known and written and script_of(text) != ("Latin" if known == "en" else "Cyrillic"):
        return written
    return known or written or ours(device)
