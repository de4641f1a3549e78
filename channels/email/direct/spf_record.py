"""An SPF record taken apart (RFC 7208 sections 4.6, 5, 6, 7 and 12). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import quote

_DIRECTIVE = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?![\w.=-])(.*)\Z", re.IGNORECASE | re.DOTALL)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)\Z", re.IGNORECASE | re.DOTALL)
_WIDTHS = re.compile(r"(?:/(\d{1,3}))?(?://(\d{1,3}))?\Z")
_MACRO = re.compile(r"%(?:\{([slodiphvcrt])(\d{0,3})(r?)([.+,/_=-]*)\}|([%_-]))", re.IGNORECASE)
_RESULTS = {"": "pass", "+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_LITERAL = re.compile(r"[!-$&-~]*\Z")  # visible characters without %
_END = re.compile(r"\.(?:[A-Za-z0-9-]*[A-Za-z][A-Za-z0-9-]*|xn--[A-Za-z0-9-]+)\.?\Z")


class BrokenRecordError(Exception):
    """The record is against the grammar: a permerror."""


@dataclass(frozen=True, slots=True)
class Directive:
    """One mechanism and what follows when it matches. `domain` is unexpanded, empty for the current one."""

    result: str
    mechanism: str
    domain: str = ""
    network: IPv4Network | IPv6Network | None = None
    widths: tuple[int, int] = (32, 128)


@dataclass(frozen=True, slots=True)
class Record:
    """What one SPF record says."""

    directives: tuple[Directive, ...]
    redirect: str = ""


def parse(text: str) -> Record:
    """The record, all of it checked before any of it counts (section 4.6). Raises BrokenRecordError."""
    directives: list[Directive] = []
    modifiers: dict[str, str] = {}
    for term in text.split(" ")[1:]:
        if not term:
            continue
        if match := _DIRECTIVE.match(term):
            directives.append(_directive(_RESULTS[match[1]], match[2].lower(), match[3]))
        elif match := _MODIFIER.match(term):
            name = match[1].lower()
            if name in ("redirect", "exp"):
                if name in modifiers:
                    raise BrokenRecordError(f"{name} is there twice")
                _check(match[2])
            modifiers[name] = match[2]
        else:
            raise BrokenRecordError(f"{term[:40]} is no mechanism")
    return Record(tuple(directives), modifiers.get("redirect", ""))


def _directive(result: str, mechanism: str, rest: str) -> Directive:
    if mechanism == "all":
        if rest:
            raise BrokenRecordError("all takes nothing")
        return Directive(result, mechanism)
    if mechanism in ("ip4", "ip6"):
        try:
            network = ip_network(rest.removeprefix(":"), strict=False)
        except ValueError:
            raise BrokenRecordError(f"{rest[:40]} is no network") from None
        if not rest.startswith(":") or network.version != int(mechanism[2]):
            raise BrokenRecordError(f"{rest[:40]} is no {mechanism} network")
        return Directive(result, mechanism, network=network)
    widths = (32, 128)
    if mechanism in ("a", "mx") and (match := _WIDTHS.search(rest)):
        widths = (int(match[1] or 32), int(match[2] or 128))
        rest = rest[: match.start()]
        if widths[0] > 32 or widths[1] > 128:
            raise BrokenRecordError("a prefix is too long")
    if rest.startswith(":"):
        _check(rest[1:])
    elif rest or mechanism in ("include", "exists"):
        raise BrokenRecordError(f"{mechanism} needs a domain")
    return Directive(result, mechanism, rest[1:], widths=widths)


def _check(spec: str) -> None:
    """A domain-spec (section 7.1): macros and literals, ending in a macro or a top-level label."""
    macros = list(_MACRO.finditer(spec))
    letters = {(macro[1] or "").lower() for macro in macros}
    if not spec or not _LITERAL.match(_MACRO.sub("", spec)) or letters & {"c", "r", "t"}:
        raise BrokenRecordError(f"{spec[:40]} is no domain")
    if not (macros and macros[-1].end() == len(spec)) and not _END.search(spec):
        raise BrokenRecordError(f"{spec[:40]} is no domain")


def expand(spec: str, values: dict[str, str]) -> str:
    """`spec` with its macros replaced (section 7.3); cut from the left to the length of a domain name."""

    def replaced(match: re.Match[str]) -> str:
        if match[5]:
            return {"%": "%", "_": " ", "-": "%20"}[match[5]]
        value = values.get(match[1].lower(), "")
        parts = re.split(f"[{re.escape(match[4] or '.')}]", value)
        if match[3]:
            parts.reverse()
        if match[2]:
            if not int(match[2]):
                raise BrokenRecordError("a macro keeps no part")
            parts = parts[-int(match[2]) :]
        joined = ".".join(parts)
        return quote(joined, safe="") if match[1].isupper() else joined

    domain = _MACRO.sub(replaced, spec).rstrip(".")
    while len(domain) > 253 and "." in domain:
        domain = domain.partition(".")[2]
    return domain
