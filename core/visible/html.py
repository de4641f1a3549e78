"""A document in HTML: what was written now, and the same with the rest folded away.

The document is read as lines, each knowing the nodes it is made of; `kinds.py` decides about the lines; an element all
of whose lines are folded is folded as a whole. Not sanitised: whoever shows the result sanitises it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree, html  # type: ignore[import-untyped]  # lxml ships no types

from core.sanitise import body_of, inner, tree, without_embedded
from core.visible.document import Atom, rows, writable
from core.visible.kinds import Line, kinds

# What may stand directly in these is prescribed; a <details> goes into their cells and items.
_STRICT = frozenset(["table", "tbody", "thead", "tfoot", "tr", "ul", "ol", "dl", "colgroup"])
_SOLID = frozenset(["img", "hr"])


@dataclass(frozen=True, slots=True)
class FoldedHtml:
    """`visible`: only what was written now. `whole`: everything, each folded part in a closed <details>.

    `folded` is False when there is nothing to fold; both are then as the document came.
    """

    visible: str
    whole: str
    folded: bool


def fold_html(document: str, subject: str = "", label: str = "…") -> FoldedHtml:
    """`document` with quotes and signatures folded under `label`. Never raises; linear.

    What is too long or too deep to be parsed safely comes back as it is.
    """
    root = tree(without_embedded(document))
    if root is None:
        return FoldedHtml(document, document, False)
    body = body_of(root)
    read = rows(body)
    found = kinds([Line(row.text, row.hint) for row in read], subject)
    folded: set[Atom] = set()
    said: set[Atom] = set()
    for row, kind in zip(read, found, strict=True):
        (said if kind == "said" else folded).update(row.atoms)
    if not folded:
        return FoldedHtml(document, document, False)
    parents = _Folder(folded, said, label).fold(body)
    whole = inner(body)
    for parent, things in parents:
        _fill(parent, [thing for thing in things if not isinstance(thing, _Folded)])
    return FoldedHtml(inner(body), whole, True)


@dataclass(frozen=True, slots=True)
class _Folded:
    """The <details> around what is folded."""

    element: Any


class _Folder:
    """Puts what is folded into <details>, as few and as high in the tree as what is said allows."""

    def __init__(self, folded: set[Atom], said: set[Atom], label: str) -> None:
        self.folded, self.said, self.label = folded, said, label
        self.states: dict[Any, str] = {}  # of an element with all that is in it, without its tail
        self.made: list[tuple[Any, list[Any]]] = []

    def fold(self, body: Any) -> list[tuple[Any, list[Any]]]:
        """Fold; returns each element that has folded parts, with what it now holds: texts, elements, `_Folded`."""
        for _, element in etree.iterwalk(body, events=("end",)):
            self.states[element] = self._state(element)
        waiting = [body]
        while waiting:
            element = waiting.pop()
            inside = list(element)
            if element.tag in _STRICT:
                waiting.extend(child for child in inside if self.states[child] in ("folded", "mixed"))
                continue
            waiting.extend(child for child in inside if self.states[child] == "mixed")
            self._group(element)
        return self.made

    def _state(self, element: Any) -> str:
        parts = {self._slot(element, "text")}
        if element.tag in _SOLID:
            parts.add(self._slot(element, "self"))
        for child in element:
            parts.add(self.states[child])
            parts.add(self._slot(child, "tail"))
        parts.discard("blank")
        return "blank" if not parts else parts.pop() if len(parts) == 1 else "mixed"

    def _slot(self, element: Any, where: str) -> str:
        atom = (element, where)
        return "said" if atom in self.said else "folded" if atom in self.folded else "blank"

    def _group(self, parent: Any) -> None:
        """Wrap each run of folded things in `parent`."""
        slots: list[tuple[str, Any]] = [(self._slot(parent, "text"), parent.text or "")]
        for child in list(parent):
            tail = child.tail or ""
            slots.append((self.states[child], child))
            slots.append((self._slot(child, "tail"), tail))
        if not any(state == "folded" for state, _ in slots):
            return
        things: list[Any] = []
        at = 0
        while at < len(slots):
            end = last = at
            while slots[at][0] == "folded" and end < len(slots) and slots[end][0] in ("folded", "blank"):
                end += 1
                if slots[end - 1][0] == "folded":
                    last = end
            if last == at:
                things.append(slots[at][1])
                at += 1
                continue
            details, summary = html.Element("details"), html.Element("summary")
            summary.text = self.label
            _fill(details, [summary, *(thing for _, thing in slots[at:last])])
            things.append(_Folded(details))
            at = last
        _fill(parent, things)
        self.made.append((parent, things))


def _fill(parent: Any, things: list[Any]) -> None:
    """Make `things`, texts and elements in order, all that `parent` holds."""
    for child in list(parent):
        child.tail = None
        parent.remove(child)
    parent.text = None
    last: Any = None
    words: list[str] = []
    for thing in [*things, None]:
        if isinstance(thing, str):
            words.append(writable(thing))
            continue
        if words and last is None:
            parent.text = "".join(words)
        elif words:
            last.tail = "".join(words)
        words = []
        if thing is not None:
            last = thing.element if isinstance(thing, _Folded) else thing
            last.tail = None
            parent.append(last)
