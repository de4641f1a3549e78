"""Fuzzing: what eats outside bytes is fed damaged ones, and keeps its promises or is found out.

What belongs here: `targets/`, one function per parser with what it promises; `mutate.py`, which damages bytes along
their grammar; `growth.py`, which looks for work that grows faster than its input; `finding.py`, what was found. All of
it is driven twice: by `test_minute.py`, the same few thousand inputs in every run of the tests, and by `__main__.py`
(`make fuzz`), guided by coverage for as long as one likes. Tests of anything else do not belong here.
"""
