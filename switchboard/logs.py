"""How the hub writes its log: lines for people in a terminal, JSON where a machine reads them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from core.settings import Settings

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


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redacted(value)
    return event


def configure(settings: Settings) -> None:
    """Set up structlog, and the standard library's loggers (aiohttp, aiogram) beside it at WARNING."""
    as_json = settings.log_format == "json"
    level = getattr(logging, settings.log_level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
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
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger().addFilter(_Redacting())


def _console() -> structlog.dev.ConsoleRenderer:
    colors = sys.stderr.isatty()
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)


class _Redacting(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, without its secrets."""
        record.msg, record.args = redacted(record.getMessage()), ()
        return True
