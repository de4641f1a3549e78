"""A door: reads a request within its limits, lets the adapter verify it, and says yes once it is kept.

A provider's door (`/webhooks/CHANNEL/ACCOUNT/PROVIDER`) lets the provider's reader verify it, and fetches what that
asks for: published keys before, and after it what the request only names.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import structlog
from aiohttp import ClientConnectionError, web
from aiohttp.web_exceptions import HTTPRequestEntityTooLarge

from core import clock
from core.channel import Account, Channel, Parses, ReceivesWebhooks
from core.doors import Completes, HasProviders, NeedsKeys, TakesLarge
from core.errors import CannotStore, NotFromThem, NotThisFormat, TooLarge, TooMany, UnknownAccount
from core.receive import LARGE, Kept
from webhooks.needs import Needs
from webhooks.room import Room, Space
from webhooks.strangers import Strangers

log = structlog.get_logger(__name__)

PATIENCE = 30.0  # seconds for a whole request
# What proves a request is of no use once it did: it is not handed on, and so neither kept nor shown with a payload.
_PROOF = re.compile(r"authorization|cookie|secret|token|password|api-?key")
_OPEN = nullcontext()
NO_DOOR = "There is no such line here. Check the address, and that the line was added and is switched on."


@dataclass(frozen=True, slots=True)
class _Way:
    """How requests are verified: by whom, after which keys were fetched, and how large they may be at most."""

    proves: ReceivesWebhooks
    keys: NeedsKeys | None = None
    max_body: int = 0


class _Bounded:
    """Counts what is in hand of `whose` while the block runs. Raises CannotStore where there are `most` already.

    These blocks and the room's are classes because every message passes them: a generator costs several times as much.
    """

    __slots__ = ("_in_hand", "_most", "_whose")

    def __init__(self, in_hand: Counter[str], whose: str, most: int) -> None:
        self._in_hand = in_hand
        self._whose = whose
        self._most = most

    def __enter__(self) -> None:
        if self._in_hand[self._whose] >= self._most:
            raise CannotStore("Too many requests are in hand already; please send it again.", after=1, code="busy")
        self._in_hand[self._whose] += 1

    def __exit__(self, *_: object) -> None:
        self._in_hand[self._whose] -= 1
        if not self._in_hand[self._whose]:
            del self._in_hand[self._whose]


class Doors:
    """All doors of this process."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._in_hand: Counter[str] = Counter()
        self._room = Room(needs.bytes_in_hand)
        self._strangers = Strangers()
        self._ways: dict[str, _Way] = {}

    async def receive(self, request: web.Request) -> web.Response:
        """POST /webhooks/CHANNEL/ACCOUNT: 200 `{"kept": n}` when all of it is durable. Raises an IntakeError."""
        account, adapter = await self._line(request)
        line = f"{account.channel}:{account.name}"
        way = self._way(line, adapter)
        if way is None:
            raise UnknownAccount(NO_DOOR)
        headers = headers_of(request)
        with self._room.of(line) as space:
            body = await self._verified(request, account, way, headers, space)
            with self._bounded(line):
                kept = await self._needs.receive.take(account, way.proves, body, _to_keep(headers))
        return _yes(kept)

    async def provided(self, request: web.Request) -> web.Response:
        """POST /webhooks/CHANNEL/ACCOUNT/PROVIDER: as `receive`, for a provider of the line. Raises an IntakeError."""
        account, adapter = await self._line(request)
        name = request.match_info["provider"]
        provider = adapter.provider(name) if isinstance(adapter, HasProviders) else None
        if provider is None or not isinstance(adapter, Parses):
            raise UnknownAccount(NO_DOOR)
        headers = {**headers_of(request), "provider": name}
        line = f"{account.channel}:{account.name}"
        way = self._way(f"{line}/{name}", provider) or _Way(provider)
        with self._room.of(line) as space:
            body = await self._verified(request, account, way, headers, space)
            with self._bounded(line):
                if isinstance(provider, Completes):
                    body = await provider.complete(body, headers, self._needs.fetch)
                    space.grow(len(body))
                # The adapter parses, not the provider: what is set aside is replayed by it in the same way.
                kept = await self._needs.receive.take(account, adapter, body, _to_keep(headers))
        return _yes(kept)

    async def _line(self, request: web.Request) -> tuple[Account, Channel]:
        channel, name = request.match_info["channel"], request.match_info["account"]
        if "\0" in channel + name or len(channel) + len(name) > 300:
            raise UnknownAccount(NO_DOOR)
        return await self._needs.lines.account(channel, name), await self._needs.lines.get(channel, name)

    def _way(self, door: str, proves: object) -> _Way | None:
        """How requests at this door are verified, None when there is none. Asked once for each adapter it has."""
        way = self._ways.get(door)
        if way is not None and way.proves is proves:
            return way
        if not isinstance(proves, ReceivesWebhooks):
            return None
        keys = proves if isinstance(proves, NeedsKeys) else None
        way = self._ways[door] = _Way(proves, keys, proves.max_body if isinstance(proves, TakesLarge) else 0)
        return way

    async def _verified(
        self, request: web.Request, account: Account, way: _Way, headers: Mapping[str, str], space: Space
    ) -> bytes:
        """The body, proved to be theirs, for as many bytes as there is room."""
        place = self._needs.visitor_ip(request)
        most = max(self._needs.max_body, way.max_body)
        length = request.content_length
        large = most > self._needs.max_body and (length is None or length > self._needs.max_body)
        # Before it is verified a request counts for the place it comes from, so that strangers fill no line's door.
        with self._bounded(f"from {place}"), self._bounded("large", self._needs.large_in_flight) if large else _OPEN:
            if length is not None and length <= most:
                await space.reserve(length)
            body = await read(request, most, space.grow)
            try:
                if way.keys is not None:
                    await way.keys.keys(body, headers, self._needs.fetch)
                # A large body is hashed away from the loop, which has others to serve meanwhile.
                if len(body) > LARGE:
                    await asyncio.to_thread(way.proves.verify, body, headers, clock.now())
                else:
                    way.proves.verify(body, headers, clock.now())
            except NotFromThem as error:
                self._turned_away(place, account.channel, account.name, error)
                raise
        return body

    def _bounded(self, whose: str, most: int | None = None) -> _Bounded:
        """At most `in_flight` requests of one place or line at once: none fills the memory or starves the others."""
        return _Bounded(self._in_hand, whose, self._needs.in_flight if most is None else most)

    def _turned_away(self, place: str, channel: str, name: str, error: NotFromThem) -> None:
        """Counts a failed verification; raises TooMany for a place that keeps failing.

        What is authentic is let in from there all the same: behind a proxy or a shared address, one stranger must not
        close the door for a provider.
        """
        wait = self._strangers.failed(place)
        if not wait:
            log.warning("webhooks.not_from_them", channel=channel, account=name, place=place, reason=error.sentence)
            return
        raise TooMany("Too many requests from here could not be verified. Check the secret and wait.", after=wait)


