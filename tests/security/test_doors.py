"""What each door of the table refuses: too large, too often, too slow, packed too tightly, and from the wrong place."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tests.security.doors import DESK, DOORS, MB, Door
from tests.security.test_walk import Chatting
from tests.security.world import World, asked

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("walk")]

POSTS = [door for door in DOORS if door.method == "POST" and door.path != "/demo/mail"]
# At the others nothing of a body is ever read, packed or not.
READING = [door for door in POSTS if not door.path.startswith(("/confirm", "/unsubscribe"))]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def address(world: World, door: Door) -> tuple[str, dict[str, str]]:
    """Where the door is on this hub, and what lets a body be read there at all."""
    path, headers = world.real(door.path), dict(FORM)
    if door.path.startswith("/webhooks"):
        path = "/webhooks/orders/demo" if door.path.count("{") == 2 else "/webhooks/email/demo/mailgun"
        path += "/mime" if door.path.endswith("/mime") else ""
    elif door.path.startswith(("/confirm", "/unsubscribe")):
        path = world.link(door.path.split("/")[1])
    elif door.path == "/chat/files":
        eve = Chatting(world)
        await eve.says()
        headers = {"Authorization": f"Bearer {eve.token}", "X-Site": "site", "Content-Type": "image/png"}
    elif door.path == "/demo/orders":
        headers["Content-Type"] = "application/json"
    return path, headers


def most_of(door: Door) -> int:
    """Mailgun's and others' mails are larger than what doors take otherwise."""
    return 50 * MB if "{provider}" in door.path else door.most


@pytest.mark.parametrize("door", POSTS, ids=lambda door: door.path)
async def test_what_is_too_large_is_refused_before_it_is_held(world: World, door: Door) -> None:
    path, headers = await address(world, door)
    if door.path.startswith(("/confirm", "/unsubscribe")):
        return  # nothing of the body is ever read there; see below
    most = most_of(door)
    # Announced: nothing of it needs to come. Unannounced: it is cut off where the limit is.
    if most > 10 * MB:
        status, _ = await spoken(world, path, {**headers, "Content-Length": str(most + 1)}, b"x")
        assert status == 413
        return

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(most // 65536 + 2):
            yield b"x=" + b"y" * 65534

    status, _, _ = await asked(world, "POST", path, data=chunks(), headers=headers)
    assert status == 413


@pytest.mark.parametrize("packed", ["gzip", "deflate", "raw deflate", "br"])
@pytest.mark.parametrize("door", READING, ids=lambda door: door.path)
async def test_a_body_that_unpacks_without_end_is_cut_at_the_limit(world: World, door: Door, packed: str) -> None:
    """A megabyte packed is a gigabyte of zeros: nobody holds that, and nobody computes it."""
    path, headers = await address(world, door)
    encoding = {"Content-Encoding": packed.removeprefix("raw ")}
    memory = psutil.Process().memory_info().rss
    status, _, _ = await asked(world, "POST", path, data=BOMBS[packed], headers=headers | encoding)
    assert status in (400, 401, 413)
    assert psutil.Process().memory_info().rss - memory < 200 * MB
    # What is not packed as it says is told so, and is no fault of ours.
    status, text, _ = await asked(world, "POST", path, data=b"not packed", headers=headers | encoding)
    assert status in (400, 401, 422), text


BOMBS = {
    "gzip": gzip.compress(bytes(200 * MB), 9),
    "deflate": zlib.compress(bytes(200 * MB), 9),
    "raw deflate": zlib.compress(bytes(200 * MB), 9, wbits=-15),
    "br": bytes(1000),  # never unpacked: what it needs for that is not installed
}


async def spoken(world: World, path: str, headers: dict[str, str], body: bytes) -> tuple[int, asyncio.StreamWriter]:
    """The status for what is written on a connection of its own, and the connection, still open on our side."""
    parts = urlsplit(world.hub.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": parts.netloc, **headers}.items())
    writer.write(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
    first = await asyncio.wait_for(reader.readline(), 120)
    writer.close()
    return int(first.split()[1]), writer


@pytest.mark.parametrize("door", POSTS, ids=lambda door: door.path)
async def test_a_body_that_drips_is_cut_off(world: World, door: Door) -> None:
    """`request_seconds` is 1 here. A part of the body came, the rest never does."""
    path, headers = await address(world, door)
    if door.path.startswith(("/confirm", "/unsubscribe")):
        return
    status, _ = await spoken(world, path, {**headers, "Content-Length": "1000"}, b"x=y")
    assert status in (400, 408)


async def test_no_page_waits_for_a_body_it_does_not_read(world: World) -> None:
    """The doors that take no body answer at once, whatever is announced."""
    for kind in ("confirm", "unsubscribe"):
        status, _ = await spoken(world, f"/{kind}/{'v' * 44}", {**FORM, "Content-Length": "1000000000"}, b"x")
        assert status == 404


async def test_a_header_that_drips_is_cut_off(world: World) -> None:
    parts = urlsplit(world.hub.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)

    async def drip() -> None:
        writer.write(b"GET / HTTP/1.1\r\n")
        while not writer.is_closing():
            writer.write(b"X-More: 1\r\n")
            await asyncio.sleep(0.2)

    dripping = asyncio.create_task(drip())
    try:
        assert await asyncio.wait_for(reader.read(), 120) == b""
    except ConnectionError:
        pass
    finally:
        dripping.cancel()
        writer.close()


async def hammered(world: World, method: str, path: str, **more: Any) -> Mapping[str, str] | None:
    """The headers of the first refusal to a place that asks much faster than it may, also on a machine that is slow."""
    for _ in range(60):
        answers = await asyncio.gather(*(asked(world, method, path, **more) for _ in range(20)))
        for status, _, headers in answers:
            if status == 429:
                return headers
    return None


PLACES = [d for d in DOORS if d.rate == "place" and d.method == "GET" and d.path != "/chat/socket"]


@pytest.mark.parametrize("door", PLACES, ids=lambda door: door.path)
async def test_a_place_that_hammers_is_told_to_wait_and_no_other_is(world: World, door: Door) -> None:
    path = world.real(door.path)
    place = {"X-Forwarded-For": f"198.51.100.{1 + PLACES.index(door)}"}
    refused = await hammered(world, "GET", path, headers=place)
    assert refused is not None
    assert int(refused["Retry-After"]) >= 1
    status, _, _ = await asked(world, "GET", path, headers={"X-Forwarded-For": "203.0.113.9"})
    assert status != 429


@pytest.mark.parametrize("path", ["/chat/socket", "/chat/files", "/forms/contact", "/demo/orders"])
async def test_so_is_one_that_posts_or_connects(world: World, path: str) -> None:
    place = {"X-Forwarded-For": "198.51.100.77"}
    how: dict[str, Any] = {"method": "GET"} if path == "/chat/socket" else {"method": "POST", "json": {"name": "x"}}
    assert await hammered(world, path=path, headers=place, **how)


async def test_wrong_signatures_are_counted_by_place_and_close_no_door_for_others(world: World) -> None:
    place = {"X-Forwarded-For": "198.51.100.88"}
    seen = [(await asked(world, "POST", "/webhooks/orders/demo", data=b"{}", headers=place))[0] for _ in range(35)]
    assert seen[:29] == [401] * 29
    assert seen[-1] == 429
    assert (await asked(world, "POST", "/webhooks/orders/demo", data=b"{}"))[0] == 401


async def test_the_metrics_are_for_the_own_network(world: World) -> None:
    """Also through a proxy: what it hands on comes from where it says, and from an unknown proxy from anywhere."""
    assert (await asked(world, "GET", "/metrics"))[0] == 200
    assert (await asked(world, "GET", "/metrics", headers={"X-Forwarded-For": "10.1.2.3"}))[0] == 200
    for outside in ("203.0.113.9", "nonsense", "10.1.2.3, 203.0.113.9", "::ffff:203.0.113.9"):
        status, body, _ = await asked(world, "GET", "/metrics", headers={"X-Forwarded-For": outside})
        assert status == 403, outside
        assert "switchboard_" not in body


# ------------------------------------------------------------------------------------------------------ headers


def directives(policy: str) -> dict[str, str]:
    return {part.split()[0]: " ".join(part.split()[1:]) for part in policy.split(";") if part.strip()}


async def test_every_page_names_its_scripts_and_can_be_framed_by_nobody(world: World) -> None:
    """Every GET route that answers with HTML: scripts by nonce alone, a fresh one each time, and no inline styles."""
    rows: list[tuple[str, Any]] = [(world.real(row.path), world.ada) for row in DESK if row.method == "GET"]
    rows += [(world.real(door.path), None) for door in DOORS if door.method == "GET"]
    rows += [(world.link(kind), None) for kind in ("track", "confirm", "unsubscribe")]
    rows = [(path, desk) for path, desk in rows if not path.endswith(("/live", "/events", "/socket"))]
    nonces: set[str] = set()
    pages = 0
    for path, desk in rows:
        _, body, headers = await asked(world, "GET", path, desk)
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Server"] == "Switchboard", path
        policy = directives(headers["Content-Security-Policy"])
        assert policy["default-src"] == "'none'", path
        if "sandbox" in policy:
            assert "allow-scripts" not in policy["sandbox"]
            assert "allow-same-origin" not in policy["sandbox"]
            continue
        assert policy["frame-ancestors"] == "'none'", path
        assert "unsafe" not in str(policy)
        if headers.get("Content-Type", "").startswith("text/html"):
            pages += 1
            scripts = policy["script-src"]
            assert scripts.startswith("'nonce-"), path
            assert len(scripts) > 25
            assert body.count("<script") == body.count(f'nonce="{scripts[7:-1]}"'), path
            assert scripts not in nonces
            nonces.add(scripts)
            assert policy["base-uri"] == "'none'"
            assert " onclick=" not in body, path
            assert " style=" not in body, path
    assert pages > 35
