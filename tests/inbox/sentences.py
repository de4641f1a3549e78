"""Every sentence the pages of a room say: what templates ask to be translated, and the tables of its words.py."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import Environment, nodes

from inbox import bot_words, words


def in_templates(environment: Environment, *rooms: str) -> dict[str, str]:
    """Message id → the template it is in. Plural forms are joined by a line break."""
    found: dict[str, str] = {}
    for name in environment.list_templates():
        if name.split("/")[0] not in rooms:
            continue
        assert environment.loader is not None
        source, _, _ = environment.loader.get_source(environment, name)
        for call in environment.parse(source).find_all(nodes.Call):
            if not isinstance(call.node, nodes.Name):
                continue
            texts = [arg.value for arg in call.args if isinstance(arg, nodes.Const)]
            if call.node.name == "_" and texts:
                found[texts[0]] = name
            elif call.node.name == "ngettext":
                found["\n".join(texts[:2])] = name
    return found


def in_tables() -> Iterator[str]:
    """What the inbox's handlers say."""
    yield from words.DONE.values()
    yield from words.LINES
    yield from words.ERRORS
    yield from (text for text, _ in words.ORDER.values())
    yield from bot_words.DAYS
    for table in bot_words.TABLES:
        yield from table.values()
