"""A form, as a value: what it asks, in which words, where it goes, and what its visitors are answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.forms.field import FormField, Option, Words, in_language

__all__ = ["Form", "FormField", "Option", "Words", "in_language"]


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked on the web form line `account`. `name` is in its URL.

    `version` rises with each change and every version is kept. `redirect` is where a plain post leads afterwards
    (empty: our thank-you page). `origins` are other sites that may post JSON to it or show its page in a frame, exactly
    as browsers write them: `https://shop.example`. `assignee` (an agent's id), `team` (its id, while it is there) and
    `tags` are given to the conversation. `subject` and `answer` are the words sent to the address that was typed, a
    template (`core.forms.wording`); nothing is sent in a language without an answer, or at all when there is none.
    `lead`: what is sent with it makes a lead.
    """

    name: str
    account: str
    title: Words = field(default_factory=dict)
    intro: Words = field(default_factory=dict)
    fields: tuple[FormField, ...] = ()
    button: Words = field(default_factory=dict)
    thanks: Words = field(default_factory=dict)
    redirect: str = ""
    origins: tuple[str, ...] = ()
    enabled: bool = True
    version: int = 0
    assignee: str = ""
    team: str = ""
    tags: tuple[str, ...] = ()
    subject: Words = field(default_factory=dict)
    answer: Words = field(default_factory=dict)
    lead: bool = True

    def field(self, name: str) -> FormField | None:
        """The field called `name`, or None."""
        return next((one for one in self.fields if one.name == name), None)

    @property
    def takes_files(self) -> bool:
        """Whether any question asks for files."""
        return any(one.kind == "file" for one in self.fields)

    def document(self) -> dict[str, Any]:
        """The form as it is stored, without its name and version."""
        return {
            "account": self.account,
            "title": dict(self.title),
            "intro": dict(self.intro),
            "fields": [one.document() for one in self.fields],
            "button": dict(self.button),
            "thanks": dict(self.thanks),
            "redirect": self.redirect,
            "origins": list(self.origins),
            "enabled": self.enabled,
            "assignee": self.assignee,
            "team": self.team,
            "tags": list(self.tags),
            "subject": dict(self.subject),
            "answer": dict(self.answer),
            **({} if self.lead else {"lead": False}),
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Form:
        """The form that is stored as `document`."""
        return cls(
            name=document["_id"],
            account=document["account"],
            title=document.get("title", {}),
            intro=document.get("intro", {}),
            fields=tuple(FormField.of(one) for one in document.get("fields", ())),
            button=document.get("button", {}),
            thanks=document.get("thanks", {}),
            redirect=document.get("redirect", ""),
            origins=tuple(document.get("origins", ())),
            enabled=document.get("enabled", True),
            version=document.get("version", 0),
            assignee=document.get("assignee", ""),
            team=document.get("team", ""),
            tags=tuple(document.get("tags", ())),
            subject=document.get("subject", {}),
            answer=document.get("answer", {}),
            lead=document.get("lead", True),
        )
