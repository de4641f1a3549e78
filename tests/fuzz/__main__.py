"""`make fuzz`: every target in turn, for an hour in all or as long as is said.

    make fuzz                                     an hour, shared by the targets' weights
    make fuzz ARGS="--seconds 600 --only mail."   ten minutes for those whose name has "mail." in it
    make fuzz ARGS="--list"                       the targets and the seconds each would get
    make fuzz ARGS="--again FILE"                 a finding once more

Corpus, findings and report are kept under `.fuzz`, so that the next run begins where this one ended.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.fuzz.guided import Result, prepare, run

FOLDER = Path(".fuzz")
GRACE = 240  # seconds beyond its turn after which a target's process is ended


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 when anything was found."""
    parser = argparse.ArgumentParser(prog="make fuzz", description="Fuzz every parser that eats outside bytes.")
    parser.add_argument("--seconds", type=float, default=3600, help="for all targets together (default: an hour)")
    parser.add_argument("--only", action="append", default=[], help="targets with this in their name; repeatable")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where corpus and findings are kept")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="show the targets")
    parser.add_argument("--again", type=Path, help="a kept finding to see again")
    asked = parser.parse_args(arguments)
    if asked.again:
        return _again(asked.again)
    guided = prepare()
    from tests.fuzz.targets import ALL

    chosen = [one for one in ALL if not asked.only or any(part in one.name for part in asked.only)]
    share = asked.seconds / max(1, sum(one.weight for one in chosen))
    if asked.list:
        for one in chosen:
            print(f"{one.name:24} {one.grammar:8} {one.weight * share:7.0f} s  {len(one.corpus):4} seeds")
        return 0
    print(f"{len(chosen)} targets, {asked.seconds:.0f} s, {'guided by atheris' if guided else 'blind: no atheris'}")
    report = asked.folder / "report.txt"
    asked.folder.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    for one in chosen:
        seconds = one.weight * share
        told = asked.folder / "turn.json"
        told.unlink(missing_ok=True)
        began = time.monotonic()
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            try:
                run(one, asked.folder, told, seconds, asked.seed, guided=guided)
            finally:
                os._exit(0)
        ended = _awaited(child, began + seconds + GRACE)
        result = Result(**json.loads(told.read_text("utf-8"))) if told.exists() else Result(one.name)
        if ended:
            result.ended = ended
        results.append(result)
        print(line(result, time.monotonic() - began), flush=True)
        report.write_text(_whole(results, guided=guided), "utf-8")
    print(f"\nThe report is {report}; findings are in {asked.folder / 'findings'}.")
    return int(any(result.findings or result.ended != "time" for result in results))


def _awaited(child: int, until: float) -> str:
    """How the target's process ended, empty when its time was up."""
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "" if status == 0 else f"exit {os.waitstatus_to_exitcode(status)}"
        time.sleep(0.1)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return "hung"


def line(result: Result, seconds: float) -> str:
    """A target's turn in one line."""
    found = ", ".join(result.findings) or "nothing"
    ended = "" if result.ended == "time" else f"  ENDED BY {result.ended}"
    return (
        f"{result.target:24} {seconds:6.0f} s {result.executions:9,} executions {result.corpus:6,} new inputs "
        f"{result.pumped:5} pumped  found: {found}{ended}"
    )


def _whole(results: Sequence[Result], *, guided: bool) -> str:
    head = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} cores, "
    head += f"Python {platform.python_version()}, {'guided by atheris' if guided else 'blind'}"
    rows = [
        f"{one.target:24} {one.executions:10,} {one.corpus:7,} {one.pumped:6} {len(one.findings):3} "
        f"{'' if one.ended == 'time' else one.ended}".rstrip()
        for one in results
    ]
    total = sum(one.executions for one in results)
    names = f"{'target':24} {'executions':>10} {'new':>7} {'pumped':>6} found"
    return "\n".join((head, f"{total:,} executions of {len(results)} targets", "", names, *rows, ""))


def _again(file: Path) -> int:
    from tests.fuzz.finding import target_of
    from tests.fuzz.target import check
    from tests.fuzz.targets import BY_NAME

    found = check(BY_NAME[target_of(file)], file.read_bytes())
    print(f"Nothing is wrong with it any more. It becomes {found!r}"[:2000])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
