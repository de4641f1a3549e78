"""The doors of mail providers over HTTP, with real stores behind them and the provider's side on a socket."""

from __future__ import annotations

import asyncio
import io
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict

from channels import CHANNELS
from channels.email.providers import PROVIDERS
from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.addresses.store import Addresses
from core.database import Database
from core.errors import Rejected, RetryLater
from core.feed import Feed
from core.files.store import Files
from core.intake.store import INDEXES as INTAKE_INDEXES
from core.intake.store import FailedIntakes
from core.interactions.store import INDEXES as LOG_INDEXES
from core.interactions.store import Interactions
from core.lines import Lines
from core.network import ANYWHERE
from core.receive import Receive, Replay
from tests.channels.email.providers import test_brevo as brevo
from tests.channels.email.providers import test_mailgun as mailgun
from tests.channels.email.providers import test_mailjet as mailjet
from tests.channels.email.providers import test_postmark as postmark
from tests.channels.email.providers import test_resend as resend
from tests.channels.email.providers import test_sendgrid as sendgrid
from tests.channels.email.providers import test_ses as ses
from tests.channels.email.providers.made import ACCOUNT, PASSWORD, RAW, basic, body, multipart
from webhooks.fetch import Fetch
from webhooks.needs import Needs
from webhooks.routes import routes

LIMIT = 200_000


@dataclass
class Elsewhere:
    """The servers of providers: answers by path, over a socket. The addresses' own hosts cannot be had in a test."""

    url: str = ""
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.path_qs, request.headers.get("Authorization", "")))
        status, content = self.answers.get(request.path, (404, b""))
        headers = {"Location": content.decode()} if status == 302 else {}
        return web.Response(status=status, body=content, headers=headers)

    async def fetch(self, url: str, headers: Mapping[str, str]) -> bytes:
        parts = urlsplit(url)
        assert parts.scheme == "https"
        return await Fetch(ANYWHERE)(f"{self.url}{parts.path}?{parts.query}", headers)


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    there = Elsewhere()
    app = web.Application()
    app.router.add_get("/{path:.*}", there.answer)
    async with TestServer(app) as server:
        there.url = str(server.make_url("")).rstrip("/")
        yield there


