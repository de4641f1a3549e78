"""What became of each thing the bot began in a conversation, for the report. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.decide import Decision

MOST = 40
"""Runs kept per conversation, newest last."""

Run = Mapping[str, Any]


def runs_after(runs: Sequence[Run], decision: Decision, at: datetime) -> tuple[Run, ...]:
    """`runs` after `decision`: each `{flow, step, outcome, at}`, `step` the question that waits, else the last one.

    The outcome is going, finished, handed_over, or left (another flow was begun instead). Of a flow that is going when
    its conversation ends, or is not answered any more, the customer dropped out at `step`.
    """
    if not decision.flow:
        return tuple(runs)
    *before, last = runs or [{}]
    waits = decision.outcome == "going" and decision.state.flow == decision.flow and decision.state.step
    now = {"flow": decision.flow, "step": waits or decision.step, "outcome": decision.outcome, "at": at}
    if last.get("outcome") != "going":
        return (*runs, now)[-MOST:]
    if last["flow"] == decision.state.flow != decision.flow:
        return (*before, now | {"outcome": "finished"}, last)[-MOST:]  # an aside, such as another language
    if last["flow"] == decision.flow:
        return (*before, {**now, "at": last["at"]})
    return (*before, {**last, "outcome": "left"}, now)[-MOST:]
