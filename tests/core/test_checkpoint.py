"""The named steps: a message passes each of them once, in their order, and a process can be killed at any."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.checkpoint import STEPS, arm, reached
from core.database import Database
from tests.making import handle, log_of, working
from tests.servers.provider import Provider

ROOT = Path(__file__).parents[2]

# For each step two forks: one dies where it passes the step, the other would die if it passed it twice. Each brings
# one message in by the front door, and ends when its answer is out. None takes up what one before it left in its hands.
FORKS = """
import asyncio, json, os, sys
from core.checkpoint import STEPS, arm
from core.database import Database
from tests.making import log_of, until, working
from tests.servers.little import Little

uri, name, url = sys.argv[1:]

async def pass_through(person):
    database = Database.connect(uri, name)
    async with working(database, url=url, work=True, lease_seconds=3600) as parts:
        account = await parts.lines.account("chat", "demo")
        body = json.dumps({"events": [{"person": person, "key": "1", "text": "hello"}]}).encode()
        await parts.receive.take(account, Little(account), body, {})

        async def answered():
            return [entry for entry in await log_of(parts, person) if entry.status == "sent"]

        await until(answered)
    await database.close()

def fork(crash_at):
    pid = os.fork()
    if pid == 0:
        arm(crash_at)
        asyncio.run(pass_through(crash_at.replace(":", "-")))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

fork("")
print(json.dumps({step: [fork(step), fork(f"{step}:2")] for step in STEPS}))
"""


async def test_a_message_passes_every_step_exactly_once(
    database: Database, database_uri: str, database_name: str, there: Provider
) -> None:
    command = [sys.executable, "-c", FORKS, database_uri, database_name, there.url]
    run = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE)
    output, _ = await run.communicate()
    ended = json.loads(output.splitlines()[-1])
    assert ended == {step: [-9, 0] for step in STEPS}

    # Whatever the dead left is finished by the next process, and nobody is answered twice.
    async with working(database, url=there.url) as next_one:
        await handle(next_one, "in", later=7200)
        await handle(next_one, "out", later=7200)
        for step in STEPS[STEPS.index("stored") :]:
            _, answer = await log_of(next_one, step)
            # The lanes work side by side: who dies right after queueing may have begun to send as well.
            possible = {"begun": ["uncertain"], "accepted": ["uncertain"]}.get(step, ["sent"])
            if step in ("queued", "handled"):
                possible = ["sent", "uncertain"]
            assert answer.status in possible, step
            assert len(there.to(step)) <= 1, step
            if answer.status == "sent" or step == "accepted":
                assert len(there.to(step)) == 1, step


def test_unknown_steps_are_refused_and_disarmed_ones_harm_nobody() -> None:
    with pytest.raises(ValueError, match="parsed, stored"):
        arm("nowhere")
    arm("stored")
    arm("")
    reached("stored")
    arm("stored:2")
    reached("stored")
    arm("")
