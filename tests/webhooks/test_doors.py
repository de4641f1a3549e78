"""What another system gets for each thing it may send, over HTTP, with real stores behind the door."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Counter, generate_latest

from channels import CHANNELS
from channels.orders import signed
from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.addresses.store import Addresses
from core.channel import Account
from core.database import Database
from core.errors import CannotStore
from core.feed import Feed
from core.files.store import Files
from core.intake.store import INDEXES as INTAKE_INDEXES
from core.intake.store import FailedIntakes
from core.interactions.store import INDEXES as LOG_INDEXES
from core.interactions.store import Interactions
from core.lines import Lines
from core.receive import Receive
from webhooks.needs import Needs
from webhooks.routes import routes
from webhooks.strangers import MOST_FAILURES

SECRET = "s3cret"
LIMIT = 200_000
EVENT = {"id": "e1", "status": "paid", "order": {"number": "A-1042", "customer": {"email": "ann@example.org"}}}


@dataclass
class Door:
    """A client at the doors of a hub, and a look at what the hub kept."""

    http: TestClient[web.Request, web.Application]
    database: Database
    needs: Needs

    async def post(
        self, body: Any, path: str = "/webhooks/orders/shop", *, secret: str = SECRET, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Send `body` (JSON unless bytes), signed; the status and what the answer says."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"X-Switchboard-Signature": signed(secret, content, datetime.now(UTC)), **headers}
        async with self.http.post(path, data=content, headers=headers) as response:
            answer = await response.json()
            assert response.content_type == "application/json"
            assert "Traceback" not in await response.text()
            return response.status, answer

    async def count(self, collection: str) -> int:
        return int(await self.database.collection(collection).count_documents({}))


@asynccontextmanager
async def serving(needs: Needs, database: Database) -> AsyncIterator[Door]:
    app = web.Application(client_max_size=needs.max_body)
    app.add_routes(routes(needs))
    async with TestClient(TestServer(app)) as client:
        yield Door(client, database, needs)


@pytest.fixture
async def needs(database: Database) -> Needs:
    await database.migrate([*LOG_INDEXES, *INTAKE_INDEXES])
    accounts = Accounts(database, Vault("k" * 32))
    await accounts.save(Account("orders", "shop", secrets={"secret": SECRET}))
    await accounts.save(Account("orders", "closed", secrets={"secret": SECRET}, enabled=False))
    await accounts.save(Account("orders", "unsigned"))
    await accounts.save(Account("webform", "contact"))
    await accounts.save(Account("telegram", "bot", secrets={"token": "1:a", "webhook_secret": "hush"}))
    feed = Feed()
    receive = Receive(Interactions(database), Addresses(database), Files(database), FailedIntakes(database), feed)
    registry = CollectorRegistry()
    Counter("switchboard_test", "counts", registry=registry).inc()

    async def metrics() -> bytes:
        return generate_latest(registry)

    return Needs(receive, Lines(accounts, CHANNELS), LIMIT, database.ping, metrics)


@pytest.fixture
async def door(needs: Needs, database: Database) -> AsyncIterator[Door]:
    async with serving(needs, database) as door:
        yield door


# ------------------------------------------------------------------------------------------------------ yes


async def test_what_is_theirs_is_kept_before_the_yes(door: Door) -> None:
    assert await door.post(EVENT) == (200, {"kept": 1})
    entry = await door.database.collection("interactions").find_one({})
    assert entry is not None
    assert (entry["address"], entry["kind"], entry["status"]) == ("orders:shop:A-1042", "order", "received")
    assert json.loads(entry["raw"]["body"]) == EVENT


async def test_the_same_again_is_yes_and_one_entry(door: Door) -> None:
    answers = await asyncio.gather(*(door.post(EVENT) for _ in range(10)))
    assert answers == [(200, {"kept": 1})] * 10
    assert await door.count("interactions") == 1


async def test_telegram_has_its_own_proof(door: Door) -> None:
    update = {
        "update_id": 7,
        "message": {
            "message_id": 5,
            "date": 1767225600,
            "chat": {"id": 4711, "type": "private", "first_name": "Ann"},
            "from": {"id": 4711, "is_bot": False, "first_name": "Ann"},
            "text": "hello",
        },
    }
    right = {"X-Telegram-Bot-Api-Secret-Token": "hush"}
    assert await door.post(update, "/webhooks/telegram/bot", **right) == (200, {"kept": 1})
    assert (await door.post(update, "/webhooks/telegram/bot"))[0] == 401
    entry = await door.database.collection("interactions").find_one({})
    assert entry is not None
    assert entry["address"] == "telegram:bot:4711"


async def test_authentic_and_unreadable_is_yes_and_kept_for_replay(door: Door) -> None:
    bodies: list[Any] = [{"order": {}}, {**EVENT, "status": "exploded"}, b'{"a":1,"a":2}', b'"\\ud800\\u0000"']
    for body in bodies:
        assert await door.post(body) == (200, {"kept": 0})
    kept = [d async for d in door.database.collection("failed_intake").find({})]
    assert len(kept) == 4
    assert any("exploded" in d["reason"] for d in kept)
    assert not any("signature" in header.lower() for d in kept for header in d["headers"])
    assert await door.count("interactions") == 0


async def test_one_broken_event_of_a_list_does_not_hold_up_the_others(door: Door) -> None:
    events = [EVENT, {**EVENT, "status": "exploded"}, {**EVENT, "id": "e2"}]
    for _ in range(2):
        assert await door.post(events) == (200, {"kept": 2})
    assert await door.count("interactions") == 2
    (kept,) = [d async for d in door.database.collection("failed_intake").find({})]
    assert kept["times"] == 2
    assert kept["reason"].startswith("[1].status")


async def test_lone_surrogates_and_nuls_in_an_event_are_kept_readable(door: Door) -> None:
    body = b'{"status":"paid","order":{"number":"7","customer":{"name":"A\\ud83d\\u0000"}}}'
    assert await door.post(body) == (200, {"kept": 1})
    entry = await door.database.collection("interactions").find_one({})
    assert entry is not None
    assert entry["data"]["order"]["customer"]["name"] == "A\ufffd\ufffd"


# ------------------------------------------------------------------------------------------------------- no


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/orders/nobody",
        "/webhooks/orders/closed",
        "/webhooks/pigeon/shop",
        "/webhooks/webform/contact",  # a channel without a door
        "/webhooks/email/help/postmark",  # a provider we do not know
        "/webhooks/orders/%00",
        "/webhooks/orders/" + "x" * 400,
        "/webhooks/orders/..%2Fshop",
        "/webhooks/orders/%24ne",
    ],
)
async def test_an_unknown_line_is_404(door: Door, path: str) -> None:
    status, answer = await door.post(EVENT, path)
    assert (status, answer["error"]) == (404, "unknown_account")
    assert answer["sentence"]
    assert await door.count("interactions") == 0


async def test_a_wrong_signature_is_401_and_says_what_is_wrong(door: Door) -> None:
    for headers, words in (
        ({"X-Switchboard-Signature": ""}, "missing"),
        ({"X-Switchboard-Signature": signed(SECRET, b"other", datetime.now(UTC))}, "not right"),
        ({"X-Switchboard-Signature": signed(SECRET, b"{}", datetime.now(UTC) - timedelta(minutes=6))}, "5 minutes"),
    ):
        status, answer = await door.post(b"{}", **headers)
        assert (status, answer["error"]) == (401, "not_from_them")
        assert words in answer["sentence"]
    assert (await door.post(EVENT, secret="wrong"))[0] == 401
    assert (await door.post(EVENT, "/webhooks/orders/unsigned", secret=""))[0] == 401
    assert await door.count("interactions") == await door.count("failed_intake") == 0


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"{'a': 1}", b"NaN"])
async def test_what_is_no_json_is_400(door: Door, body: bytes) -> None:
    status, answer = await door.post(body)
    assert (status, answer["error"]) == (400, "not_this_format")
    assert await door.count("failed_intake") == 0


async def test_a_body_that_says_it_is_too_large_is_413_before_it_is_sent(door: Door) -> None:
    reader, writer = await asyncio.open_connection(door.http.host, door.http.port)
    writer.write(b"POST /webhooks/orders/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n")
    assert b" 413 " in await asyncio.wait_for(reader.readline(), 60)
    writer.close()


async def test_fifty_megabytes_in_chunks_are_413_and_never_held(door: Door) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(50):
            sent += 1
            yield b"x" * 1_000_000

    try:
        async with door.http.post("/webhooks/orders/shop", data=chunks()) as response:
            assert response.status == 413
            assert (await response.json())["error"] == "too_large"
    except aiohttp.ClientConnectionError:
        pass  # the door was shut while we were still pushing, which is as good
    assert sent < 50
    assert await door.post(EVENT) == (200, {"kept": 1})


async def test_a_small_body_that_unpacks_to_a_large_one_is_413(door: Door) -> None:
    bomb = zlib.compress(b"x" * 30_000_000)
    assert len(bomb) < LIMIT
    status, answer = await door.post(bomb, **{"Content-Encoding": "deflate"})
    assert (status, answer["error"]) == (413, "too_large")


async def test_a_body_that_is_not_packed_as_it_says_is_400(door: Door) -> None:
    status, _ = await door.post(b"certainly not gzip", **{"Content-Encoding": "gzip"})
    assert status == 400


async def test_a_sender_that_breaks_off_leaves_nothing_behind(door: Door) -> None:
    for _ in range(3):
        _, writer = await asyncio.open_connection(door.http.host, door.http.port)
        writer.write(b'POST /webhooks/orders/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"id":')
        await writer.drain()
        writer.close()
    assert await door.post(EVENT) == (200, {"kept": 1})
    assert await door.count("interactions") == 1


async def test_the_database_away_is_503_with_retry_after(needs: Needs, database: Database) -> None:
    lost = Database.connect("mongodb://127.0.0.1:9/?replicaSet=x", "lost", timeout=0.3)
    gone = Receive(Interactions(lost), Addresses(lost), Files(lost), FailedIntakes(lost), Feed())
    async with serving(replace(needs, receive=gone, ready=lost.ping), database) as door:
        content = json.dumps(EVENT).encode()
        headers = {"X-Switchboard-Signature": signed(SECRET, content, datetime.now(UTC))}
        async with door.http.post("/webhooks/orders/shop", data=content, headers=headers) as response:
            assert response.status == 503
            assert int(response.headers["Retry-After"]) >= 1
            assert (await response.json())["error"] == "cannot_store"
        async with door.http.get("/readyz") as response:
            assert response.status == 503
            assert (await response.json())["sentence"]
        async with door.http.get("/healthz") as response:
            assert response.status == 200
    await lost.close()


class Slow:
    """A receiver that keeps what it is given in hand."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.full = asyncio.Event()
        self.in_hand = 0

    async def take(self, *_: object) -> list[Any]:
        self.in_hand += 1
        if self.in_hand == 3:
            self.full.set()
        await self.go.wait()
        return []


