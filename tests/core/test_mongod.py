"""The private MongoDB: real ones, killed in every way there is."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pymongo
import pytest
from pymongo.errors import OperationFailure

from core.errors import SetupError
from core.mongod import PrivateMongod, find_mongod

ROOT = Path(__file__).parents[2]

# A hub reduced to its database: starts, says where it is, and stops when told to on standard input.
HUB = """
import asyncio, sys
from pathlib import Path
from core.mongod import PrivateMongod

async def main():
    mongod = PrivateMongod(Path(sys.argv[1]))
    print(await mongod.start(), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await mongod.stop()

asyncio.run(main())
"""


class Hub:
    """Another process that uses the private MongoDB of a data folder."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HUB, str(data)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def uri(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.wait(120) == 0
        self.close()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait(120)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data with spaces"
    yield folder
    for process in mongods(folder):
        process.kill()


def mongods(data: Path) -> list[psutil.Process]:
    """The processes that run on the database of that data folder."""
    wanted = str(data / "mongodb" / "db")
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if wanted in (process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def only(data: Path) -> psutil.Process:
    [process] = mongods(data)
    return process


async def until(condition: Any, within: float = 120) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.02)


def started(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def write(uri: str, value: int) -> None:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(uri, serverSelectionTimeoutMS=8000)
    with client:
        client.kept.values.insert_one({"_id": value})


def values(uri: str) -> list[int]:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(uri, serverSelectionTimeoutMS=8000)
    with client:
        return sorted(found["_id"] for found in client.kept.values.find())


async def test_it_starts_keeps_its_data_and_stops(data: Path) -> None:
    first = PrivateMongod(data)
    uri = await first.start()
    assert first.first_time
    assert first.owned
    write(uri, 1)
    await first.stop()
    assert mongods(data) == []

    second = PrivateMongod(data)
    async with second as again:
        assert again == uri  # the port is remembered
        assert not second.first_time
        assert values(again) == [1]
    assert mongods(data) == []


async def test_it_is_private(data: Path) -> None:
    async with PrivateMongod(data) as uri:
        port = int(uri.rsplit(":", 1)[1].split("/")[0])
        listening = {each.laddr.ip for each in only(data).net_connections() if each.status == psutil.CONN_LISTEN}
        assert listening == {"127.0.0.1"}
        stranger: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient("127.0.0.1", port, directConnection=True)
        with stranger:
            for attempt in (
                lambda: stranger.kept.values.find_one(),
                lambda: stranger.kept.values.insert_one({"a": 1}),
                lambda: stranger.admin.command("createUser", "me", pwd="me", roles=["root"]),
                lambda: stranger.admin.command("replSetInitiate", {}),
            ):
                with pytest.raises(OperationFailure, match="auth"):
                    attempt()
        folder = data / "mongodb"
        modes = {name: stat.S_IMODE((folder / name).stat().st_mode) for name in (".", "key", "password")}
        assert modes == {".": 0o700, "key": 0o600, "password": 0o600}
        password = (folder / "password").read_text().strip()
        assert len(password) >= 32
        assert password not in " ".join(only(data).cmdline())
        assert password not in (folder / "mongod.log").read_text()


async def test_it_outlives_ctrl_c_in_the_terminal(data: Path) -> None:
    async with PrivateMongod(data):
        assert os.getsid(only(data).pid) != os.getsid(0)


async def test_it_comes_back_when_killed_on_the_same_port_with_what_was_acknowledged(data: Path) -> None:
    async with PrivateMongod(data) as uri:
        write(uri, 1)
        killed = only(data)
        killed.kill()
        await until(lambda: [process.pid for process in mongods(data)] not in ([], [killed.pid]))
        await asyncio.to_thread(write, uri, 2)
        assert await asyncio.to_thread(values, uri) == [1, 2]
    assert mongods(data) == []


async def test_it_dies_with_a_killed_hub_and_the_next_hub_has_everything(data: Path) -> None:
    hub = Hub(data)
    uri = hub.uri()
    write(uri, 1)
    hub.kill()
    async with PrivateMongod(data) as again:  # at once, while the old one is still ending
        assert values(again) == [1]
        assert len(mongods(data)) == 1
    assert mongods(data) == []


async def test_nothing_is_left_running_after_a_killed_hub(data: Path) -> None:
    hub = Hub(data)
    hub.uri()
    hub.kill()
    await until(lambda: not mongods(data))


async def test_hub_and_mongod_both_killed(data: Path) -> None:
    hub = Hub(data)
    write(hub.uri(), 1)
    mongod = only(data)
    hub.process.send_signal(signal.SIGSTOP)  # so that it cannot start another
    mongod.kill()
    hub.kill()
    assert (data / "mongodb" / "db" / "mongod.lock").read_text().strip() == str(mongod.pid)
    async with PrivateMongod(data) as uri:
        assert values(uri) == [1]


async def test_an_orphan_that_goes_on_running_is_taken_over(data: Path) -> None:
    async with PrivateMongod(data) as uri:
        write(uri, 1)
        command = only(data).cmdline()
    orphan = started(command)  # by nobody who would stop it
    try:
        await until(lambda: (data / "mongodb" / "db" / "mongod.lock").read_text().strip() == str(orphan.pid))
        async with PrivateMongod(data) as uri:
            assert values(uri) == [1]
            assert orphan.poll() is not None
    finally:
        orphan.kill()
        orphan.wait()


async def test_a_second_hub_attaches_and_leaves_it_running(data: Path) -> None:
    owner = Hub(data)
    uri = owner.uri()
    guest = PrivateMongod(data)
    assert await guest.start() == uri
    assert not guest.owned
    write(uri, 1)
    await guest.stop()
    assert values(uri) == [1]
    owner.stop()
    assert mongods(data) == []


async def test_two_hubs_started_at_once_share_one(data: Path) -> None:
    hubs = [Hub(data), Hub(data)]
    assert len({hub.uri() for hub in hubs}) == 1
    assert len(mongods(data)) == 1
    for hub in hubs:
        hub.kill()


async def test_an_attached_hub_takes_over_when_the_owner_is_killed(data: Path) -> None:
    owner = Hub(data)
    uri = owner.uri()
    guest = PrivateMongod(data)
    await guest.start()
    write(uri, 1)
    owner.kill()
    await until(lambda: guest.owned)
    await asyncio.to_thread(write, uri, 2)
    assert await asyncio.to_thread(values, uri) == [1, 2]
    await guest.stop()
    assert mongods(data) == []


async def test_a_port_taken_by_another_is_changed_for_one_that_is_free(data: Path) -> None:
    async with PrivateMongod(data) as uri:
        write(uri, 1)
        port = int(uri.rsplit(":", 1)[1].split("/")[0])
    with socket.create_server(("127.0.0.1", port)):
        async with PrivateMongod(data) as moved:
            assert moved != uri
            assert values(moved) == [1]
            write(moved, 2)
    async with PrivateMongod(data) as again:
        assert again == moved
        assert values(again) == [1, 2]


async def test_a_port_that_is_taken_for_a_moment_is_waited_for_because_attached_hubs_know_no_other(data: Path) -> None:
    async with PrivateMongod(data) as uri:
        write(uri, 1)
        port = int(uri.rsplit(":", 1)[1].split("/")[0])
    passing = socket.create_server(("127.0.0.1", port))
    asyncio.get_running_loop().call_later(0.3, passing.close)
    async with PrivateMongod(data) as again:
        assert again == uri
        assert values(again) == [1]


async def test_a_start_cut_short_before_the_user_was_made_is_completed(data: Path) -> None:
    async with PrivateMongod(data):
        command = only(data).cmdline()
    # What is there when the hub is killed between starting mongod and making the user: a database without one.
    shutil.rmtree(data / "mongodb" / "db")
    (data / "mongodb" / "db").mkdir()
    half = started(command)
    port = int(command[command.index("--port") + 1])
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient("127.0.0.1", port, directConnection=True)
    with client:
        member = {"_id": 0, "host": f"127.0.0.1:{port}"}
        client.admin.command("replSetInitiate", {"_id": "switchboard", "members": [member]})
    half.kill()
    half.wait()
    async with PrivateMongod(data) as uri:
        write(uri, 1)
        assert values(uri) == [1]


async def test_a_password_that_does_not_fit_is_said_so_and_nothing_is_left_running(data: Path) -> None:
    async with PrivateMongod(data):
        pass
    (data / "mongodb" / "password").write_text("x" * 64)
    with pytest.raises(SetupError, match="does not open this database"):
        await PrivateMongod(data).start()
    assert mongods(data) == []


async def test_a_database_that_cannot_be_opened_says_why_and_where_the_log_is(data: Path) -> None:
    (data / "mongodb" / "db").mkdir(parents=True)
    (data / "mongodb" / "db" / "storage.bson").write_text("not one")
    with pytest.raises(SetupError, match=r"ended at once with code \d+.*mongod\.log") as caught:
        await PrivateMongod(data).start()
    assert "SWITCHBOARD_MONGODB_URI" in caught.value.sentence
    assert mongods(data) == []


async def test_a_program_that_is_no_mongod_is_a_sentence(data: Path, tmp_path: Path) -> None:
    pretender = tmp_path / "mongod"
    pretender.write_text("#!/bin/sh\necho libcurl.so.4 is missing >&2\nexit 3\n")
    pretender.chmod(0o755)
    with pytest.raises(SetupError, match=r"code 3: libcurl\.so\.4 is missing"):
        await PrivateMongod(data, pretender).start()
    with pytest.raises(SetupError, match="cannot be started"):
        await PrivateMongod(data, tmp_path / "nothing").start()


async def test_a_data_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="--data"):
        await PrivateMongod(tmp_path / "file").start()


def test_mongod_is_found_on_path_then_in_the_wheel_then_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "mongod"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_mongod() == own
    own.unlink()
    monkeypatch.setattr(sys, "path", [each for each in sys.path if "site-packages" not in each])
    for key in [key for key in sys.modules if key.startswith("fiftyone")]:
        monkeypatch.delitem(sys.modules, key)
    with pytest.raises(SetupError, match="SWITCHBOARD_MONGODB_URI"):
        find_mongod()
