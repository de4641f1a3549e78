"""Fetches attachments that are still at the provider, away from the lanes, so that a slow download delays nobody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from core import clock
from core.abilities import HoldsMedia
from core.channel import Address
from core.content import File
from core.deliver import pause
from core.errors import DeliveryError, RetryLater, UnknownAccount
from core.feed import Feed, entry_changed
from core.files.store import Files
from core.interactions.interaction import Interaction, content_document
from core.interactions.store import Interactions
from core.lines import Lines

log = structlog.get_logger(__name__)

PATIENCE = timedelta(minutes=2)
GIVE_UP = timedelta(hours=20)
STUMBLED = "It could not be fetched. Ask for it to be sent again."


class Media:
    """Fetches the attachments of one entry at a time."""

    def __init__(self, interactions: Interactions, files: Files, feed: Feed, lines: Lines) -> None:
        self._interactions = interactions
        self._files = files
        self._feed = feed
        self._lines = lines

    async def one(self) -> bool:
        """Fetch what is due next; False when nothing is."""
        now = clock.now()
        lease = now + PATIENCE + timedelta(seconds=10)
        entry = await self._interactions.claim_media(now, lease)
        if entry is None:
            return False
        files: list[File] = []
        again: datetime | None = None
        for file in entry.content.files:
            try:
                files.append(await self._fetched(entry, file))
            except RetryLater as error:
                if now - entry.at > GIVE_UP:
                    files.append(replace(file, problem=error.sentence))
                else:
                    files.append(file)
                    again = now + pause(4, error.after)
            except (DeliveryError, UnknownAccount) as error:
                files.append(replace(file, problem=error.sentence))
            except Exception as error:
                log.warning("media.stumbled", entry=entry.id, error=str(error)[:300])
                if now - entry.at > GIVE_UP:
                    files.append(replace(file, problem=STUMBLED))
                else:
                    files.append(file)
                    again = now + pause(6)
        content = replace(entry.content, files=tuple(files))
        await self._interactions.media_fetched(entry, content_document(content)["files"], lease, again)
        self._feed.announce(entry_changed(replace(entry, content=content)))
        return True

    async def _fetched(self, entry: Interaction, file: File) -> File:
        if file.sha256 or not file.source or file.problem:
            return file
        address = Address.of(entry.address)
        adapter = await self._lines.get(address.channel, address.account)
        if not isinstance(adapter, HoldsMedia):
            return replace(file, problem="This channel cannot hand over its files.")
        async with asyncio.timeout(PATIENCE.total_seconds()):
            data = await adapter.fetch(file)
        return replace(file, sha256=await self._files.put(data), size=len(data))