def _yes(kept: Sequence[Kept]) -> web.Response:
    new = sum([one.id is not None for one in kept])
    return web.Response(body=b'{"kept": %d}' % new, content_type="application/json")


async def read(request: web.Request, most: int, grown: Callable[[int], None] = lambda size: None) -> bytes:
    """The body, of at most `most` bytes; more is never held. Raises TooLarge, NotThisFormat, and what `grown` raises,
    which is told how much of it there is.
    """
    if request.content_length is not None and request.content_length > most:
        raise _too_large(most)
    if request.content.is_eof() and request.content_length is not None:
        # It came with its header, as most do: there is nothing to wait for.
        return request.content.read_nowait()
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.content.iter_any():
                size += len(part)
                if size > most:
                    raise _too_large(most)
                grown(size)
                parts.append(part)
    except HTTPRequestEntityTooLarge as error:
        raise _too_large(most) from error
    except TimeoutError as error:
        raise NotThisFormat(f"The request did not end within {PATIENCE:.0f} seconds.", code="too_slow") from error
    except (web.RequestPayloadError, ClientConnectionError, ValueError) as error:
        raise NotThisFormat("The request broke off or was not encoded as its headers say.") from error
    return b"".join(parts)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"This is larger than {most} bytes, the most this door accepts.")


def _to_keep(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in headers.items() if not _PROOF.search(name)}


def headers_of(request: web.Request) -> Mapping[str, str]:
    """The headers with names in lower case; of one that is there twice, the first counts, as in the adapters' docs."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), value)
    return headers
