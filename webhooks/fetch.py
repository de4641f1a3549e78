"""What a door fetches for an adapter: a certificate, a mail that was only named. Bounded in time, size and place."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver

from core.errors import Rejected, RetryLater
from core.network import FORBIDDEN, Forbidden, Network

PATIENCE = ClientTimeout(total=25, connect=10)  # seconds; providers wait 30 for our answer
LARGEST = 60 * 1024**2


class Fetch:
    """Fetches within `network`, wherever a request from outside points. `resolver` asks other name servers."""

    def __init__(self, network: Network, *, largest: int = LARGEST, resolver: AbstractResolver | None = None) -> None:
        self._network = network
        self._largest = largest
        self._resolver = resolver

    async def __call__(self, url: str, headers: Mapping[str, str]) -> bytes:
        """The body behind `url`, with redirects not followed: where they lead nobody has checked.

        Raises RetryLater when the server is away, slow or asks to wait, Rejected for every other answer, what is too
        large, and what is where the hub does not go.
        """
        connector = TCPConnector(socket_factory=self._network.socket, resolver=self._resolver)
        try:
            async with (
                ClientSession(connector=connector, timeout=PATIENCE, auto_decompress=True) as session,
                session.get(url, headers=headers, allow_redirects=False) as response,
            ):
                if response.status in (408, 425, 429) or response.status >= 500:
                    raise RetryLater(f"{response.url.host} answered {response.status}.", code=str(response.status))
                if response.status != 200:
                    raise Rejected(f"{response.url.host} answered {response.status}.", code=str(response.status))
                parts: list[bytes] = []
                size = 0
                async for part in response.content.iter_any():
                    size += len(part)
                    if size > self._largest:
                        raise Rejected("What was to be fetched is too large.", code="too_large")
                    parts.append(part)
                return b"".join(parts)
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            if isinstance(error, ClientConnectorError) and isinstance(error.os_error, Forbidden):
                raise Rejected(FORBIDDEN, code="private") from error
            # Never the address: it may hold what opens it.
            raise RetryLater(
                f"What was to be fetched could not be: {type(error).__name__}.", code="connection"
            ) from error
