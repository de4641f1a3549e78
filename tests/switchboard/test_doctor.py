"""Each finding of the doctor has a real cause here: it is seen when it is there, and not when it is not."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pymongo
import pytest

from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.channel import Account
from core.database import Database, Index
from core.ids import id_at
from core.interactions import status
from switchboard.checks import machine, mongodb, work
from switchboard.checks.finding import Finding, lasting
from switchboard.checks.lines import lines
from switchboard.stores import INDEXES, Stores, stores_on
from tests.making import make_message, make_settings, now
from tests.running import KEY, running_hub
from tests.servers.mirror import mirror
from tests.servers.mongo import MongoServer
from tests.servers.ports import free_port

HOUR_AGO = timedelta(hours=1)


@pytest.fixture
async def stores(database: Database) -> Stores:
    await database.migrate(INDEXES)
    return stores_on(database, make_settings(secret_key=KEY))


async def told(findings: AsyncIterator[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    async for finding in findings:
        found.setdefault(finding.what, []).append(finding)
    return found


async def examined(stores: Stores) -> dict[str, list[Finding]]:
    """What is said of the work, by what it is about."""
    return await told(work.work(stores, make_settings()))


def test_times_are_said_as_people_say_them() -> None:
    spans = (-1, 5, 119, 120, 7199, 7200, 172_800 * 2)
    assert [lasting(seconds) for seconds in spans] == [
        *("0 seconds", "5 seconds", "119 seconds", "2 minutes", "120 minutes", "2 hours", "4 days"),
    ]


async def test_work_that_waits_too_long_is_bad_and_says_on_which_line(stores: Stores) -> None:
    quiet = await examined(stores)
    assert {finding.level for about in ("Handling", "Sending", "Deliveries", "Intake") for finding in quiet[about]} == {
        "ok"
    }
    assert "Leases" not in quiet

    long_ago = now() - HOUR_AGO
    await stores.interactions.add(
        [
            make_message("fresh"),
            make_message("old", channel="letter", id=id_at(long_ago), at=long_ago),
            make_message("to go", direction="out", status=status.QUEUED, at=long_ago),
            make_message("later", direction="out", status=status.PLANNED, due_at=now() + HOUR_AGO),
            make_message("perhaps", direction="out", status=status.UNCERTAIN),
            make_message("not", direction="out", status=status.FAILED, channel="letter"),
            make_message("stuck", direction="out", status=status.SENDING, channel="safe", at=long_ago),
        ]
    )
    await stores.failed.keep("letter", "demo", b"\xff", {}, "No header", now())
    found = await examined(stores)
    (lag,) = found["Handling"]
    assert lag.bad
    assert lag.says.startswith("letter:demo: 1 came in and wait, the oldest for 60 minutes")
    assert sorted(finding.says.split(",")[0] for finding in found["Sending"]) == [
        "chat:demo: 1 to send",
        "safe:demo: 1 stuck in sending",
    ]
    assert all(finding.bad for finding in found["Sending"])
    assert {finding.says.split(":")[0]: finding.level for finding in found["Deliveries"]} == {
        "chat": "note",
        "letter": "note",
    }
    assert found["Intake"][0].level == "note"
    assert "1 payloads" in found["Intake"][0].says


async def test_leases_that_a_dead_worker_left_are_found(stores: Stores) -> None:
    await stores.interactions.add([make_message("waits", person="ann"), make_message("waits", person="bob")])
    claims = await stores.addresses.claim(
        "in", ["chat:demo:ann", "chat:demo:bob"], now() - HOUR_AGO, timedelta(seconds=30)
    )
    await stores.addresses.release(claims[0])
    (left,) = (await examined(stores))["Leases"]
    assert left.bad
    assert left.says.startswith("1 addresses were in the hands of workers that died")


async def test_lines_that_are_silent_unheard_or_complained_are_found(stores: Stores) -> None:
    accounts = stores.accounts
    for name in ("good", "silent", "unheard", "complained"):
        await accounts.save(Account("orders", name, secrets={"secret": "s"}))
        await accounts.came_in("orders", name, now())
    assert not [f for f in (await told(lines(stores)))["Line"] if f.level != "ok"]
    await stores.database.collection("accounts").update_one({"_id": "orders:silent"}, {"$unset": {"last_in": ""}})
    await accounts.came_in("orders", "silent", now() - timedelta(days=5))
    await accounts.came_in("orders", "silent", now() - timedelta(days=9))  # an older word changes nothing
    assert await accounts.listen("orders", "unheard", now() - HOUR_AGO, timedelta(seconds=30))
    await accounts.note("orders", "complained", problem="The mailbox is full.")
    worse = {f.says.split(":")[1]: f for f in (await told(lines(stores)))["Line"] if f.level != "ok"}
    assert {name: finding.level for name, finding in worse.items()} == {
        "silent": "note",
        "unheard": "bad",
        "complained": "bad",
    }
    assert worse["silent"].says == "orders:silent: nothing came for 5 days"
    assert "The mailbox is full." in worse["complained"].says
    await Accounts(stores.database, Vault("another key " * 4)).save(
        Account("orders", "sealed", secrets={"secret": "s"})
    )
    (sealed,) = (await told(lines(stores)))["Secrets"]
    assert sealed.bad
    assert "of orders:sealed were" in sealed.says


async def test_indexes_that_are_missing_or_of_no_use_are_named(stores: Stores) -> None:
    assert (await mongodb.indexes(stores)).level == "ok"
    await stores.database.collection("orders").create_index([("colour", 1)])
    extra = await mongodb.indexes(stores)
    assert extra.note
    assert "orders.colour_1" in extra.says
    await stores.database.collection("orders").drop_index(Index("orders", [("token", 1)], {"unique": True}).name)
    missing = await mongodb.indexes(stores)
    assert "orders.token_1_unique" in missing.says
    assert "switchboard migrate" in missing.says
    changes = await stores.database.migrate(INDEXES)
    assert changes == ["orders: created token_1_unique", "orders: dropped colour_1"]
    assert (await mongodb.indexes(stores)).level == "ok"


async def test_a_database_of_the_version_before_is_examined_before_it_is_brought_up_to_date(stores: Stores) -> None:
    addresses = stores.database.collection("addresses")
    await stores.addresses.flag(["chat:demo:ann"], now())
    await addresses.drop_index("due")
    await addresses.create_index([("out.due_at", 1)], sparse=True)
    assert "addresses.due" in (await mongodb.indexes(stores)).says
    assert "Intake" in await examined(stores)
    changes = await stores.database.migrate(INDEXES)
    assert changes == ["addresses: created due", "addresses: dropped out.due_at_1"]
    assert await stores.addresses.due(now(), 9) == ["chat:demo:ann"]


def _becomes(by: float, added: bool, true: float) -> float:
    return true + by if added else by


async def test_a_clock_a_disk_and_a_record_that_are_not_right(database_uri: str, database_name: str) -> None:
    port = urlsplit(database_uri.split(",")[0]).port or 0

    async def seen(**changes: float) -> tuple[Finding, Finding, Finding | None]:
        shifts = {name: partial(_becomes, by, name == "localTime") for name, by in changes.items()}
        async with mirror(port, shifts) as uri:
            database = Database.connect(uri, database_name)
            try:
                return await mongodb.clock(database, 30), await mongodb.room(database), await mongodb.window(database)
            finally:
                # It says goodbye, which blocks until this very loop has passed it on.
                await asyncio.to_thread(database.client.close)

    right = await seen()
    assert right[0].level == "ok"
    for by, level in ((-8_000, "note"), (8_000, "note"), (90_000, "bad")):
        clock, _, _ = await seen(localTime=by)
        assert clock.level == level, clock
        assert "set both by NTP" in clock.says
    megabyte = 1024**2
    for used, level in ((10, "ok"), (85, "note"), (99, "bad")):
        _, room, _ = await seen(fsTotalSize=1000 * megabyte, fsUsedSize=used * 10 * megabyte)
        assert room.level == level, room
        assert f"{1000 - used * 10}.0 MB of 1000.0 MB free" in room.says
    _, _, window = await seen(maxSize=2_000_000_000)
    assert window is None, "the record of changes is not full"
    _, _, window = await seen(maxSize=1)
    assert window is not None
    assert window.says.startswith("the record of changes goes back")


async def test_members_that_are_away_and_a_journal_that_is_off() -> None:
    server = MongoServer()
    server.start()
    database = Database.connect(server.uri, "members")
    try:
        assert (await mongodb.members(database)).says == "one member, all at work, journalled"
        assert (await mongodb.version(database)).level == "ok"
        admin: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(server.uri)
        with admin:
            config = admin.admin.command("replSetGetConfig")["config"]
            config |= {"version": config["version"] + 1, "writeConcernMajorityJournalDefault": False}
            admin.admin.command("replSetReconfig", config)
            assert "a power cut loses messages" in (await mongodb.members(database)).says
            gone = f"127.0.0.1:{free_port()}"
            config["members"].append({"_id": 1, "host": gone, "priority": 0, "votes": 0})
            admin.admin.command("replSetReconfig", {**config, "version": config["version"] + 1})
        away = await mongodb.members(database)
        assert away.bad
        assert away.says.startswith(f"{gone} is away")
    finally:
        await database.close()
        server.stop()


async def test_a_hub_that_runs_here_is_asked_and_a_stuck_worker_is_said(database_uri: str, database_name: str) -> None:
    settings = make_settings(port=free_port())
    assert (await machine.hub(settings)).note
    mongod = make_settings(port=urlsplit(database_uri.split(",")[0]).port)
    assert "something else answers" in (await machine.hub(mongod)).says
    async with running_hub(database_uri, database_name, sample_data=False, lease_seconds=1, port=settings.port) as hub:
        assert (await machine.hub(settings)).says == f"answers at {hub.url} and is ready"
        await hub.parts.worker.stop()
        async with asyncio.timeout(120):
            while not (stuck := await machine.hub(settings)).bad:
                await asyncio.sleep(0.1)
        assert "The worker is stuck" in stuck.says


async def test_for_monitoring_it_is_one_object_and_an_exit_code(
    stores: Stores, database_uri: str, database_name: str, tmp_path: Path
) -> None:
    old = replace(make_message("old"), id=id_at(datetime.now(UTC) - HOUR_AGO))
    await stores.interactions.add([old])
    command = f"ulimit -n 1000; exec {sys.executable} -m switchboard doctor --json --mongodb-uri '{database_uri}'"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", command),
        env={**os.environ, "SWITCHBOARD_SECRET_KEY": KEY, "SWITCHBOARD_DATABASE": database_name},
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 240)
    answer = json.loads(out)
    assert process.returncode == 1
    assert answer["ok"] is False
    levels = {finding["what"]: finding["level"] for finding in answer["findings"]}
    assert levels["Handling"] == "bad"
    assert levels["Open files"] == "note"
    assert levels["Clocks"] == levels["Settings"] == "ok"
    assert all(set(finding) == {"what", "level", "says"} for finding in answer["findings"])
