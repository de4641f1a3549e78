"""The clock that hubs agree on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import NEAR, Clock
from core.database import Database
from core.ids import time_of
from core.signing import Stamp, timely
from tests.torture.hubs import clock_of

SECOND = 1_000_000_000


class Machine:
    """A machine whose two clocks a test sets. The steady one began at its start."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_000_000 * SECOND, 5 * SECOND
        self.clock = Clock(lambda: self.wall, lambda: self.steady)

    def runs(self, seconds: float) -> None:
        self.wall += int(seconds * SECOND)
        self.steady += int(seconds * SECOND)


def test_before_anybody_was_asked_it_is_the_machines_own() -> None:
    machine = Machine()
    assert machine.clock.ns() == machine.wall
    machine.wall += SECOND
    assert machine.clock.ns() == machine.wall


@pytest.mark.parametrize("off", [-600, -1, 1, 600])
def test_a_wrong_clock_gives_way_to_the_databases(off: float) -> None:
    machine = Machine()
    right = machine.wall
    machine.wall += int(off * SECOND)
    ahead = machine.clock.agree(right, machine.steady, machine.steady)
    assert ahead == timedelta(seconds=off)
    assert machine.clock.ns() == right
    machine.runs(3)
    assert machine.clock.ns() == right + 3 * SECOND


def test_a_clock_that_is_right_is_believed_and_its_jumps_are_not() -> None:
    machine = Machine()
    assert machine.clock.agree(machine.wall + NEAR // 2, machine.steady, machine.steady) == timedelta()
    before = machine.clock.ns()
    assert before == machine.wall
    machine.wall -= 3600 * SECOND
    machine.steady += SECOND
    assert machine.clock.ns() == before + SECOND


def test_what_lies_within_a_slow_answer_is_no_difference() -> None:
    machine = Machine()
    began = machine.steady
    machine.runs(2)
    own = machine.wall
    assert machine.clock.agree(own - SECOND - NEAR, began, machine.steady) == timedelta()
    assert machine.clock.ns() == own


@pytest.mark.parametrize("off", [-3600, 600])
async def test_a_process_whose_clock_is_wrong_makes_ids_and_signatures_of_the_right_time(
    off: int, database_uri: str, database: Database, tmp_path: Path
) -> None:
    code = (
        "import asyncio, time\nfrom core.database import Database\nfrom core.ids import new_id\n"
        "from core.signing import Stamp\n"
        "async def main():\n"
        f"    database = Database.connect({database_uri!r}, {database.name!r})\n"
        "    ahead = await database.set_clock()\n"
        "    print(ahead.total_seconds(), new_id(), time.time(), Stamp('key').sign('ann').decode())\n"
        "    await database.close()\n"
        "asyncio.run(main())"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    jump = tmp_path / "clock"
    jump.write_text(f"{off:+}\n")
    program, environment = clock_of(jump, script)
    began = datetime.now(UTC)
    run = await asyncio.to_thread(
        lambda: subprocess.run(
            [sys.executable, *program],
            env={**os.environ, **environment},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
            text=True,
        )
    )
    ahead, id, wall, signed = run.stdout.split()
    assert float(ahead) == pytest.approx(off, abs=5)
    assert abs(float(wall) - began.timestamp() - off) < 120, "its own clock is wrong"
    assert abs(time_of(id) - began) < timedelta(seconds=120)
    # A visitor who was greeted by such a hub is known at the others.
    _, at = Stamp("key").unsign(signed, return_timestamp=True)
    assert abs(at - began) < timedelta(seconds=120)
    assert timely(at, timedelta(days=1))
