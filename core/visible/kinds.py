"""For each line of a mail: said now, quoted, or a signature. In doubt it is said; if nothing would be said, all is.

The order of the decisions: quotes first (marked ones, and what follows a copied header to the end), then, in what is
left between them, the signatures that end a stretch. What is forwarded is what the person says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.visible import marks
from core.visible.signature import signature

Kind = Literal["said", "quote", "signature"]

# What is known of a line before its words are read. `quoted`: marked as a quote (">", cite). `perhaps`: in a plain
# <blockquote>, a quote if a line above says so. `history`: in a container that programs keep the old mail in. `head`:
# a line above a quote. `rest`: a head after which all is history. `forward`: the head of a forwarded mail.
Hint = Literal["", "quoted", "perhaps", "history", "head", "rest", "forward", "signature"]

LOOKED_AT = 10_000  # unquoted lines whose words are read; nobody writes more
SHORT_NOTE = 600  # characters above a copied header that may still be a note on what is forwarded


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its quote marks. `raw` is as it was typed, where that matters ("-- ")."""

    text: str
    hint: Hint = ""

    @property
    def blank(self) -> bool:
        """Nothing to read."""
        return not self.text or self.text.isspace()


@dataclass(frozen=True, slots=True)
class _Head:
    """The lines above a quote: where they end, whether all that follows is history, whether they forward."""

    end: int
    rest: bool = False
    sure: bool = False
    forward: bool = False


def kinds(lines: Sequence[Line], subject: str = "") -> list[Kind]:
    """The kind of each line, blank ones with their neighbours. `subject` tells a forwarded mail from an answer."""
    found = _Reading(lines, subject).kinds()
    if not any(kind == "said" and not line.blank for kind, line in zip(found, lines, strict=True)):
        return ["said"] * len(lines)
    _settle_blanks(found, lines)
    return found


def _settle_blanks(found: list[Kind], lines: Sequence[Line]) -> None:
    """A blank line belongs to what is around it, and to what is said where the two differ."""
    before: Kind = "said"
    at = 0
    while at < len(lines):
        if not lines[at].blank:
            before = found[at]
            at += 1
            continue
        end = at
        while end < len(lines) and lines[end].blank:
            end += 1
        after: Kind = found[end] if end < len(lines) else before
        found[at:end] = [after if before == after or before == "said" else before] * (end - at)
        if before == "said" != after:
            found[at:end] = ["said"] * (end - at)
        at = end


