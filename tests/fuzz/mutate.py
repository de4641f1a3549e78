"""Damages bytes along their grammar, so that what comes out is still nearly what the parser expects.

Random bytes seldom get past the first line of a parser. So an input is cut into the pieces of its grammar (lines and
words of a mail, tags of a document, values of JSON, parameters of a form), and pieces are left out, doubled, swapped,
repeated, put in from other inputs, or replaced by what has hurt parsers before. The same dice give the same bytes.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fuzz.words import EVERYWHERE, FORM, HTML, LINES, MAIL, NUMBERS, TEXT, TOKEN


@dataclass(frozen=True)
class Grammar:
    """`pieces` matches one piece after the other without a gap; `words` is what may be put in anywhere."""

    pieces: re.Pattern[bytes]
    words: Sequence[bytes]


_TEXTUAL = rb"\s+|\w+|[^\w\s]"
GRAMMARS: dict[str, Grammar] = {
    "mail": Grammar(re.compile(rb"\r?\n(?=--)|\r?\n[ \t]|\r?\n|[A-Za-z0-9-]+|\s+|[^\sA-Za-z0-9-]"), MAIL),
    "html": Grammar(re.compile(rb"<[^<>]{0,300}>|&[#\w]{1,12};?|[^<&]{1,40}|[<&]"), HTML),
    "form": Grammar(re.compile(rb"\r?\n|\r|[&=;:%+]|%[0-9A-Fa-f]{2}|[A-Za-z0-9_-]+|[^&=;:%+\r\nA-Za-z0-9_-]"), FORM),
    "lines": Grammar(re.compile(rb"\r?\n|[A-Za-z0-9.]+|\s|[^\sA-Za-z0-9.]"), LINES),
    "text": Grammar(re.compile(_TEXTUAL), TEXT),
    "token": Grammar(re.compile(rb"[A-Za-z0-9_-]{1,8}|[^A-Za-z0-9_-]"), TOKEN),
    "json": Grammar(re.compile(rb'"(?:[^"\\]|\\.){0,60}"?|[\[\]{},:]|[^\[\]{},:"]{1,20}', re.DOTALL), NUMBERS),
}
_SURROUND = 4  # times as often whole pieces are moved as bytes are changed


def mutate(grammar: str, data: bytes, dice: random.Random, most: int, others: Sequence[bytes] = ()) -> bytes:
    """`data` with one to a few changes; at most `most` bytes long. `others` are inputs to take pieces from."""
    for _ in range(1 if dice.random() < 0.6 else dice.randrange(2, 6)):
        if grammar == "json" and dice.random() < 0.7:
            try:
                data = _json(data, dice, others)
            except RecursionError:
                data = _bytes(data, dice)
        elif grammar == "request" or (grammar != "bytes" and dice.random() < 1 / _SURROUND):
            data = _request(data, dice, most, others) if grammar == "request" else _bytes(data, dice)
        elif grammar == "bytes":
            data = _bytes(data, dice) if dice.random() < 0.8 else _pieces("text", data, dice, others)
        else:
            data = _pieces(grammar, data, dice, others)
    return data[:most]


def _request(data: bytes, dice: random.Random, most: int, others: Sequence[bytes]) -> bytes:
    """Header lines, an empty line and a body: each damaged by its own grammar."""
    head, gap, body = data.partition(b"\n\n")
    if dice.random() < 0.3:
        return _pieces("lines", head, dice, ()) + gap + body
    kind = "json" if body.lstrip()[:1] in (b"{", b"[") else "form"
    bodies = [other.partition(b"\n\n")[2] for other in (dice.choice(others),)] if others else []
    return head + gap + mutate(kind, body, dice, most, bodies)


def _pieces(grammar: str, data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    known = GRAMMARS[grammar]
    pieces = known.pieces.findall(data)
    change = dice.choice(_CHANGES)
    return b"".join(change(pieces, known, dice, others))


Pieces = list[bytes]


def _left_out(pieces: Pieces, _: Grammar, dice: random.Random, __: Sequence[bytes]) -> Pieces:
    start, stop = _stretch(pieces, dice)
    return pieces[:start] + pieces[stop:]


def _doubled(pieces: Pieces, _: Grammar, dice: random.Random, __: Sequence[bytes]) -> Pieces:
    start, stop = _stretch(pieces, dice)
    times = dice.choice((2, 2, 2, 3, 10, 60))
    return pieces[:start] + pieces[start:stop] * times + pieces[stop:]


def _moved(pieces: Pieces, _: Grammar, dice: random.Random, __: Sequence[bytes]) -> Pieces:
    start, stop = _stretch(pieces, dice)
    rest = pieces[:start] + pieces[stop:]
    at = dice.randrange(len(rest) + 1)
    return rest[:at] + pieces[start:stop] + rest[at:]


def _put_in(pieces: Pieces, known: Grammar, dice: random.Random, _: Sequence[bytes]) -> Pieces:
    at = dice.randrange(len(pieces) + 1)
    return [*pieces[:at], _word(known, dice), *pieces[at:]]


def _replaced(pieces: Pieces, known: Grammar, dice: random.Random, _: Sequence[bytes]) -> Pieces:
    start, stop = _stretch(pieces, dice, most=2)
    return [*pieces[:start], _word(known, dice), *pieces[stop:]]


def _taken(pieces: Pieces, known: Grammar, dice: random.Random, others: Sequence[bytes]) -> Pieces:
    if not others:
        return _put_in(pieces, known, dice, others)
    theirs = known.pieces.findall(dice.choice(others))
    start, stop = _stretch(theirs, dice, most=40)
    at, until = _stretch(pieces, dice)
    return pieces[:at] + theirs[start:stop] + pieces[until:]


def _cut_off(pieces: Pieces, _: Grammar, dice: random.Random, __: Sequence[bytes]) -> Pieces:
    return pieces[: dice.randrange(len(pieces) + 1)]


_CHANGES: tuple[Callable[[Pieces, Grammar, random.Random, Sequence[bytes]], Pieces], ...] = (
    *(_left_out, _doubled, _moved, _put_in, _put_in, _replaced, _replaced, _replaced, _taken, _cut_off),
)


def _stretch(pieces: Pieces, dice: random.Random, most: int = 12) -> tuple[int, int]:
    if not pieces:
        return 0, 0
    start = dice.randrange(len(pieces))
    return start, min(len(pieces), start + dice.randrange(1, most + 1))


def _word(known: Grammar, dice: random.Random) -> bytes:
    word = dice.choice(known.words if dice.random() < 0.7 else EVERYWHERE)
    return word * dice.choice((20, 300)) if dice.random() < 0.04 else word


def _bytes(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(changed) + 1)
        what = dice.randrange(4)
        if what == 0:
            changed[at:at] = bytes([dice.randrange(256)])
        elif what == 1 and at < len(changed):
            changed[at] ^= 1 << dice.randrange(8)
        elif what == 2 and at < len(changed):
            changed[at] = dice.choice(b"\x00\xff\x80\r\n\t \"'<>=;:,%&?#\\/@[]{}()0-")
        else:
            del changed[at : at + dice.randrange(1, 8)]
    return bytes(changed)


# ----------------------------------------------------------------------------------------------------- JSON


class _Raw(str):
    """Written into the JSON as it is: what no encoder would write."""

    __slots__ = ()


HOSTILE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**30, 0.5, -0.0, 1e308, 5e-324),
    *("", " ", "\ud800", "\udfff\x00", "\x00", "x" * 3000, "٣", "-1", "1e9", "NaN", "null", "\u202e", "$set", "a.b"),
    *("9" * 400, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "http://[", "a@b", "é", "\ufeff"),
    *([], {}, [[]], [None], {"": ""}, {"$where": 1}, [1] * 50),
    *map(_Raw, ("1e999", "-1e999", "NaN", "Infinity", "9" * 5000, "1" + "0" * 400 + ".0", '"\\ud83d"', '"\\u0000"')),
    *map(_Raw, ("[" * 200 + "]" * 200, '{"a":' * 150 + "1" + "}" * 150, "1E+5", "-0", "0.1e-400", "tru", "{")),
)


def _json(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    try:
        value = json.loads(data)
        places = list(_places(value))
    except (ValueError, RecursionError):
        return _pieces("json", data, dice, others)
    place = dice.choice(places)
    here = _at(value, place)
    match dice.randrange(8):
        case 0 | 1 | 2:
            changed = _set(value, place, dice.choice(HOSTILE))
        case 3 if isinstance(here, str):
            words = here.encode("utf-8", "surrogatepass")
            changed = _set(value, place, mutate("text", words, dice, 4000).decode("utf-8", "replace"))
        case 3 if isinstance(here, int | float):
            changed = _set(value, place, dice.choice((here + 1, -here, here * 1000, str(here), [here])))
        case 4 if place:
            changed = _set(value, place, _GONE)
        case 5:
            changed = _set(value, place, _at(value, dice.choice(places)))
        case 6 if isinstance(here, list):
            changed = _set(value, place, here * dice.choice((2, 3, 30)))
        case 6 if isinstance(here, dict) and here:
            name = dice.choice(list(here))
            new = dice.choice(("", "$set", "a.b", "\x00", "\ud800", name.upper(), f"{name}_", "__class__", "type"))
            changed = _set(value, place, {new if key == name else key: one for key, one in here.items()})
        case 7 if others:
            changed = _set(value, place, _foreign(dice.choice(others), dice))
        case _:
            changed = _set(value, place, [here] if dice.random() < 0.5 else {"a": here})
    return _written(changed, dice)


_GONE = object()


def _foreign(other: bytes, dice: random.Random) -> Any:
    try:
        value = json.loads(other)
        return _at(value, dice.choice(list(_places(value))))
    except (ValueError, RecursionError):
        return None


def _places(value: Any, here: tuple[Any, ...] = ()) -> Any:
    yield here
    if len(here) > 20:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*here, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value[:200]):
            yield from _places(inner, (*here, at))


def _at(value: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        value = value[step]
    return value


def _set(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    if len(place) == 1 and new is _GONE:
        del copy[place[0]]
    else:
        copy[place[0]] = _set(value[place[0]], place[1:], new)
    return copy


def _written(value: Any, dice: random.Random) -> bytes:
    raw: list[str] = []

    def marked(inner: Any) -> Any:
        if isinstance(inner, _Raw):
            raw.append(inner)
            return f"\x01{len(raw) - 1}\x01"
        if isinstance(inner, dict):
            return {key: marked(one) for key, one in inner.items()}
        return [marked(one) for one in inner] if isinstance(inner, list) else inner

    text = json.dumps(marked(value), ensure_ascii=dice.random() < 0.5)
    for at, words in enumerate(raw):
        text = text.replace(f'"\\u0001{at}\\u0001"', words)
    return text.encode("utf-8", "surrogatepass" if dice.random() < 0.2 else "replace")