@dataclass
class Door:
    http: TestClient[web.Request, web.Application]
    database: Database
    replay: Callable[[str], Awaitable[bool]]

    async def post(self, provider: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        async with self.http.post(f"/webhooks/email/{provider}", data=io.BytesIO(content), headers=headers) as response:
            return response.status, await response.json()

    async def entries(self) -> list[dict[str, Any]]:
        return [d async for d in self.database.collection("interactions").find({})]


@pytest.fixture
async def door(database: Database, elsewhere: Elsewhere) -> AsyncIterator[Door]:
    await database.migrate([*LOG_INDEXES, *INTAKE_INDEXES])
    accounts = Accounts(database, Vault("k" * 32))
    await accounts.save(replace(ACCOUNT, key=""))
    await accounts.save(replace(ACCOUNT, name="closed", enabled=False, key=""))
    interactions, addresses, failed = Interactions(database), Addresses(database), FailedIntakes(database)
    feed = Feed()
    receive = Receive(interactions, addresses, Files(database), failed, feed)
    lines = Lines(accounts, CHANNELS)

    async def metrics() -> bytes:
        return b""

    needs = Needs(receive, lines, LIMIT, database.ping, metrics, fetch=elsewhere.fetch)
    app = web.Application(client_max_size=LIMIT)
    app.add_routes(routes(needs))
    async with TestClient(TestServer(app)) as client:
        yield Door(client, database, Replay(receive, failed, lines, interactions, feed))


def now() -> datetime:
    return datetime.now(UTC)


def mime(raw: bytes = RAW, token: str = "t1") -> tuple[bytes, dict[str, str]]:
    return multipart({**mailgun.signature(now().timestamp(), token), "body-mime": raw})


async def test_one_mail_through_several_doors_is_one_entry(door: Door) -> None:
    inbound = body({**postmark.MAIL, "RawEmail": RAW.decode()})
    assert await door.post("help/postmark", inbound, basic(PASSWORD)) == (200, {"kept": 1})
    assert await door.post("help/mailgun", *mime()) == (200, {"kept": 1})
    assert await door.post("help/mailgun/mime", *mime(token="t2")) == (200, {"kept": 1})
    (entry,) = await door.entries()
    assert entry["address"] == "email:help:ann@example.org"
    assert entry["content"]["files"][0]["name"] == "order.pdf"
    assert entry["raw"]["body"] == inbound


async def test_who_cannot_prove_it_is_turned_away(door: Door) -> None:
    for provider, content, headers in (
        ("postmark", body(postmark.MAIL), {}),
        ("postmark", body(postmark.MAIL), basic("wrong")),
        ("mailjet", body(mailjet.MAIL), {}),
        ("mailgun", *multipart({"body-mime": RAW})),
        ("resend", body(resend.FETCHED), resend.signed(body(resend.FETCHED), key=b"wrong", at=now())),
        ("ses", body(ses.envelope("x", now(), TopicArn="arn:aws:sns:eu-west-1:999999999999:theirs")), {}),
        ("sendgrid", b"[]", {}),
        ("brevo", b"{}", {}),
    ):
        status, answer = await door.post(f"help/{provider}", content, headers)
        assert (status, answer["error"]) == (401, "not_from_them"), provider
    async with door.http.post(f"/webhooks/email/help/postmark?secret={PASSWORD}", data=body(postmark.MAIL)) as response:
        assert response.status == 401
    assert await door.entries() == []


def the_same(provider: str) -> tuple[bytes, Mapping[str, str]]:
    """A mail, signed now as the provider signs."""
    match provider:
        case "postmark":
            return body(postmark.MAIL), basic(PASSWORD)
        case "mailjet":
            return body(mailjet.MAIL), basic(PASSWORD)
        case "mailgun":
            return mime()
        case "sendgrid":
            content, headers = multipart({"email": RAW})
            return content, headers | sendgrid.signed(content, now())
        case "resend":
            return body(resend.RECEIVED), resend.signed(body(resend.RECEIVED), now())
        case "ses":
            inner = {"notificationType": "Received", "receipt": {"action": {"encoding": "BASE64"}}}
            mail = inner | {"content": b64encode(RAW).decode()}
            return body(ses.envelope(mail, Timestamp=now().isoformat())), {}
        case _:
            return body({"items": [{**brevo.ITEM, "Attachments": []}]}), basic(PASSWORD)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_same_request_again_is_yes_and_one_entry(door: Door, elsewhere: Elsewhere, provider: str) -> None:
    """Whoever caught a signed request can send it again as it is: nothing is doubled by it, here nor at once."""
    elsewhere.answers[f"/emails/receiving/{resend.ID}"] = (200, resend.WHERE)
    elsewhere.answers["/raw"] = (200, RAW)
    elsewhere.answers[urlsplit(ses.URL).path] = (200, ses.PEM)
    content, headers = the_same(provider)
    assert await door.post(f"help/{provider}", content, headers) == (200, {"kept": 1})
    first = await door.entries()
    answers = await asyncio.gather(*(door.post(f"help/{provider}", content, headers) for _ in range(4)))
    assert {status for status, _ in answers} == {200}
    assert [one["_id"] for one in await door.entries()] == [one["_id"] for one in first]


async def test_a_time_that_is_there_twice_makes_nothing_newer(door: Door) -> None:
    """Of a header that comes twice the first counts, for the proof and for its time alike."""
    content = body(resend.event("email.delivered"))
    old = resend.signed(content, datetime(2026, 1, 1, tzinfo=UTC))
    fresh = str(int(now().timestamp()))
    for stamps in ([old["svix-timestamp"], fresh], [fresh, old["svix-timestamp"]]):
        headers = CIMultiDict({name: value for name, value in old.items() if name != "svix-timestamp"})
        for stamp in stamps:
            headers.add("svix-timestamp", stamp)
        async with door.http.post("/webhooks/email/help/resend", data=content, headers=headers) as response:
            assert response.status == 401


@pytest.mark.parametrize(
    "path", ["help/pigeon", "help/Mailgun", "nobody/mailgun", "closed/mailgun", "help/%00", "help/..%2Fmailgun"]
)
async def test_there_is_no_other_door(door: Door, path: str) -> None:
    status, answer = await door.post(path, *mime())
    assert (status, answer["error"]) == (404, "unknown_account")


async def test_a_mail_larger_than_other_doors_take_comes_in_whole(door: Door) -> None:
    raw = RAW.replace(b"Where is it?", b"Where is it? " + b"x" * 3_000_000)
    assert len(raw) > 10 * LIMIT
    assert await door.post("help/mailgun", *mime(raw)) == (200, {"kept": 1})
    status, answer = await door.post("help/resend", b"x" * (LIMIT + 1), {})
    assert (status, answer["error"]) == (413, "too_large")


async def test_a_mail_that_is_only_named_is_fetched_before_the_yes(door: Door, elsewhere: Elsewhere) -> None:
    content = body(resend.RECEIVED)
    assert (await door.post("help/resend", content, resend.signed(content, now())))[0] == 503
    assert await door.entries() == []
    elsewhere.answers[f"/emails/receiving/{resend.ID}"] = (200, resend.WHERE)
    elsewhere.answers["/raw"] = (200, RAW)
    assert await door.post("help/resend", content, resend.signed(content, now())) == (200, {"kept": 1})
    assert elsewhere.asked[-2:] == [(f"/emails/receiving/{resend.ID}", "Bearer re_123"), ("/raw?signature=s", "")]
    (entry,) = await door.entries()
    assert entry["external_id"] == "in-1@example.org"


async def test_amazon_is_believed_by_its_certificate_and_its_question_is_answered(
    door: Door, elsewhere: Elsewhere
) -> None:
    asked = body(ses.question(Timestamp=now().isoformat()))
    status, answer = await door.post("help/ses", asked, {})
    assert (status, answer["error"]) == (401, "not_from_them")  # no such certificate
    path = urlsplit(ses.URL).path
    elsewhere.answers[path] = (503, b"")
    assert (await door.post("help/ses", asked, {}))[0] == 503  # away: to be sent again
    elsewhere.answers[path] = (200, ses.PEM)
    elsewhere.answers["/"] = (200, b"<ConfirmSubscriptionResponse/>")
    assert await door.post("help/ses", asked, {}) == (200, {"kept": 0})
    assert elsewhere.asked[-1][0].startswith("/?Action=ConfirmSubscription")
    inner = {"notificationType": "Received", "receipt": {"action": {"encoding": "BASE64"}}}
    mail = ses.envelope(inner | {"content": b64encode(RAW).decode()}, Timestamp=now().isoformat())
    assert await door.post("help/ses", body(mail), {}) == (200, {"kept": 1})
    assert await door.post("help/ses", body(mail | {"Message": "changed"}), {}) == (
        401,
        {"error": "not_from_them", "sentence": "The signature of Amazon SNS is not right."},
    )
    assert [path_ for path_, _ in elsewhere.asked].count(f"{path}?") + [p for p, _ in elsewhere.asked].count(path) == 3


async def test_authentic_and_unreadable_is_kept_and_replayed_by_the_same_provider(door: Door) -> None:
    outside = {**basic(PASSWORD), "Provider": "pigeon"}  # whatever comes under that name is replaced
    assert await door.post("help/postmark", b'{"a": 1}', outside) == (200, {"kept": 0})
    failed = door.database.collection("failed_intake")
    (kept,) = [d async for d in failed.find({})]
    assert kept["headers"]["provider"] == "postmark"
    assert "authorization" not in kept["headers"]
    assert not await door.replay(str(kept["_id"]))  # it fails again, in the provider's own words
    (kept,) = [d async for d in failed.find({})]
    assert "Postmark" in kept["reason"]
    await failed.update_one({"_id": kept["_id"]}, {"$set": {"body": body(postmark.MAIL)}})
    assert await door.replay(str(kept["_id"]))
    assert len(await door.entries()) == 1


async def test_what_is_not_their_format_is_400(door: Door) -> None:
    status, answer = await door.post("help/postmark", b"{", basic(PASSWORD))
    assert (status, answer["error"]) == (400, "not_this_format")


# ------------------------------------------------------------------------------------------------- fetching


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, Rejected), (403, Rejected), (302, Rejected), (500, RetryLater), (503, RetryLater), (429, RetryLater)],
)
async def test_an_answer_that_is_no_yes(elsewhere: Elsewhere, status: int, error: type[Exception]) -> None:
    elsewhere.answers["/x"] = (status, b"not this")
    with pytest.raises(error):
        await Fetch(ANYWHERE)(f"{elsewhere.url}/x", {})


