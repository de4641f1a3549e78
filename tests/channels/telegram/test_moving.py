"""Moving a bot: another token, secret, address, server or way to get updates, and no update lost on the way."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.telegram.adapter import SECRET_HEADER, Telegram
from channels.telegram.parse import ALLOWED_UPDATES
from core.accounts.secrets import Vault
from core.accounts.store import EARLIER_FOR, Accounts
from core.channel import Account, Arrival, Haul
from core.content import File
from core.database import Database
from core.errors import NotFromThem, Rejected, RetryLater
from tests.channels.telegram.conftest import Opens
from tests.servers.botapi import Bot, BotApi, Fault

HUB = "http://127.0.0.1:9"


async def hauls(adapter: Telegram, cursor: Any = None) -> Haul:
    async with asyncio.timeout(20), aclosing(adapter.listen(cursor)) as found:  # type: ignore[type-var]  # a generator
        return await anext(found)


def texts(adapter: Telegram, haul: Haul) -> list[str]:
    events = [event for parcel in haul.parcels for event in adapter.parse(parcel.body, parcel.headers)]
    return [event.content.text for event in events if isinstance(event, Arrival)]


async def test_from_polling_to_a_webhook_and_back_nothing_is_dropped(opens: Opens, bot: Bot) -> None:
    ann = bot.person("Ann")
    ann.says("one")
    polling = opens(mode="polling")
    first = await hauls(polling)
    ann.says("two")
    hooked = opens(mode="webhook")
    facts = await hooked.handshake(HUB)
    assert (facts["mode"], bot.webhook["url"]) == ("webhook", f"{HUB}/webhooks/telegram/support_bot")
    ann.says("three")
    await polling.handshake(HUB)
    later = await hauls(polling, first.cursor)
    assert texts(polling, first) == ["one"]
    assert texts(polling, later) == ["two", "three"]
    assert bot.webhook["url"] == ""


async def test_a_public_address_means_a_webhook_and_none_means_polling(opens: Opens, bot: Bot) -> None:
    assert (await opens().handshake(None))["mode"] == "polling"
    assert "setWebhook" not in bot.calls
    assert (await opens().handshake(HUB))["mode"] == "webhook"
    assert bot.allowed == list(ALLOWED_UPDATES)


async def test_an_address_telegram_refuses_is_polled_instead(api: BotApi, opens: Opens, bot: Bot) -> None:
    bot.person("Ann").says("hello")
    api.faults.append(Fault("setWebhook", status=400, description="Bad Request: bad webhook: Failed to resolve host"))
    adapter = opens()
    facts = await adapter.handshake("https://nowhere.example")
    assert facts["mode"] == "polling"
    assert "resolve" in facts["problem"]
    assert texts(adapter, await hauls(adapter)) == ["hello"]


async def test_a_webhook_somebody_took_is_taken_back(opens: Opens, bot: Bot) -> None:
    adapter = opens(mode="webhook")
    await adapter.handshake(HUB)
    bot.webhook["url"] = "https://elsewhere.example/hook"
    with pytest.raises(RetryLater, match="taken"):
        await hauls(adapter)
    assert bot.webhook["url"].startswith(HUB)


async def test_what_keeps_a_webhook_from_working_is_said(opens: Opens, bot: Bot) -> None:
    adapter = opens(mode="webhook")
    await adapter.handshake(HUB)  # nobody answers there
    bot.person("Ann").says("hello?")
    await bot.until(lambda: bool(bot.pushed))
    with pytest.raises(RetryLater, match="1 updates wait") as caught:
        await hauls(adapter)
    assert caught.value.after == 60
    facts = await opens(mode="webhook").handshake(None)  # as `switchboard doctor` asks, changing nothing
    assert "wait" in facts["problem"]
    with pytest.raises(Rejected, match="public address"):
        await hauls(opens(mode="webhook"))


async def test_another_bot_or_server_does_not_inherit_the_place_in_the_row(api: BotApi, opens: Opens, bot: Bot) -> None:
    other = api.add_bot("4300:AAtest-token_of-another-bot", "other_bot")
    bot.person("Ann").says("to the first")
    cursor = dict((await hauls(opens(mode="polling"))).cursor)
    other._update_id = 7  # it counts from elsewhere
    other.person("Bob").says("to the second")
    second = opens(token=other.token, mode="polling")
    for foreign in (cursor, {**cursor, "bot": other.id, "server": "https://elsewhere.example"}, {"offset": 10**9}):
        assert texts(second, await hauls(second, foreign)) == ["to the second"]


async def test_a_secret_that_was_changed_is_let_in_for_a_day(database: Database, bot: Bot) -> None:
    accounts = Accounts(database, Vault("a key for tests that is long enough to be one"))
    account = Account("telegram", "support_bot", secrets={"token": bot.token, "webhook_secret": "old"})
    assert (await accounts.save(account)).earlier == {}
    changed = await accounts.save(replace(account, secrets={"webhook_secret": "new"}))
    assert changed.earlier == {"webhook_secret": "old"}
    adapter = Telegram(changed)
    for secret in ("old", "new"):
        adapter.verify(b"{}", {SECRET_HEADER: secret}, datetime.now(UTC))
    with pytest.raises(NotFromThem):
        adapter.verify(b"{}", {SECRET_HEADER: "older"}, datetime.now(UTC))
    past = datetime.now(UTC) - EARLIER_FOR - timedelta(minutes=1)
    await database.collection("accounts").update_one({}, {"$set": {"earlier.webhook_secret.until": past}})
    later = await accounts.get("telegram", "support_bot")
    assert later is not None
    with pytest.raises(NotFromThem):
        Telegram(later).verify(b"{}", {SECRET_HEADER: "old"}, datetime.now(UTC))


async def test_the_bot_before_stops_bringing_its_updates_and_keeps_them(api: BotApi, bot: Bot) -> None:
    new = api.add_bot("4300:AAtest-token_of-another-bot", "other_bot")
    settings = {"api_url": api.url, "mode": "webhook"}
    before = Account("telegram", "support", settings=settings, secrets={"token": bot.token, "webhook_secret": "s"})
    after = replace(before, secrets={"token": new.token, "webhook_secret": "s"}, earlier={"token": bot.token})
    for account in (before, after):
        adapter = Telegram(account)
        try:
            await adapter.handshake(HUB)
        finally:
            await adapter.close()
    assert (bot.webhook["url"], new.webhook["url"]) == ("", f"{HUB}/webhooks/telegram/support")
    bot.person("Ann").says("to the old one")
    assert len(bot.updates) == 1


# ------------------------------------------------------------------------------------- files of a server of one's own


def _names(api: BotApi, path: str) -> None:
    result = {"file_id": "F", "file_unique_id": "u", "file_path": path}
    api.faults.append(Fault("getFile", status=200, page=json.dumps({"ok": True, "result": result})))


async def test_files_of_a_local_server_are_read_where_they_are(
    api: BotApi, opens: Opens, bot: Bot, tmp_path: Path
) -> None:
    kept = tmp_path / bot.token / "documents" / "file_1.pdf"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"%PDF")
    adapter = opens(local_files=str(tmp_path))
    for path in (f"/var/lib/telegram-bot-api/{bot.token}/documents/file_1.pdf", str(kept)):
        _names(api, path)
        assert await adapter.fetch(File("a.pdf", source="F")) == b"%PDF"
    _names(api, f"/var/lib/{bot.token}/documents/gone.pdf")
    with pytest.raises(Rejected, match="any more"):
        await adapter.fetch(File("a.pdf", source="F"))


@pytest.mark.parametrize("path", ["/etc/passwd", "/x/TOKEN/../../secret", "/x/TOKEN/link"])
async def test_nothing_outside_the_folder_is_ever_read(
    api: BotApi, opens: Opens, bot: Bot, tmp_path: Path, path: str
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "files"
    (folder / bot.token).mkdir(parents=True)
    (folder / bot.token / "link").symlink_to(tmp_path / "secret")
    _names(api, path.replace("TOKEN", bot.token))
    with pytest.raises(Rejected, match="folder"):
        await opens(local_files=str(folder)).fetch(File("a", source="F"))


async def test_a_download_that_breaks_off_half_way_is_had_later(api: BotApi, adapter: Telegram, bot: Bot) -> None:
    bot.person("Ann").sends_document(bytes(range(256)) * 5000, "a.bin")
    [event] = adapter.parse(json.dumps(bot.updates[-1]).encode(), {})
    assert isinstance(event, Arrival)
    file = event.content.files[0]
    for fault in (Fault("file", then="half", times=2), Fault("file", status=502, page="<html>Bad Gateway")):
        api.faults[:] = [fault]
        with pytest.raises(RetryLater):
            await adapter.fetch(file)
    api.faults.clear()
    assert await adapter.fetch(file) == bytes(range(256)) * 5000
