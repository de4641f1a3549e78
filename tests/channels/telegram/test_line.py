"""How updates come in: polled, pushed, with their files; and what the handshake tells."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from channels.telegram.adapter import Telegram
from channels.telegram.parse import ALLOWED_UPDATES
from core.channel import Arrival, Haul, Reachability
from core.content import File
from core.errors import DeliveryError, NotFromThem, Rejected, RetryLater
from tests.channels.telegram.conftest import Opens
from tests.servers.botapi import Bot, BotApi, Fault
from tests.servers.botapi_people import Person


@pytest.fixture
def ann(bot: Bot) -> Person:
    return bot.person("Ann")


def _texts(adapter: Telegram, haul: Haul) -> list[str]:
    events = [event for parcel in haul.parcels for event in adapter.parse(parcel.body, parcel.headers)]
    return [event.content.text for event in events if isinstance(event, Arrival)]


async def _hauls(adapter: Telegram, cursor: Any = None, count: int = 1) -> list[Haul]:
    found: list[Haul] = []
    async with asyncio.timeout(30), aclosing(_generator(adapter, cursor)) as hauls:
        async for haul in hauls:
            found.append(haul)
            if len(found) == count:
                break
    return found


async def _generator(adapter: Telegram, cursor: Any) -> Any:
    async for haul in adapter.listen(cursor):
        yield haul


# ---------------------------------------------------------------------------------------------------------- polling


async def test_updates_are_polled_in_order_with_a_cursor(adapter: Telegram, ann: Person) -> None:
    ann.says("one")
    ann.says("two")
    [haul] = await _hauls(adapter)
    assert _texts(adapter, haul) == ["one", "two"]
    ann.says("three")
    [later] = await _hauls(adapter, haul.cursor)
    assert _texts(adapter, later) == ["three"]


async def test_what_was_not_stored_is_polled_again_and_has_the_same_keys(adapter: Telegram, ann: Person) -> None:
    ann.says("one")
    [first] = await _hauls(adapter)
    [again] = await _hauls(adapter)  # the cursor was never kept: a crash
    assert first == again


async def test_asking_for_the_next_haul_confirms_the_last(adapter: Telegram, bot: Bot, ann: Person) -> None:
    ann.says("one")
    async with aclosing(_generator(adapter, None)) as hauls:
        await anext(hauls)
        assert len(bot.updates) == 1
        asking = asyncio.ensure_future(anext(hauls))
        await bot.until(lambda: not bot.updates)
        ann.says("two")
        assert _texts(adapter, await asking) == ["two"]


async def test_a_message_is_there_at_once_while_polling(adapter: Telegram, bot: Bot, ann: Person) -> None:
    polling = asyncio.ensure_future(_hauls(adapter))
    await bot.until(lambda: "getUpdates" in bot.calls)
    began = time.monotonic()
    ann.says("hello?")
    [haul] = await polling
    assert time.monotonic() - began < 15, "without waiting for the end of the poll"
    assert _texts(adapter, haul) == ["hello?"]


async def test_a_webhook_is_removed_and_nothing_that_waits_is_dropped(adapter: Telegram, bot: Bot, ann: Person) -> None:
    bot.webhook = {"url": "https://old.example.org/hook"}
    ann.says("before")
    [haul] = await _hauls(adapter)
    assert _texts(adapter, haul) == ["before"]
    assert bot.webhook["url"] == ""


async def test_a_webhook_set_meanwhile_is_removed_too(adapter: Telegram, bot: Bot, ann: Person) -> None:
    ann.says("one")
    async with asyncio.timeout(30), aclosing(_generator(adapter, None)) as hauls:
        await anext(hauls)
        bot.webhook = {"url": "https://old.example.org/hook"}
        ann.says("two")
        assert _texts(adapter, await anext(hauls)) == ["two"]


async def test_one_update_nobody_understands_does_not_hide_the_others(adapter: Telegram, bot: Bot, ann: Person) -> None:
    ann.says("one")
    bot.push("message", {"message_id": "not a number"})
    ann.says("two \ud800")
    [haul] = await _hauls(adapter)
    assert len(haul.parcels) == 3
    assert _texts(adapter, Haul((haul.parcels[0], haul.parcels[2]), {})) == ["one", "two \ufffd"]


async def test_more_than_a_hundred_come_in_several_hauls(adapter: Telegram, ann: Person) -> None:
    for i in range(230):
        ann.says(str(i))
    hauls = await _hauls(adapter, count=3)
    assert [text for haul in hauls for text in _texts(adapter, haul)] == [str(i) for i in range(230)]


@pytest.mark.parametrize("cursor", [{}, {"offset": None}, {"offset": "7"}, {"something": "else"}])
async def test_a_cursor_that_says_nothing_begins_at_the_oldest(adapter: Telegram, ann: Person, cursor: Any) -> None:
    ann.says("one")
    [haul] = await _hauls(adapter, cursor)
    assert _texts(adapter, haul) == ["one"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("getUpdates", status=500), RetryLater),
        (Fault("getUpdates", status=502, page="<html>"), RetryLater),
        (Fault("getUpdates", then="drop"), RetryLater),
        (Fault("getUpdates", status=429, description="Too Many Requests", parameters={"retry_after": 7}), RetryLater),
        (Fault("getUpdates", status=409, description="Conflict: terminated by other getUpdates request"), RetryLater),
        (Fault("getUpdates", status=200, page='{"ok":true,"result":"?"}'), RetryLater),
        (Fault("getUpdates", status=200, page='{"ok":true,"result":[{}]}'), RetryLater),
        (Fault("getUpdates", status=401, description="Unauthorized"), Rejected),
        (Fault("getWebhookInfo", status=404, description="Not Found"), Rejected),
    ],
    ids=lambda value: f"{value.method}-{value.status}-{value.then}-{value.page}" if isinstance(value, Fault) else None,
)
async def test_what_keeps_updates_from_coming(
    api: BotApi, adapter: Telegram, ann: Person, fault: Fault, error: type[DeliveryError]
) -> None:
    api.faults.append(Fault(**vars(fault)))
    with pytest.raises(error) as caught:
        await _hauls(adapter)
    assert caught.value.sentence
    if fault.parameters:
        assert isinstance(caught.value, RetryLater)
        assert caught.value.after == 7
    ann.says("one")
    [haul] = await _hauls(adapter)
    assert _texts(adapter, haul) == ["one"]


async def test_a_token_that_is_none_needs_a_person(opens: Opens) -> None:
    with pytest.raises(Rejected, match="BotFather"):
        await _hauls(opens(token="nonsense"))


async def test_a_second_program_with_the_same_token_ends_the_first_ones_poll(opens: Opens, bot: Bot) -> None:
    first = asyncio.ensure_future(_hauls(opens()))
    await bot.until(lambda: "getUpdates" in bot.calls)
    second = asyncio.ensure_future(_hauls(opens()))
    with pytest.raises(RetryLater, match="Another program"):
        await first
    second.cancel()


async def test_with_a_webhook_nothing_is_polled(opens: Opens, bot: Bot, ann: Person) -> None:
    adapter = opens(mode="webhook")
    await adapter.handshake("http://127.0.0.1:9/")
    looks = bot.calls.count("getWebhookInfo")
    asking = asyncio.ensure_future(anext(_generator(adapter, None)))
    await bot.until(lambda: bot.calls.count("getWebhookInfo") > looks)
    assert not asking.done()
    asking.cancel()
    assert "getUpdates" not in bot.calls


async def test_blocking_and_unblocking_is_told(adapter: Telegram, ann: Person) -> None:
    ann.blocks()
    ann.unblocks()
    [haul] = await _hauls(adapter)
    events = [event for parcel in haul.parcels for event in adapter.parse(parcel.body, {})]
    assert [event.reachable for event in events if isinstance(event, Reachability)] == [False, True]


# ---------------------------------------------------------------------------------------------------------- webhook


@asynccontextmanager
async def _hub(adapter: Telegram, got: list[str], statuses: list[int]) -> AsyncIterator[str]:
    """A door as the hub has it; `statuses` are answered first, then 200."""

    async def door(request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            adapter.verify(body, headers, datetime.now(UTC))
        except NotFromThem:
            return web.Response(status=401)
        if statuses:
            return web.Response(status=statuses.pop(0))
        got.extend(event.content.text for event in adapter.parse(body, headers) if isinstance(event, Arrival))
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks/telegram/support_bot", door)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def test_the_handshake_registers_our_door_and_keeps_what_waits(opens: Opens, bot: Bot, ann: Person) -> None:
    adapter, got = opens(mode="webhook"), list[str]()
    ann.says("before")
    async with _hub(adapter, got, [503]) as url:
        facts = await adapter.handshake(url)
        ann.says("after")
        await bot.until(lambda: len(got) == 2)
    assert got == ["before", "after"]
    assert bot.pushed == [503, 200, 200]
    assert facts["webhook"] == f"{url}webhooks/telegram/support_bot"
    assert (facts["username"], facts["bot_id"], facts["mode"]) == ("tests_bot", 4200, "webhook")
    assert bot.allowed == list(ALLOWED_UPDATES)


async def test_another_secret_is_not_let_in(opens: Opens, bot: Bot, ann: Person) -> None:
    got: list[str] = []
    async with _hub(opens(mode="webhook", webhook_secret="the-new-one"), got, []) as url:
        await opens(mode="webhook", webhook_secret="the-old-one").handshake(url)
        ann.says("hi")
        await bot.until(lambda: bool(bot.pushed))
        assert bot.pushed[0] == 401
    assert got == []


async def test_the_handshake_of_a_polling_bot_sets_no_webhook(opens: Opens, bot: Bot) -> None:
    facts = await opens(mode="polling").handshake("https://hub.example.org")
    assert facts["link"] == "https://t.me/tests_bot"
    assert bot.calls == ["getMe"]


async def test_a_webhook_without_a_public_address_says_what_to_do(opens: Opens, bot: Bot) -> None:
    facts = await opens(mode="webhook").handshake(None)
    assert "public address" in facts["problem"]
    assert bot.webhook["url"] == ""


@pytest.mark.parametrize("secret", ["", "with space", "ї", "x" * 257])
async def test_a_webhook_needs_a_secret(opens: Opens, secret: str) -> None:
    with pytest.raises(Rejected, match="secret"):
        await opens(mode="webhook", webhook_secret=secret).handshake("https://hub.example.org")


async def test_a_mode_that_is_none_is_named(opens: Opens) -> None:
    with pytest.raises(Rejected, match="polling or webhook"):
        await opens(mode="pigeon").handshake(None)


async def test_a_webhook_address_telegram_refuses_is_explained(opens: Opens, api: BotApi) -> None:
    api.faults.append(
        Fault("setWebhook", status=400, description="Bad Request: bad webhook: HTTPS url must be provided")
    )
    with pytest.raises(Rejected, match="HTTPS"):
        await opens(mode="webhook").handshake("http://hub.example.org")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=401, description="Unauthorized"), Rejected),
        (Fault(status=500), RetryLater),
        (Fault(then="drop"), RetryLater),
    ],
    ids=["refused", "broken", "dropped"],
)
async def test_a_handshake_that_fails(api: BotApi, adapter: Telegram, fault: Fault, error: type[DeliveryError]) -> None:
    api.faults.append(Fault(**vars(fault)))
    with pytest.raises(error):
        await adapter.handshake(None)


# ------------------------------------------------------------------------------------------------------------ files


def _file(adapter: Telegram, bot: Bot) -> File:
    [event] = adapter.parse(json.dumps(bot.updates[-1]).encode(), {})
    assert isinstance(event, Arrival)
    return event.content.files[0]


async def test_photos_documents_and_voice_are_fetched(adapter: Telegram, bot: Bot, ann: Person) -> None:
    ann.sends_photo(b"large picture", "look")
    assert await adapter.fetch(_file(adapter, bot)) == b"large picture"
    ann.sends_document(bytes(range(256)) * 3000, "звіт №1 ?#.pdf")
    assert await adapter.fetch(_file(adapter, bot)) == bytes(range(256)) * 3000
    ann.sends_voice(b"OggS")
    assert await adapter.fetch(_file(adapter, bot)) == b"OggS"


async def test_a_file_larger_than_a_bot_may_fetch_is_rejected(adapter: Telegram, bot: Bot, ann: Person) -> None:
    ann.sends_document(bytes((20 << 20) + 1), "film.mkv")
    with pytest.raises(Rejected, match="larger"):
        await adapter.fetch(_file(adapter, bot))


async def test_a_size_over_the_official_limit_is_rejected_without_asking(opens: Opens, bot: Bot) -> None:
    adapter = opens(api_url="https://api.telegram.org")
    with pytest.raises(Rejected, match="20 MB"):
        await adapter.fetch(File("film.mkv", size=21 << 20, source="F1"))


async def test_a_file_nobody_has_is_rejected(adapter: Telegram, bot: Bot) -> None:
    for file in (File("a", source="unknown"), File("a")):
        with pytest.raises(Rejected):
            await adapter.fetch(file)


async def test_a_local_server_without_http_is_explained(api: BotApi, adapter: Telegram) -> None:
    page = '{"ok":true,"result":{"file_id":"F","file_unique_id":"u","file_path":"/etc/passwd"}}'
    api.faults.append(Fault("getFile", status=200, page=page))
    with pytest.raises(Rejected, match="--local"):
        await adapter.fetch(File("a", source="F"))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("getFile", then="drop"),
        Fault("getFile", status=500),
        Fault("file", then="drop", times=2),  # aiohttp asks again by itself when a kept-alive connection breaks
        Fault("file", status=502, page="<html>"),
        Fault("file", status=404, page="<html>"),
    ],
    ids=lambda fault: f"{fault.method}-{fault.then}-{fault.status}",
)
async def test_a_file_that_cannot_be_had_now_is_fetched_later(
    api: BotApi, adapter: Telegram, bot: Bot, ann: Person, fault: Fault
) -> None:
    ann.sends_voice(b"OggS")
    file = _file(adapter, bot)
    api.faults.append(Fault(**vars(fault)))
    with pytest.raises(RetryLater) as caught:
        await adapter.fetch(file)
    assert "AAtest" not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert await adapter.fetch(file) == b"OggS"
