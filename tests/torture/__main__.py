"""`python -m tests.torture`: plays the chapters, prints a report, and ends with 1 when the checker found anything."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.torture.faults import CLASSES
from tests.torture.report import written
from tests.torture.story import Chapter, Outcome, play_chapter

# Which part of the time each stage gets.
SHARES = {"one": 0.45, "three": 0.35, "private": 0.2}


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, help="how long everything breaks, over all stages")
    parser.add_argument("--seed", type=int, default=1, help="the same seed plays the same faults in the same order")
    names = [one.__name__ for one in CLASSES]
    parser.add_argument("--only", default="", help=f"only these classes of faults, of {','.join(names)}")
    parser.add_argument("--stage", default=",".join(SHARES), help="only these stages")
    parser.add_argument("--people", type=int, default=8, help="chat visitors; the others follow from it")
    parser.add_argument("--keep", type=Path, help="where logs and evidence are kept; else a new temporary folder")
    given = parser.parse_args()
    only = frozenset(filter(None, given.only.split(",")))
    if unknown := only - set(names):
        parser.error(f"there is no fault called {', '.join(sorted(unknown))}")
    folder = given.keep or Path(tempfile.mkdtemp(prefix="switchboard-torture-"))
    stages = [stage for stage in SHARES if stage in given.stage.split(",")]
    whole = sum(SHARES[stage] for stage in stages)
    outcomes: list[Outcome] = []
    for n, stage in enumerate(stages):
        seconds = given.minutes * 60 * SHARES[stage] / whole
        chapter = Chapter(stage, seconds, given.seed + n, people=given.people, only=only)
        place = folder / stage
        place.mkdir(parents=True, exist_ok=True)
        sys.stderr.write(f"{stage}: {seconds:.0f} s, seed {chapter.seed} …\n")
        outcomes.append(asyncio.run(play_chapter(chapter, place)))
        sys.stderr.write(written(outcomes[-1:], folder) + "\n\n")
    sys.stdout.write(written(outcomes, folder) + "\n")
    return 1 if any(outcome.findings for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
