"""Every query on `forms`."""

from __future__ import annotations

from pymongo import ASCENDING

from core.database import Database, Index, writer
from core.forms.form import Form, checked

NAME = "forms"

INDEXES = (Index(NAME, [("account", ASCENDING)]),)


class Forms:
    """The forms. `_id` is the name in the URL."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)

    async def save(self, form: Form) -> Form:
        """Keep a form, replacing what was there under its name. Raises Invalid."""
        document = {**checked(form).document(), "writer": writer()}
        await self._all.replace_one({"_id": form.name}, document, upsert=True)
        return form

    async def get(self, name: str) -> Form | None:
        """The form, or None."""
        document = await self._all.find_one({"_id": name})
        return Form.of(document) if document else None

    async def all(self, account: str | None = None) -> list[Form]:
        """Every form, or those of one line, by name."""
        where = {"account": account} if account else {}
        return [Form.of(document) async for document in self._all.find(where).sort("_id", ASCENDING)]

    async def remove(self, name: str) -> bool:
        """Delete a form; what was sent with it stays. False when there was none."""
        return (await self._all.delete_one({"_id": name})).deleted_count > 0
