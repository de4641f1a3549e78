"""Every query on `accounts`."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING

from core import clock
from core.accounts.secrets import Vault
from core.channel import Account
from core.content import clean
from core.database import Collection, Database, Document, Index, writer
from core.errors import SetupError
from core.hush import hushed
from core.said import sentence_document, sentence_of, shortened

NAME = "accounts"

# How long a secret that was replaced is still accepted.
EARLIER_FOR = timedelta(days=1)

INDEXES = (Index(NAME, [("channel", ASCENDING)]),)


class Accounts:
    """The configured lines. `_id` is `channel:name`."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._all = database.collection(NAME)
        self._vault = vault

    async def save(self, account: Account) -> Account:
        """Keep an account, replacing settings and those secrets that are given; returns it as it is now.

        What a secret was before stays known for a day (`Account.earlier`).

        Versions begin at the time, so that an account that is removed and made again is never taken for the old one.
        """
        sealed = await asyncio.to_thread(self._vault.seal, account.secrets)
        fields: Document = {
            "channel": account.channel,
            "name": account.name,
            "title": account.title,
            "settings": dict(account.settings),
            "enabled": account.enabled,
            "writer": writer(),
            **{f"secrets.{name}": value for name, value in sealed.items()},
        }
        change: Document = {field: {"$literal": value} for field, value in fields.items()}
        until = clock.now() + EARLIER_FOR
        for name in sealed:
            was = {"sealed": f"$secrets.{name}", "until": {"$literal": until}}
            change[f"earlier.{name}"] = {"$cond": [{"$gt": [f"$secrets.{name}", None]}, was, "$$REMOVE"]}
        change["version"] = {"$add": [{"$ifNull": ["$version", {"$toLong": "$$NOW"}]}, 1]}
        document = await self._all.find_one_and_update(
            {"_id": f"{account.channel}:{account.name}"},
            [{"$set": change}, {"$unset": "problem"}],
            upsert=True,
            return_document=True,
        )
        return self._account(document)

    async def get(self, channel: str, name: str) -> Account | None:
        """The account, or None."""
        document = await self._all.find_one({"_id": f"{channel}:{name}"})
        return self._account(document) if document else None

    async def all(self, channel: str | None = None) -> list[Account]:
        """Every account, or those of one channel."""
        where: Document = {"channel": channel} if channel else {}
        return [self._account(document) async for document in self._all.find(where).sort("_id", ASCENDING)]

    def keyring(self, account: Account) -> KeyringOf:
        """The secrets of `account` that change by themselves."""
        return KeyringOf(self._all, self._vault, account)

    async def versions(self) -> dict[str, int]:
        """`channel:name` → version of each account: cheap to ask, so that every process notices a change."""
        cursor = self._all.find({}, {"version": 1})
        return {row["_id"]: row.get("version", 0) async for row in cursor}

    async def remove(self, channel: str, name: str) -> bool:
        """Delete an account; its history stays. False when there was none."""
        return (await self._all.delete_one({"_id": f"{channel}:{name}"})).deleted_count > 0

    def _renewed(self, sealed: Mapping[str, str]) -> dict[str, str | None]:
        return {path: self._vault.renewed(one) for path, one in sealed.items()}

    async def rotate(self) -> tuple[int, int]:
        """Seal every secret anew with the present key: (how many were, how many already had been).

        One write per secret, and only if it is still what was read: what a hub stores meanwhile is left as it is and
        looked at again. Killed half-way, the next run goes on; adapters at work notice nothing.
        """
        renewed, there = 0, 0
        async for row in self._all.find({}, {"_id": 1}):
            while True:
                document = await self._all.find_one({"_id": row["_id"]}, {"secrets": 1, "earlier": 1})
                sealed = _sealed(document or {})
                fresh = await asyncio.to_thread(self._renewed, sealed)
                old = {path: new for path, new in fresh.items() if new is not None}
                for path, new in old.items():
                    where = {"_id": row["_id"], path: sealed[path]}
                    renewed += (await self._all.update_one(where, {"$set": {path: new}})).modified_count
                if not old:
                    there += len(sealed)
                    break
        return renewed, there - renewed

    # ------------------------------------------------------------------------------------------ listening

    async def listen(self, channel: str, name: str, now: datetime, lease: timedelta) -> tuple[str, Any] | None:
        """Become the one listener of an account until `now + lease`: (token, cursor), None when somebody else is."""
        token = secrets.token_hex(6)
        document = await self._all.find_one_and_update(
            {"_id": f"{channel}:{name}", "enabled": True, "listener.until": {"$not": {"$gt": now}}},
            {"$set": {"listener": {"token": token, "until": now + lease}}},
            return_document=True,
        )
        return (token, document.get("cursor")) if document else None

    async def keep_listening(
        self,
        channel: str,
        name: str,
        token: str,
        until: datetime,
        cursor: Mapping[str, Any] | None = None,
        *,
        well: bool = True,
    ) -> bool:
        """Extend the lease, and move the cursor when one is given; False when the lease was lost.

        `well`: it works, so that a problem noted before is none any more.
        """
        update: Document = {"$set": {"listener.until": until}}
        if cursor is not None:
            update["$set"]["cursor"] = dict(cursor)
        if well:
            update["$unset"] = {"problem": ""}
        result = await self._all.update_one({"_id": f"{channel}:{name}", "listener.token": token}, update)
        return result.matched_count > 0

    async def stop_listening(self, channel: str, name: str, token: str) -> None:
        """Let somebody else listen."""
        await self._all.update_one({"_id": f"{channel}:{name}", "listener.token": token}, {"$unset": {"listener": ""}})

    # ------------------------------------------------------------------------------------------- its state

    async def note(
        self, channel: str, name: str, *, problem: str | None, facts: Mapping[str, Any] | None = None
    ) -> None:
        """Write down what a person should know of an account: what is wrong with it, or facts its provider told."""
        update: Document = {"$set": {"writer": writer()}}
        if problem:
            update["$set"]["problem"] = sentence_document(shortened(problem, _harmless, 500))
        else:
            update["$unset"] = {"problem": ""}
        if facts:
            update["$set"]["facts"] = dict(facts)
        await self._all.update_one({"_id": f"{channel}:{name}"}, update)

    async def came_in(self, channel: str, name: str, at: datetime) -> None:
        """Note that something came in on a line. Told to nobody: no `writer`."""
        which = {"_id": f"{channel}:{name}", "last_in": {"$not": {"$gte": at}}}
        await self._all.update_one(which, {"$set": {"last_in": at}})

    async def last_in(self) -> dict[tuple[str, ...], datetime]:
        """(channel, name) → when something last came in, of the lines where something ever did."""
        cursor = self._all.find({"last_in": {"$exists": True}}, {"channel": 1, "name": 1, "last_in": 1})
        return {(row["channel"], row["name"]): row["last_in"] async for row in cursor}

    async def states(self) -> dict[str, Mapping[str, Any]]:
        """`channel:name` → {problem, facts, listener_until} of each account, for the settings page and the doctor."""
        cursor = self._all.find({}, {"problem": 1, "facts": 1, "listener.until": 1})
        return {
            row["_id"]: {
                "problem": _problem(row),
                "facts": row.get("facts", {}),
                "listener_until": row.get("listener", {}).get("until"),
            }
            async for row in cursor
        }

    async def sealed(self) -> list[str]:
        """`channel:name` of each account whose secrets this process's key does not open."""
        found = []
        async for row in self._all.find({}, {"secrets": 1}).sort("_id", ASCENDING):
            try:
                await asyncio.to_thread(self._vault.open, row.get("secrets", {}))
            except SetupError:
                found.append(row["_id"])
        return found

    def _account(self, document: Mapping[str, Any]) -> Account:
        now = clock.now()
        return Account(
            channel=document["channel"],
            name=document["name"],
            title=document.get("title", ""),
            settings=document.get("settings", {}),
            secrets=self._vault.open(document.get("secrets", {})),
            enabled=document.get("enabled", True),
            version=document.get("version", 0),
            key=self._vault.purpose(f"account {document['_id']}"),
            earlier=self._vault.open(
                {name: was["sealed"] for name, was in document.get("earlier", {}).items() if was["until"] > now}
            ),
        )


