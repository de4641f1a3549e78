"""One target for some seconds, in a process of its own: pumped for growth, then guided by coverage (atheris).

`prepare()` imports everything ours, instrumented, once; `run()` is called in a fork of that for each target. A finding
is written down and the run goes on: the next one may hide behind it. What ends the process itself (a crash in C, memory
without end) is told by its exit, and its input is left among the findings by libFuzzer.
"""

from __future__ import annotations

import json
import logging
import os
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.target import Target

ROOMS = ("core", "channels", "bot", "webhooks", "portal", "inbox", "switchboard", "icalendar")
MEMORY = 3000  # megabytes


@dataclass
class Result:
    """What came of a target's turn. `corpus` counts the inputs that reached something new, `pumped` those repeated."""

    target: str
    executions: int = 0
    corpus: int = 0
    pumped: int = 0
    findings: list[str] = field(default_factory=list)
    guided: bool = True
    ended: str = "time"


def prepare() -> bool:
    """Import the targets, instrumented where atheris is there; whether it is."""
    logging.disable()  # what a log says of each of a million damaged inputs
    try:
        import atheris
    except ImportError:
        import tests.fuzz.targets  # it is imported for the forks that follow

        return False
    with atheris.instrument_imports(include=[*ROOMS], enable_loader_override=False):
        import tests.fuzz.targets  # noqa: F401  # it is imported for the forks that follow
    return True


def run(target: Target, folder: Path, told: Path, seconds: float, seed: int, *, guided: bool) -> None:
    """Give `target` its turn, in this process, which ends with it. `told` is rewritten with the result on the way."""
    from tests.fuzz.finding import keep, of_error, of_growth
    from tests.fuzz.growth import grows, pump
    from tests.fuzz.target import check

    corpus, findings = folder / "corpus" / target.name, folder / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    for place, data in enumerate(target.corpus):
        (corpus / f"seed-{place:04}").write_bytes(data)
    before = len(list(corpus.iterdir()))
    result = Result(target.name, guided=guided)
    found: set[str] = set()

    def tell() -> None:
        result.findings = sorted(found)
        result.corpus = len(list(corpus.iterdir())) - before
        told.write_text(json.dumps(asdict(result)), "utf-8")

    def one(data: bytes) -> None:
        result.executions += 1
        try:
            check(target, data)
        except Exception as error:
            finding = of_error(target.name, data, error)
            found.add(finding.name)
            if keep(findings, finding):
                print(f"  FOUND {finding.name}: {finding.mark}: {str(error)[:160]!r}", flush=True)

    dice = random.Random(f"{target.name} {seed}")
    began = time.monotonic()
    while time.monotonic() < began + seconds / 5:
        candidate = pump(target, dice)
        result.pumped += 1
        try:
            words = grows(target, candidate)
        except Exception as error:
            one_finding = of_error(target.name, candidate.of(24_000), error)
        else:
            if not words:
                continue
            one_finding = of_growth(target.name, candidate, words)
        found.add(one_finding.name)
        if keep(findings, one_finding):
            print(f"  FOUND {one_finding.name}: {one_finding.mark}", flush=True)
    tell()
    ends = began + seconds
    if guided:
        _guided(target, corpus, findings, seed, one, ends, tell)
    else:
        _blind(target, dice, one, ends)
    tell()


def _blind(target: Target, dice: random.Random, one: Callable[[bytes], None], ends: float) -> None:
    """Without coverage: the seeds, damaged."""
    from tests.fuzz.mutate import mutate

    seeds = target.corpus
    while time.monotonic() < ends:
        one(mutate(target.grammar, dice.choice(seeds), dice, target.longest, seeds))


def _guided(
    target: Target,
    corpus: Path,
    findings: Path,
    seed: int,
    one: Callable[[bytes], None],
    ends: float,
    tell: Callable[[], None],
) -> None:
    import atheris

    from tests.fuzz.mutate import mutate

    seeds, count = target.corpus, 0

    def watched(data: bytes) -> None:
        nonlocal count
        one(data)
        count += 1
        if count % 20 == 0 and time.monotonic() > ends:
            tell()
            os._exit(0)  # libFuzzer's own end would leave a "crash" behind that is none

    def damaged(data: bytes, most: int, chance: int) -> bytes:
        dice = random.Random(chance)
        if dice.random() < 0.3:
            return bytes(atheris.Mutate(data, most))
        return mutate(target.grammar, data, dice, most, seeds)

    options = [f"-max_len={target.longest}", f"-seed={seed}", "-timeout=90", f"-rss_limit_mb={MEMORY}", "-verbosity=0",
               f"-artifact_prefix={findings}/{target.name}-"]  # fmt: skip
    atheris.Setup(["fuzz", *options, str(corpus)], watched, custom_mutator=damaged)
    atheris.Fuzz()
