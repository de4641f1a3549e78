"""A short form of `make torture`: everything breaks for a while under load, and the checker finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.faults import CLASSES
from tests.torture.report import written
from tests.torture.story import Chapter, play_chapter

SHORT = (
    Chapter("one", 20, seed=1, people=4, haste=3, longest=2.5, each=True),
    Chapter("three", 10, seed=2, webs=1, people=3, only=frozenset(("kill", "mongod")), haste=2, longest=2, each=True),
)


@pytest.mark.xdist_group("load-torture")
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("chapter", SHORT, ids=lambda chapter: chapter.stage)
async def test_nothing_is_lost_doubled_swapped_or_misdirected(chapter: Chapter, tmp_path: Path) -> None:
    outcome = await play_chapter(chapter, tmp_path)
    assert not outcome.findings, written([outcome], tmp_path)
    assert outcome.said > chapter.people, written([outcome], tmp_path)
    wanted = chapter.only or {one.__name__ for one in CLASSES}
    assert {name for name, times in outcome.counts.items() if times} == wanted, "each class was caused"