async def test_where_a_redirect_leads_nobody_goes(elsewhere: Elsewhere) -> None:
    elsewhere.answers["/there"] = (200, b"inside")
    elsewhere.answers["/x"] = (302, b"/there")
    with pytest.raises(Rejected):
        await Fetch(ANYWHERE)(f"{elsewhere.url}/x", {})
    assert [path for path, _ in elsewhere.asked] == ["/x"]


async def test_what_is_too_large_is_not_held(elsewhere: Elsewhere) -> None:
    elsewhere.answers["/x"] = (200, b"x" * 1000)
    assert await Fetch(ANYWHERE, largest=1000)(f"{elsewhere.url}/x", {}) == b"x" * 1000
    with pytest.raises(Rejected):
        await Fetch(ANYWHERE, largest=999)(f"{elsewhere.url}/x", {})


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/secret", "nonsense", "ftp://127.0.0.1/"])
async def test_nobody_there_means_later_and_the_address_is_not_told(url: str) -> None:
    with pytest.raises(RetryLater) as caught:
        await Fetch(ANYWHERE)(url, {})
    assert "secret" not in str(caught.value)


async def test_no_more_large_requests_at_once_than_are_bearable(door: Door) -> None:
    host, port = door.http.host, door.http.port
    head = b"POST /webhooks/email/help/postmark HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n"
    writers = []
    for _ in range(8):
        _, writer = await asyncio.open_connection(host, port)
        writer.write(head)
        await writer.drain()
        writers.append(writer)
    await asyncio.sleep(0.3)
    status, answer = await door.post("help/mailgun", *mime(RAW + b"x" * LIMIT))
    assert (status, answer["error"]) == (503, "busy")
    assert (await door.post("help/mailgun", *mime()))[0] == 200  # what is small goes past them
    for writer in writers:
        writer.close()
