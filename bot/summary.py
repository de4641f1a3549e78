"""What was said so far, for the person who takes over."""

from __future__ import annotations

from collections.abc import Sequence

from bot.heard import offered_in
from bot.talk import Talk

_KEPT = 6
_LONGEST = 160


def trail(talk: Talk) -> list[str]:
    """The customer's last words by now, oldest first, as the conversation keeps them."""
    before = talk.data.get("trail")
    kept = [one for one in before if isinstance(one, str)] if isinstance(before, list | tuple) else []
    said = " ".join(talk.heard.text.split()) or _without_words(talk)
    return [*kept, said[:_LONGEST]][-_KEPT:] if said else kept[-_KEPT:]


def summary(talk: Talk) -> str:
    """The note for people, in the operator's language; empty when the last message says it all."""
    said, known = trail(talk), _known(talk)
    if len(said) < 2 and not known:
        return ""
    say, language = talk.texts.say, talk.settings.language
    lines = [say(language, "summary.said"), *(f"– {one}" for one in said)]
    lines += [say(language, f"summary.{key}", value=", ".join(values)) for key, values in known]
    return "\n".join(lines)


def _known(talk: Talk) -> list[tuple[str, Sequence[str]]]:
    """What the flow in progress had found out."""
    found: list[tuple[str, Sequence[str]]] = []
    for key, shown in (("numbers", "order"), ("typed", "contact"), ("phone", "contact"), ("interest", "interest")):
        value = talk.data.get(key)
        values = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
        if kept := [one for one in values if isinstance(one, str) and one]:
            found.append((shown, kept))
    return found


def _without_words(talk: Talk) -> str:
    picked = {value: label for label, value in offered_in(talk.data)}.get(talk.heard.picked, "")
    return picked or (f"[{talk.heard.media}]" if talk.heard.media else "")
