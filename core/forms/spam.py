"""What looks like spam: held back whole, until a person frees it, which makes it come in, or deletes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from core import clock
from core.channel import Account, Event
from core.content import File
from core.errors import Conflict, NotFound
from core.forms.arrival import arrival, country_of, identities_of
from core.forms.caught import Caught, caught_id
from core.forms.form import Form
from core.forms.sniff import PICTURES
from core.forms.store import CaughtForms, Forms
from core.forms.submission import Submission, read_submission

PREVIEW = 1000


class Keeps(Protocol):
    """The intake (`core.receive.Receive.keep`)."""

    async def __call__(self, account: Account, events: Sequence[Event], raw: bytes | None = None) -> Any:
        """Keep the events, once per key; returns only when they are durable."""
        ...


class Spam:
    """Holds back and lets go. `account` finds a web form line by its name; it raises UnknownAccount."""

    def __init__(
        self,
        caught: CaughtForms,
        forms: Forms,
        keep: Keeps,
        account: Callable[[str], Awaitable[Account]],
        country: str | None = None,
    ) -> None:
        self._caught = caught
        self._forms = forms
        self._keep = keep
        self._account = account
        self._country = country

    async def welcome(self, form: Form, sent: Submission) -> bool:
        """Whether a person freed the very same answers before."""
        there = await self._caught.get(caught_id(form.name, sent.fingerprint))
        return there is not None and there.state == "freed"

    async def hold(
        self, form: Form, sent: Submission, body: bytes, type: str, signs: Mapping[str, int], place: str
    ) -> Caught:
        """Keep it for a person to look at. Raises CannotStore."""
        read = arrival(await self._account(form.account), form, sent, country=self._country)
        return await self._caught.hold(
            Caught(
                id=caught_id(form.name, sent.fingerprint),
                form=form.name,
                version=form.version,
                account=form.account,
                at=clock.now(),
                signs=signs,
                preview=read.content.text[:PREVIEW],
                type=type[:300],
                name=read.name,
                contact=next((one.value for one in identities_of(form, sent.answers, self._country)), ""),
                body=body,
                kept=tuple(
                    (name, file.name, file.type, file.size, file.sha256) for name, file in sent.uploads if file.sha256
                ),
                place=place,
            )
        )

    async def free(self, id: str, by: str) -> None:
        """Let it come in as if it had just come, once however often this is asked. Raises NotFound, Conflict."""
        caught = await self._held(id)
        body = caught.body
        account = await self._account(caught.account)
        form = await self._forms.version(caught.form, caught.version) or await self._forms.get(caught.form)
        sent = read_submission(body, {"content-type": caught.type})
        sent = replace(sent, uploads=(*sent.uploads, *map(_file, caught.kept)))
        minute = caught.at.strftime("%Y-%m-%dT%H:%M")  # the key stays the same, whenever it is freed
        event = arrival(account, form, sent, minute, country_of(account, self._country))
        freed = {"freed": True, "sent_at": caught.at.isoformat(), **event.data}
        await self._keep(account, [replace(event, data=freed)], body)
        await self._caught.decide(id, "freed", by)

    async def delete(self, id: str, by: str) -> None:
        """Forget what was sent. Raises NotFound, Conflict."""
        await self._held(id)
        if not await self._caught.decide(id, "deleted", by):
            raise Conflict("Somebody else has decided about this already.")

    async def _held(self, id: str) -> Caught:
        caught = await self._caught.get(id)
        if caught is None:
            raise NotFound("What was sent is not there any more.")
        if caught.state != "held":
            raise Conflict("Somebody else has decided about this already.")
        return caught


def _file(kept: tuple[str, str, str, int, str]) -> tuple[str, File]:
    field, name, type, size, sha256 = kept
    kind = "image" if type in PICTURES else "document"
    return field, File(name=name, type=type, size=size, kind=kind, sha256=sha256)
