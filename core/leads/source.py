"""Where somebody came from, told by what they sent and by how they came to the site. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from core.conversations.conversation import Conversation
from core.customers.customer import Customer
from core.interactions.interaction import Interaction
from core.leads.lead import Source

# For how long a click is believed to be what brought somebody.
REMEMBERED = timedelta(days=30)
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def source_of(
    conversation: Conversation, entry: Interaction | None, customer: Customer | None, now: datetime
) -> Source:
    """The first of: utm parameters, the link they came by, a click they are known for; else the form or channel."""
    first = conversation.visit.get("first", {})
    first = first if isinstance(first, Mapping) else {}
    data: Mapping[str, Any] = entry.data if entry is not None else {}
    page, referrer = _text(data.get("page") or first.get("url")), _text(data.get("referrer") or first.get("referrer"))
    remembered = customer.attributes.get("campaign") if customer is not None else None
    for told in (data.get("utm"), first, data.get("campaign"), _fresh(remembered, now)):
        if (found := _named(told)) is not None:
            kind, name, utm = found
            return Source(kind, name, utm, page, referrer)
    form = data.get("form")
    if isinstance(form, str) and form:
        return Source("form", form[:60], {}, page, referrer)
    return Source(conversation.channel, "", {}, page, referrer)


def _named(told: object) -> tuple[str, str, dict[str, str]] | None:
    """(kind, name, utm) of what `told` holds: `{link}` of ours, or utm parameters; None when it names nothing."""
    if not isinstance(told, Mapping):
        return None
    utm = {name: text for name in UTM if (text := _text(told.get(name)))}
    campaign = utm.get("utm_campaign") or _text(told.get("link"))
    if campaign:
        return "campaign", campaign, utm
    return ("utm", utm["utm_source"], utm) if "utm_source" in utm else None


def _fresh(remembered: object, now: datetime) -> object:
    if not isinstance(remembered, Mapping) or not isinstance(at := remembered.get("at"), datetime):
        return None
    return remembered if now - at < REMEMBERED else None


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        value = value.get("url")
    return " ".join(value.split())[:200] if isinstance(value, str) else ""


def words_of(source: Source, channels: Mapping[str, str]) -> Iterable[str]:
    """The source in words, most telling first."""
    yield source.name or channels.get(source.kind, source.kind)
    yield from (value for name, value in source.utm.items() if name != "utm_campaign")
