"""Recognisable secrets are planted everywhere, everything fails, and nothing that the hub says holds one of them."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import bson
import pymongo
import pytest
from aiohttp import web

from core.channel import Account
from core.database import Database
from core.hush import hush, hushed
from switchboard.stores import stores_on
from tests.making import make_settings, until
from tests.running import hub_process
from tests.servers.proxy import proxy

MARK = "Xyzzy"  # in every planted secret
KEY = f"{MARK}-hub-secret-key-of-more-than-32-letters"
OLD = f"{MARK}-former-secret-key-of-more-than-32-letters"
TOKEN = f"123456:{MARK}-a-bot-token-0123456789abcdefghij"
KNOWN = f"{MARK}-webhook-secret"
LOOSE = f"{MARK}-passed-by"  # what strangers bring


@pytest.mark.parametrize("words", [
    f"mongodb://user:{MARK}pass@host/", f"https://api.telegram.org/bot123456:{MARK}{'a' * 30}/getMe",
    f"Authorization: Basic {MARK}ZZZZ", f"{{'authorization': 'Bearer {MARK}.a.b'}}", f"access_token={MARK}&x=1",
    f'"client_secret": "{MARK}"', f"password={MARK}", f"Cookie: session={MARK}; a=b", f"__Host-session={MARK}",
    f"GET /track/{MARK} failed", f"/unsubscribe/{MARK}", f"/confirm/{MARK}?lang=en", f"/chat/files/{MARK}.a-b",
    f"X-Telegram-Bot-Api-Secret-Token: {MARK}", f"smtp_password: '{MARK}'", f"x-api-key={MARK}", f"signature={MARK}",
])  # fmt: skip
def test_what_looks_like_a_secret_is_not_written_down(words: str) -> None:
    assert MARK not in hushed(words)


def test_what_is_known_is_not_written_down_wherever_it_is() -> None:
    secret = f"{MARK} plain words nobody would take for a secret"
    hush(secret, "short")
    assert MARK not in hushed(f"the server said: {secret}!")
    harmless = "a short walk; the token was refused; session ended"
    assert hushed(harmless) == harmless


async def echoing(stack: AsyncExitStack) -> str:
    """A server that throws back everything it was told, as an error."""

    async def echo(request: web.Request) -> web.Response:
        told = f"{request.path_qs} {dict(request.headers)} {(await request.read()).decode('utf-8', 'replace')}"
        body = {"ok": False, "error_code": 400, "description": told, "error": "bad", "error_description": told}
        return web.json_response(body, status=400)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


@pytest.mark.parametrize("form", ["console", "json"])
async def test_a_hub_in_trouble_gives_nothing_away(
    form: str, tmp_path: Path, database: Database, database_uri: str, database_name: str,
    mongo_client: pymongo.MongoClient[dict[str, Any]],
) -> None:  # fmt: skip
    port = urlsplit(database_uri).port or 27017
    settings = make_settings(secret_key=KEY)
    stores = stores_on(database, settings)
    async with AsyncExitStack() as stack:
        url = await echoing(stack)
        line = await stack.enter_async_context(proxy(port))
        everything = {"api_url": url, "mode": "polling"}
        secrets = {"token": TOKEN, "webhook_secret": KNOWN}
        await stores.accounts.save(Account("telegram", "bot", settings=everything, secrets=secrets))
        mailbox = {
            "address": "help@shop.test",
            "imap_host": "127.0.0.1",
            "imap_port": int(urlsplit(url).port or 0),
            "smtp_host": "127.0.0.1",
            "oauth_provider": "other",
            "oauth_token_url": f"{url}/token",
            "oauth_client_id": "client",
        }
        kept = {"oauth_client_secret": f"{MARK}-client-secret", "oauth_refresh_token": f"{MARK}-refresh-token"}
        kept |= {"password": f"{MARK}-mail-password", "inbound_password": f"{MARK}-inbound"}
        await stores.accounts.save(Account("email", "help", settings=mailbox, secrets=kept))
        await stores.accounts.save(Account("orders", "shop", secrets={"secret": f"{MARK}-orders"}))
        await stores.accounts.save(Account("webchat", "site", "Shop"))
        environment = {
            "SWITCHBOARD_SECRET_KEY": KEY,
            "SWITCHBOARD_SECRET_KEYS_OLD": OLD,
            "SWITCHBOARD_MONGODB_URI": f"mongodb://127.0.0.1:{line.port}/?directConnection=true&serverSelectionTimeoutMS=500&appName={MARK}app",
            "SWITCHBOARD_DATABASE": database_name,
            "SWITCHBOARD_LOG_FORMAT": form,
            "SWITCHBOARD_LOG_LEVEL": "debug",
            "SWITCHBOARD_SAMPLE_DATA": "no",
        }
        said: list[str] = []
        async with hub_process(tmp_path, environment=environment) as hub, aiohttp.ClientSession() as client:
            await until(lambda: _troubled(stores.accounts))
            for cut in (False, True):
                if cut:
                    line.cut()
                await asyncio.gather(*(_ask(client, hub.url, *each, said) for each in REQUESTS))
            line.mend()
        said += hub.lines
    logs = written(tmp_path)
    assert any("listen.trouble" in log for log in logs), "it was in trouble, and said so"
    for text in (*said, *logs):
        at = text.find(MARK)
        assert at < 0, text[max(0, at - 300) : at + 100]
    rows = mongo_client[database_name]
    for name in ("accounts", "failed_intake", "interactions", "audit"):
        assert MARK.encode() not in b"".join(bson.encode(row) for row in rows[name].find())


def written(folder: Path) -> list[str]:
    return [path.read_text(errors="replace") for path in folder.glob("*.log")]


TELEGRAM, HEADER = "/webhooks/telegram/bot", "X-Telegram-Bot-Api-Secret-Token"
INBOUND = {"Authorization": f"Bearer {MARK}-inbound", "Cookie": f"a={LOOSE}"}
SESSION = {"Cookie": f"session={MARK}{'x' * 40}", "X-CSRF": LOOSE}
REQUESTS: tuple[tuple[str, str, dict[str, str], Any], ...] = (
    ("POST", TELEGRAM, {HEADER: LOOSE}, b"{}"),
    ("POST", TELEGRAM, {HEADER: KNOWN}, b'{"update_id": 1, "x": 1}'),
    ("POST", TELEGRAM, {HEADER: KNOWN}, b'{"update_id": "x", "message": []}'),
    ("POST", "/webhooks/email/help/postmark", INBOUND, b'{"a": 1}'),
    ("POST", "/webhooks/email/help/postmark", {"Authorization": f"Basic {LOOSE}"}, b"{}"),
    ("POST", "/webhooks/orders/shop", {"X-Switchboard-Signature": f"t=1,v1={LOOSE}"}, b"{}"),
    ("GET", f"/track/{LOOSE}", {}, None),
    ("GET", f"/track/{LOOSE}/events", {}, None),
    ("GET", f"/confirm/{LOOSE}", {}, None),
    ("POST", f"/unsubscribe/{LOOSE}", {}, b""),
    ("GET", f"/chat/files/{LOOSE}", {}, None),
    ("POST", "/chat/files", {"Authorization": f"Bearer {LOOSE}", "X-Site": "site"}, b"x"),
    ("POST", "/inbox/sign-in", {}, {"email": "ada@example.org", "password": f"{MARK}-typed-password"}),
    ("GET", "/inbox/", {"Cookie": f"session={MARK}{'x' * 40}"}, None),
    ("POST", "/inbox/me/password", SESSION, {"old": LOOSE, "new": LOOSE}),
    ("GET", "/metrics", {}, None),
    ("GET", "/readyz", {}, None),
)  # fmt: skip


async def _ask(
    client: aiohttp.ClientSession, url: str, method: str, path: str, headers: dict[str, str], data: Any, said: list[str]
) -> None:
    async with client.request(method, url + path, headers=headers, data=data, allow_redirects=False) as response:
        body = await response.text(errors="replace")
    # A page may show its own address in a link to itself in another language; nothing else may.
    said.append(body.replace(path, ""))
    said += [f"{name}: {value}" for name, value in response.headers.items()]


async def _troubled(accounts: Any) -> bool:
    states = await accounts.states()
    return bool(states["telegram:bot"]["problem"] and states["email:help"]["problem"])


LIBRARY = """
import logging
from core.settings import Settings
from switchboard.logs import configure

configure(Settings.load(None, secret_key="k" * 32, log_format=FORMAT))
try:
    raise ValueError("password=SECRET")
except ValueError:
    logging.getLogger("aiohttp.server").exception("token=%s", "SECRET")
"""


@pytest.mark.parametrize("written", ["json", "console"])
async def test_what_libraries_log_is_redacted_too(written: str) -> None:
    """Whichever logger it came through, with its traceback."""
    program = LIBRARY.replace("SECRET", LOOSE).replace("FORMAT", repr(written))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    assert b"Traceback" in said
    assert b"aiohttp.server" in said
    assert MARK.encode() not in said
