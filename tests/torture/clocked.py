"""Runs a program in a process whose clock libfaketime fakes: a module by its name, or a file.

libfaketime leaves the monotonic clock alone, as it should, but then breaks the call by which Python sleeps until a
moment of that clock. `select` sleeps for a duration.
"""

import runpy
import select
import sys
import time


def _sleep(seconds, /):  # type: ignore[no-untyped-def]  # it stands in for a function of the interpreter's own
    select.select((), (), (), seconds)


if __name__ == "__main__":
    sys.path[0] = ""  # not this folder, which is no place to import from
    time.sleep = _sleep
    del sys.argv[0]
    if sys.argv[0].endswith(".py"):
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
