"""onward: a conversation after an entry that came in and what the bot decided about it. Pure: `route` commits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.conversations.conversation import Conversation, Last, preview
from core.conversations.runs import runs_after
from core.decide import Decision, Rate
from core.interactions.interaction import Interaction
from core.perform import said_document


def onward(before: Conversation, entry: Interaction, decision: Decision | None, *, letters: bool) -> Conversation:
    """The conversation after `entry` and what was decided about it."""
    after = replace(
        before,
        last=Last(entry.at, preview(entry.content.said) or _without_words(entry), "customer", entry.id),
        said=None,
    )
    if told := entry.data.get("page"):
        page = told if isinstance(told, Mapping) else {"url": str(told)}
        after = replace(after, visit={"first": before.visit.get("first") or page, "now": page})
    if letters and entry.external_id:
        after = replace(after, references=(*before.references, entry.external_id)[-20:])
    if entry.direction == "out":
        # Somebody of ours answers in the provider's own app: a person has taken over, and nobody waits.
        said = preview(entry.content.said) or _without_words(entry)
        return replace(
            after, last=Last(entry.at, said, "agent", entry.id), status="open", snoozed_until=None, waiting_since=None
        )
    if entry.data.get("quiet"):
        # A machine's note joins the history: nobody waits, and nothing is reopened or woken.
        return replace(after, last=before.last, references=before.references)
    if decision is not None:
        after = replace(
            after,
            bot=decision.state,
            language=decision.language or before.language,
            said=said_document(entry, decision),
            runs=runs_after(before.runs, decision, entry.at),
            tags=tuple(dict.fromkeys((*before.tags, *decision.tags))),
            urgent=before.urgent or decision.urgent,
            lead=before.lead or decision.lead,
            customer_name=before.customer_name or decision.name,
            rating=_rated(before, decision),
        )
        if decision.resolve:
            return replace(after, status="resolved")
        if not decision.hand_over:
            return after
    return replace(
        after,
        status="open",
        snoozed_until=None,
        unread=before.unread + 1,
        waiting_since=before.waiting_since or entry.at,
    )


def _rated(before: Conversation, decision: Decision) -> Mapping[str, Any] | None:
    score = next((act.score for act in decision.acts if isinstance(act, Rate)), None)
    return before.rating if score is None else {**(before.rating or {}), "score": score}


def _without_words(entry: Interaction) -> str:
    if entry.content.files:
        return ", ".join(file.name for file in entry.content.files)
    return entry.content.subject or ""
