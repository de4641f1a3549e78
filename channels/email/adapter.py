"""The email channel: a mailbox read over IMAP, mail sent over SMTP.

`parse` reads one raw mail, or what a mail provider sent; `listen` fetches mails; `send` writes one. Message ids are
kept without angle brackets.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from channels.email import CAPABILITIES
from channels.email.account import MailAccount, read, receiving
from channels.email.addresses import domain_of
from channels.email.authenticity import OURS
from channels.email.authorise import sign_in
from channels.email.compose import compose
from channels.email.describe import described
from channels.email.events import events
from channels.email.parse import is_mail
from channels.email.parse import read as read_mail
from channels.email.providers import PROVIDERS
from channels.email.read import listen
from channels.email.renamed import renamed
from channels.email.sign import signed
from channels.email.smtp import Postman
from channels.email.tokens import Tokens
from channels.email.turns import Turns
from core.abilities import Described
from core.channel import Account, Event, Haul, Outbound, ReceivesWebhooks
from core.errors import NotThisFormat, Rejected, RetryLater, Unreadable
from core.keyring import Keyring
from core.network import ANYWHERE, Network


class Email:
    """One mail account. Making it does no I/O and never fails: wrong settings are told when they are needed."""

    name = "email"
    capabilities = CAPABILITIES

    def __init__(self, account: Account) -> None:
        self._account = account
        self._receiving, self._checked_here = receiving(account), receiving(account, OURS)
        self._postman: Postman | None = None
        self._turns = Turns(0)
        self._providers: dict[str, ReceivesWebhooks] = {}
        self._keyring: Keyring | None = None
        self._tokens: Tokens | None = None
        self._network = ANYWHERE

    def hold(self, keyring: Keyring) -> None:
        """Where refresh tokens are kept when the provider replaces them."""
        self._keyring = keyring

    def within(self, network: Network) -> None:
        """Where sign-in services may be. Mail servers may be anywhere: they are often in the same building."""
        self._network = network

    async def authorise(self, tell: Callable[[str], None], ask: Callable[[str], Awaitable[str]]) -> Mapping[str, str]:
        """A person signs in to this mailbox; returns the refresh token as a secret. Raises DeliveryError."""
        return {"oauth_refresh_token": await sign_in(self._settings(), tell, ask, self._network)}

    def provider(self, name: str) -> ReceivesWebhooks | None:
        """What reads and verifies the requests of a mail provider, always the same one; None for an unknown name."""
        if name in PROVIDERS and name not in self._providers:
            self._providers[name] = PROVIDERS[name](self._account)
        return self._providers.get(name)

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """The events in one raw mail, or in what the provider sent whose name is in the header `provider`.

        Raises NotThisFormat for what is no mail at all, Unreadable for the same from a mailbox (`uid` in `headers`) or
        from a mail server (`traced`: how many fields we put on top): there everything is somebody's mail, and is kept.
        `checked: here` says that the topmost Authentication-Results is ours.
        """
        if "provider" in headers:
            provider = self.provider(headers["provider"])
            if provider is None:
                raise NotThisFormat(f"There is no mail provider {headers['provider'][:60]}.")
            return provider.parse(body, headers)
        mail = read_mail(body)
        if not is_mail(mail.parts, int(headers.get("traced", "0"))):
            if "uid" in headers or "traced" in headers:
                raise Unreadable(headers.get("problem") or "This mail has no header that can be read.")
            raise NotThisFormat("This is not a mail: none of its first lines is a mail's header.")
        here = headers.get("checked") == "here"
        return events(mail, self._checked_here if here else self._receiving, headers)

    def describe(self, body: bytes, headers: Mapping[str, str]) -> Described | None:
        """The mail in `body` field by field, with its attachments. None for what a provider sent."""
        if "provider" in headers:
            return None
        mail = read_mail(body)
        if not is_mail(mail.parts):
            raise NotThisFormat("This is not a mail: none of its first lines is a mail's header.")
        return Described(described(mail), mail.files)

    async def listen(self, cursor: Mapping[str, Any] | None) -> AsyncGenerator[Haul, None]:
        """Hauls of at most 50 mails, oldest first, for ever. See `channels/email/read.py` for the cursor."""
        settings = self._settings()
        hauls = listen(settings, cursor, self._tokens_for(settings))
        try:
            async for haul in hauls:
                yield haul
        finally:
            await hauls.aclose()

    async def send(self, message: Outbound) -> str | tuple[str, ...]:
        """Hand one mail to the SMTP server and return its Message-ID, and the one that recipients see instead.

        Raises a DeliveryError.
        """
        try:
            account = self._settings()
        except Rejected as error:
            # The account is wrong, not the message: it waits until somebody has mended the settings.
            raise RetryLater(error.sentence, account_wide=True, code="setup") from error
        letter = compose(message, account, datetime.now(UTC))
        if self._postman is None:
            self._postman = Postman(account, self._tokens_for(account))
            self._turns = Turns(account.per_domain_seconds)
        await self._turns(domain_of(letter.recipient), message.id)
        if account.dkim is not None:
            body = await asyncio.to_thread(signed, letter.body, account.dkim)
            letter = replace(letter, body=body)
        other = renamed(await self._postman.deliver(letter), letter.message_id)
        return (letter.message_id, other) if other else letter.message_id

    async def close(self) -> None:
        """Let go of the SMTP connections."""
        if self._postman is not None:
            await self._postman.close()

    def _tokens_for(self, account: MailAccount) -> Tokens | None:
        if account.oauth is None:
            return None
        if self._tokens is None:  # reading and sending share one token
            self._tokens = Tokens(account.name, account.oauth, self._keyring, self._network)
        return self._tokens

    def _settings(self) -> MailAccount:
        return read(self._account)
