"""Tells whether what a form was filled with is still what is kept: two people may have it open."""

from __future__ import annotations

import hashlib

TOO_LATE = "Somebody else changed this a moment ago. Compare, and save once more to keep yours."


def edition(*values: object) -> str:
    """A mark that differs when any of `values` does; a form carries it as `base`."""
    return hashlib.sha256(repr(values).encode("utf-8", "replace")).hexdigest()[:24]
