"""A line of the log beside another entry: what became of it, for people to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core import clock
from core.content import Content
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction


def beside(
    entry: Interaction,
    text: str,
    *,
    key: str,
    data: Mapping[str, Any],
    raw: Mapping[str, Any] | None = None,
) -> Interaction:
    """The line `text` (English and translatable) at the same address, customer and conversation as `entry`, now."""
    return Interaction(
        id=new_id(),
        kind="system",
        direction="internal",
        channel=entry.channel,
        account=entry.account,
        address=entry.address,
        key=key,
        author=Author("system"),
        content=Content(text=text),
        at=clock.now(),
        status=status.HANDLED,
        customer_id=entry.customer_id,
        conversation_id=entry.conversation_id,
        data=data,
        raw=raw,
    )
