"""The worst done to real hub processes, and a checker that proves nothing was lost, doubled, swapped or misdirected.

Here belong: the counterparts under load, each keeping its own record (`ledger.py`, `people.py`, `offices.py`); what
goes wrong (`faults.py` and the things it acts on); the checker (`checker.py`, pure functions, tested in
`test_checker.py`); a run from beginning to end (`story.py`) and its report. `make torture` runs the full form.
"""
