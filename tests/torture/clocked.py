"""`switchboard` in a process whose clock libfaketime fakes.

libfaketime leaves the monotonic clock alone, as it should, but then breaks the call by which Python sleeps until a
moment of that clock. `select` sleeps for a duration.
"""

import runpy
import select
import sys
import time


def _sleep(seconds: float) -> None:
    select.select((), (), (), seconds)


if __name__ == "__main__":
    sys.path.pop(0)  # this folder, which is no place to import from
    time.sleep = _sleep
    runpy.run_module("switchboard", run_name="__main__", alter_sys=True)
