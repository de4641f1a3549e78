"""How the hub writes its log: lines for people in a terminal, JSON where a machine reads them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from core.hush import hushed
from core.settings import Settings
from core.trace import followed, request, tell_steps


def _traced(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every line about a message says which (`core.trace`), whoever writes it."""
    if trace := followed():
        event.setdefault("trace", trace)
    if number := request():
        event.setdefault("request", number)
    return event


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        event[key] = _without(value)
    return event


def _without(value: Any) -> Any:
    """`value` without secrets, however deep they are in it."""
    if isinstance(value, str):
        return hushed(value)
    if isinstance(value, Mapping):
        return {key: _without(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float) else hushed(str(value))


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
