"""`switchboard bot` and `switchboard hours`, each in a process of its own against a real database."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from core.database import Database

Runs = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def run(tmp_path: Path, database_uri: str, database_name: str) -> Runs:
    async def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "switchboard", *arguments, "--mongodb-uri", database_uri),
            env={**os.environ, "SWITCHBOARD_SECRET_KEY": "test " * 8, "SWITCHBOARD_DATABASE": database_name},
            cwd=tmp_path,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, error = await asyncio.wait_for(process.communicate(typed.encode()), 240)
        assert "Traceback" not in error.decode(), error.decode()
        return process.returncode or 0, out.decode(), error.decode()

    return run


async def test_hours_are_set_and_the_bot_knows_them_in_a_trial_that_leaves_nothing(
    run: Runs, database: Database
) -> None:
    code, _, error = await run("hours", "set", "someday 9-18")
    assert (code, "no day of the week" in error) == (1, True)
    assert "Europe/Kyiv" in (await run("hours", "set", "mon-sun 24h", "--zone", "Europe/Kyiv"))[1]
    assert "days that are different: 1" in (await run("hours", "holiday", "2020-12-25"))[1]
    shown = (await run("hours", "show"))[1]
    assert "2020-12-25 closed" in shown
    assert "Open now" in shown
    talk = "hello\n/1\nwhen are you open?\ncall me back in 2 hours, +380501112233\nагент\n"
    code, said, _ = await run("bot", typed=talk)
    assert code == 0
    for expected in (
        "/1 Where is my order?",
        "What is your order number?",
        "We are here now, until",
        "(would do: PlanCall)",
        "(would hand over: asked for a person)",
    ):
        assert expected in said
    names = await database.motor.list_collection_names()
    assert [name for name in names if await database.collection(name).find_one()] == ["hours"]
    assert (await run("bot", "report"))[1] == "The bot did nothing in the last 30 days.\n"
