"""What one open chat is told of the log: each entry once, again only when something the visitor sees has changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from core.channel import Capabilities
from core.chat.typing import Typist
from core.conversations.conversation import Conversation
from core.feed import LAGGED, Change
from core.interactions import status
from core.interactions.interaction import Interaction
from portal.chat import frames
from portal.chat.files import Shares
from portal.chat.follower import Follower
from portal.chat.history import history
from portal.needs import Needs

REMEMBERED = 100


class TooFarBehind(Exception):
    """So much was missed that telling the newest of it would leave a gap: the browser is to begin anew."""


class News:
    """Follows the addresses of one visitor, and the conversation they are in."""

    __slots__ = ("_needs", "_read_at", "_send", "_sent", "_shares", "_unseen", "addresses", "conversation", "follower")

    def __init__(
        self,
        needs: Needs,
        shares: Shares,
        follower: Follower,
        addresses: Sequence[str],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        self._needs = needs
        self._shares = shares
        self._send = send
        self.follower = follower
        self.addresses = tuple(addresses)
        self.conversation = ""
        self._read_at = ""
        self._sent: dict[str, int] = {}  # entry → what was last sent of it, so that news are sent and repeats are not
        self._unseen: dict[str, tuple[str, str]] = {}  # messages of ours not read → their status, their address

    async def seen(self, entries: Sequence[Interaction]) -> dict[str, str]:
        """When people last looked, for the first frame; follows the newest conversation from now on."""
        for entry in entries:
            self._follow(entry)
        if not self.conversation:
            return {}
        known = await self._needs.conversations.get(self.conversation)
        if known is None or known.read_at is None:
            return {}
        self._read_at = frames.written(known.read_at)
        return {"seen": self._read_at}

    def _follow(self, entry: Interaction) -> None:
        if entry.conversation_id and entry.address == self.addresses[0] and entry.conversation_id != self.conversation:
            if self.conversation:
                self.follower.remove(f"conversation:{self.conversation}")
            self.conversation = entry.conversation_id
            self.follower.add(f"conversation:{self.conversation}")

    async def pass_on(self, change: Change) -> None:
        """Tell the browser what `change` means for it."""
        if change is LAGGED:
            last = max(self._sent, default=None)
            past = await history(self._needs.interactions, self.addresses, cursor=last)
            if not past.whole:
                raise TooFarBehind
            for entry in past.entries:
                await self._entry(entry)
        elif change.what == "interaction":
            value = change.value
            known = value if isinstance(value, Interaction) else await self._needs.interactions.get(change.id)
            if known is not None:
                await self._entry(known)
        elif change.what == "conversation" and isinstance(change.value, Conversation):
            await self._looked(change.value)
        elif change.what == "typing" and isinstance(change.value, Typist) and change.value.side == "agent":
            await self._send({"type": "typing", "name": change.value.name})

    async def _looked(self, conversation: Conversation) -> None:
        at = frames.written(conversation.read_at) if conversation.read_at else ""
        if conversation.id == self.conversation and at > self._read_at:
            self._read_at = at
            await self._send({"type": "seen", "at": at})

    async def _entry(self, entry: Interaction) -> None:
        if frames.shown(entry, self.addresses):
            self._follow(entry)
            known = self._sent.get(entry.id)
            frame = self.frame(entry)
            if self._sent[entry.id] != known:
                await self._send(frame)

    def frame(self, entry: Interaction) -> dict[str, Any]:
        """`entry` as the browser gets it, remembered as told."""
        told = entry
        if entry.direction == "out":
            # A link in it tells whose it was when it is followed.
            told = replace(entry, content=self._needs.personal(entry.content, entry.id, Capabilities()))
        frame = frames.entry_frame(told, self._shares.of(entry))
        self._sent.pop(entry.id, None)
        self._sent[entry.id] = hash(
            (entry.content.text, entry.status == status.READ, len(entry.content.files), entry.deleted_at is None)
        )
        if len(self._sent) > REMEMBERED:
            del self._sent[next(iter(self._sent))]
        if entry.direction == "out" and entry.status != status.READ:
            self._unseen[entry.id] = (entry.status, entry.address)
            if len(self._unseen) > REMEMBERED:
                del self._unseen[next(iter(self._unseen))]
        else:
            self._unseen.pop(entry.id, None)
        return frame

    def newly(self, seen: frames.Seen) -> list[tuple[str, str]]:
        """(id, address) of messages of ours of which the browser tells something new."""
        return [
            (id, address)
            for id, (now, address) in self._unseen.items()
            if id <= seen.upto and (seen.status == status.READ or now == status.SENT)
        ]

    def noted(self, ids: Sequence[str], *, read: bool, word: str) -> None:
        """It was written down."""
        for id in ids:
            if read:
                self._unseen.pop(id, None)
            elif id in self._unseen:
                self._unseen[id] = (word, self._unseen[id][1])
