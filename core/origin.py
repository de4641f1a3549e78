"""The host that an address names, as the header `Origin` and people's settings hold it. Pure; never raises."""

from __future__ import annotations

from urllib.parse import urlsplit


def place_of(url: str) -> str:
    """Host and port of `url` in small letters, as they stand there; empty where it names none, or nothing readable."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:  # brackets without an IPv6 address between them, a host that changes when it is normalised
        return ""
