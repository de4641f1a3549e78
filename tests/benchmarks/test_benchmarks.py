"""The benchmarks can be run: figures come out, each beside its limit or its peer. Their size is not judged here."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from benchmarks.figures import Figure, compared, limited, percentile
from tests.house_rules import ROOT


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=850
    )


ONE, OTHER = pytest.mark.xdist_group("load-one"), pytest.mark.xdist_group("load-other")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("names", "figures"),
    [
        pytest.param(
            ("start", "memory"),
            [
                "serve, with a running MongoDB",
                "private MongoDB, the first time",
                "--help",
                "an idle hub",
                "chat socket",
            ],
            marks=ONE,
        ),
        pytest.param(
            ("intake", "chat"),
            [
                *("role=web, 64 senders", "role=web, 1 sender", "role=all, 64 senders"),
                *("question to answer, 1 visitor", "question to answer, 64 visitors", "message to inbox page"),
            ],
            marks=ONE,
        ),
        pytest.param(
            ("size", "flood"),
            ["an entry, as BSON", "flood of messages, resident", "another line's wait", "flood of messages of 1 MB"],
            marks=ONE,
        ),
        pytest.param(("scale",), ["intake, 2 hubs", "question to answer, 2 hubs"], marks=OTHER),
        pytest.param(
            ("mail", "telegram"),
            [
                *("mails read", "mails parsed", "waiting mails over IMAP", "memory at its peak"),
                *("updates stored and answered", "answer at 200 updates a second, median"),
            ],
            marks=OTHER,
        ),
        pytest.param(
            ("chat-crowd", "chat-widget"),
            ["an idle visitor", "message to ack", "the widget, compressed", "page to launcher", "visitor's welcome"],
            marks=OTHER,
        ),
    ],
)
def test_figures_come_out(names: tuple[str, ...], figures: list[str]) -> None:
    done = bench("--quick", *names)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    for figure in figures:
        line = next((line for line in lines if figure in line), None)
        assert line is not None, f"{figure}: not in\n{done.stdout}"
        assert re.search(r"\d", line.partition(figure)[2]), line
    if "flood" in names:
        assert all(line.endswith("ok") for line in lines if "resident at its peak" in line), done.stdout
        assert re.search(r"[1-9][\d,]* were told to come again \(503 with Retry-After\), 0 got", done.stdout)
    if "intake" in names or "flood" in names:
        assert re.search(r"([\d,]+) messages were accepted and \1 are stored", done.stdout)


def test_an_unknown_name_is_told_what_there_is() -> None:
    done = bench("intakee")
    assert done.returncode == 2
    assert "intakee" in done.stderr
    assert "start, memory, intake, flood," in done.stderr


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (limited("a", "s", [1.0, 1.4, 9.0], 1.5), "ok"),
        (limited("a", "s", [1.0, 1.6, 2.0], 1.5), "missed"),
        (compared("a", "/s", [120.0], [100.0], "b", 1.2), "ok"),
        (compared("a", "/s", [119.0, 90.0, 300.0], [100.0, 100.0, 100.0], "b", 1.2), "missed"),
        (compared("a", "/s", [1.0], [100.0], "b"), ""),
    ],
)
def test_the_median_of_the_rounds_decides(figure: Figure, verdict: str) -> None:
    assert figure.verdict == verdict
    assert str(figure).endswith(verdict)


def test_percentiles() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([float(n) for n in range(1000)], 0.99) == 990.0
    assert percentile([7.0], 0.99) == 7.0
