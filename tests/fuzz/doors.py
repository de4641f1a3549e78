"""A whole hub, asked over HTTP what no browser would ask: every route there is, with damaged paths, parameters,
cookies, headers and bodies, by a stranger and by a signed-in administrator. Whatever comes, it is no 500.

The routes are those of the program itself, so a new one is asked as well. Names of parameters and of posted fields are
read from the source, values are damaged as `mutate.py` does it.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urlsplit

from aiohttp import web

from core.campaigns.link import Link
from core.channel import Account
from core.forms.field import FormField
from core.forms.form import Form
from core.unsubscribe import Unsubscribe
from switchboard.hub import Hub
from switchboard.pulse import Pulse
from switchboard.rooms import build
from tests.fuzz.mutate import mutate
from tests.fuzz.target import ROOT
from tests.inbox.desk import agent_of, asks, at_desk, site
from tests.running import running_hub

PATIENCE = 60.0
_QUERY = re.compile(r"""(?:query|query\.get|rel_url\.query\.get)\(\s*["'](\w+)["']|query\[["'](\w+)["']\]""")
_POSTED = re.compile(r"""text_field\(\s*[\w.() ]+,\s*["'](\w+)["']|form\.get(?:all)?\(\s*["'](\w+)["']""")
_HEADERS = re.compile(r"""headers\.get\(\s*["']([A-Za-z-]+)["']""")
# As browsers and programs send them; each is damaged now and then.
HEADERS = {
    "Accept-Language": "uk-UA,uk;q=0.9,en;q=0.5",
    "Origin": "https://shop.example",
    "Referer": "https://shop.example/a",
    "X-Regions": "list,main",
    "X-Forwarded-For": "203.0.113.7, 10.0.0.1",
    "Last-Event-ID": "0123456789abcdefghij",
    "Range": "bytes=0-10",
    "User-Agent": "Mozilla/5.0",
    "Sec-Fetch-Site": "cross-site",
    "If-None-Match": '"x"',
    "If-Modified-Since": "Mon, 23 Nov 2026 10:00:00 GMT",
    "X-Switchboard-Signature": "t=1795431600,v1=" + "0" * 64,
    "Authorization": "Basic dTpw",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Upgrade": "websocket",
    "Expect": "100-continue",
    "Content-Encoding": "gzip",
}
VALUES = (
    *("1", "all", "open", "2026-11-24T10:00", "2026-11-24", "webchat", "order_status", "en", "uk", "EUR", "on", "hi"),
    *("0123456789abcdefghij", "1795431600000~0123456789abcdefghij", "campaign:spring", "ann@example.org", "/inbox/"),
    *("mon-fri 9:00-18:00", "Europe/Kyiv", "https://shop.example/a", "{{ order.number }}", "webchat:site:v1", "r1"),
)


@cache
def names() -> tuple[list[str], list[str]]:
    """The parameters and the posted fields that the source asks for, and the headers it looks at."""
    source = "\n".join(
        path.read_text("utf-8")
        for room in ("inbox", "portal", "webhooks", "switchboard")
        for path in sorted((ROOT / room).rglob("*.py"))
    )
    asked = {name for found in (*_QUERY.findall(source), *_POSTED.findall(source)) for name in found if name}
    return sorted(asked), sorted({*_HEADERS.findall(source), *HEADERS})


@dataclass
class Target:
    """A hub with something in it. `cookie` is an administrator's session, with the token their page sends along."""

    hub: Hub
    routes: Sequence[tuple[str, str]]
    known: Sequence[str]
    cookie: str = ""
    csrf: str = ""


@asynccontextmanager
async def target(uri: str, name: str) -> AsyncIterator[Target]:
    """A hub to ask, with a chat, a form, a campaign link, a conversation, an administrator who is signed in."""
    async with running_hub(uri, name, sample_data=False, trusted_proxies="127.0.0.1", log_level="error") as hub:
        stores = hub.parts.stores
        await site(hub)
        await stores.accounts.save(Account("webform", "site", "Form"))
        await stores.accounts.save(Account("orders", "shop", "Orders", secrets={"secret": "s3cret"}))
        await stores.forms.save(
            Form("lead", "site", {"en": "Lead"}, fields=(FormField("email", "email", {"en": "Mail"}),))
        )
        await stores.campaigns.set_sites(("https://shop.example",))
        await stores.campaigns.add(Link("spring", "https://shop.example/a"))
        conversation = await asks(hub)
        entries = await stores.interactions.page(conversation_id=conversation.id)
        unsubscribing = hub.parts.stores.vault.purpose("unsubscribe")
        token = Unsubscribe(unsubscribing, "").link(entries[0].id).rpartition("/")[2]
        known = [conversation.id, entries[0].id, conversation.customer_id or "x", "lead", "spring", "site", "orders",
                 "shop", "postmark", "webchat", "1", "uk", "created", token]  # fmt: skip
        found = Target(hub, _routes(hub), known)
        await sign_in(found)
        yield found


def _routes(hub: Hub) -> list[tuple[str, str]]:
    """Method and pattern of everything the program answers."""
    stores = hub.parts.stores
    built = build(hub.parts, Pulse(stores.database.meter, stores.accounts))
    routes = [route for route in built.routes if isinstance(route, web.RouteDef)]
    return sorted({(route.method if route.method != "*" else "POST", route.path) for route in routes})


async def sign_in(asked: Target) -> None:
    """An administrator anew: what was asked before may have ended the session."""
    async with at_desk(asked.hub, await agent_of(asked.hub, "Ada", "admin")) as desk:
        asked.csrf = desk.csrf
        asked.cookie = "; ".join(f"{one.key}={one.value}" for one in desk.session.cookie_jar)


def request(asked: Target, method: str, pattern: str, dice: random.Random) -> bytes:
    """One request for a route, more or less damaged."""
    signed_in = dice.random() < 0.8
    path = re.sub(r"\{[^}]+\}", lambda _: _encoded(_value(dice, asked.known), dice), pattern)
    parameters, headers_asked = names()
    if dice.random() < 0.6:
        some = dice.sample(parameters, dice.randrange(1, 5))
        path += "?" + "&".join(f"{name}={_encoded(_value(dice, VALUES), dice)}" for name in some)
    lines = [f"{method} {path} HTTP/1.1", "Host: " + urlsplit(asked.hub.url).netloc, "Connection: close"]
    cookies = [asked.cookie] if signed_in else []
    cookies += [f"{name}={_encoded(_value(dice, VALUES), dice)}" for name in ("zone", "theme", "language", "came")
                if dice.random() < 0.2]  # fmt: skip
    if cookies:
        lines.append("Cookie: " + "; ".join(cookies))
    for name in dice.sample(headers_asked, dice.randrange(0, 4)):
        if name == "Expect" and "{" in pattern:
            continue  # on a path that leads nowhere it is aiohttp that answers, and with an error of its own
        if name not in ("Host", "Connection", "Cookie", "Content-Length", "Content-Type", "X-CSRF"):
            lines.append(f"{name}: {_value(dice, (HEADERS.get(name, 'x'),))}")
    body = b""
    if method == "POST":
        if signed_in and dice.random() < 0.9:
            lines.append(f"X-CSRF: {asked.csrf}")
        kind, body = _body(dice, parameters)
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    head = [line.replace("\r", " ").replace("\n", " ").replace("\0", " ") for line in lines]
    return "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def _value(dice: random.Random, usual: Sequence[str]) -> str:
    """One of the usual ones, as often as not damaged."""
    word = dice.choice(usual)
    if dice.random() < 0.5:
        return word
    return mutate("text", word.encode(), dice, 400).decode("utf-8", "surrogateescape")


def _encoded(word: str, dice: random.Random) -> str:
    """As it may stand in a URL: mostly percent-encoded, now and then as it is."""
    if dice.random() < 0.9:
        return quote(word.encode("utf-8", "surrogateescape"), safe="~:")
    return re.sub(r"[\s#?/]", "_", word)


def _body(dice: random.Random, fields: Sequence[str]) -> tuple[str, bytes]:
    some = {name: _value(dice, VALUES) for name in dice.sample(list(fields), dice.randrange(1, 12))}
    chance = dice.random()
    if chance < 0.55:
        form = "&".join(f"{name}={_encoded(value, dice)}" for name, value in some.items())
        return "application/x-www-form-urlencoded", form.encode("utf-8", "surrogateescape")
    if chance < 0.75:
        parts = [
            f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in some.items()
        ]
        parts.append(
            '--xYzZY\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nx\r\n--xYzZY--\r\n'
        )
        whole = "".join(parts).encode("utf-8", "surrogateescape")
        damaged = mutate("form", whole, dice, 20_000) if dice.random() < 0.5 else whole
        return "multipart/form-data; boundary=xYzZY", damaged
    if chance < 0.95:
        whole = json.dumps(some).encode()
        return "application/json", mutate("json", whole, dice, 20_000) if dice.random() < 0.7 else whole
    return dice.choice(
        ("text/plain; charset=zlib", "application/x-www-form-urlencoded; charset=utf-16", "x", "a/b; c")
    ), b"a=b"


async def ask(asked: Target, wanted: bytes) -> tuple[int, str]:
    """The status and the head of the answer; 0 when there was none. What streams on is hung up on."""
    parts = urlsplit(asked.hub.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        with suppress(ConnectionError):
            writer.write(wanted)
            await writer.drain()
        async with asyncio.timeout(PATIENCE):
            head = b""
            with suppress(ConnectionError):
                head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        head = error.partial
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    found = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    return (int(found[1]) if found else 0), head.decode("latin-1")


def wrong(asked: Target, status: int, head: str) -> str:
    """What is the matter with an answer; empty when it may be."""
    if status == 0 or status >= 500:
        return f"answered {status or 'nothing'}"
    location = re.search(r"(?im)^location: ?(.*)\r$", head)
    if location and status != 101:
        to = location[1]
        ours = to.startswith("/") and not to.startswith(("//", "/\\"))
        if not (ours or to.startswith((asked.hub.url + "/", "https://shop.example/"))):
            return f"leads to {to[:200]}"
    return ""


async def one(asked: Target, method: str, pattern: str, seed: str) -> tuple[bytes, str]:
    """Ask once; the request and what is the matter with the answer."""
    wanted = request(asked, method, pattern, random.Random(seed))
    status, head = await ask(asked, wanted)
    if status in (302, 303) and "/inbox/sign-in" in head and asked.cookie.encode() in wanted:
        await sign_in(asked)
    return wanted, wrong(asked, status, head)
