"""One id follows a message from the door of one process to its delivery by another, through all that goes wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pymongo
import pytest

from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.channel import Account
from core.database import Database
from tests.running import KEY, Process, hub_process
from tests.servers.botapi import Bot, Fault, bot_api

SECRET = "the-secret-of-the-webhook"
PATIENCE = 40

Line = dict[str, Any]


def lines(folder: Path) -> list[Line]:
    """What the process with this data folder has logged."""
    texts = [line for log in folder.glob("hub-*.log") for line in log.read_text(encoding="utf-8").splitlines()]
    return [json.loads(text) for text in texts if text.endswith("}")]


def of(folder: Path, trace: str) -> list[str]:
    """The steps that were logged under `trace`, in order."""
    return [line["event"] for line in lines(folder) if line.get("trace") == trace]


class TwoProcesses:
    """A web process and a worker process, and a Telegram line in between."""

    def __init__(self, web: Process, worker: Process, folder: Path, bot: Bot) -> None:
        self.web, self.worker, self.bot = web, worker, bot
        self.door, self.work = folder / "web", folder / "worker"
        self._updates = 0

    async def writes(self, person: int, text: str, **headers: str) -> None:
        """`person` writes to the bot, and is told yes."""
        self._updates += 1
        self.bot.person("Ann", id=person)
        who = {"id": person, "is_bot": False, "first_name": "Ann", "language_code": "en"}
        chat = {"id": person, "first_name": "Ann", "type": "private"}
        message = {"message_id": self._updates, "from": who, "chat": chat, "date": 1_790_000_000, "text": text}
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{self.web.url}/webhooks/telegram/demo",
                json={"update_id": self._updates, "message": message},
                headers={"X-Telegram-Bot-Api-Secret-Token": SECRET, **headers},
            ) as answer,
        ):
            assert answer.status == 200, await answer.text()

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait for a line of a log."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not met():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"web: {lines(self.door)}\nworker: {lines(self.work)}")


@asynccontextmanager
async def apart(folder: Path, uri: str, database: Database) -> AsyncIterator[tuple[TwoProcesses, list[Fault]]]:
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(bot_api())
        bot = api.add_bot()
        settings = {"mode": "webhook", "api_url": api.url}
        secrets = {"token": bot.token, "webhook_secret": SECRET}
        await Accounts(database, Vault(KEY)).save(Account("telegram", "demo", settings=settings, secrets=secrets))
        environment = {
            "SWITCHBOARD_DATABASE": database.name,
            "SWITCHBOARD_LOG_FORMAT": "json",
            "SWITCHBOARD_LOG_LEVEL": "info",
            "SWITCHBOARD_TRUSTED_PROXIES": "127.0.0.1",
            "SWITCHBOARD_SEND_SECONDS": "5",
        }
        hubs = []
        for role in ("web", "worker"):
            (folder / role).mkdir()
            arguments = ("--mongodb-uri", uri, "--role", role)
            hubs.append(hub_process(folder / role, *arguments, environment=environment))
        web, worker = await asyncio.gather(*map(stack.enter_async_context, hubs))
        yield TwoProcesses(web, worker, folder, bot), api.faults


async def test_one_id_from_the_door_to_the_providers_yes(
    tmp_path: Path, database_uri: str, database: Database, mongo_client: pymongo.MongoClient[dict[str, Any]]
) -> None:
    log = mongo_client[database.name]["interactions"]

    def came_from(person: int) -> str:
        found = log.find_one({"address": f"telegram:demo:{person}", "direction": "in"})
        assert found
        return str(found["_id"])

    async with apart(tmp_path, database_uri, database) as (hub, faults):
        # Told to wait by the provider: the second try is logged under the same id.
        faults.append(
            Fault("sendMessage", status=429, description="Too Many Requests", parameters={"retry_after": 1}),
        )
        await hub.writes(501, "a secret of Ann's")
        trace = came_from(501)
        await hub.until(lambda: "deliver.sent" in of(hub.work, trace))
        assert of(hub.door, trace) == ["receive.kept"]
        told = of(hub.work, trace)
        assert told[:1] == ["send.queued"]
        assert "route.handled" in told
        assert told.index("deliver.again") < told.index("deliver.sent")
        sent = next(line for line in lines(hub.work) if line["event"] == "deliver.sent" and line["trace"] == trace)
        assert sent["entry"] != trace, "it is the answer that was sent"
        assert log.find_one({"_id": sent["entry"]}, {"trace": 1, "_id": 0}) == {"trace": trace}

        # The connection breaks after the message was taken: uncertain, and its line can be found.
        faults.append(Fault("sendMessage", then="hang", after=True, times=1))
        await hub.writes(502, "hello")
        second = came_from(502)
        await hub.until(lambda: "deliver.troubled" in of(hub.work, second))
        doubtful = next(x for x in lines(hub.work) if x["event"] == "deliver.troubled" and x["trace"] == second)
        assert doubtful["status"] == "uncertain"

        # A proxy we trust names the request; what is malformed is not taken up.
        await hub.writes(503, "hello", **{"X-Request-ID": "edge-7f3a9c21"})
        await hub.until(lambda: "deliver.sent" in of(hub.work, "edge-7f3a9c21"))
        assert of(hub.door, "edge-7f3a9c21") == ["receive.kept"]
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        await hub.writes(504, "hello", traceparent=parent)
        await hub.until(lambda: "deliver.sent" in of(hub.work, parent.split("-")[1]))
        await hub.writes(505, "hello", **{"X-Request-ID": "bad id\twith spaces", "traceparent": "00-zz-1-01"})
        await hub.until(lambda: "deliver.sent" in of(hub.work, came_from(505)))

        everything = json.dumps([*lines(hub.door), *lines(hub.work)])
        for private in ("a secret of Ann", SECRET, hub.bot.token):
            assert private not in everything
        assert all("request" in line for line in lines(hub.door) if line["event"] == "receive.kept")
