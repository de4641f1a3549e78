"""POST `/forms/NAME`: by our page, by a company's own form, or as JSON from an allowed site."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from aiohttp import web

from core import clock
from core.channel import Account, Arrival
from core.content import File
from core.errors import CannotStore, NotThisFormat, TooLarge
from core.forms.arrival import arrival, country_of
from core.forms.check import problems
from core.forms.form import Form
from core.forms.judge import Signs, held_back, suspicion
from core.forms.sniff import PICTURES
from core.forms.submission import Submission, read_submission
from core.origin import place_of
from portal.came import Came
from portal.forms.answer import Answer, cors
from portal.forms.page import FormPages
from portal.forms.ticket import Recent, work_done
from portal.limits import Places
from portal.page import missing

log = structlog.get_logger(__name__)

MAX_BODY = 11 * 1024 * 1024
MAX_PLAIN = 512 * 1024
AGAIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came, as it came."""

    body: bytes
    type: str
    form: Form
    account: Account


class TakesForms:
    """The door of `/forms`."""

    def __init__(self, pages: FormPages, came: Came) -> None:
        self._pages = pages
        self._came = came
        self._needs = pages.needs
        self._hurried = Places(burst=8, per_second=1 / 30)
        self._answers = Recent()
        self._tickets = Recent()

    async def preflight(self, request: web.Request) -> web.Response:
        """OPTIONS /forms/NAME: may another site's page post JSON here?"""
        found = await self._pages.form(request)
        origin = request.headers.get("Origin", "")
        if found is None or not self._may_post(request, found[0]):
            return web.Response(status=403)
        return web.Response(
            status=204,
            headers={
                **cors(origin),
                "Access-Control-Allow-Methods": "POST",
                "Access-Control-Allow-Headers": "Content-Type",
                "Access-Control-Max-Age": "3600",
            },
        )

    def _may_post(self, request: web.Request, form: Form) -> bool:
        origin = request.headers.get("Origin")
        own = {request.host.lower(), place_of(self._needs.public_url or "")} - {""}
        return origin is None or origin in form.origins or place_of(origin) in own

    async def receive(self, request: web.Request) -> web.Response:
        """POST /forms/NAME. Answered with yes only when it is in the log, or held back for a person to look at."""
        answer = Answer(self._pages, request)
        found = await self._pages.form(request)
        if found is None:
            return answer.refused(404, "missing") if answer.json else missing(self._needs, request, "form")
        form, account = found
        if answer.json:
            if not self._may_post(request, form):
                return answer.refused(403, "not_here")
            answer.headers = cors(request.headers.get("Origin", ""))
        place = self._needs.visitor_ip(request)
        wait = self._pages.sending.take(place)
        try:
            body = await _read(request, files=form.takes_files)
            type = request.headers.get("Content-Type", "")
            sent = read_submission(body, {"content-type": type})
        except TooLarge:
            return answer.refused(413, "too_large")
        except NotThisFormat:
            return answer.refused(400, "not_a_form")
        form = await self._as_shown(form, sent, answer)
        answer.form, answer.sent = form, self._with_kept(sent, answer)
        answer.framed = sent.framed
        if sent.language in self._needs.languages:
            answer.language = sent.language
        if wait:
            return await answer.again(429, "too_many", after=wait)
        if not form.enabled:
            return await answer.again(410, "closed")
        country = country_of(account, self._needs.country)
        if wrong := problems(form, answer.sent.answers, country, files=answer.sent.by_field()):
            return await answer.again(422, "file_unasked" if _unasked(wrong) else "look_again", wrong)
        self._pages.busy.count(form.name, 1)
        return await self._keep(_Sent(body, type, form, account), answer, place, await self._came.told(request))

    async def _as_shown(self, form: Form, sent: Submission, answer: Answer) -> Form:
        """The form as the sender saw it: its version then, but open or closed as it is now."""
        ticket = self._pages.tickets.read(sent.ticket) if sent.ticket else None
        if ticket is None or ticket.form != form.name or self._pages.tickets.over(ticket):
            return form  # as one that was sent without a ticket, which anybody may
        answer.ticket = ticket
        if ticket.version == form.version:
            return form
        before = await self._needs.forms.version(form.name, ticket.version)
        return replace(before, enabled=form.enabled, account=form.account) if before else form

    def _with_kept(self, sent: Submission, answer: Answer) -> Submission:
        """`sent` with the files of an earlier try, and with the ticket's id as its own."""
        if answer.ticket is None:
            return sent
        uploads = list(sent.uploads)
        fresh = {name for name, _ in uploads}
        for receipt in sent.kept:
            one = self._pages.tickets.brought(answer.ticket, receipt)
            if one is not None and one[0] not in fresh:  # a file chosen anew replaces what was kept
                field, name, type, size, sha256 = one
                kind = "image" if type in PICTURES else "document"
                uploads.append((field, File(name=name, type=type, size=size, kind=kind, sha256=sha256)))
        return replace(sent, uploads=tuple(uploads), id=answer.ticket.id)

    async def _keep(self, came: _Sent, answer: Answer, place: str, brought: Mapping[str, str]) -> web.Response:
        form, sent = came.form, answer.sent
        spam = self._needs.spam
        minute = clock.now().strftime("%Y-%m-%dT%H:%M")
        event = arrival(came.account, form, sent, minute, country_of(came.account, self._needs.country))
        try:
            if answer.ticket and event.identities and (id := await self._sent_before(event)):
                return answer.thanks(id)
            suspected = suspicion(self._signs(answer, place), sent.answers)
            if held_back(suspected) and not await spam.welcome(form, sent):
                held = await spam.hold(form, sent, came.body, came.type, suspected, place)
                log.info("form.held_back", form=form.name, signs=sorted(suspected), times=held.times)
                return answer.thanks(held.id)
            if suspected:
                event = replace(event, data={**event.data, "suspected": dict(suspected)})
            if brought:
                event = replace(event, data={**event.data, "campaign": dict(brought)})
            kept = await self._needs.receive.keep(came.account, [event], came.body)
        except CannotStore as error:
            return await answer.again(503, "cannot_store", after=error.after)
        thanks = answer.thanks(kept[0].id if kept else None)
        if brought:
            self._came.forget(thanks)
        return thanks

    async def _sent_before(self, event: Arrival) -> str | None:
        """The id of the same answers by the same contact a moment ago: who goes back and sends again sends it once."""
        answers = event.key.rpartition(":")[2]
        since = clock.now() - AGAIN
        for entry in await self._needs.interactions.page(address=str(event.address), limit=5):
            same = entry.kind == "form" and entry.key.rpartition(":")[2] == answers
            if same and entry.at > since and entry.data.get("form") == event.data.get("form"):
                return entry.id
        return None

    def _was_ours(self, sent: Submission) -> bool:
        """Whether the page was left open too long, which people do."""
        ticket = self._pages.tickets.read(sent.ticket)
        return ticket is not None and self._pages.tickets.over(ticket)

    def _signs(self, answer: Answer, place: str) -> Signs:
        sent, ticket = answer.sent, answer.ticket
        fingerprint = sent.fingerprint
        words = _words(answer.form, sent)
        return Signs(
            trapped=sent.trapped,
            seconds=self._pages.tickets.age(ticket) if ticket else None,
            work=work_done(ticket, sent.work) if ticket else "none",
            reused=self._tickets.others(ticket.id, fingerprint) if ticket else 0,
            # The same ticket is the same submission: a doubled click repeats nothing.
            repeats=self._answers.others(words, sent.id or f"{place} {clock.now():%H:%M}") if words else 0,
            hurried=self._hurried.take(f"{place} {answer.form.name if answer.form else ''}") > 0,
            forged=bool(sent.ticket) and ticket is None and not self._was_ours(sent),
        )


def _words(form: Form | None, sent: Submission) -> str:
    """What a program says again and again under changing names and addresses; empty when it is too little to tell."""
    kinds = {one.name: one.kind for one in form.fields} if form else {}
    said = [value for name, value in sent.answers.items() if kinds.get(name, "text") in ("text", "long")]
    longest = max(said, key=len, default="")
    return hashlib.sha256(longest.encode("utf-8", "replace")).hexdigest() if len(longest) >= 12 else ""


def _unasked(wrong: Mapping[str, tuple[str, str]]) -> bool:
    return any(code == "unasked" for code, _ in wrong.values())


async def _read(request: web.Request, *, files: bool) -> bytes:
    """The body. Raises TooLarge before more than the limit is in memory, NotThisFormat when it breaks off."""
    multipart = request.headers.get("Content-Type", "").lower().startswith("multipart/")
    most = MAX_BODY if multipart and files else MAX_PLAIN
    if (request.content_length or 0) > most:
        raise TooLarge("This is more than a form can hold.")
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > most:
                raise TooLarge("This is more than a form can hold.")
    except web.RequestPayloadError as error:
        raise NotThisFormat("The form broke off or was not encoded as its headers say.") from error
    return bytes(body)
