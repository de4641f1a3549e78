"""The tests: the tree of the house again, `servers/` for the counterparts, and one shared MongoDB (conftest.py)."""
