"""Every sentence the code writes for people to read in the inbox, found where it is written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What an agent sees a sentence of: what a delivery came to, and why something they asked for cannot be done.
ERRORS = {
    "RetryLater",
    "Rejected",
    "RecipientGone",
    "Uncertain",
    "NotFound",
    "NotAllowed",
    "Conflict",
    "SaidBefore",
    "Invalid",
    "TooLarge",
}
LINES = {"system_line": 1, "_change": 3, "Said": 0}
# Their sentences are read by whoever runs the hub, on the command line, or worded by the room that shows them.
ELSEWHERE = (
    "core/settings.py",
    "core/mongod.py",
    "core/forms/",
    "core/chat/transcript.py",
    "channels/email/authorise.py",
    "channels/email/providers/",
    "channels/webform.py",
    "channels/telegram/groups.py",
)


def sentences(folder: str) -> Iterator[tuple[str, str | None]]:
    """(file:line, sentence) of everything said under `folder`; None for one that is put together."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(ELSEWHERE):
            yield from in_file(name, path.read_text(encoding="utf-8"))


def in_file(name: str, text: str) -> Iterator[tuple[str, str | None]]:
    """The same for one file."""
    tree = ast.parse(text)
    constants = dict(_constants(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        at = 0 if called in ERRORS else LINES.get(called, -1)
        if at < 0 or len(node.args) <= at:
            continue
        given = node.args[at]
        where = f"{name}:{node.lineno}"
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            yield where, given.value
        elif isinstance(given, ast.Name) and given.id in constants:
            yield where, constants[given.id]
        elif isinstance(given, ast.JoinedStr | ast.BinOp):
            yield where, None  # put together: a pattern with holes is what can be translated
    for constant, value in constants.items():
        if value.endswith((".", ":")) and " " in value:
            yield f"{name} {constant}", value


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Module-level words by name; those of a table as `NAME[key]`."""
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        name, value = node.targets[0].id, node.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield name, value.value
        elif isinstance(value, ast.Dict):
            for key, one in zip(value.keys, value.values, strict=True):
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value.endswith((".", ":")):
                    yield f"{name}[{ast.unparse(key) if key else ''}]", one.value
