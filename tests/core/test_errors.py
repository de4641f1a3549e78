"""The drawn tree of errors is the tree."""

from __future__ import annotations

import inspect
import re

from core import errors


def declared() -> list[type[errors.SwitchboardError]]:
    """The classes that core/errors.py declares; all are of the tree."""
    found = [each for _, each in inspect.getmembers(errors, inspect.isclass) if each.__module__ == errors.__name__]
    ours = [each for each in found if issubclass(each, errors.SwitchboardError)]
    assert len(ours) == len(found)
    return ours


def test_the_picture_shows_every_class_where_it_hangs() -> None:
    drawn: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"([│ ├└─]*)([A-Z][A-Za-z]+)\s{2,}\S|([│ ├└─]+)([A-Z][A-Za-z]+)$", line):
            depth, name = len(found[1] or found[3] or ""), str(found[2] or found[4])
            while above and above[-1][0] >= depth:
                above.pop()
            drawn[name] = above[-1][1] if above else None
            above.append((depth, name))
    real = {
        each.__name__: None if each is errors.SwitchboardError else each.__bases__[0].__name__ for each in declared()
    }
    assert drawn == real


def test_every_error_has_a_code_of_its_own_and_carries_its_sentence() -> None:
    classes = declared()
    assert len({each.code for each in classes}) == len(classes)
    for each in classes:
        error = each("What to do.")
        assert (error.sentence, str(error)) == ("What to do.", "What to do.")
        assert each("What to do.", code="special").code == "special"
