"""How the hub writes its log: lines for people in a terminal, JSON where a machine reads them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from core.settings import Settings
from core.trace import followed, request, tell_steps

# What must never be in a log line, whoever wrote it there: credentials in URLs, bot tokens, our own tokens.
_SECRETS = (
    (re.compile(r"(://[^\s:/@]+:)[^\s@/]+@"), r"\1…@"),
    (re.compile(r"\bbot\d{6,}:[\w-]{20,}"), "bot…"),
    (re.compile(r"\b\d{6,}:[\w-]{30,}"), "…"),
    (re.compile(r"(?i)((?:token|secret|password|authorization)[\"']?\s*[=:]\s*[\"']?)[^\s\"',}]+"), r"\1…"),
)


def redacted(text: str) -> str:
    """`text` without what looks like a secret."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def _traced(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every line about a message says which (`core.trace`), whoever writes it."""
    if trace := followed():
        event.setdefault("trace", trace)
    if number := request():
        event.setdefault("request", number)
    return event


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redacted(value)
    return event


def configure(settings: Settings) -> None:
    """Set up structlog, and let what the libraries have to say (WARNING and above) go the same way."""
    as_json = settings.log_format == "json"
    level = getattr(logging, settings.log_level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _traced,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact,
            structlog.processors.JSONRenderer()
            if as_json
            else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    tell_steps(level <= logging.INFO)
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    for handler in root.handlers[:]:
        if isinstance(handler, _Libraries):
            root.removeHandler(handler)
    root.addHandler(_Libraries())


class _Libraries(logging.Handler):
    """Hands what aiohttp, aiogram and the driver log to our log, so that it is JSON where ours is, and redacted.

    On the handler, because a filter of the root logger is not asked about what the loggers below it write.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record of the standard library's logging."""
        log = structlog.get_logger()
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
