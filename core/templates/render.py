"""Renders a template so that a broken or hostile one can do no harm: what it may contain is a short list.

On top of Jinja2's immutable sandbox the parsed template is checked node by node: text, variables, `if`, `for` (two
deep), comparisons and a few filters. There is no way to call, to compute at length or to reach into objects, and what
stands in a loop counts as often as the loop may run: the work is bounded before the template is used, the length while
it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.content import clean
from core.templates.template import MAX_BODY, MAX_SUBJECT
from core.templates.variables import MAX_LINES, Variables

MAX_OUTPUT = 20_000
MAX_WORK = 20_000  # parts of a template, each as often as it may be looked at
_FILTERS = {"upper", "lower", "capitalize", "title", "trim", "default", "d", "length", "count"}
_TESTS = {"defined", "undefined", "none", "number", "string", "even", "odd"}
_LOOP = {"index", "index0", "first", "last", "length"}
_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Filter,
    nodes.Test,
)


class BrokenTemplate(Exception):
    """A template cannot be used; `sentence` says why and in which line."""

    def __init__(self, sentence: str, line: int = 1) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line


@dataclass(frozen=True, slots=True)
class Rendered:
    """A notification in words."""

    subject: str
    body: str


class _Sandbox(ImmutableSandboxedEnvironment):
    """Sees only the fields of our own values and of the loop."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute` where a template may read it, else an undefined that says what there is."""
        if isinstance(obj, StrictUndefined):
            return obj  # the first thing that is not there is the one to name
        if isinstance(obj, LoopContext):
            there = _LOOP
        else:
            there = {field.name for field in fields(obj)} if is_dataclass(obj) else set()
        if attribute in there:
            return getattr(obj, attribute)
        hint = f"there is no {attribute} here" + (f", only {', '.join(sorted(there))}" if there else "")
        return self.undefined(hint, obj=obj, name=attribute)

    def is_safe_callable(self, obj: Any) -> bool:
        """Nothing may be called."""
        return False


_ENVIRONMENT = _Sandbox(
    undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
)
_ENVIRONMENT.globals.clear()


def render(subject: str, body: str, variables: Variables) -> Rendered:
    """Subject and body of a notification about an order. Raises BrokenTemplate."""
    return rendered(subject, body, variables)


def rendered(subject: str, body: str, variables: Any) -> Rendered:
    """Subject (one line) and body (at most one blank line in a row). Raises BrokenTemplate."""
    words = "\n".join(line.rstrip() for line in _rendered(body, variables, MAX_BODY).strip().splitlines())
    return Rendered(" ".join(_rendered(subject, variables, MAX_SUBJECT).split()), re.sub(r"\n{3,}", "\n\n", words))


def _rendered(text: str, variables: Any, longest: int) -> str:
    if len(text) > longest:
        raise BrokenTemplate(f"The text is longer than {longest} characters.")
    named = {field.name: getattr(variables, field.name) for field in fields(variables)}
    try:
        parts, length = [], 0
        for part in compiled(text).generate(named):
            parts.append(part)
            length += len(part)
            if length > MAX_OUTPUT:
                raise BrokenTemplate(f"The text becomes longer than {MAX_OUTPUT} characters.")
        return clean("".join(parts))
    except TemplateSyntaxError as error:
        raise BrokenTemplate(
            f"Line {error.lineno}: {_dotted(error.message or 'this cannot be read')}", error.lineno
        ) from error
    except TemplateError as error:
        line = _line_of(error)
        raise BrokenTemplate(f"Line {line}: {_dotted(error.message or 'this cannot be used')}", line) from error
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, RecursionError, MemoryError) as error:
        line = _line_of(error)
        raise BrokenTemplate(f"Line {line}: {_dotted(str(error)[:200] or 'this cannot be used')}", line) from error


@lru_cache(maxsize=256)
def compiled(text: str) -> Template:
    """The template of this text, checked and compiled once. Raises BrokenTemplate or TemplateSyntaxError."""
    try:
        tree = _ENVIRONMENT.parse(text)
        _check(tree)
        return _ENVIRONMENT.from_string(tree)
    except (RecursionError, SyntaxError, MemoryError) as error:  # Jinja2's own bounds, and those of Python behind it
        raise BrokenTemplate("Line 1: this is nested too deeply.") from error


def _check(tree: nodes.Template) -> None:
    work = 0
    for node, loops in _walk(tree, 0):
        work += MAX_LINES**loops
        if work > MAX_WORK:
            raise BrokenTemplate(
                f"Line {node.lineno}: this is too much to do for one message. Put less into the for.", node.lineno
            )
        if not isinstance(node, _ALLOWED):
            raise BrokenTemplate(
                f"Line {node.lineno}: {type(node).__name__.lower()} cannot be used here. Use variables, if, for and "
                "simple filters.",
                node.lineno,
            )
        if isinstance(node, nodes.Name) and node.name == "self":  # Jinja2's word for the template itself
            raise BrokenTemplate(f"Line {node.lineno}: 'self' is undefined.", node.lineno)
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise BrokenTemplate(f"Line {node.lineno}: there is no filter {node.name} here.", node.lineno)
        if isinstance(node, nodes.Test) and node.name not in _TESTS:
            raise BrokenTemplate(f"Line {node.lineno}: there is no test {node.name} here.", node.lineno)
        if isinstance(node, nodes.For) and (loops > 1 or node.recursive or not isinstance(node.iter, nodes.Getattr)):
            raise BrokenTemplate(f"Line {node.lineno}: for goes over order.lines, at most two deep.", node.lineno)


def _walk(node: nodes.Node, loops: int) -> Iterator[tuple[nodes.Node, int]]:
    yield node, loops
    for child in node.iter_child_nodes():
        yield from _walk(child, loops + isinstance(node, nodes.For))


def _line_of(error: BaseException) -> int:
    """The template's line an exception came from: Jinja2 rewrites tracebacks so that they show it."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _dotted(words: str) -> str:
    return words if words.endswith(".") else f"{words}."