async def test_one_line_never_has_more_in_hand_than_its_share(needs: Needs, database: Database) -> None:
    slow = Slow()
    async with serving(replace(needs, receive=slow, in_flight=3), database) as door:
        waiting = [asyncio.create_task(door.post(EVENT)) for _ in range(3)]
        await asyncio.wait_for(slow.full.wait(), 60)
        status, answer = await door.post(EVENT)
        assert (status, answer["error"]) == (503, "busy")
        slow.go.set()
        assert [status for status, _ in await asyncio.gather(*waiting)] == [200] * 3
        assert (await door.post(EVENT))[0] == 200


class Stumbles:
    """A receiver with a fault in it."""

    async def take(self, *_: object) -> list[Any]:
        raise RuntimeError("secret detail")


async def test_a_fault_of_ours_is_500_without_its_inside(needs: Needs, database: Database) -> None:
    async with serving(replace(needs, receive=Stumbles()), database) as door:
        status, answer = await door.post(EVENT)
        assert (status, answer["error"]) == (500, "failed")
        assert "secret detail" not in str(answer)


async def test_who_keeps_failing_is_told_to_wait_and_the_authentic_still_come_in(door: Door) -> None:
    statuses = [(await door.post(EVENT, secret="wrong"))[0] for _ in range(MOST_FAILURES + 5)]
    assert statuses == [401] * MOST_FAILURES + [429] * 5
    assert await door.post(EVENT) == (200, {"kept": 1})


async def test_only_posting_opens_a_door(door: Door) -> None:
    async with door.http.get("/webhooks/orders/shop") as response:
        assert response.status == 405


# --------------------------------------------------------------------------------------------------- health


async def test_the_health_pages(door: Door) -> None:
    for path, wanted in (("/healthz", {"alive": True}), ("/readyz", {"ready": True})):
        async with door.http.get(path) as response:
            assert response.status == 200
            assert await response.json() == wanted
    async with door.http.get("/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        assert "switchboard_test_total 1.0" in await response.text()


async def test_a_database_that_hangs_is_not_ready(needs: Needs, database: Database) -> None:
    async def fails() -> None:
        raise CannotStore("The database does not answer.")

    async with serving(replace(needs, ready=fails), database) as door, door.http.get("/readyz") as response:
        assert response.status == 503
        assert response.headers["Retry-After"] == "5"
