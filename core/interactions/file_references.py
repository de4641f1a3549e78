"""Which entries hold which stored files: asked when one person's data is handed over or erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.database import Database

_FIELDS = ("content.files.sha256", "raw.sha256", "parts.raw.sha256")
_ONLY_HASHES = dict.fromkeys(_FIELDS, 1)


class FileReferences:
    """The attachments and raw payloads that entries of the log refer to, by their hash in `core.files`."""

    def __init__(self, database: Database) -> None:
        self._log = database.collection("interactions")

    async def of_customer(self, customer_id: str) -> set[str]:
        """Every hash that an entry of this customer holds."""
        found = self._log.find({"customer_id": customer_id}, _ONLY_HASHES)
        return {sha256 async for document in found for sha256 in _hashes(document)}

    async def still_used(self, hashes: Sequence[str]) -> set[str]:
        """Those of `hashes` that any entry holds. Reads the whole log: for erasing, not for every day."""
        wanted = set(hashes)
        found = self._log.find({"$or": [{field: {"$in": list(wanted)}} for field in _FIELDS]}, _ONLY_HASHES)
        return {sha256 async for document in found for sha256 in _hashes(document) if sha256 in wanted}


def _hashes(document: Mapping[str, Any]) -> list[str]:
    files = document.get("content", {}).get("files", ())
    raws = [holder.get("raw") or {} for holder in (document, *document.get("parts", ()))]
    return [holder["sha256"] for holder in (*files, *raws) if holder.get("sha256")]
