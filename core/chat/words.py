"""What our mails about a chat say, in each language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MailWords:
    """The sentences around what was said. Holes: title, name."""

    unread_subject: str
    unread: str
    wrote: str
    go_on: str
    answer: str
    transcript_subject: str
    transcript: str
    you: str
    bot: str
    not_you: str


WORDS = {
    "en": MailWords(
        unread_subject="{title}: an answer to your question in the chat",
        unread="You asked us something in the chat and had left when we answered:",
        wrote="{name} wrote:",
        go_on="Go on in the chat:",
        answer="Or simply answer this mail.",
        transcript_subject="{title}: your conversation in the chat",
        transcript="As you asked, here is our conversation in the chat:",
        you="You",
        bot="Assistant",
        not_you="If you did not write to us, somebody mistyped their address. You need not do anything.",
    ),
    "ru": MailWords(
        unread_subject="{title}: ответ на ваш вопрос в чате",
        unread="Вы спросили нас в чате и уже ушли, когда мы ответили:",
        wrote="{name}:",
        go_on="Продолжить в чате:",
        answer="Или просто ответьте на это письмо.",
        transcript_subject="{title}: ваш разговор в чате",
        transcript="Вы просили прислать разговор в чате, вот он:",
        you="Вы",
        bot="Помощник",
        not_you="Если вы нам не писали, кто-то ошибся адресом. Делать ничего не нужно.",
    ),
    "uk": MailWords(
        unread_subject="{title}: відповідь на ваше запитання в чаті",
        unread="Ви запитали нас у чаті й уже пішли, коли ми відповіли:",
        wrote="{name}:",
        go_on="Продовжити в чаті:",
        answer="Або просто дайте відповідь на цей лист.",
        transcript_subject="{title}: ваша розмова в чаті",
        transcript="Ви просили надіслати розмову в чаті, ось вона:",
        you="Ви",
        bot="Помічник",
        not_you="Якщо ви нам не писали, хтось помилився адресою. Робити нічого не потрібно.",
    ),
}


def words_in(language: str | None) -> MailWords:
    """The words in `language`, English where we do not speak it."""
    return WORDS.get(language or "", WORDS["en"])
