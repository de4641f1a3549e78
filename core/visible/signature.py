"""Where the signature at the end of what somebody wrote begins. Only what clearly is one; in doubt there is none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.visible import marks

_PARTS = re.compile(r"[|•·,/]")
LAYERS = 4  # a legal notice below a phone's line below a signature
TAIL = 60  # lines at the end of a stretch that are looked at


def signature(lines: Sequence[str], words: Sequence[str]) -> int:
    """The index of the first line of the signature, len(lines) when there is none. `words` are the plain lines."""
    end = _last(words, len(lines))
    for _ in range(LAYERS):
        start = _disclaimer(words, end)
        start = min(start, _phone(words, start))
        start = min(start, _delimited(lines, words, start))
        start = min(start, _closed(words, start))
        if start >= end:
            break
        end = _last(words, start)
    return end if end < _last(words, len(lines)) else len(lines)


def _last(words: Sequence[str], end: int) -> int:
    """`end` without the blank lines before it."""
    while end > 0 and not words[end - 1]:
        end -= 1
    return end


def _phone(words: Sequence[str], end: int) -> int:
    """ "Sent from my iPhone", with the line a program draws above it."""
    last = _last(words, end)
    for at in (last - 1, last - 2):
        if at < 0 or not marks.sent_from(words[at]):
            continue
        if at == last - 2 and not (
            words[at + 1].startswith(("http", "<http", "www.")) or marks.sent_from(words[at + 1])
        ):
            continue
        above = _last(words, at)
        return above - 1 if above and marks.delimiter(words[above - 1]) else at
    return end


def _disclaimer(words: Sequence[str], end: int) -> int:
    """A legal notice that ends the mail: from its first line on."""
    found = end
    for at in range(end - 1, max(-1, end - TAIL), -1):
        if not words[at] or (at and words[at - 1] and not marks.rule(words[at - 1]) and len(words[at - 1]) > 60):
            continue  # only where a paragraph may begin
        paragraph = words[at]
        below = at + 1
        while below < end and words[below] and len(paragraph) < marks.LONGEST:
            paragraph = f"{paragraph} {words[below]}"
            below += 1
        if marks.disclaimer(paragraph[: marks.LONGEST]):
            found = at
    if found == end:
        return end
    # A short heading of its own ("CONFIDENTIALITY NOTICE") and the rule above belong to it.
    above = _last(words, found)
    while above and (marks.rule(words[above - 1]) or marks.delimiter(words[above - 1])):
        found = above - 1
        above = _last(words, found)
    return found


def _delimited(lines: Sequence[str], words: Sequence[str], end: int) -> int:
    """What follows "-- " (RFC 3676, section 4.3), or another line of dashes if it looks like a signature."""
    stop = max(-1, end - TAIL)
    delimiters = [at for at in range(end - 1, stop, -1) if marks.delimiter(words[at])]
    for at in reversed(delimiters[:3]):
        tail = [word for word in words[at + 1 : end] if word]
        if any(marks.delimiter(word) for word in tail) and not _is_proper(lines[at]):
            continue
        if _is_proper(lines[at]):
            if len(tail) <= 30 and not any(word.endswith("?") for word in tail):
                return at
        elif _like_a_signature(tail):
            return at
    return end


def _is_proper(line: str) -> bool:
    return line.rstrip("\r\n") in ("-- ", "--\u00a0")


def _like_a_signature(tail: Sequence[str]) -> bool:
    """Few short lines, no prose, no list, no question; it begins with a name, a closing or a contact."""
    if not tail or len(tail) > 12 or len(tail[0].split()) > 7:
        return False
    for line in tail:
        if line.endswith(("?", ":")) or marks.item(line) or len(line) > 120:
            return False
        if not marks.contact(line) and (len(line) > 70 or (line.endswith((".", "!", ";")) and len(line.split()) > 4)):
            return False
    first = tail[0]
    named = len(_PARTS.split(first)[0].split()) <= 4 and not any(character.isdigit() for character in first)
    return named or marks.closing(first) or marks.contact(first) or marks.sent_from(first)


def _closed(words: Sequence[str], end: int) -> int:
    """A closing ("Best regards"), a name and then a block of contacts. A closing and a name alone are said."""
    last = _last(words, end)
    for at in range(last - 2, max(-1, last - 16), -1):
        if not words[at] or not marks.closing(words[at]):
            continue
        tail = [word for word in words[at + 1 : last] if word]
        contacts = sum(marks.contact(word) for word in tail)
        enough = contacts >= 2 or (contacts == 1 and len(tail) >= 4)
        return at if enough and _like_a_signature([words[at], *tail][:13]) and len(tail) <= 12 else end
    return end
