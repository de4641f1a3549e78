"""The chat socket, spoken to as a browser would, and as nobody should."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.channel import Account
from core.feed import entry_changed
from core.ids import id_at
from core.interactions.interaction import Author
from portal.chat.history import MOST
from switchboard.hub import Hub
from tests.making import make_message
from tests.portal.conftest import SHOP, Visitor, put, said_at
from tests.running import hub_process, running_hub
from tests.servers.mongo import MongoServer


async def test_an_ack_means_that_it_is_in_the_log_once(hub: Hub, visit: Any) -> None:
    async with visit() as visitor:
        await visitor.hello(page={"url": "https://shop.example/bikes", "title": "Bikes", "junk": 1})
        id = await visitor.say("Hello")
        ack = await visitor.next("ack")
        entries = await said_at(hub, visitor.address)
        assert [(e.content.text, e.key, e.id) for e in entries] == [("Hello", f"c:{id}", ack["entry"])]
        assert entries[0].data == {"page": {"url": "https://shop.example/bikes", "title": "Bikes"}}
        await visitor.say("Hello", id)
        again = await visitor.next("ack")
        assert again == ack
        assert len(await said_at(hub, visitor.address)) == 1


async def test_the_bot_answers_and_a_pressed_button_is_a_choice(hub: Hub, visit: Any) -> None:
    async with visit() as visitor:
        await visitor.hello()
        await visitor.say("Hello")
        answer = await visitor.next("message", lambda frame: frame["from"] == "bot")
        assert answer["buttons"]
        button = answer["buttons"][0]
        await visitor.send({"type": "choice", "id": "choice-000001", **button})
        assert (await visitor.next("ack"))["id"] == "choice-000001"
        await visitor.send({"type": "read", "upto": answer["id"]})
        read = await visitor.next("message", lambda frame: frame["id"] == answer["id"])
        assert read["read"] is True
        chosen = (await said_at(hub, visitor.address))[-1]
        assert (chosen.content.text, chosen.choice) == (button["label"], button["value"])


async def test_messages_stay_in_order(hub: Hub, visit: Any) -> None:
    async with visit() as visitor:
        await visitor.hello()
        ids = [await visitor.say(f"message {n}") for n in range(15)]
        assert [(await visitor.next("ack"))["id"] for _ in ids] == ids
        assert [e.content.text for e in await said_at(hub, visitor.address)] == [f"message {n}" for n in range(15)]


async def test_a_returning_visitor_gets_their_own_history_and_nobody_elses(hub: Hub, visit: Any) -> None:
    async with visit() as ann, visit() as ben:
        assert (await ann.hello())["history"] == []
        await ben.hello()
        await ann.say("I am Ann")
        await ann.next("ack")
        await ben.say("I am Ben")
        await ben.next("ack")
        await put(hub, ann.address, "for Ann only")
        assert (await ann.next("message", lambda f: f["text"] == "for Ann only"))["name"] == "Olga"
        assert "for Ann only" not in json.dumps(await ben.silent())
    async with visit() as back:
        welcome = await back.hello(token=ann.welcome["token"])
        texts = [frame["text"] for frame in welcome["history"]]
        assert {"I am Ann", "for Ann only"} <= set(texts)
        assert "I am Ben" not in texts
        assert back.address == ann.address


@pytest.mark.parametrize("harm", ["forged", "other site", "cut", "not text", "endless"])
async def test_a_wrong_token_opens_nothing(hub: Hub, visit: Any, harm: str) -> None:
    await hub.parts.stores.accounts.save(Account("webchat", "other", "Other"))
    async with visit() as ann:
        await ann.hello()
        await ann.say("a secret")
        await ann.next("ack")
    token = ann.welcome["token"]
    value, rest = token.split(".", 1)
    wrong: dict[str, Any] = {
        "forged": f"{value[:-1]}{'0' if value[-1] != '0' else '1'}.{rest}",
        "other site": token,
        "cut": token[:-3],
        "not text": {"token": token},
        "endless": token + "x" * 10_000,
    }
    async with visit() as stranger:
        welcome = await stranger.hello("other" if harm == "other site" else "shop", token=wrong[harm])
        assert welcome["history"] == []
        assert stranger.address.split(":")[2] != ann.address.split(":")[2]


async def test_only_what_really_went_out_is_shown(hub: Hub, visit: Any) -> None:
    async with visit() as visitor:
        await visitor.hello()
        await visitor.say("Hi")
        await visitor.next("message", lambda frame: frame["from"] == "bot")
        hidden: list[dict[str, Any]] = [
            {"kind": "note", "direction": "internal", "status": "handled"},
            {"kind": "system", "direction": "internal", "status": "handled"},
            {"kind": "system", "direction": "out"},
            {"status": "queued"},
            {"status": "planned"},
            {"status": "sending"},
            {"status": "failed"},
            {"status": "uncertain"},
            {"status": "cancelled"},
            {"kind": "call", "direction": "in", "status": "handled"},
        ]
        entries = [await put(hub, visitor.address, f"hidden {n}", **fields) for n, fields in enumerate(hidden)]
        assert "hidden" not in json.dumps(await visitor.silent())
        hub.parts.feed.announce(entry_changed(replace(entries[3], status="sent")))
        shown = await visitor.next("message")
        assert shown["text"] == "hidden 3"
        hub.parts.feed.announce(entry_changed(replace(entries[3], status="delivered")))
        assert await visitor.silent() == []  # nothing new to see
    async with visit() as back:
        welcome = await back.hello(token=visitor.welcome["token"])
        # In the log it is still queued: only the announcement said otherwise.
        assert "hidden" not in json.dumps(welcome)


async def test_what_was_said_meanwhile_arrives_also_when_it_was_written_before_the_cursor(hub: Hub, visit: Any) -> None:
    async with visit() as visitor:
        await visitor.hello()
        await visitor.say("Are you there?")
        cursor = (await visitor.next("ack"))["entry"]
    # Written by another process before the visitor's message, and sent after they had gone.
    earlier = id_at(datetime.now(UTC) - timedelta(minutes=1))
    await put(hub, visitor.address, "slow answer", id=earlier)
    await put(hub, visitor.address, "quick answer")
    async with visit() as back:
        welcome = await back.hello(token=visitor.welcome["token"], cursor=cursor)
        assert welcome["whole"]
        assert [f["text"] for f in welcome["history"] if f["from"] == "agent"] == ["slow answer", "quick answer"]


async def test_a_long_history_comes_in_pages_without_a_gap(hub: Hub, visit: Any) -> None:
    async with visit() as visitor:
        await visitor.hello()
        for n in range(130):
            await put(hub, visitor.address, f"line {n}")
    async with visit() as back:
        welcome = await back.hello(token=visitor.welcome["token"])
        assert [f["text"] for f in welcome["history"]] == [f"line {n}" for n in range(80, 130)]
        assert welcome["more"]
        await back.send({"type": "older", "before": welcome["history"][0]["id"]})
        older = await back.next("history")
        assert [f["text"] for f in older["history"]] == [f"line {n}" for n in range(30, 80)]
        await back.send({"type": "older", "before": older["history"][0]["id"]})
        oldest = await back.next("history")
        assert [f["text"] for f in oldest["history"]] == [f"line {n}" for n in range(30)]
        assert not oldest["more"]


async def test_who_is_many_pages_behind_is_given_all_of_it_in_order_and_once(hub: Hub, visit: Any) -> None:
    async with visit() as visitor:
        await visitor.hello()
        await visitor.say("Hi")
        cursor = (await visitor.next("ack"))["entry"]
        token, address = visitor.welcome["token"], visitor.address
    usual: dict[str, Any] = {"channel": "webchat", "account": "shop", "direction": "out", "status": "sent"}
    written = [
        make_message(f"line {n}", address=address, author=Author("agent"), **usual) for n in range(2 * MOST + 30)
    ]
    for start in range(0, len(written), 200):
        await hub.parts.stores.interactions.add(written[start : start + 200])
    async with visit() as back:
        welcome = await back.hello(token=token, cursor=cursor)
        assert len(welcome["history"]) <= MOST, "what one answer holds is bounded"
        assert (welcome["whole"], welcome["more"]) == (False, True), (
            "and says that it does not reach back to the cursor"
        )
        pages = [welcome["history"]]
        while pages[0][0]["id"] > cursor:
            await back.send({"type": "older", "before": pages[0][0]["id"]})
            pages.insert(0, (await back.next("history"))["history"])
        told = [frame for page in pages for frame in page]
        assert [frame["text"] for frame in told if frame["from"] == "agent"] == [one.content.text for one in written]
        assert sorted({frame["id"] for frame in told}) == [frame["id"] for frame in told]
        # And what comes now is told as ever.
        await put(hub, address, "and now")
        assert (await back.next("message"))["text"] == "and now"


async def test_seeing_a_message_is_its_receipt(hub: Hub, visit: Any) -> None:
    log = hub.parts.stores.interactions
    async with visit() as visitor, visit() as stranger:
        await visitor.hello()
        await stranger.hello()
        entry = await put(hub, visitor.address, "look")
        frame = await visitor.next("message")
        assert frame["read"] is False
        await stranger.send({"type": "read", "upto": entry.id})  # not theirs to read
        await stranger.silent()
        after = await log.get(entry.id)
        assert after is not None
        assert after.status == "sent"
        await visitor.send({"type": "delivered", "upto": entry.id})
        await visitor.silent()
        after = await log.get(entry.id)
        assert after is not None
        assert after.status == "delivered"
        await visitor.send({"type": "read", "upto": entry.id})
        assert (await visitor.next("message"))["read"] is True
        after = await log.get(entry.id)
        assert after is not None
        assert after.status == "read"


HOSTILE = [
    "",
    "{",
    "null",
    "[]",
    '"hello"',
    "1e999",
    "[" * 30_000,
    '{"type": "message"}',
    '{"type": "message", "id": 5, "text": "x"}',
    '{"type": "message", "id": "short", "text": "x"}',
    '{"type": "message", "id": "has spaces in", "text": "x"}',
    '{"type": "message", "id": "good-id-0001", "text": ["x"]}',
    '{"type": "message", "id": "good-id-0002", "text": "   "}',
    '{"type": "choice", "id": "good-id-0003", "value": 7}',
    '{"type": "read", "upto": {"$gt": ""}}',
    '{"type": "read", "upto": "zzzzzzzzzzzzzzzzzzzz"}',
    '{"type": "older", "before": ""}',
    '{"type": "hello", "site": "shop"}',
    '{"type": "' + "x" * 60_000 + '"}',
]


async def test_hostile_frames_get_an_error_and_harm_nothing(hub: Hub, visit: Any) -> None:
    async with visit() as visitor:
        await visitor.hello()
        for frame in HOSTILE:
            await visitor.send(frame)
            answer = await visitor.frame()
            assert answer["type"] == "error", frame[:100]
            assert answer["sentence"]
        await visitor.say("still here \ud83d\x00 \ud800")
        await visitor.next("ack")
        assert [e.content.text for e in await said_at(hub, visitor.address)] == ["still here \ufffd\ufffd \ufffd"]
        await visitor.ws.send_bytes(b"\x00\x01")
        assert await visitor.closed() == 4400  # enough


@pytest.mark.parametrize(
    "first",
    ["", "{", "[]", '{"type": "message", "id": "good-id-0001", "text": "x"}', '{"type": "hello", "site": 5}'],
)
async def test_a_socket_begins_with_hello(visit: Any, first: str) -> None:
    async with visit() as visitor:
        await visitor.send(first)
        assert await visitor.closed() == 4400


async def test_too_long_is_said_and_a_giant_frame_ends_the_line(visit: Any) -> None:
    async with visit() as visitor:
        await visitor.hello(language="ru")
        id = await visitor.say("я" * 8001)
        answer = await visitor.frame()
        assert (answer["code"], answer["id"]) == ("too_long", id)
        assert "8000" in answer["sentence"]
        await visitor.say("я" * 8000)
        await visitor.next("ack")
        await visitor.send("x" * 70_000)
        assert await visitor.closed() == 1009


async def test_who_may_show_the_chat(hub: Hub, visit: Any) -> None:
    async with visit() as visitor:
        assert (await visitor.hello("nobody"))["code"] == "no_such_site"
        assert await visitor.closed() == 4404
    async with visit("https://evil.example") as visitor:
        assert (await visitor.hello())["code"] == "not_here"
        assert await visitor.closed() == 4403
    for origin in (SHOP, hub.url):
        async with visit(origin) as visitor:
            assert (await visitor.hello())["type"] == "welcome"


async def test_a_stopping_hub_says_that_it_comes_back(database_uri: str, database_name: str) -> None:
    async with aiohttp.ClientSession() as client:
        async with running_hub(database_uri, database_name, sample_data=False) as hub:
            await hub.parts.stores.accounts.save(Account("webchat", "shop", "Shop"))
            ws = await client.ws_connect(f"{hub.url}/chat/socket")
            await ws.send_json({"type": "hello", "site": "shop"})
            assert (await ws.receive_json())["type"] == "welcome"
            reading = asyncio.create_task(ws.receive())
        assert (await reading).type is aiohttp.WSMsgType.CLOSE
        assert ws.close_code == 1012


async def test_without_the_database_nothing_is_acked_and_the_retry_is_one_entry(database_name: str) -> None:
    server = MongoServer()
    server.start()
    process = server._process
    assert process is not None
    try:
        async with (
            aiohttp.ClientSession() as client,
            running_hub(server.uri, database_name, role="web", sample_data=False) as hub,
        ):
            await hub.parts.stores.accounts.save(Account("webchat", "shop", "Shop"))
            async with client.ws_connect(f"{hub.url}/chat/socket") as ws:
                await ws.send_json({"type": "hello", "site": "shop"})
                token = (await ws.receive_json())["token"]
                process.send_signal(signal.SIGSTOP)
                await ws.send_json({"type": "message", "id": "once-00001", "text": "only once"})
                answer = await ws.receive_json(timeout=15)
                assert (answer["type"], answer["code"], answer["id"]) == ("error", "cannot_store", "once-00001")
                assert answer["after"] > 0
                process.send_signal(signal.SIGCONT)
                await ws.send_json({"type": "message", "id": "once-00001", "text": "only once"})
                while (answer := await ws.receive_json(timeout=15))["type"] == "message":
                    pass
                assert answer["type"] == "ack"
                address = f"webchat:{token.rsplit('.', 2)[0]}"
                assert [e.content.text for e in await said_at(hub, address)] == ["only once"]
    finally:
        process.send_signal(signal.SIGCONT)
        server.stop()


async def test_an_agent_is_never_told_to_be_a_bot(hub: Hub, visit: Any) -> None:
    async with visit() as visitor:
        await visitor.hello()
        await put(hub, visitor.address, "beep", author=Author("bot"))
        assert (await visitor.next("message"))["from"] == "bot"
        await put(hub, visitor.address, "hello", author=Author("agent", id="secret-agent-id", name="Olga"))
        frame = await visitor.next("message")
        assert (frame["from"], frame["name"]) == ("agent", "Olga")
        assert "secret-agent-id" not in json.dumps(frame)


async def test_the_answer_comes_also_when_another_process_gives_it(
    database_uri: str, database_name: str, tmp_path: Path
) -> None:
    environment = {"SWITCHBOARD_MONGODB_URI": database_uri, "SWITCHBOARD_DATABASE": database_name}
    async with (
        running_hub(database_uri, database_name, role="web", sample_data=False) as hub,
        hub_process(tmp_path, "--role", "worker", environment=environment),
        aiohttp.ClientSession() as client,
    ):
        await hub.parts.stores.accounts.save(Account("webchat", "shop", "Shop"))
        async with client.ws_connect(f"{hub.url}/chat/socket") as ws:
            visitor = Visitor(ws, hub)
            await visitor.hello()
            await visitor.say("Hello")
            assert (await visitor.next("message", lambda frame: frame["from"] == "bot"))["text"]
