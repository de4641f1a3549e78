"""`/chat/socket`: one visitor's conversation, live. A message is acked when it is in the log, and not before.

A socket costs one task, which reads. Writing what the log brings happens in a task that lives only while there is
something to write, so thousands of idle visitors cost next to nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

import orjson
import structlog
from aiohttp import WSMsgType, web

from core.channel import Account, Address, Arrival, Content, Receipt
from core.database import away
from core.errors import CannotStore, IntakeError, Invalid, UnknownAccount
from core.feed import LAGGED, Change
from core.interactions import status
from core.interactions.interaction import Interaction
from portal.chat import frames
from portal.chat.files import Shares
from portal.chat.follower import Follower
from portal.chat.history import History, history
from portal.chat.origin import allowed
from portal.chat.visitor import Visitors
from portal.language import said
from portal.limits import Buckets, Places
from portal.needs import Needs

log = structlog.get_logger(__name__)

HEARTBEAT = 30  # seconds between pings on a quiet line
HELLO_WITHIN = 10
SLOW = 20  # a browser that takes no bytes for so long is let go; it catches up from its cursor
MOST_PER_VISITOR = 20
MOST_MISTAKES = 20
REMEMBERED = 100

# Close codes of our own (RFC 6455, 7.4.2); the widget tries again after all but the 440x below 4408.
NOT_UNDERSTOOD, NOT_HERE, NO_SUCH_SITE, NO_HELLO, TOO_MANY = 4400, 4403, 4404, 4408, 4429
TRY_AGAIN = 1013


class Chat:
    """The room's chat: what all sockets of this process share."""

    def __init__(self, needs: Needs) -> None:
        self.needs = needs
        self.visitors = Visitors(needs.signing_key)
        self.shares = Shares(needs.signing_key)
        self.messages = Buckets(burst=20, per_second=1)
        self.strangers = Places(burst=60, per_second=0.5)
        self.open: Counter[str] = Counter()

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """GET /chat/socket."""
        ws = web.WebSocketResponse(heartbeat=HEARTBEAT, compress=False, max_msg_size=frames.MAX_FRAME)
        await ws.prepare(request)
        with self.needs.streams.socket(ws):
            conversation = Conversation(self, ws)
            try:
                if await conversation.begin(request):
                    await conversation.listen()
            except (ConnectionError, TimeoutError):
                pass  # the line is gone; the browser comes back
            except Exception as error:
                if not away(error) and not isinstance(error, CannotStore):
                    log.exception("chat.stumbled", address=str(conversation.address))
                with suppress(ConnectionError, RuntimeError):
                    await ws.close(code=TRY_AGAIN)
            finally:
                conversation.end()
        return ws


