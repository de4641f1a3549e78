"""Mails a visitor the conversation they had, as they saw it, once per wish."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from core.channel import Address
from core.chat.site import Site
from core.chat.unread import Unread
from core.chat.words import words_in
from core.content import Content
from core.conversations.store import Conversations
from core.errors import Invalid
from core.interactions.interaction import Author, Interaction
from core.send import Send

LONGEST = 50_000


class Transcript:
    """What goes out is in the log like any other mail, so agents see that it was asked for."""

    def __init__(self, conversations: Conversations, send: Send, unread: Unread) -> None:
        self._conversations = conversations
        self._send = send
        self._unread = unread

    async def __call__(self, site: Site, entries: Sequence[Interaction], email: str, language: str | None) -> None:
        """Mail `entries`, which their visitor may see, to `email`. The same again is one mail.

        Raises Invalid: `nothing_said` when nobody answered yet (so nobody's words but our own are what makes a mail
        worth sending), `no_mail` when this site has no mail line.
        """
        account = await self._unread.account(site)
        if not site.transcripts or account is None:
            raise Invalid("no_mail", code="no_mail")
        if not any(entry.direction == "out" for entry in entries) or not any(e.direction == "in" for e in entries):
            raise Invalid("nothing_said", code="nothing_said")
        entries = [entry for entry in entries if entry.direction == "in" or entry.deleted_at is None]
        last = entries[-1]
        found = next((entry.conversation_id for entry in reversed(entries) if entry.conversation_id), None)
        conversation = await self._conversations.get(found) if found else None
        words = words_in(language)
        lines = [_line(entry, words.you, words.bot, site.title) for entry in entries]
        text = "\n\n".join([words.transcript, *lines])[:LONGEST]
        digest = sha256(f"{email}\n{last.id}".encode("utf-8", "replace")).hexdigest()[:32]
        await self._send(
            str(Address(account.channel, account.name, email)),
            Content(f"{text}\n\n{words.not_you}", subject=words.transcript_subject.format(title=site.title)),
            Author("system", name=site.title),
            key=f"transcript:{digest}",
            kind="notification",
            conversation=conversation,
        )


def _line(entry: Interaction, you: str, bot: str, title: str) -> str:
    if entry.direction == "in":
        name = you
    else:
        name = (entry.author.name or title) if entry.author.kind == "agent" else entry.author.name or bot
    said = entry.content.text.strip() or ", ".join(file.name for file in entry.content.files)
    return f"{name} · {_moment(entry.at)}\n{said}"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
