"""Attachments a visitor gets, and the event stream of a page when the hub stops."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from typing import Any

import aiohttp

from core.content import Content, File
from switchboard.hub import Hub
from tests.making import a_png
from tests.portal.conftest import SHOP, put, said_at
from tests.running import running_hub

PICTURE = a_png()


async def test_a_file_opens_with_its_link_and_nothing_in_it_runs(
    hub: Hub, visit: Any, client: aiohttp.ClientSession
) -> None:
    files = hub.parts.stores.files
    page = b"<script>alert(1)</script>"
    content = Content(
        "two files",
        files=(
            File("bike ‹1›.png", "image/png", len(PICTURE), "image", sha256=await files.put(PICTURE)),
            File("evil.html", "text/html", len(page), sha256=await files.put(page)),
            File("not here yet.pdf", "application/pdf", 5),
        ),
    )
    async with visit() as visitor:
        await visitor.hello()
        await put(hub, visitor.address, "", content=content)
        picture, html, pending = (await visitor.next("message"))["files"]
    assert "url" not in pending
    async with client.get(hub.url + picture["url"]) as answer:
        assert await answer.read() == PICTURE
        assert answer.content_type == "image/png"
        assert answer.headers["Content-Disposition"] == "inline; filename*=UTF-8''bike%20%E2%80%B91%E2%80%BA.png"
    async with client.get(hub.url + html["url"]) as answer:
        assert await answer.read() == page
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for forged in (html["url"][:-2] + "xx", "/chat/files/x", "/chat/files/" + await files.put(page)):
        async with client.get(hub.url + forged) as answer:
            assert answer.status == 404


async def bring(
    client: aiohttp.ClientSession, hub: Hub, token: str, data: bytes, **headers: str
) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    sent = {
        "Authorization": f"Bearer {token}",
        "X-Site": "shop",
        "X-File-Name": "bike.png",
        "Content-Type": "image/png",
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.post(f"{hub.url}/chat/files", data=io.BytesIO(data), headers={**sent, **named}) as answer:
        return answer.status, await answer.json(), answer.headers


async def test_a_visitor_sends_files_of_their_own(hub: Hub, visit: Any, client: aiohttp.ClientSession) -> None:
    async with visit() as ann, visit() as ben:
        token = (await ann.hello())["token"]
        await ben.hello()
        status, answer, headers = await bring(
            client, hub, token, PICTURE, Origin=SHOP, X_File_Name="%D0%B2..%2F%00.png"
        )
        assert (status, headers["Access-Control-Allow-Origin"]) == (200, SHOP)
        _, page, _ = await bring(client, hub, token, b"<script>alert(1)</script>", X_File_Name="not-a-picture.png")
        message = {"type": "message", "id": "files-00001", "text": "", "files": [answer["file"], page["file"]]}
        await ben.send(message)
        assert (await ben.next("error"))["code"] == "file_gone"
        for _ in range(2):
            await ann.send(message)
            assert (await ann.next("ack"))["id"] == "files-00001"
        assert await said_at(hub, ben.address) == []
        [entry] = await said_at(hub, ann.address)
    picture, other = entry.content.files
    assert (picture.name, picture.type, picture.kind, picture.size) == (
        "\ufffd.png",
        "image/png",
        "image",
        len(PICTURE),
    )
    assert (other.type, other.kind) == ("application/octet-stream", "document")
    assert picture.sha256
    assert await hub.parts.stores.files.get(picture.sha256) == PICTURE


async def test_nobody_else_uploads_anything(hub: Hub, visit: Any, client: aiohttp.ClientSession) -> None:
    async with visit() as visitor:
        token = (await visitor.hello())["token"]
        assert (await bring(client, hub, token[:-2] + "xx", PICTURE))[0] == 401
        assert (await bring(client, hub, "", PICTURE))[0] == 401
        assert (await bring(client, hub, token, PICTURE, X_Site="nobody"))[0] == 404
        assert (await bring(client, hub, token, PICTURE, Origin="https://evil.example"))[0] == 403
        assert (await bring(client, hub, token, b""))[0] == 400
        status, answer, _ = await bring(client, hub, token, b"x" * (10 * 1024 * 1024 + 1), Accept_Language="ru")
        assert status == 413
        assert "10 МБ" in answer["error"]
        for wrong in ("x", ["x"] * 6, [5], {"a": 1}):
            await visitor.send({"type": "message", "id": "files-00002", "text": "x", "files": wrong})
            assert (await visitor.next("error"))["code"] == "not_understood"


async def test_a_stopping_hub_ends_the_event_streams(
    database_uri: str, database_name: str, client: aiohttp.ClientSession
) -> None:
    async with running_hub(database_uri, database_name, sample_data=True) as hub:
        order = await hub.parts.stores.orders.numbered("demo", "A-1042")
        assert order is not None
        answer = await client.get(f"{hub.url}/track/{order.token}/events")
        assert answer.content_type == "text/event-stream"
        first = await answer.content.readuntil(b"id: ")
        assert first.startswith(b"retry:")
    async with asyncio.timeout(120):
        rest = await answer.content.read()
    assert b'<ol class="stages"' in rest
