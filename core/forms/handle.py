"""What becomes of a submission once it is in its conversation: who gets it, and what its sender is answered.

Called by `route` for every entry of kind `form`. Each step can be repeated: words are sent once per key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from core.agents.store import Agents
from core.channel import Address
from core.content import Content
from core.conversations.conversation import Conversation
from core.conversations.store import Conversations
from core.errors import Invalid
from core.forms.confirm import ConfirmLinks, pending
from core.forms.field import in_language
from core.forms.form import Form
from core.forms.store import Forms
from core.forms.wording import worded
from core.interactions.interaction import Author, Interaction
from core.teams.store import Teams
from core.templates.render import BrokenTemplate

log = structlog.get_logger(__name__)

# What the mail with the link says: subject, and the words around what was ticked.
CONFIRM = {
    "en": (
        "Please confirm",
        "{hello}you ticked on our site:\n\n{words}\n\nIs that right? Then open this page and press the button:\n"
        "{link}\n\nThe link works for a week. If it was not you, do nothing: without the button nothing happens.",
        "Hello {name}, ",
    ),
    "ru": (
        "Подтвердите, пожалуйста",
        "{hello}На нашем сайте вы отметили:\n\n{words}\n\nВсё верно? Тогда откройте страницу и нажмите кнопку:\n"
        "{link}\n\nСсылка действует неделю. Если это были не вы, ничего не делайте: без кнопки ничего не произойдёт.",
        "Здравствуйте, {name}! ",
    ),
    "uk": (
        "Підтвердьте, будь ласка",
        "{hello}На нашому сайті ви позначили:\n\n{words}\n\nУсе правильно? Тоді відкрийте сторінку й натисніть "
        "кнопку:\n{link}\n\nПосилання діє тиждень. Якщо це були не ви, нічого не робіть: без кнопки нічого не "
        "станеться.",
        "Вітаємо, {name}! ",
    ),
}


class Sends(Protocol):
    """`core.send.Send`."""

    async def __call__(
        self,
        address: str,
        content: Content,
        author: Author,
        *,
        key: str,
        conversation: Conversation | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Any:
        """Queue `content`, once per key. Raises Invalid when nothing can be sent there."""
        ...


@dataclass(frozen=True)
class HandleForm:
    """`mail` names the first mail line, None when there is none; `announce` tells pages of a conversation."""

    forms: Forms
    conversations: Conversations
    agents: Agents
    teams: Teams
    send: Sends
    links: ConfirmLinks
    mail: Callable[[], Awaitable[str | None]]
    announce: Callable[[Conversation], None]

    async def __call__(self, entry: Interaction, conversation: Conversation) -> Conversation:
        """Do all of it for `entry`; the conversation after it."""
        name, version = entry.data.get("form"), entry.data.get("version")
        if not isinstance(name, str) or not isinstance(version, int):
            return conversation
        form = await self.forms.version(name, version) or await self.forms.get(name)
        if form is None:
            return conversation
        conversation = await self._hand(form, entry, conversation)
        await self._answer(form, entry, conversation)
        await self._ask(entry, conversation)
        return conversation

    async def _hand(self, form: Form, entry: Interaction, conversation: Conversation) -> Conversation:
        """Give it to whom the form says, unless somebody has it."""
        fields: dict[str, Any] = {}
        if not form.lead and conversation.lead and conversation.last.id == entry.id and not conversation.assignee:
            fields["lead"] = False
        if form.assignee and not conversation.assignee:
            agent = await self.agents.get(form.assignee)
            if agent is not None and agent.active:
                fields["assignee"] = agent.id
        if form.team and not conversation.team and await self.teams.get(form.team):
            fields["team"] = form.team
        if missing := [tag for tag in form.tags if tag not in conversation.tags]:
            fields["tags"] = [*conversation.tags, *missing]
        if not fields:
            return conversation
        after = await self.conversations.change(conversation.id, fields, where={"rev": conversation.rev})
        if after is None:
            return conversation  # somebody else is at it, and what they do counts
        self.announce(after)
        return after

    async def _answer(self, form: Form, entry: Interaction, conversation: Conversation) -> None:
        language = str(entry.who.get("language") or "en")
        answer = in_language(form.answer, language)
        if not answer or conversation.reply_address in ("", conversation.address):
            return
        title = in_language(form.title, language, form.name)
        try:
            said = worded(in_language(form.subject, language, title), answer, title, str(entry.who.get("name", "")))
        except BrokenTemplate as error:
            log.warning("form.answer_broken", form=form.name, reason=error.sentence)
            return
        await self._say(conversation.reply_address, said.subject, said.body, f"form-answer:{entry.id}", conversation)

    async def _ask(self, entry: Interaction, conversation: Conversation) -> None:
        """Mail the link that makes a consent count."""
        consents = pending(entry)
        mail = next((one["value"] for one in entry.who.get("identities", ()) if one["kind"] == "email"), None)
        account = await self.mail() if consents and mail else None
        if account is None or mail is None:
            return
        language = str(entry.who.get("language") or "en")
        subject, text, hello = CONFIRM.get(language, CONFIRM["en"])
        name = worded("", "{{ customer.name }}", "", str(entry.who.get("name", ""))).body
        greeting = hello.format(name=name) if name else ""
        words = "\n".join(f"☑ {consent['words']}" for consent in consents)
        body = text.format(hello=greeting, words=words, link=self.links.link(entry.id))
        if not greeting:
            body = body[:1].upper() + body[1:]
        address = str(Address("email", account, mail))
        await self._say(address, subject, body, f"form-confirm:{entry.id}", conversation)

    async def _say(self, address: str, subject: str, body: str, key: str, conversation: Conversation) -> None:
        content = Content(text=body, subject=subject)
        try:
            await self.send(
                address, content, Author("system"), key=key, conversation=conversation, data={"automatic": True}
            )
        except Invalid as error:
            log.warning("form.not_answered", key=key, reason=error.sentence)