def _harmless(words: str) -> str:
    """What another side said, fit to be kept and shown."""
    return hushed(clean(words))


def _sealed(document: Mapping[str, Any]) -> dict[str, str]:
    """Every sealed secret of an account, by its path in the document."""
    now = {f"secrets.{name}": sealed for name, sealed in document.get("secrets", {}).items()}
    return now | {f"earlier.{name}.sealed": was["sealed"] for name, was in document.get("earlier", {}).items()}


def _problem(row: Mapping[str, Any]) -> str | None:
    problem = row.get("problem")
    return sentence_of(problem) if isinstance(problem, dict) else problem


class KeyringOf:
    """The stored secrets of one account, as long as no person has changed it (`core.keyring.Keyring`)."""

    def __init__(self, accounts: Collection[Document], vault: Vault, account: Account) -> None:
        self._accounts = accounts
        self._vault = vault
        self._same = {"_id": f"{account.channel}:{account.name}", "version": account.version}

    async def read(self) -> Mapping[str, str]:
        """All of them, in clear; empty when the account was removed or changed."""
        document = await self._accounts.find_one(self._same, {"secrets": 1})
        return await asyncio.to_thread(self._vault.open, (document or {}).get("secrets", {}))

    async def keep(self, secrets: Mapping[str, str]) -> None:
        """Store new ones. The version stays: whoever works with the account goes on."""
        sealed = await asyncio.to_thread(self._vault.seal, secrets)
        await self._accounts.update_one(self._same, {"$set": {f"secrets.{name}": one for name, one in sealed.items()}})
