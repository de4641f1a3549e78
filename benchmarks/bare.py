"""The peer: a bare aiohttp handler that does one durable `insert_one` per message, and knows nothing else.

`python -m benchmarks.bare URI DATABASE` prints its URL. The same over a WebSocket that answers each message once it is
stored, in the words of `/chat/socket`, so that the same client can speak to both. `/bot…/METHOD` is as much of a
Bot API as a hub needs in order to start.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

import orjson
import uvloop
from aiohttp import WSMsgType, web
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection

BOT = {"id": 4711, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}


class Bare:
    """Its handlers."""

    def __init__(self, collection: AsyncIOMotorCollection[dict[str, Any]]) -> None:
        self._all = collection
        self._said = 0

    async def message(self, request: web.Request) -> web.Response:
        """POST /message: a Telegram update becomes one document like ours."""
        body = await request.read()
        message = orjson.loads(body)["message"]
        await self._all.insert_one(_document(str(message["chat"]["id"]), str(message["message_id"]), message, body))
        return web.Response(body=b'{"kept":1}', content_type="application/json")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """GET /chat/socket: answers each message when it is stored."""
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        async for frame in ws:
            if frame.type is not WSMsgType.TEXT:
                continue
            told = orjson.loads(frame.data)
            if told["type"] == "hello":
                await ws.send_str('{"type":"welcome"}')
                continue
            self._said += 1
            await self._all.insert_one(_document("visitor", told["id"], told, frame.data.encode()))
            await ws.send_str(orjson.dumps({"type": "ack", "id": told["id"]}).decode())
            answer = {"type": "message", "from": "bot", "id": str(self._said), "text": "Stored."}
            await ws.send_str(orjson.dumps(answer).decode())
        return ws

    async def bot_api(self, request: web.Request) -> web.Response:
        """What a hub asks a Bot API when it starts."""
        return web.json_response({"ok": True, "result": BOT if request.match_info["method"] == "getMe" else True})


def _document(person: str, key: str, message: dict[str, Any], body: bytes) -> dict[str, Any]:
    return {
        "kind": "message",
        "direction": "in",
        "channel": "telegram",
        "account": "bench",
        "address": f"telegram:bench:{person}",
        "key": key,
        "author": {"kind": "customer", "name": "Olena Kovalenko"},
        "content": {"text": message["text"]},
        "at": datetime.now(UTC),
        "status": "received",
        "external_id": key,
        "who": {"name": "Olena Kovalenko", "language": "uk"},
        "raw": {"body": body},
    }


async def serve(uri: str, database: str) -> None:
    """Until it is terminated."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(uri, w="majority", minPoolSize=2, maxPoolSize=50)
    bare = Bare(client[database]["messages"])
    app = web.Application()
    app.add_routes(
        [
            web.post("/message", bare.message),
            web.get("/chat/socket", bare.socket),
            web.post("/bot{token}/{method}", bare.bot_api),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(serve(sys.argv[1], sys.argv[2]))
