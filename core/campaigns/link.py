"""A campaign link, as a value: where it leads, and what of the visit may go along. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from core.errors import Invalid

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
# What may be handed on to the target, and nothing else.
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
LONGEST, LONGEST_WORD, MOST_SITES = 2000, 100, 50
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Link:
    """`/go/NAME` leads to `target`. `source`, `medium` and `campaign` are its utm parameters, empty: none.

    `clicks` were people as far as we can tell, `known` those of whom we knew who they are.
    """

    name: str
    target: str
    source: str = ""
    medium: str = ""
    campaign: str = ""
    enabled: bool = True
    clicks: int = 0
    known: int = 0
    last_at: datetime | None = None

    @property
    def utm(self) -> dict[str, str]:
        """The parameters it stands for; a link without a campaign is one by its own name."""
        named = {"utm_source": self.source, "utm_medium": self.medium, "utm_campaign": self.campaign or self.name}
        return {name: value for name, value in named.items() if value}

    def document(self) -> dict[str, Any]:
        """As it is stored, without its name and counts."""
        return {
            "target": self.target,
            "source": self.source,
            "medium": self.medium,
            "campaign": self.campaign,
            "enabled": self.enabled,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Link:
        """The link that is stored as `document`."""
        return cls(
            document["_id"],
            document["target"],
            document.get("source", ""),
            document.get("medium", ""),
            document.get("campaign", ""),
            document.get("enabled", True),
            document.get("clicks", 0),
            document.get("known", 0),
            document.get("last_at"),
        )


def site_of(url: str) -> str | None:
    """The site (`https://shop.example`, with its port) of an address we may lead to; None for any other address.

    Only https; no name or password, and nothing that browsers read differently from us (RFC 3986, WHATWG URL).
    """
    if len(url) > LONGEST or not url.isascii() or re.search(r"[\x00-\x20\x7f\\<>\"^`{|}]", url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme != "https" or "@" in parts.netloc or not _HOST.fullmatch(host) or "." not in host:
        return None
    return f"https://{host}" + (f":{port}" if port not in (None, 443) else "")


def sites_of(text: str) -> tuple[str, ...]:
    """The sites that somebody typed, one a line. Raises Invalid."""
    lines = [line.strip().rstrip("/") for line in text.replace(",", "\n").split("\n") if line.strip()]
    if len(lines) > MOST_SITES or any(site_of(line) != line.lower() for line in lines):
        raise Invalid("A site is written as https://shop.example, without a path.", field="sites")
    return tuple(dict.fromkeys(line.lower() for line in lines))


def checked(link: Link, sites: Sequence[str]) -> Link:
    """`link`, fit to be kept. Raises Invalid."""
    if not NAME.fullmatch(link.name):
        raise Invalid("A link's name is up to 50 small letters, digits, - and _.", field="name")
    site = site_of(link.target)
    if site is None:
        raise Invalid("The page a link leads to looks like https://shop.example/spring.", field="target")
    if site not in sites:
        raise Invalid("This site is not among those that links may lead to.", field="target")
    for field, value in (("source", link.source), ("medium", link.medium), ("campaign", link.campaign)):
        if len(value) > LONGEST_WORD:
            raise Invalid("This text is too long.", field=field)
    return link


def destination(link: Link, asked: Mapping[str, str], sites: Sequence[str]) -> str | None:
    """Where a visit goes: the target with utm parameters, the link's own first. None when it may not lead there now."""
    if not link.enabled or site_of(link.target) not in sites:
        return None
    utm = {name: value[:200] for name in UTM if (value := asked.get(name, "").strip())} | link.utm
    parts = urlsplit(link.target)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in utm]
    return urlunsplit(parts._replace(query=urlencode([*kept, *utm.items()])))
