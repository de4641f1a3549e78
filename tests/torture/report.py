"""The report of a run as text."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.torture.faults import CLASSES
from tests.torture.story import Outcome

STAGES = {
    "one": "one MongoDB, each hub with a line of its own to it",
    "three": "a replica set of three",
    "private": "the hubs' own MongoDB",
}


def written(outcomes: Sequence[Outcome], folder: Path) -> str:
    """The whole report."""
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} processors, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}",
        "",
    ]
    for outcome in outcomes:
        lines += [*_chapter(outcome), ""]
    lines += _faults(outcomes)
    found = sum(len(outcome.findings) for outcome in outcomes)
    lines += ["", f"{found} findings; the evidence is in {folder}" if found else "The checker found nothing."]
    if found:
        lines += _last_words(folder)
    return "\n".join(lines)


def _last_words(folder: Path) -> list[str]:
    """What each process had logged when it was over: whoever reads the report may not have the evidence."""
    said = {log.stem: log.read_text(errors="replace").splitlines() for log in sorted(folder.rglob("*-[0-9].log"))}
    return [f"{name}: {line[:300]}" for name, lines in said.items() for line in lines[-4:]]


def _chapter(outcome: Outcome) -> list[str]:
    chapter = outcome.chapter
    out, ends, caused = map(_listed, (outcome.entries, outcome.ends, outcome.counts))
    lines = [
        f"{STAGES[chapter.stage]}: {chapter.seconds:.0f} s, {chapter.webs} web and {chapter.workers} worker processes, "
        f"seed {chapter.seed}",
        f"  caused: {caused or 'nothing'}",
        f"  {outcome.said} messages said and told yes, {outcome.heard} received",
        f"  sent out: {out or 'nothing'}",
        f"  hub processes: {ends or 'none ended'}; settled {outcome.settled_in:.0f} s after the last fault",
    ]
    rules = Counter(finding.rule for finding in outcome.findings)
    for rule, count in rules.most_common():
        lines.append(f"  FOUND {rule}: {count}")
        lines += [f"    {one.what}" for one in outcome.findings if one.rule == rule][:8]
    return lines if rules else [*lines, "  the checker found nothing"]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.most_common() if count)


def _faults(outcomes: Sequence[Outcome]) -> list[str]:
    counts = sum((outcome.counts for outcome in outcomes), Counter[str]())
    told = (f"{counts[one.__name__]:>8}  {one.__name__}: {(one.__doc__ or '').strip()}" for one in CLASSES)
    return [f"{'caused':>8}  fault", *told]
