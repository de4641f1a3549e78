"""A status only moves upward."""

from __future__ import annotations

from itertools import pairwise

import pytest

from core.interactions import status

ORDER = ("planned", "queued", "sending", "uncertain", "sent", "failed", "delivered", "read")


def test_each_status_replaces_all_that_come_before_it() -> None:
    assert status.below("planned") == ()
    for lower, higher in pairwise(ORDER):
        assert lower in status.below(higher)
        assert higher not in status.below(lower)
        assert higher not in status.below(higher)


def test_what_was_taken_back_is_never_replaced() -> None:
    assert all("cancelled" not in status.below(each) for each in ORDER)


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        status.below("opened")
