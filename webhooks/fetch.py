"""What a door fetches for an adapter: a certificate, a mail that was only named. Bounded in time and size."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import ClientError, ClientSession, ClientTimeout

from core.errors import Rejected, RetryLater

PATIENCE = ClientTimeout(total=25, connect=10)  # seconds; providers wait 30 for our answer
LARGEST = 60 * 1024**2


async def fetch(url: str, headers: Mapping[str, str], *, largest: int = LARGEST) -> bytes:
    """The body behind `url`, with redirects not followed: where they lead nobody has checked.

    Raises RetryLater when the server is away, slow or asks to wait, Rejected for every other answer and what is too
    large.
    """
    try:
        async with (
            ClientSession(timeout=PATIENCE, auto_decompress=True) as session,
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
                if size > largest:
                    raise Rejected("What was to be fetched is too large.", code="too_large")
                parts.append(part)
            return b"".join(parts)
    except (ClientError, TimeoutError, OSError, ValueError) as error:
        # Never the address: it may hold what opens it.
        raise RetryLater(f"What was to be fetched could not be: {type(error).__name__}.", code="connection") from error
