"""The minute of fuzzing that runs with every test: the same damaged inputs each time, so a commit is green or red.

`make fuzz` looks for new ones. What it finds is mended and becomes a row in `found.py`, whatever else is tried here.
"""

from __future__ import annotations

import random

import pytest

from tests.fuzz.finding import of_error
from tests.fuzz.mutate import mutate
from tests.fuzz.target import Target, check
from tests.fuzz.targets import ALL


@pytest.mark.parametrize("target", ALL, ids=[target.name for target in ALL])
def test_damaged_inputs_break_no_promise(target: Target) -> None:
    findings: dict[str, str] = {}

    def one(data: bytes) -> None:
        try:
            check(target, data)
        except Exception as error:
            finding = of_error(target.name, data, error)
            findings.setdefault(finding.mark, f"{finding.mark}: {error}\n{data[:2000]!r}")

    for seed in target.corpus:
        one(seed)
    for number in range(target.runs):
        dice = random.Random(f"{target.name} {number}")
        one(mutate(target.grammar, dice.choice(target.corpus), dice, target.longest, target.corpus))
    assert not findings, "\n\n".join(findings.values())
