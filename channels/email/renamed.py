"""The Message-ID under which recipients see a mail of ours, where a service on the way puts its own in place of ours.

Amazon SES (and Resend, which sends through it) writes `ID@REGION.amazonses.com`, with the id that it answers with
(https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html); Brevo names the whole one.
An answer to such a mail quotes that id and nothing of ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_SES = re.compile(r"(?i)(?:^|\s)Ok\s+([0-9a-f]{16}(?:-[0-9a-f]+){5,7})\s*$")
_SES_ID = re.compile(r"(?i)([0-9a-f-]{20,100})@(?:[a-z0-9-]+\.)?amazonses\.com")
_WHOLE = re.compile(r"<([!-;=?-~]{1,200}@[!-;=?-~]{1,200})>")


def ses_id(id: str) -> str:
    """The Message-ID of the mail that SES calls `id`, in whatever region it was sent."""
    return f"{id}@email.amazonses.com"


def renamed(answer: str, ours: str) -> str:
    """The other Message-ID that a server's answer to the whole mail tells; empty when it tells none."""
    if found := _SES.search(answer[:500]):
        return ses_id(found[1])
    whole = _WHOLE.search(answer[:500])
    return whole[1] if whole and whole[1] != ours else ""


def known_names(references: Sequence[str]) -> tuple[str, ...]:
    """`references`, each followed by the name under which we keep it, where that is another."""
    names: list[str] = []
    for one in references:
        names.append(one)
        found = _SES_ID.fullmatch(one)
        if found and (kept := ses_id(found[1])) != one:
            names.append(kept)
    return tuple(names)
