"""Named steps of the path, so that a test can kill the process at exactly one of them.

`SWITCHBOARD_CRASH_AT=stored` kills the process with SIGKILL when it first passes `stored`, `stored:3` at the third
time. Unset, `reached` costs one comparison.
"""

from __future__ import annotations

import os
import signal

# In the order a message passes them.
STEPS = (
    "parsed",
    "stored",
    "acknowledged",
    "claimed",
    "joined",
    "decided",
    "committed",
    "queued",
    "handled",
    "begun",
    "accepted",
    "concluded",
)

_step = ""
_left = 0


def arm(crash_at: str) -> None:
    """Prepare to die at `step` or `step:n`; an empty string disarms. Raises ValueError for an unknown step."""
    global _step, _left
    step, _, times = crash_at.partition(":")
    if step and step not in STEPS:
        raise ValueError(f"there is no step {step!r}; there are {', '.join(STEPS)}")
    _step, _left = step, int(times or 1)


def reached(step: str) -> None:
    """Called when the path passes `step`."""
    global _left
    if step == _step:
        _left -= 1
        if _left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
