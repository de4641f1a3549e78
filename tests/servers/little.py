"""A channel that speaks with `tests.servers.provider`: an adapter like any other, small, with every ability.

Settings of its account: `url`; `seconds` it waits for an answer; `broken`: it cannot read what it should (a mistake
that a later version mends). Secret: `password`, with which updates are read.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from core.channel import (
    Account,
    Address,
    Arrival,
    Capabilities,
    Event,
    Haul,
    Identity,
    Ignored,
    Line,
    Outbound,
    Parcel,
    Reachability,
    Receipt,
)
from core.content import Content, File
from core.errors import NotThisFormat, RecipientGone, Rejected, RetryLater, Uncertain, Unreadable

ADAPTER = "tests.servers.little:Little"


def line(name: str, **able: Any) -> Line:
    """A row of the table of channels."""
    return Line(name=name, title=name.title(), adapter=ADAPTER, capabilities=Capabilities(**able))


# Five kinds of channel: an ordinary chat, one that may be sent to twice, one whose people read the log themselves, one
# with letters, and one that only receives.
TABLE = {
    row.name: row
    for row in (
        line("chat", max_text=400, max_buttons=3, files=True),
        line("safe", max_text=400, idempotent=True),
        line("board", max_text=400, idempotent=True, reads_log=True),
        line("letter", subject=True, html=True, files=True),
        line("hole", sends=False),
    )
}


class Little:
    """Implements Channel, Parses, Listens, HoldsMedia and Acknowledges."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.name = account.channel
        self.capabilities = TABLE[account.channel].capabilities
        self._url = str(account.settings.get("url", "http://127.0.0.1:1"))
        self._session: ClientSession | None = None

    def _http(self) -> ClientSession:
        if self._session is None:
            seconds = float(self.account.settings.get("seconds", 5))
            self._session = ClientSession(timeout=ClientTimeout(total=seconds))
        return self._session

    async def send(self, message: Outbound) -> str:
        body = {
            "key": message.id,
            "person": message.address.person,
            "text": message.content.text,
            "subject": message.content.subject,
            "references": list(message.references),
            "files": [len(file.data or b"") for file in message.content.files],
            "idempotent": self.capabilities.idempotent,
        }
        try:
            async with self._http().post(f"{self._url}/send", json=body) as answer:
                if answer.status == 200:
                    return str((await answer.json())["id"])
                status, after = answer.status, answer.headers.get("Retry-After")
        except TimeoutError as error:
            raise Uncertain("The provider said nothing.", code="silence") from error
        except ClientError as error:
            raise Uncertain("The connection broke.", code="broken") from error
        if status == 410:
            raise RecipientGone("This person is gone.", code="gone")
        if status == 429 or status >= 500:
            raise RetryLater("Later, please.", after=float(after) if after else None, code=str(status))
        raise Rejected("The provider refuses this.", code=str(status))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        try:
            data = json.loads(body)
            events = data["events"]
        except (ValueError, KeyError, TypeError) as error:
            raise NotThisFormat("This is not JSON with events.") from error
        if self.account.settings.get("broken"):
            raise Unreadable("An event of a new kind.")
        return [self._event(event) for event in events]

    def _event(self, event: Mapping[str, Any]) -> Event:
        address = Address(self.account.channel, self.account.name, event["person"])
        at = datetime.fromtimestamp(event["at"], UTC) if "at" in event else None
        match event.get("what", "arrival"):
            case "arrival":
                files = tuple(File(name, source=name) for name in event.get("files", ()))
                return Arrival(
                    address,
                    event["key"],
                    content=Content(event.get("text", ""), subject=event.get("subject"), files=files),
                    at=at,
                    name=event.get("name", ""),
                    external_id=event.get("id"),
                    reply_to=tuple(event.get("reply_to", ())),
                    choice=event.get("choice"),
                    edits=event.get("edits"),
                    identities=tuple(Identity(**identity) for identity in event.get("identities", ())),
                )
            case "receipt":
                return Receipt(address, event["id"], event["status"], at=at, gone=event.get("gone", False))
            case "reachable":
                return Reachability(address, event["reachable"])
            case "group":
                return Ignored("a group", address, Content("Only one to one, please."))
            case other:
                raise KeyError(other)

    async def listen(self, cursor: Mapping[str, Any] | None) -> AsyncGenerator[Haul, None]:
        after = int(cursor["after"]) if cursor else 0
        headers = {"Password": self.account.secrets.get("password", "")}
        while True:
            query = {"after": str(after), "who": str(self.account.settings.get("who", ""))}
            try:
                async with self._http().get(f"{self._url}/updates", params=query, headers=headers) as answer:
                    if answer.status == 401:
                        raise Rejected("The password is wrong; enter it again.", code="password")
                    updates = (await answer.json())["updates"] if answer.status == 200 else []
            except (ClientError, TimeoutError) as error:
                raise RetryLater("The provider is away.", after=0.5) from error
            if updates:
                after += len(updates)
                yield Haul(tuple(Parcel(json.dumps(update).encode()) for update in updates), {"after": after})

    async def fetch(self, file: File) -> bytes:
        async with self._http().get(f"{self._url}/files/{file.source}") as answer:
            if answer.status == 404:
                raise Rejected("This file is not there any more.", code="no_file")
            return await answer.read()
