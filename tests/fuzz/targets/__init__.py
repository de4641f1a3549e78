"""The targets, a file for each kind of outside; `ALL` is the table. A new parser gets a row in the file of its kind."""

from __future__ import annotations

from tests.fuzz.target import Target
from tests.fuzz.targets import channels, html, mail, operators, servers, tokens, web, words

ALL: tuple[Target, ...] = (
    *channels.TARGETS,
    *mail.TARGETS,
    *html.TARGETS,
    *servers.TARGETS,
    *tokens.TARGETS,
    *web.TARGETS,
    *words.TARGETS,
    *operators.TARGETS,
)
BY_NAME = {target.name: target for target in ALL}
