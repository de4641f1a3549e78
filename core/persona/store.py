"""Every query on `persona`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.content import clean
from core.database import Database, Document, Index, writer
from core.errors import Invalid
from core.persona.persona import MENU, Persona
from core.recent import Recent
from core.said import Said

NAME = "persona"
ONLY = "persona"

INDEXES: tuple[Index, ...] = ()
MAX_TEXT, MAX_COMPANY, MAX_MENU = 2000, 100, 10


class Personas:
    """The persona, one document. What may be said in a text (its placeholders) is the bot's to check: `bot.Studio`."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)
        self.recent: Recent[Persona] = Recent(self.get)

    async def get(self) -> Persona:
        """The persona as it is stored now, the shipped one where nothing is. `recent()`: at most two seconds old."""
        document = await self._all.find_one({"_id": ONLY}) or {}
        return Persona(
            company=document.get("company", ""),
            menu=tuple(document.get("menu", MENU)),
            texts=_by_language(document.get("texts", [])),
            rating=document.get("rating", True),
        )

    async def save(
        self,
        *,
        company: str | None = None,
        menu: Sequence[str] | None = None,
        rating: bool | None = None,
        by: str,
        now: datetime,
    ) -> Persona:
        """Change what is given. Raises Invalid (field company or menu)."""
        fields: Document = {}
        if company is not None:
            fields["company"] = clean(company).strip()
            if len(fields["company"]) > MAX_COMPANY:
                raise Invalid(Said("The name is longer than {limit} characters.", limit=MAX_COMPANY), field="company")
        if menu is not None:
            fields["menu"] = list(dict.fromkeys(menu))
            if not 0 < len(fields["menu"]) <= MAX_MENU:
                raise Invalid(Said("The menu has one line at least and {limit} at most.", limit=MAX_MENU), field="menu")
        if rating is not None:
            fields["rating"] = rating
        await self._change({"$set": fields}, by, now)
        return await self.get()

    async def set_text(self, language: str, key: str, text: str, *, by: str, now: datetime) -> None:
        """Say `text` instead of the shipped one. Raises Invalid (field text)."""
        text = clean(text).strip()
        if not text or len(text) > MAX_TEXT:
            raise Invalid(Said("Write something, {limit} characters at most.", limit=MAX_TEXT), field="text")
        # Rows, because keys have dots in them, which MongoDB reads as a path. In one write, so that nobody is told the
        # shipped text between two of ours.
        row = {"language": language, "key": key, "text": text, "by": by, "at": now}
        other = {"$or": [{"$ne": ["$$row.language", language]}, {"$ne": ["$$row.key", key]}]}
        others = {"$filter": {"input": {"$ifNull": ["$texts", []]}, "as": "row", "cond": other}}
        fields = {"texts": {"$concatArrays": [others, [{"$literal": row}]]}, "changed_at": now, "writer": writer()}
        await self._all.update_one({"_id": ONLY}, [{"$set": {**fields, "changed_by": {"$literal": by}}}], upsert=True)
        self.recent.forget()

    async def reset_text(self, language: str, key: str, *, by: str, now: datetime) -> None:
        """Go back to the shipped text."""
        await self._change({"$pull": {"texts": {"language": language, "key": key}}}, by, now)

    async def _change(self, update: Document, by: str, now: datetime) -> None:
        kept = {**update.get("$set", {}), "changed_by": by, "changed_at": now, "writer": writer()}
        await self._all.update_one({"_id": ONLY}, {**update, "$set": kept}, upsert=True)
        self.recent.forget()


def _by_language(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = {}
    for row in rows:
        texts.setdefault(row["language"], {})[row["key"]] = row["text"]
    return texts