class _Reading:
    """One pass over the lines."""

    def __init__(self, lines: Sequence[Line], subject: str) -> None:
        self.lines = lines
        self.words = ["" if line.blank else marks.plain(line.text) for line in lines]
        self.last = self._last_looked_at()
        self.forwards = marks.forwards(subject)
        self.found: list[Kind] = ["said"] * len(lines)
        self.introduced = self._introductions()
        self.above = 0  # characters said so far
        self.inline = False
        self.announced = False  # the last line that was said ends with a colon
        self.visible_from = len(lines)  # from here on everything is said: it is forwarded

    def _last_looked_at(self) -> int:
        """Where reading stops: after so many lines that nobody marked as a quote."""
        left = LOOKED_AT
        for at, line in enumerate(self.lines):
            left -= not line.blank and line.hint not in ("quoted", "history")
            if left < 0:
                return at
        return len(self.lines)

    def kinds(self) -> list[Kind]:
        """What each line is."""
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            if line.blank:
                at += 1
            elif line.hint == "forward" or (line.hint in ("", "head", "rest") and self._forwarded(at)):
                self.visible_from = at
                break
            elif line.hint in ("quoted", "history"):
                at = self._quoted_run(at)
            elif line.hint == "perhaps":
                end = self._run(at)
                if self._begins_with_head(at, end):
                    self._mark(at, end, "quote")
                at = end
            elif line.hint == "signature":
                self.found[at] = "signature"
                at += 1
            elif at >= self.last:
                at += 1
            else:
                after = self._head(at)
                if after is None:
                    self.above += len(line.text)
                    self.announced = self.words[at].endswith((":", "："))
                    self.inline = self.inline or (self.above < 20_000 and marks.inline(self.words[at]))
                    at += 1
                elif after < 0:
                    self.visible_from = at
                    break
                else:
                    at = after
        self._signatures()
        return self.found

    # -------------------------------------------------------------------------------------------- quotes

    def _mark(self, start: int, end: int, kind: Kind) -> None:
        self.found[start:end] = [kind] * (end - start)

    def _run(self, start: int) -> int:
        """Where the quoted lines that begin at `start` end; blank lines between them belong to them."""
        end = at = start
        while at < len(self.lines):
            if self.lines[at].hint in ("quoted", "perhaps", "history"):
                end = at + 1
            elif not self.lines[at].blank:
                break
            at += 1
        return end

    def _quoted_run(self, start: int) -> int:
        end = self._run(start)
        if self._forwarded(start):
            return end  # nothing above says that it is answered: Apple Mail marks what it forwards like a quote
        if self.lines[start].hint == "history":
            opening = [at for at in range(start, min(end, start + 6)) if not self.lines[at].blank][:4]
            forwarded = any(self._forwarded(at) for at in opening)
            if forwarded or (self.forwards and self.above <= SHORT_NOTE):
                return end
        self._mark(start, end, "quote")
        return end

    def _begins_with_head(self, start: int, end: int) -> bool:
        """Whether a plain block quote opens with a copied header or a line that introduces it."""
        opening = [at for at in range(start, min(end, start + 8)) if not self.lines[at].blank][:4]
        return any(self._headers(at) or self.introduced.get(at, (0, 0, False))[1] >= 2 for at in opening)

    def _head(self, start: int) -> int | None:
        """Where to go on after a quote whose head stands at `start`; None: no head. -1: it is forwarded."""
        head = self._read_head(start)
        if head is None:
            return None
        below = head.end
        while below < len(self.lines) and self.lines[below].blank:
            below += 1
        if head.forward:
            return -1
        if below < len(self.lines) and self.lines[below].hint in ("quoted", "perhaps", "history"):
            if head.rest and self.forwards and self.above <= SHORT_NOTE:
                return -1
            end = self._run(below)
            self._mark(start, end, "quote")
            return end
        if not head.rest:
            if head.sure and self.lines[start].hint == "head":
                self._mark(start, head.end, "quote")
                return head.end
            return None
        if self.forwards and self.above <= SHORT_NOTE:
            return -1
        if self.announced:
            return -1  # "They sent me this:" above a copied mail
        if self.inline:
            return None  # the answers are somewhere in what follows
        self._mark(start, len(self.lines), "quote")
        return len(self.lines)

    def _read_head(self, start: int) -> _Head | None:
        """The lines above a quote that begin at `start`: separators, copied headers, an introduction, in any order."""
        at, rest, sure = start, False, False
        end = start
        drawn = False
        while at < len(self.lines) and at < start + 60:
            line, words = self.lines[at], self.words[at]
            if line.blank:
                at += 1
                continue
            if line.hint in ("quoted", "perhaps", "history", "signature"):
                sure = sure or (drawn and line.hint in ("quoted", "history"))
                break
            if line.hint == "forward" or (at > start and self._forwarded(at)):
                return _Head(at, forward=True) if sure else None
            if line.hint in ("head", "rest"):
                rest = rest or line.hint == "rest"
                sure = True
                at += 1
            elif marks.original(words) or marks.ours(words):
                rest = sure = True
                at += 1
            elif marks.rule(words) and not drawn and not sure:
                drawn = True
                at += 1
                end = at
                continue  # a line across the page is a head only if one follows, or marked lines
            elif headers := self._headers(at):
                rest = sure = True
                at = headers
            elif (introduction := self._introduction(at)) is not None:
                at, strength, unmarked = introduction
                sure = True
                rest = rest or (strength == 2 and unmarked)
            else:
                break
            end = at
        return _Head(end, rest=rest, sure=sure) if sure else None

    def _forwarded(self, at: int) -> bool:
        words = self.words[at]
        return (words[:1] in "-–—_=*" or words.endswith((":", "-", "："))) and marks.forwarded(words)

    # ---------------------------------------------------------------------------------------- introductions

    def _introductions(self) -> dict[int, tuple[int, int, bool]]:
        """By first line: end, strength and whether unmarked history may follow, for "On …, Ann wrote:"."""
        found: dict[int, tuple[int, int, bool]] = {}
        for last, line in enumerate(self.lines[: self.last]):
            if line.blank or not marks.closes(line.text):
                if not line.blank and (words := marks.opening(line.text)) and marks.introduces(words) == (2, True):
                    found.setdefault(last, (last + 1, 2, True))
                continue
            best: tuple[int, int, bool] | None = None
            words = ""
            for first in range(last, max(-1, last - 4), -1):
                above = self.lines[first]
                if above.blank or above.hint != line.hint or len(above.text) > marks.LONGEST:
                    break
                words = f"{self.words[first]} {words}".strip()
                strength, unmarked = marks.introduces(words)
                if strength > (best[1] if best else 0):
                    best = (first, strength, unmarked)
                if strength == 2:
                    break
            if best:
                found.setdefault(best[0], (last + 1, best[1], best[2]))
        return found

    def _introduction(self, at: int) -> tuple[int, int, bool] | None:
        return self.introduced.get(at)

    def _headers(self, start: int) -> int:
        """Where a copied header (From:, Sent:, To:, Subject:) that begins at `start` ends; 0 when there is none."""
        if ":" not in self.lines[start].text[:40] and "：" not in self.lines[start].text[:40]:
            return 0
        kinds: dict[str, str] = {}
        end, more = start, 0
        for at in range(start, min(len(self.lines), start + 16)):
            line = self.lines[at]
            if line.blank:
                continue
            if line.hint != self.lines[start].hint:
                break
            labelled = marks.label(line.text)
            if labelled is None:
                more += 1
                if not kinds or more > 2 or self.lines[at - 1].blank:
                    break
                continue
            kind, value = labelled
            if kind in kinds and kind not in ("to", "subject"):
                break
            kinds.setdefault(kind, value)
            end, more = at + 1, 0
        if "from" not in kinds or len(kinds) < 2:
            return 0
        dated = any(character.isdigit() for character in kinds.get("date", ""))
        named = marks.has_mail(kinds["from"])
        return end if (named and ("date" in kinds or "subject" in kinds)) or (dated and "subject" in kinds) else 0

    # ------------------------------------------------------------------------------------------ signatures

    def _signatures(self) -> None:
        """Fold the signature that ends each stretch of what is said."""
        at = 0
        while at < self.visible_from:
            if self.found[at] != "said":
                at += 1
                continue
            start = at
            while at < self.visible_from and (self.found[at] == "said" or self.lines[at].blank):
                at += 1
            stretch = [line.text for line in self.lines[start:at]]
            first = signature(stretch, self.words[start:at])
            self._mark(start + first, at, "signature")
