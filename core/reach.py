"""Where a customer is reached: which of their addresses a message should go to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from core.addresses.address import KnownAddress
from core.channel import Capabilities

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def best(addresses: Sequence[KnownAddress], able: Mapping[str, Capabilities]) -> KnownAddress | None:
    """The address that most likely reaches the person: one that can be sent to and is not dead, the last used first.

    An address somebody only typed (never written from, not verified) comes last. None when there is none.
    """

    def reachable(address: KnownAddress) -> bool:
        channel = able.get(address.parts.channel)
        return address.reachable and channel is not None and channel.sends

    return max(
        filter(reachable, addresses),
        key=lambda a: (a.last_in is not None or a.verified, a.last_in or _NEVER, a.id),
        default=None,
    )


def others(addresses: Sequence[KnownAddress], besides: str, able: Mapping[str, Capabilities]) -> list[KnownAddress]:
    """The addresses other than `besides` that can be written to, the likeliest first."""
    left = [known for known in addresses if known.id != besides]
    found: list[KnownAddress] = []
    while (likeliest := best(left, able)) is not None:
        found.append(likeliest)
        left.remove(likeliest)
    return found
