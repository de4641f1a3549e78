"""Secrets that change while a line is at work, and how a line gets its first ones from a person who signs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, runtime_checkable


class Keyring(Protocol):
    """The secrets of one account as they are stored now."""

    async def read(self) -> Mapping[str, str]:
        """All of them, in clear; empty when the account was removed or changed by a person meanwhile."""
        ...

    async def keep(self, secrets: Mapping[str, str]) -> None:
        """Store new ones that the provider gave. What a person has entered meanwhile is not overwritten."""
        ...


@runtime_checkable
class RenewsSecrets(Protocol):
    """Is given new secrets by its provider while it works, such as a refresh token that replaces the last one."""

    def hold(self, keyring: Keyring) -> None:
        """Called once, before anything else. Without it new secrets last as long as the adapter."""
        ...


@runtime_checkable
class Authorises(Protocol):
    """A person signs in at the provider, once, so that the line may act for them."""

    async def authorise(self, tell: Callable[[str], None], ask: Callable[[str], Awaitable[str]]) -> Mapping[str, str]:
        """The secrets to keep. `tell` shows a line to the person, `ask` puts a question. Raises DeliveryError."""
        ...
