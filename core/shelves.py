"""shelves: the lists that a document stands in, by name, written with the document.

A list is a choice in each of a few fields ("anybody's, on this channel, only leads, of that team"). Were each field
asked for by itself, only some combinations would have an index that fits, and the others would read what they leave
out, more of it with every year. So each document names all the lists it is in, and one index on those names serves
every combination alike: a page reads a page, whatever the size of the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

ANY = ""


def shelf(*choices: str) -> str:
    """The name of one list: a choice in each field, in their order; `ANY` where the field does not matter."""
    return "/".join(choices)


def shelves(*fields: Sequence[str]) -> list[str]:
    """Every list that a document is in which has these values: all of each field's, and `ANY` in any of them."""
    return [
        shelf(*choices) for choices in product(*((ANY, *(value for value in values if value)) for values in fields))
    ]


def computed(*fields: Any) -> Any:
    """The same as `shelves`, for MongoDB to evaluate: each field is an expression that gives a list of strings."""
    whole: Any = None
    for values in fields:
        given = {"$filter": {"input": values, "as": "one", "cond": {"$gt": ["$$one", ANY]}}}
        choices = {"$concatArrays": [[ANY], given]}
        whole = choices if whole is None else _each_with_each(whole, choices)
    return whole


def _each_with_each(names: Any, choices: Any) -> Any:
    longer = {"$map": {"input": choices, "as": "choice", "in": {"$concat": ["$$this", "/", "$$choice"]}}}
    return {"$reduce": {"input": names, "initialValue": [], "in": {"$concatArrays": ["$$value", longer]}}}
