"""`/chat/socket`: one visitor's conversation, live. A message is acked when it is in the log, and not before.

A socket costs one task, which reads. Writing what the log brings happens in a task that lives only while there is
something to write, so thousands of idle visitors cost next to nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import structlog
from aiohttp import WSMsgType, web

from core import clock
from core.channel import Account, Address, Receipt
from core.chat.typing import Typist
from core.database import away
from core.errors import CannotStore, IntakeError, Invalid
from core.hang_up import hang_up
from core.interactions import status
from portal.came import Came
from portal.chat import frames
from portal.chat.arrivals import Guest, spoken
from portal.chat.files import Shares
from portal.chat.follower import Follower
from portal.chat.history import History, history
from portal.chat.news import News
from portal.chat.presence import Presence
from portal.chat.reception import Reception, Refused
from portal.chat.visitor import Visitor, Visitors
from portal.chat.wishes import Wishes
from portal.language import said
from portal.limits import Buckets, Places
from portal.needs import Needs

log = structlog.get_logger(__name__)

HEARTBEAT = 30  # seconds between pings on a quiet line
HELLO_WITHIN = 10
MOST_MISTAKES = 20

NOT_UNDERSTOOD, SIGNED_OUT, NO_HELLO = 4400, 4401, 4408
TRY_AGAIN = 1013


class Chat:
    """The room's chat: what all sockets of this process share."""

    def __init__(self, needs: Needs, came: Came) -> None:
        self.needs = needs
        self.visitors = Visitors(needs.signing_key)
        self.shares = Shares(needs.signing_key)
        self.presence = Presence(needs.on_duty, needs.people, needs.hours)
        self.wishes = Wishes(needs)
        self.messages = Buckets(burst=20, per_second=1)
        self.places = Places(burst=200, per_second=10)
        self.open: Counter[str] = Counter()
        self.reception = Reception(needs, self.visitors, self.open, came)

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
                    log.exception("chat.stumbled", site=conversation.site)
                with suppress(ConnectionError, RuntimeError):
                    await ws.close(code=TRY_AGAIN)
            finally:
                conversation.end()
                hang_up(request.transport)
        return ws


