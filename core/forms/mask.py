"""Masks: what an answer must look like, in a language small enough for everybody, matched in linear time.

`9` is a digit, `A` a letter, `*` a letter or a digit, `[…]` may be left out, `|` separates whole alternatives, a
backslash makes the next character itself; anything else stands for itself, letters in either case. `AA 999[9]` takes
`ab 1234`. There is nothing to repeat without end, so no mask and no answer can cost more than their lengths multiplied.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import Invalid

LONGEST = 200


@dataclass(frozen=True, slots=True)
class _Piece:
    """One character: `9`, `A` or `*` when `is_class`, else itself. `jump` pieces may be left out from here."""

    character: str
    is_class: bool = False
    jump: int = 0


def pieces(mask: str) -> list[list[_Piece]]:
    """The alternatives of `mask`. Raises Invalid, with what to mend."""
    if len(mask) > LONGEST:
        raise Invalid(f"A pattern has at most {LONGEST} characters.", field="pattern")
    found: list[list[_Piece]] = [[]]
    opened: int | None = None
    rest = iter(mask)
    for character in rest:
        here = found[-1]
        if character == "[":
            if opened is not None:
                raise Invalid("In a pattern, [ ] cannot stand inside [ ].", field="pattern")
            opened = len(here)
        elif character == "]":
            if opened is None or opened == len(here):
                raise Invalid("In a pattern, each ] needs a [ before it and something between.", field="pattern")
            first = here[opened]
            here[opened] = _Piece(first.character, first.is_class, len(here) - opened)
            opened = None
        elif character == "|":
            if opened is not None:
                raise Invalid("In a pattern, | separates whole alternatives and cannot stand in [ ].", field="pattern")
            found.append([])
        elif character == "\\":
            literal = next(rest, None)
            if literal is None:
                raise Invalid("In a pattern, \\ makes the next character itself, and there is none.", field="pattern")
            here.append(_Piece(literal))
        else:
            here.append(_Piece(character, character in "9A*"))
    if opened is not None:
        raise Invalid("In a pattern, each [ needs a ] after it.", field="pattern")
    return found


def matches(mask: str, text: str) -> bool:
    """Whether all of `text` looks like `mask`."""
    return any(_matches(alternative, text) for alternative in pieces(mask))


def _matches(alternative: list[_Piece], text: str) -> bool:
    if len(text) > len(alternative):
        return False
    at = _reach(alternative, {0})
    for character in text:
        at = _reach(alternative, {n + 1 for n in at if n < len(alternative) and _fits(alternative[n], character)})
        if not at:
            return False
    return len(alternative) in at


def _reach(alternative: list[_Piece], at: set[int]) -> set[int]:
    """Where one may be, having left out what may be left out."""
    for n in range(len(alternative)):
        if n in at and alternative[n].jump:
            at.add(n + alternative[n].jump)
    return at


def _fits(piece: _Piece, character: str) -> bool:
    if not piece.is_class:
        return piece.character.casefold() == character.casefold()
    match piece.character:
        case "9":
            return character in "0123456789"
        case "A":
            return character.isalpha()
        case _:
            return character.isalpha() or character in "0123456789"
