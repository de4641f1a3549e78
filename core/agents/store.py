"""Every query on `agents` and `sessions`."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from core.agents.agent import Agent, Role
from core.agents.passwords import hashed, matches
from core.content import clean
from core.database import Database, Document, Index, writer
from core.errors import Conflict
from core.ids import new_id

NAME = "agents"
SESSIONS = "sessions"

INDEXES = (
    Index(NAME, [("email", ASCENDING)], {"unique": True}),
    Index(NAME, [("seen_at", ASCENDING)], {"sparse": True}),
    Index(SESSIONS, [("expires_at", ASCENDING)], {"expireAfterSeconds": 0}),
    Index(SESSIONS, [("agent_id", ASCENDING)]),
)

PRESENT = timedelta(seconds=75)


class Agents:
    """The agents and their sessions. Of a session only the hash of its token is kept."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)
        self._sessions = database.collection(SESSIONS)

    async def add(self, name: str, email: str, password: str, *, role: Role = "agent", language: str = "en") -> Agent:
        """Make an agent. Raises Conflict when the mail address is taken."""
        document: Document = {
            "_id": new_id(),
            "name": clean(name),
            "email": _mail(email),
            "password": await hashed(password),
            "role": role,
            "language": language,
            "active": True,
            "writer": writer(),
        }
        try:
            await self._all.insert_one(document)
        except DuplicateKeyError as error:
            raise Conflict("There is an agent with this mail address already.") from error
        return Agent.of(document)

    async def anybody(self) -> bool:
        """Whether there is any agent at all."""
        return await self._all.find_one({}, {"_id": 1}) is not None

    async def get(self, id: str) -> Agent | None:
        """The agent, or None."""
        document = await self._all.find_one({"_id": id})
        return Agent.of(document) if document else None

    async def by_email(self, email: str) -> Agent | None:
        """The agent with this mail address, or None."""
        document = await self._all.find_one({"email": _mail(email)})
        return Agent.of(document) if document else None

    async def all(self) -> list[Agent]:
        """Every agent, by name."""
        return [Agent.of(document) async for document in self._all.find({}).sort("name", ASCENDING).limit(1000)]

    async def change(
        self,
        id: str,
        *,
        name: str | None = None,
        role: Role | None = None,
        language: str | None = None,
        active: bool | None = None,
        away: bool | None = None,
        password: str | None = None,
        signature: str | None = None,
    ) -> Agent | None:
        """Change what is given. Deactivating an agent, changing their role or their password ends their sessions."""
        fields: Document = {"name": name, "role": role, "language": language, "active": active, "away": away}
        fields["signature"] = clean(signature)[:2000] if signature is not None else None
        known = {key: value for key, value in fields.items() if value is not None}
        if password is not None:
            known["password"] = await hashed(password)
        document = await self._all.find_one_and_update(
            {"_id": id}, {"$set": {**known, "writer": writer()}}, return_document=True
        )
        if password is not None or role is not None or active is False:
            await self._sessions.delete_many({"agent_id": id})
        return Agent.of(document) if document else None

    # -------------------------------------------------------------------------------------------- sign-in

    async def check(self, email: str, password: str) -> Agent | None:
        """The active agent with this mail address and password, or None; takes the same time either way."""
        document = await self._all.find_one({"email": _mail(email), "active": True})
        right = await matches(document["password"] if document else None, password[:1000])
        return Agent.of(document) if document and right else None

    async def begin_session(self, agent: Agent, expires_at: datetime) -> str:
        """The token of a new session, to be put into a cookie; only its hash is stored."""
        token = secrets.token_urlsafe(32)
        await self._sessions.insert_one({"_id": _hash(token), "agent_id": agent.id, "expires_at": expires_at})
        return token

    async def of_session(self, token: str, now: datetime) -> Agent | None:
        """The agent who is signed in with `token`, or None."""
        session = await self._sessions.find_one({"_id": _hash(token), "expires_at": {"$gt": now}})
        if session is None:
            return None
        document = await self._all.find_one({"_id": session["agent_id"], "active": True})
        return Agent.of(document) if document else None

    async def end_session(self, token: str) -> None:
        """Sign out."""
        await self._sessions.delete_one({"_id": _hash(token)})

    # ------------------------------------------------------------------------------------------- presence

    async def seen(self, id: str, now: datetime) -> None:
        """Note that one of this agent's pages is open now; call it about twice a minute."""
        await self._all.update_one({"_id": id}, {"$set": {"seen_at": now}})

    async def gone(self, id: str) -> None:
        """Note that this agent's last page was closed."""
        await self._all.update_one({"_id": id}, {"$unset": {"seen_at": ""}})

    async def present(self, now: datetime, limit: int = 3) -> list[str]:
        """First names of agents who are there now, those whose pages were last seen first."""
        where = {"seen_at": {"$gt": now - PRESENT}, "active": True, "away": {"$ne": True}}
        found = self._all.find(where, {"name": 1}).sort("seen_at", -1).limit(limit)
        return [names[0] async for row in found if (names := str(row.get("name", "")).split())]

    async def on_duty(self, now: datetime) -> bool:
        """Whether an agent is there now: a page open within the last minute, and not away."""
        where = {"seen_at": {"$gt": now - PRESENT}, "active": True, "away": {"$ne": True}}
        return await self._all.find_one(where, {"_id": 1}) is not None


def _mail(email: str) -> str:
    return clean(email).strip().lower()[:320]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