class Conversation:
    """One open socket."""

    __slots__ = (
        "account",
        "address",
        "chat",
        "follower",
        "language",
        "page",
        "pump",
        "ready",
        "sent",
        "unseen",
        "ws",
    )

    def __init__(self, chat: Chat, ws: web.WebSocketResponse) -> None:
        self.chat = chat
        self.ws = ws
        self.account: Account
        self.address: Address | None = None
        self.language: str | None = None
        self.page: dict[str, str] = {}
        self.follower: Follower | None = None
        self.ready = False
        self.pump: asyncio.Task[None] | None = None
        self.sent: dict[str, int] = {}  # entry → what was last sent of it, so that news are sent and repeats are not
        self.unseen: dict[str, str] = {}  # messages of ours the visitor has not read → their status

    # -------------------------------------------------------------------------------------------- beginning

    async def begin(self, request: web.Request) -> bool:
        """Say hello; False when there is nobody to talk to, and the socket is closed."""
        needs = self.chat.needs
        first = await self.ws.receive(timeout=HELLO_WITHIN)
        if first.type is not WSMsgType.TEXT:
            await self._refuse("not_understood", NO_HELLO)
            return False
        try:
            hello = frames.read_frame(first.data)
        except Invalid:
            hello = frames.Ping()
        if not isinstance(hello, frames.Hello):
            await self._refuse("not_understood", NOT_UNDERSTOOD)
            return False
        self.language = hello.language
        self.page = dict(hello.page)
        try:
            self.account = await needs.lines.account("webchat", hello.site)
        except UnknownAccount:
            await self._refuse("no_such_site", NO_SUCH_SITE)
            return False
        if not allowed(self.account, request.headers.get("Origin"), request.host, needs.public_url):
            await self._refuse("not_here", NOT_HERE)
            return False
        visitor = self.chat.visitors.known(hello.site, hello.token)
        if visitor is None:
            if wait := self.chat.strangers.take(needs.visitor_ip(request)):
                await self._refuse("too_many", TOO_MANY, after=wait)
                return False
            visitor = self.chat.visitors.new(hello.site)
        address = Address("webchat", self.account.name, visitor.id)
        if self.chat.open[str(address)] >= MOST_PER_VISITOR:
            await self._refuse("too_many", TOO_MANY, after=30)
            return False
        self.address = address
        self.chat.open[str(address)] += 1
        # Follow first, then read: what happens in between comes twice rather than never.
        self.follower = Follower(needs.feed, [f"address:{address}"], self._wake)
        past = await history(needs.interactions, str(address), cursor=None if visitor.new else hello.cursor)
        on_duty = await needs.on_duty()
        await self._send(
            {
                "type": "welcome",
                "token": visitor.token,
                "site": self.account.name,
                "title": str(self.account.settings.get("title") or self.account.title),
                "on_duty": on_duty,
                "cursor": past.entries[-1].id if past.entries else None,
                **self._past(past),
                "whole": past.whole,
            }
        )
        self.ready = True
        self._wake()
        return True

    def _past(self, past: History) -> dict[str, Any]:
        return {"history": [self._frame(entry) for entry in past.entries], "more": past.more}

    async def _refuse(self, code: str, close: int, *, after: float | None = None) -> None:
        with suppress(ConnectionError, RuntimeError):
            await self._error(code, after=after)
        await self.ws.close(code=close, message=code.encode())

    def end(self) -> None:
        """Called once, however it ended."""
        if self.follower is not None:
            self.follower.close()
            self.chat.open[str(self.address)] -= 1
            if self.chat.open[str(self.address)] <= 0:
                del self.chat.open[str(self.address)]
        self.ready = False
        if self.pump is not None:
            self.pump.cancel()

    # -------------------------------------------------------------------------------------------- from the browser

    async def listen(self) -> None:
        """Serve frames, one after the other, until the line ends."""
        mistakes = 0
        async for message in self.ws:
            if message.type is not WSMsgType.TEXT:
                mistakes += 1
                await self._error("not_understood")
            else:
                try:
                    await self._serve(frames.read_frame(message.data))
                except Invalid as error:
                    mistakes += 1
                    await self._error(error.code, id=error.field)
            if mistakes >= MOST_MISTAKES:
                await self.ws.close(code=NOT_UNDERSTOOD, message=b"not_understood")

    async def _serve(self, frame: frames.Frame) -> None:
        match frame:
            case frames.Said():
                await self._keep(frame)
            case frames.Seen():
                await self._saw(frame)
            case frames.Older():
                await self._take_turn()
                past = await history(self.chat.needs.interactions, str(self.address), before=frame.before)
                await self._send({"type": "history", **self._past(past)})
            case frames.Ping():
                await self._send({"type": "pong"})
            case frames.Hello():
                raise Invalid("not_understood", code="not_understood")

    async def _take_turn(self) -> None:
        """Wait until this visitor may go on: whoever floods us is simply read more slowly, and nothing is lost."""
        wait = self.chat.messages.take(str(self.address))
        while wait:
            await asyncio.sleep(wait)
            wait = self.chat.messages.take(str(self.address))

    async def _keep(self, said: frames.Said) -> None:
        await self._take_turn()
        if self.address is None:
            return
        files = tuple(file for receipt in said.files if (file := self.chat.shares.brought(str(self.address), receipt)))
        if len(files) < len(said.files):
            raise Invalid("file_gone", code="file_gone", field=said.id)
        arrival = Arrival(
            address=self.address,
            key=f"c:{said.id}",
            content=Content(text=said.text, files=files),
            choice=said.choice,
            language=self.language,
            data={"page": self.page} if self.page else {},
        )
        try:
            kept = (await self.chat.needs.receive.keep(self.account, [arrival]))[0]
        except IntakeError as error:
            await self._not_kept(said.id, error)
        except Exception as error:
            # Whatever it is, it is not in the log: the browser keeps it and asks again, slowly if it is our mistake.
            if not away(error):
                log.exception("chat.not_kept", site=self.account.name)
            await self._error("cannot_store", id=said.id, after=2 if away(error) else 30)
        else:
            await self._send({"type": "ack", "id": said.id, "entry": kept.id, "at": frames.written(kept.at)})

    async def _not_kept(self, id: str, error: IntakeError) -> None:
        if isinstance(error, CannotStore):
            await self._error("cannot_store", id=id, after=error.after)
        else:
            log.warning("chat.unstorable", reason=error.sentence)
            await self._error("not_accepted", id=id)

    async def _saw(self, seen: frames.Seen) -> None:
        """Write down what the browser has shown; when that fails, the browser says it again next time."""
        news = [
            id
            for id, now in self.unseen.items()
            if id <= seen.upto and (seen.status == status.READ or now == status.SENT)
        ]
        if not news or self.address is None:
            return
        word: Any = seen.status
        with suppress(CannotStore):
            await self.chat.needs.receive.keep(
                self.account, [Receipt(address=self.address, external_id=id, status=word) for id in news]
            )
            for id in news:
                if seen.status == status.READ:
                    self.unseen.pop(id, None)
                elif id in self.unseen:
                    self.unseen[id] = seen.status

    # -------------------------------------------------------------------------------------------- to the browser

    def _wake(self) -> None:
        if self.ready and self.pump is None and not self.ws.closed:
            self.pump = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        """Send what changed. Ends when nothing waits."""
        try:
            while self.follower is not None and self.follower.waiting:
                for change in await self.follower.next():
                    await self._pass_on(change)
        except Exception as error:
            # Slow, gone, or the database was away while reading: the browser comes back and catches up.
            log.info("chat.dropped", reason=f"{type(error).__name__}")
            with suppress(ConnectionError, RuntimeError, TimeoutError):
                await self.ws.close(code=TRY_AGAIN, drain=False)
        finally:
            self.pump = None

    async def _pass_on(self, change: Change) -> None:
        needs = self.chat.needs
        if change is LAGGED:
            last = max(self.sent, default=None)
            for entry in (await history(needs.interactions, str(self.address), cursor=last)).entries:
                await self._news(entry)
        elif change.what == "interaction":
            value = change.value
            known = value if isinstance(value, Interaction) else await needs.interactions.get(change.id)
            if known is not None:
                await self._news(known)

    async def _news(self, entry: Interaction) -> None:
        if frames.shown(entry, str(self.address)):
            known = self.sent.get(entry.id)
            frame = self._frame(entry)
            if self.sent[entry.id] != known:
                await self._send(frame)

    def _frame(self, entry: Interaction) -> dict[str, Any]:
        frame = frames.entry_frame(entry, self.chat.shares.of(entry))
        self.sent.pop(entry.id, None)
        self.sent[entry.id] = hash((entry.content.text, entry.status == status.READ, len(entry.content.files)))
        if len(self.sent) > REMEMBERED:
            del self.sent[next(iter(self.sent))]
        if entry.direction == "out" and entry.status != status.READ:
            self.unseen[entry.id] = entry.status
            if len(self.unseen) > REMEMBERED:
                del self.unseen[next(iter(self.unseen))]
        else:
            self.unseen.pop(entry.id, None)
        return frame

    async def _error(self, code: str, *, id: str = "", after: float | None = None) -> None:
        frame: dict[str, Any] = {"type": "error", "code": code, "sentence": said(self.language, "chat", code)}
        if id:
            frame["id"] = id
        if after is not None:
            frame["after"] = round(after, 1)
        await self._send(frame)

    async def _send(self, frame: dict[str, Any]) -> None:
        async with asyncio.timeout(SLOW):
            await self.ws.send_str(orjson.dumps(frame).decode())
