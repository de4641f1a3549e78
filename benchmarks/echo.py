"""The peer of the Telegram benchmark: aiogram alone, an aiohttp webhook whose handler answers with what was said.

`python -m benchmarks.echo API_URL TOKEN SECRET` prints its URL. It stores nothing, knows nobody, and answers before the
webhook is told yes, as aiogram does it by default.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

PATH = "/webhooks/telegram/bench"


async def _echo(message: Message) -> None:
    await message.answer(message.text or "")


async def serve(api_url: str, token: str, secret: str) -> None:
    """Until it is terminated."""
    bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(api_url), limit=100))
    dispatcher = Dispatcher()
    dispatcher.message.register(_echo)
    app = web.Application()
    SimpleRequestHandler(dispatcher, bot, handle_in_background=False, secret_token=secret).register(app, path=PATH)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(serve(*sys.argv[1:4]))
