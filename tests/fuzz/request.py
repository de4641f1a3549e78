"""A request as one run of bytes: header lines, an empty line, the body. What aiohttp lets through, an adapter gets."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")


def request(data: bytes) -> tuple[dict[str, str], bytes]:
    """The headers and the body: names in lower case, the first of a name counts, odd bytes as aiohttp has them."""
    head, _, body = data.partition(b"\n\n")
    headers: dict[str, str] = {}
    for line in head.split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and _NAME.match(name) and not re.search(rb"[\x00\r]", value):
            headers.setdefault(name.decode().lower(), value.strip(b" \t").decode("utf-8", "surrogateescape"))
    return headers, body


def written(headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of which `request` makes these."""
    lines = (f"{name}: {value}".encode("utf-8", "surrogateescape") for name, value in headers.items())
    return b"\n".join(lines) + b"\n\n" + body
