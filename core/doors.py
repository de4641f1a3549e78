"""What stands behind a door beyond `verify` and `parse`, one protocol per ability. See `ReceivesWebhooks`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from core.channel import ReceivesWebhooks


class Fetches(Protocol):
    """Fetches over HTTPS on behalf of an adapter. Given by the door, which bounds time and size."""

    async def __call__(self, url: str, headers: Mapping[str, str]) -> bytes:
        """The body behind `url`. Raises RetryLater when it cannot be had now, Rejected when never."""
        ...


@runtime_checkable
class HasProviders(Protocol):
    """Is also reached through other services, each with a door of its own at `/webhooks/CHANNEL/ACCOUNT/PROVIDER`.

    The door hands `parse` the header `provider` with the name, in place of whatever came under it: what a provider
    sent is parsed, and replayed, by the adapter itself.
    """

    def provider(self, name: str) -> ReceivesWebhooks | None:
        """What verifies and reads the requests of provider `name`; None when there is none of that name."""
        ...


@runtime_checkable
class NeedsKeys(Protocol):
    """Its requests are signed with keys that are published on the web, so `verify` cannot have them from the start."""

    async def keys(self, body: bytes, headers: Mapping[str, str], fetch: Fetches) -> None:
        """Called before `verify`: have at hand what it will look up. Nothing in `body` is to be believed yet.

        Raises NotFromThem when the key is not the provider's, CannotStore when it cannot be fetched now.
        """
        ...


@runtime_checkable
class Completes(Protocol):
    """Its requests only name some of what they tell, or ask a question back."""

    async def complete(self, body: bytes, headers: Mapping[str, str], fetch: Fetches) -> bytes:
        """Called after `verify`: the body to parse and keep, with everything in it. Raises CannotStore."""
        ...


@runtime_checkable
class TakesLarge(Protocol):
    """Sends larger bodies than doors take otherwise: `max_body` is in bytes."""

    max_body: int
