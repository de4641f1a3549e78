"""What the bot did: per flow begun, finished, handed over, and at which step customers dropped out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from core.conversations.reports import FlowReport
from inbox.bot_seen import channels_of
from inbox.bot_words import ENDS, FLOWS, STEPS, called
from inbox.page import page as rendered
from inbox.visit import Visit

PERIODS = (7, 30, 90, 365)
IDLE = timedelta(hours=24)
"""Nothing said for so long while the bot waited for an answer: the customer dropped out."""
WIDE = 1000
"""The length of the longest bar, in units of the drawing."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a bar, in units of the drawing."""

    kind: str
    words: str
    count: int
    at: float
    long: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One flow: its pieces in order, and where customers dropped out, most first."""

    flow: str
    words: str
    report: FlowReport
    dropped: int
    pieces: tuple[Piece, ...]
    steps: tuple[tuple[str, int], ...]


async def page(visit: Visit) -> web.StreamResponse:
    """The report of `?days=` and `?channel=`."""
    wanted, channel = visit.query("days", 3), visit.query("channel", 20)
    days = int(wanted) if wanted in map(str, PERIODS) else 30
    channels = channels_of(visit)
    channel = channel if channel in dict(channels) else ""
    since, until = visit.now - timedelta(days=days), visit.now + timedelta(minutes=1)
    found = await visit.needs.conversations.flows(since, until, idle=visit.now - IDLE, channel=channel or None)
    return await rendered(
        visit,
        "bot_report.html",
        bars=bars(found),
        days=days,
        periods=PERIODS,
        channel=channel,
        talkative=channels,
        ends=ENDS.items(),
        wide=WIDE,
    )


def bars(reports: list[FlowReport]) -> list[Bar]:
    """A bar for each flow, the most begun as long as the drawing is wide."""
    most = max((report.started for report in reports), default=0)
    found = []
    for report in reports:
        dropped = sum(report.dropped.values())
        pieces, at = [], 0.0
        for kind, words in ENDS.items():
            count = dropped if kind == "dropped" else int(getattr(report, kind))
            if count:
                long = WIDE * count / most
                pieces.append(Piece(kind, words, count, round(at, 2), round(long, 2)))
                at += long
        steps = sorted(report.dropped.items(), key=lambda one: (-one[1], one[0]))
        words = called(FLOWS, report.flow)
        found.append(
            Bar(report.flow, words, report, dropped, tuple(pieces), tuple((called(STEPS, s), n) for s, n in steps))
        )
    return found
