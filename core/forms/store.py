"""Every query on `forms`, `form_versions` and `caught_forms`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from core.database import Database, Document, Index, away, cannot_store, writer
from core.errors import Conflict
from core.forms.caught import Caught, State
from core.forms.form import Form
from core.forms.rules import checked
from core.ids import new_id

NAME, VERSIONS, CAUGHT = "forms", "form_versions", "caught_forms"

INDEXES = (
    Index(NAME, [("account", ASCENDING)]),
    # `order` is there while something is held: what was decided leaves the list and its index.
    Index(CAUGHT, [("order", DESCENDING)], {"sparse": True}),
    Index(CAUGHT, [("contact", ASCENDING)]),
)


class Forms:
    """The forms, each with every version it ever had. `_id` is the name in the URL, of a version `NAME@7`."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)
        self._versions = database.collection(VERSIONS)

    async def save(self, form: Form, *, base: int | None = None) -> Form:
        """Keep a form as its next version, or as it is when nothing changed; the form as kept.

        `base` is the version that was edited (0: a new form). Raises Invalid, and Conflict when the form is not at
        `base` any more or somebody else saves at the same moment.
        """
        checked(form)
        document = form.document()
        there = await self._all.find_one({"_id": form.name})
        current = there.get("version", 0) if there else 0
        if base is not None and (base != current or (there is not None and base == 0)):
            raise Conflict("Somebody else changed this form a moment ago. Open it again to see what they did.")
        if there and current and {**document, "enabled": 0} == {**_bare(there), "enabled": 0}:
            await self._all.update_one({"_id": form.name}, {"$set": {"enabled": form.enabled, "writer": writer()}})
            return replace(form, version=current)
        # The version first: what a browser shows is always there to check its answers against.
        version = await self._add_version(form.name, current + 1, document)
        fields = {**document, "version": version, "writer": writer()}
        try:
            done = await self._all.update_one(
                {"_id": form.name, "version": {"$in": [current, None] if not current else [current]}},
                {"$set": fields},
                upsert=there is None,
            )
        except DuplicateKeyError:
            done = None
        if done is None or not (done.matched_count or done.upserted_id):
            if base is None:
                return await self.save(form)  # whoever names no version wants theirs to be the last
            raise Conflict("Somebody else changed this form a moment ago. Open it again to see what they did.")
        return replace(form, version=version)

    async def _add_version(self, name: str, version: int, document: Document) -> int:
        """Keep `document` as `version`, or as the next that is free; which it became."""
        while True:
            try:
                await self._versions.insert_one({"_id": f"{name}@{version}", **document})
                return version
            except DuplicateKeyError:
                # Left by a process that died before the form itself was changed, by a form of this name that was
                # removed, or somebody saves right now.
                kept = await self._versions.find_one({"_id": f"{name}@{version}"})
                if kept is not None and _bare(kept) == document:
                    return version
                version += 1

    async def get(self, name: str) -> Form | None:
        """The form, or None."""
        document = await self._all.find_one({"_id": name})
        return Form.of(document) if document else None

    async def version(self, name: str, version: int) -> Form | None:
        """The form as it was: what an old submission was asked, in the very words. None when it never was so."""
        document = await self._versions.find_one({"_id": f"{name}@{version}"})
        return Form.of({**document, "_id": name, "version": version}) if document else None

    async def all(self, account: str | None = None) -> list[Form]:
        """Every form, or those of one line, by name."""
        where = {"account": account} if account else {}
        return [Form.of(document) async for document in self._all.find(where).sort("_id", ASCENDING)]

    async def remove(self, name: str) -> bool:
        """Delete a form; what was sent with it stays, and so do its versions. False when there was none."""
        return (await self._all.delete_one({"_id": name})).deleted_count > 0


def _bare(document: Document) -> Document:
    return {name: value for name, value in document.items() if name not in ("_id", "version", "writer")}


class CaughtForms:
    """What is held back as spam, until a person has decided."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(CAUGHT)

    async def hold(self, caught: Caught) -> Caught:
        """Keep what came, once; the same again is counted. Raises CannotStore when it is not kept for certain."""
        first = caught.document()
        first.pop("times")
        change = {"$setOnInsert": {**first, "order": new_id()}, "$inc": {"times": 1}}
        try:
            document = await self._all.find_one_and_update(
                {"_id": caught.id}, change, upsert=True, return_document=True
            )
        except DuplicateKeyError:  # two at once: the other one has made it
            document = await self._all.find_one_and_update(
                {"_id": caught.id}, {"$inc": {"times": 1}}, return_document=True
            )
        except Exception as error:
            if away(error):
                raise cannot_store(error) from error
            raise
        if document["state"] == "deleted":
            # Judged before, and here again: a person sees it again.
            await self._all.update_one({"_id": caught.id, "state": "deleted"}, {"$set": {**first, "order": new_id()}})
        return Caught.of(document)

    async def get(self, id: str) -> Caught | None:
        """One, also when it was decided about."""
        document = await self._all.find_one({"_id": id})
        return Caught.of(document) if document else None

    async def page(self, *, before: str | None = None, limit: int = 50) -> list[tuple[str, Caught]]:
        """A page of what is held, newest first and without the bodies, each with its cursor."""
        where: Document = {"order": {"$lt": before} if before else {"$exists": True}}
        cursor = self._all.find(where, {"body": 0}).sort("order", DESCENDING).limit(limit)
        return [(document["order"], Caught.of(document)) async for document in cursor]

    async def count(self, most: int = 100) -> int:
        """How many are held, at most `most`."""
        return int(await self._all.count_documents({"order": {"$exists": True}}, limit=most))

    async def erase(self, contacts: Sequence[str]) -> int:
        """Delete what came with any of these mail addresses or phone numbers; returns how many."""
        return int((await self._all.delete_many({"contact": {"$in": list(contacts)}})).deleted_count)

    async def decide(self, id: str, state: State, by: str) -> bool:
        """Freed or deleted by an agent; False when somebody decided before. What was deleted leaves nothing but its id.

        The id stays, so that the same spam is known when it comes again, and what was freed is welcome again.
        """
        change: Document = {"$set": {"state": state, "by": by}, "$unset": {"order": ""}}
        if state == "deleted":
            nothing: Document = {
                "body": b"",
                "kept": [],
                "preview": "",
                "name": "",
                "contact": "",
                "place": "",
            }
            change["$set"] |= nothing
        done = await self._all.update_one({"_id": id, "state": "held"}, change)
        return done.modified_count > 0
