"""Puts a notification into words: the operator's own text, and the default one when that does not work."""

from __future__ import annotations

import structlog

from core.templates.render import BrokenTemplate, Rendered, render
from core.templates.store import Templates
from core.templates.template import default
from core.templates.variables import Variables

log = structlog.get_logger(__name__)


class Word:
    """Words for a status in a language."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates

    async def __call__(self, status: str, language: str, variables: Variables) -> Rendered | None:
        """The notification; None when it is turned off. A broken own text is noted, and the default one is taken."""
        template = await self._templates.get(status, language)
        if not template.enabled:
            return None
        try:
            rendered = render(template.subject, template.body, variables)
            if rendered.body:
                return rendered
            problem = "The text came out empty."
        except BrokenTemplate as error:
            problem = error.sentence
        log.warning("templates.broken", status=status, language=language, problem=problem)
        await self._templates.note(template, problem)
        usual = default(status, language)
        return render(usual.subject, usual.body, variables)
