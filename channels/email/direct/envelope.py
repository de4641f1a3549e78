"""How a mail came (RFC 5321 section 4.4), and the trace fields that write it on top of the mail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from ipaddress import IPv4Address, IPv6Address

from core.content import clean

_UNSAFE = re.compile(r"[^!-~]")


@dataclass(frozen=True, slots=True)
class Envelope:
    """`sender` is empty for a bounce. `peer` is None on a local socket. `protocol` is ESMTP, ESMTPS, LMTP and so on.

    `handed_on`: a mail server of ours took it in and handed it on, so `peer` says nothing of who sent it.
    """

    sender: str
    recipients: tuple[str, ...]
    peer: IPv4Address | IPv6Address | None
    helo: str
    protocol: str
    handed_on: bool = False


def traced(
    mail: bytes, envelope: Envelope, recipients: Sequence[str], *, by: str, id: str, at: datetime, results: str | None
) -> tuple[bytes, int]:
    """`mail` with its trace on top, and how many fields that is. `results` is our word on who wrote it."""
    source = "" if envelope.peer is None else f" ([{'IPv6:' if envelope.peer.version == 6 else ''}{envelope.peer}])"
    lines = [f"Return-Path: <{_written(envelope.sender)}>"]
    lines += [f"Delivered-To: {_written(one)}" for one in recipients]
    if results is not None:
        lines.append(f"Authentication-Results: {results}")
    helo = _UNSAFE.sub("?", envelope.helo)[:255].replace("(", "?").replace(";", "?")
    lines.append(
        f"Received: from {helo or 'unknown'}{source}\r\n by {by} with {envelope.protocol} id {id};"
        f"\r\n {format_datetime(at)}"
    )
    head = "".join(f"{line}\r\n" for line in lines)
    return head.encode() + mail, len(lines)


def _written(address: str) -> str:
    return clean(re.sub(r"[\x00-\x20\x7f<>]", "?", address))[:320]