class Conversation:
    """One open socket."""

    __slots__ = ("account", "chat", "ending", "guest", "language", "news", "place", "pump", "ready", "visitor", "ws")

    def __init__(self, chat: Chat, ws: web.WebSocketResponse) -> None:
        self.chat = chat
        self.ws = ws
        self.account: Account
        self.guest: Guest
        self.visitor: Visitor
        self.news: News | None = None
        self.language: str | None = None
        self.place = ""
        self.ready = False
        self.pump: asyncio.Task[None] | None = None
        self.ending: asyncio.TimerHandle | None = None

    @property
    def site(self) -> str:
        """Whose chat it is, once that is known."""
        return self.account.name if self.news else ""

    # -------------------------------------------------------------------------------------------- beginning

    async def begin(self, request: web.Request) -> bool:
        """Say hello; False when there is nobody to talk to, and the socket is closed."""
        needs = self.chat.needs
        first = await self.ws.receive(timeout=HELLO_WITHIN)
        hello = _hello(first.data) if first.type is WSMsgType.TEXT else None
        if hello is None:
            code = NO_HELLO if first.type is not WSMsgType.TEXT else NOT_UNDERSTOOD
            await self._refuse(Refused("not_understood", code))
            return False
        self.language = hello.language
        self.place = needs.visitor_ip(request)
        try:
            self.account, self.guest, self.visitor = await self.chat.reception.welcome(hello, request, self.place)
        except Refused as refused:
            await self._refuse(refused)
            return False
        addresses = tuple(str(Address("webchat", self.account.name, id)) for id in self.visitor.ids)
        self.chat.open[addresses[0]] += 1
        # Follow first, then read: what happens in between comes twice rather than never.
        follower = Follower(needs.feed, [f"address:{address}" for address in addresses], self._wake)
        self.news = News(needs, self.chat.shares, follower, addresses, self._send)
        cursor = None if self.visitor.new else hello.cursor
        past = await history(needs.interactions, addresses, cursor=cursor)
        await self._send(
            {
                "type": "welcome",
                "token": self.visitor.token,
                "site": self.account.name,
                "title": str(self.account.settings.get("title") or self.account.title),
                "cursor": past.entries[-1].id if past.entries else None,
                **self._past(self.news, past),
                "whole": past.whole,
                **await self.chat.presence(),
                **({"user": self.guest.name, "expires": self.visitor.expires} if self.visitor.expires else {}),
                **await self.news.seen(past.entries),
            }
        )
        if self.visitor.expires:
            left = max(0.0, self.visitor.expires - clock.now().timestamp())
            self.ending = asyncio.get_running_loop().call_later(min(left, 86400 * 24), self._expire)
        self.ready = True
        self._wake()
        return True

    def _past(self, news: News, past: History) -> dict[str, Any]:
        return {"history": [news.frame(entry) for entry in past.entries], "more": past.more}

    async def _refuse(self, refused: Refused) -> None:
        with suppress(ConnectionError, RuntimeError):
            await self._error(refused.code, after=refused.after)
        await self.ws.close(code=refused.close, message=refused.code.encode())

    def _expire(self) -> None:
        """The site's word about who this is has ended: whoever still sits there has to sign in again."""
        asyncio.get_running_loop().create_task(self.ws.close(code=SIGNED_OUT, message=b"signed_out", drain=False))

    def end(self) -> None:
        """Called once, however it ended."""
        if self.ending is not None:
            self.ending.cancel()
        if self.news is not None:
            self.news.follower.close()
            address = self.news.addresses[0]
            self.chat.open[address] -= 1
            if self.chat.open[address] <= 0:
                del self.chat.open[address]
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
        if self.news is None:
            return
        match frame:
            case frames.Said():
                await self._keep(frame)
            case frames.Seen():
                await self._saw(self.news, frame)
            case frames.Older():
                await self._take_turn()
                past = await history(self.chat.needs.interactions, self.news.addresses, before=frame.before)
                await self._send({"type": "history", **self._past(self.news, past)})
            case frames.Typing():
                if self.news.conversation:
                    who = Typist("customer", str(self.guest.address), self.news.conversation, self.guest.name)
                    await self.chat.needs.typists.note(who)
            case frames.About():
                self.guest.about = frame
            case frames.Asked():
                await self._wish(frame)
            case frames.Ping():
                await self._send({"type": "pong", **await self.chat.presence()})
            case frames.Hello():
                raise Invalid("not_understood", code="not_understood")

    async def _take_turn(self) -> None:
        """Wait until this visitor may go on: whoever floods us is simply read more slowly, and nothing is lost."""
        for buckets, key in ((self.chat.messages, str(self.guest.address)), (self.chat.places, self.place)):
            wait = buckets.take(key)
            while wait:
                await asyncio.sleep(wait)
                wait = buckets.take(key)

    async def _keep(self, said: frames.Said) -> None:
        await self._take_turn()
        needs = self.chat.needs
        owners = self.news.addresses if self.news else ()
        files = tuple(file for receipt in said.files if (file := self.chat.shares.brought(owners, receipt)))
        if len(files) < len(said.files):
            raise Invalid("file_gone", code="file_gone", field=said.id)
        guest = self.guest
        if said.before and self.visitor.also:
            # It may be there already, where it was first sent: only at the same address is the same id one entry.
            guest = replace(guest, address=Address("webchat", self.account.name, self.visitor.also))
        arrival = spoken(guest, said, files, needs.country)
        try:
            kept = (await needs.receive.keep(self.account, [arrival]))[0]
        except IntakeError as error:
            await self._not_kept(said.id, error)
        except Exception as error:
            # Whatever it is, it is not in the log: the browser keeps it and asks again, slowly if it is our mistake.
            if not away(error):
                log.exception("chat.not_kept", site=self.account.name)
            await self._error("cannot_store", id=said.id, after=2 if away(error) else 30)
        else:
            await self._send({"type": "ack", "id": said.id, "entry": kept.id, "at": frames.written(kept.at)})

    async def _wish(self, asked: frames.Asked) -> None:
        await self._take_turn()
        try:
            more = await self.chat.wishes(self.account, self.guest, self.visitor.ids, asked, self.place)
        except IntakeError as error:
            await self._not_kept(asked.id, error)
        else:
            await self._send({"type": "link" if "url" in more else "ack", "id": asked.id, **more})

    async def _not_kept(self, id: str, error: IntakeError) -> None:
        if isinstance(error, CannotStore):
            await self._error("cannot_store", id=id, after=error.after)
        else:
            log.warning("chat.unstorable", reason=error.sentence)
            await self._error("not_accepted", id=id)

    async def _saw(self, news: News, seen: frames.Seen) -> None:
        """Write down what the browser has shown; when that fails, the browser says it again next time."""
        word: Any = seen.status
        shown = news.newly(seen)
        if not shown:
            return
        with suppress(CannotStore):
            await self.chat.needs.receive.keep(
                self.account,
                [Receipt(address=Address.of(address), external_id=id, status=word) for id, address in shown],
            )
            news.noted([id for id, _ in shown], read=seen.status == status.READ, word=seen.status)

    # -------------------------------------------------------------------------------------------- to the browser

    def _wake(self) -> None:
        if self.ready and self.pump is None and not self.ws.closed:
            self.pump = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        """Send what changed. Ends when nothing waits."""
        try:
            while self.news is not None and self.news.follower.waiting:
                for change in await self.news.follower.next():
                    await self.news.pass_on(change)
        except Exception as error:
            # Slow, gone, or the database was away while reading: the browser comes back and catches up.
            log.info("chat.dropped", reason=f"{type(error).__name__}")
            with suppress(ConnectionError, RuntimeError, TimeoutError):
                await self.ws.close(code=TRY_AGAIN, drain=False)
        finally:
            self.pump = None

    async def _error(self, code: str, *, id: str = "", after: float | None = None) -> None:
        frame: dict[str, Any] = {"type": "error", "code": code, "sentence": said(self.language, "chat", code)}
        if id:
            frame["id"] = id
        if after is not None:
            frame["after"] = round(after, 1)
        await self._send(frame)

    async def _send(self, frame: dict[str, Any]) -> None:
        async with asyncio.timeout(self.chat.needs.slow_seconds):
            await self.ws.send_str(orjson.dumps(frame).decode())


def _hello(text: str) -> frames.Hello | None:
    try:
        first = frames.read_frame(text)
    except Invalid:
        return None
    return first if isinstance(first, frames.Hello) else None
