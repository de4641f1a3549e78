"""Every query on `templates`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.content import clean
from core.database import Database, Index, writer
from core.errors import Invalid, NotFound
from core.said import Said
from core.templates.check import validate
from core.templates.template import LANGUAGES, MAX_BODY, MAX_SUBJECT, Template, default, statuses

NAME = "templates"

INDEXES: tuple[Index, ...] = ()


class Templates:
    """The notifications' templates: an operator's own where there is one, else the default."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)

    async def get(self, status: str, language: str) -> Template:
        """The template in use. KeyError when there is no such status."""
        document = await self._all.find_one({"_id": f"{status}:{language}"})
        return _own(document) if document else default(status, language)

    async def all(self) -> list[Template]:
        """Every template in use, by status and language."""
        own = {document["_id"]: _own(document) async for document in self._all.find({})}
        return [
            own.get(f"{status}:{language}") or default(status, language)
            for status in statuses()
            for language in LANGUAGES
        ]

    async def save(
        self, status: str, language: str, *, subject: str, body: str, enabled: bool, by: str, now: datetime
    ) -> Template:
        """Keep an operator's own text. Raises NotFound, and Invalid (field subject or body) when it would not work."""
        if status not in statuses() or language not in LANGUAGES:
            raise NotFound("There is no such template.")
        subject, body = clean(subject).strip(), clean(body).strip()
        if len(subject) > MAX_SUBJECT:
            raise Invalid(Said("The subject is longer than {limit} characters.", limit=MAX_SUBJECT), field="subject")
        if len(body) > MAX_BODY:
            raise Invalid(Said("The text is longer than {limit} characters.", limit=MAX_BODY), field="body")
        wrong = validate(subject, body, status, language)
        if wrong:
            raise Invalid(wrong, field="subject" if wrong.startswith("Subject:") else "body")
        document = {
            "status": status,
            "language": language,
            "subject": subject,
            "body": body,
            "enabled": enabled,
            "changed_by": by,
            "changed_at": now,
            "writer": writer(),
        }
        await self._all.update_one(
            {"_id": f"{status}:{language}"}, {"$set": document, "$unset": {"problem": ""}}, upsert=True
        )
        return _own(document)

    async def reset(self, status: str, language: str) -> None:
        """Go back to the default text."""
        await self._all.delete_one({"_id": f"{status}:{language}"})

    async def note(self, template: Template, problem: str) -> None:
        """Write down, for an administrator to see, why an own text could not be used."""
        await self._all.update_one(
            {"_id": f"{template.status}:{template.language}", "body": template.body, "subject": template.subject},
            {"$set": {"problem": problem[:500], "writer": writer()}},
        )


def _own(document: Mapping[str, Any]) -> Template:
    return Template(
        status=document["status"],
        language=document["language"],
        subject=document["subject"],
        body=document["body"],
        own=True,
        enabled=document.get("enabled", True),
        problem=document.get("problem", ""),
        changed_by=document.get("changed_by", ""),
        changed_at=document.get("changed_at"),
    )
