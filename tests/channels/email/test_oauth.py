"""Mailboxes without a password: a real dovecot and a real SMTP server that ask an authorisation server on a socket."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiosmtpd import smtp

from channels import CHANNELS
from channels.email.account import read as read_account
from channels.email.adapter import Email
from channels.email.oauth import oauth
from channels.email.tokens import Tokens
from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.channel import Account, Address, Haul, Outbound
from core.content import Content
from core.database import Database
from core.errors import CannotStore, Rejected, RetryLater
from core.lines import Lines
from tests.servers.mail import DOMAIN, MailServer
from tests.servers.oauth import CLIENT, SECRET, AuthorisationServer

HELP = f"help@{DOMAIN}"
MAIL = b"From: Ann <ann@example.org>\r\nSubject: Hello\r\n\r\nHello\r\n"


@pytest.fixture
async def provider() -> AsyncIterator[AuthorisationServer]:
    async with AuthorisationServer() as server:
        server.refresh_tokens["r1"] = HELP
        yield server


def account(provider: AuthorisationServer, refresh: str = "r1", **settings: Any) -> Account:
    known = {"address": HELP, "imap_host": "127.0.0.1", "imap_security": "none", "smtp_security": "none"}
    return Account(
        "email", "help", "Help", {**known, **provider.settings, **settings}, {"oauth_refresh_token": refresh}
    )


async def first(hauls: AsyncIterator[Haul], seconds: float = 120) -> Haul:
    return await asyncio.wait_for(anext(hauls), seconds)


# -------------------------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
async def test_a_mailbox_is_read_with_an_access_token(provider: AuthorisationServer, mechanism: str) -> None:
    async with MailServer(tokeninfo=f"{provider.url}/tokeninfo", mechanism=mechanism) as server:
        await server.deliver(HELP, MAIL)
        hauls = Email(account(provider, imap_port=server.imap_port)).listen(None)
        assert len((await first(hauls)).parcels) == 1
        waiting = asyncio.ensure_future(first(hauls))
        await server.deliver(HELP, MAIL.replace(b"Hello", b"Again"))
        assert b"Again" in (await waiting).parcels[0].body
        await hauls.aclose()

        # A token that the server takes no longer, though it is not old, is renewed; then the sign-in is over.
        adapter = Email(account(provider, imap_port=server.imap_port))
        before = adapter.listen(None)
        await first(before)
        await before.aclose()
        provider.forget()
        asked = len(provider.asked)
        after = adapter.listen(None)
        assert len((await first(after)).parcels) == 2
        await after.aclose()
        assert len(provider.asked) == asked + 1
        provider.forget()
        provider.refresh_tokens.clear()
        with pytest.raises(Rejected, match=r"no longer lets us in.*account authorise email help.*revoked") as caught:
            await first(adapter.listen(None))
        assert caught.value.code == "auth"


async def test_a_token_that_is_refused_twice_asks_for_a_person(provider: AuthorisationServer) -> None:
    provider.refresh_tokens["r1"] = f"somebody-else@{DOMAIN}"
    async with MailServer(tokeninfo=f"{provider.url}/tokeninfo") as server:
        with pytest.raises(Rejected, match=r"check the user name.*account authorise email help"):
            await first(Email(account(provider, imap_port=server.imap_port)).listen(None))
    assert len(provider.asked) == 2, "one token, and one forced renewal"


# -------------------------------------------------------------------------------------------------------- sending


class Office:
    """An SMTP server that lets in by XOAUTH2 alone."""

    def __init__(self, provider: AuthorisationServer) -> None:
        self._provider = provider
        self.mails: list[bytes] = []
        self.tries: list[str] = []

    async def auth_XOAUTH2(self, server: smtp.SMTP, arguments: list[str]) -> smtp.AuthResult:  # noqa: N802  # aiosmtpd's naming
        words = base64.b64decode(arguments[1]).decode().split("\x01")
        self.tries.append(words[1])
        user, token = words[0].removeprefix("user="), words[1].removeprefix("auth=Bearer ")
        if self._provider.access_tokens.get(token) == user and words[2:] == ["", ""]:
            return smtp.AuthResult(success=True, auth_data=user)
        await server.challenge_auth('{"status":"400"}')
        return smtp.AuthResult(success=False, handled=False)

    async def handle_DATA(self, server: smtp.SMTP, session: smtp.Session, envelope: smtp.Envelope) -> str:  # noqa: N802  # the same
        assert session.authenticated
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        return "250 Fine"


@asynccontextmanager
async def smtp_server(provider: AuthorisationServer) -> AsyncIterator[tuple[Office, int]]:
    office = Office(provider)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: smtp.SMTP(office, auth_require_tls=False, loop=loop), "127.0.0.1", 0)
    try:
        yield office, server.sockets[0].getsockname()[1]
    finally:
        server.close()


def message(id: str) -> Outbound:
    return Outbound(id, Address("email", "help", "ann@example.org"), Content("Hello", subject="Hello"))


async def test_a_mail_is_sent_with_an_access_token(provider: AuthorisationServer) -> None:
    async with smtp_server(provider) as (office, port):
        adapter = Email(account(provider, smtp_host="127.0.0.1", smtp_port=port))
        await adapter.send(message("m1"))
        await adapter.close()
        provider.forget()
        await adapter.send(message("m2"))  # a new connection, with a token that is good no more
        await adapter.close()
        assert len(office.mails) == 2
        assert len(provider.asked) == 2
        assert len(office.tries) == 3

        provider.forget()
        provider.refresh_tokens.clear()
        with pytest.raises(RetryLater, match="no longer lets us in") as caught:
            await adapter.send(message("m3"))
        assert caught.value.account_wide, "the mail waits until somebody has signed in again"
        assert len(office.mails) == 2


async def test_a_server_that_takes_no_token_says_so(provider: AuthorisationServer) -> None:
    provider.refresh_tokens["r1"] = "somebody-else@example.org"
    async with smtp_server(provider) as (office, port):
        adapter = Email(account(provider, smtp_host="127.0.0.1", smtp_port=port))
        with pytest.raises(RetryLater, match="does not accept the OAuth2 sign-in") as caught:
            await adapter.send(message("m1"))
        assert caught.value.account_wide
        assert len(office.tries) == 2
        assert len(provider.asked) == 2


# --------------------------------------------------------------------------------------------------------- tokens


def tokens(provider: AuthorisationServer, keyring: Any = None, **secrets: str) -> Tokens:
    found = oauth(provider.settings, {"oauth_refresh_token": "r1", **secrets})
    assert found is not None
    return Tokens("help", found, keyring)


async def test_a_token_is_asked_for_once_and_renewed_before_its_end(provider: AuthorisationServer) -> None:
    ours = tokens(provider)
    assert len({*await asyncio.gather(*(ours.get() for _ in range(20)))}) == 1
    assert len(provider.asked) == 1
    provider.life = 0
    short = tokens(provider)
    assert await short.get() != await short.get()


async def test_client_credentials_need_nobody(provider: AuthorisationServer) -> None:
    provider.own = HELP
    settings = {**provider.settings, "oauth_grant": "client_credentials", "oauth_scope": "mail/.default"}
    found = oauth(settings, {"oauth_client_secret": SECRET})
    assert found is not None
    assert provider.access_tokens[await Tokens("help", found).get()] == HELP
    assert provider.asked == [
        {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "scope": "mail/.default",
        }
    ]


class Away:
    """A database that comes back."""

    def __init__(self, inner: Any, times: int) -> None:
        self._inner, self._times = inner, times

    async def read(self) -> Mapping[str, str]:
        return dict(await self._inner.read())

    async def keep(self, secrets: Mapping[str, str]) -> None:
        self._times -= 1
        if self._times >= 0:
            raise CannotStore("The database is away.")
        await self._inner.keep(secrets)


async def test_a_new_refresh_token_is_kept_for_every_process(database: Database, provider: AuthorisationServer) -> None:
    provider.rotates, provider.life = True, 0
    accounts = Accounts(database, Vault("k" * 40))
    saved = await accounts.save(account(provider))
    one, two = (tokens(provider, accounts.keyring(saved)) for _ in range(2))
    for each in (one, two, one, two):
        assert await each.get()
    kept = await accounts.get("email", "help")
    assert kept is not None
    assert kept.secrets["oauth_refresh_token"] in provider.refresh_tokens
    assert kept.version == saved.version, "whoever works with the account goes on"
    stored = await database.collection("accounts").find_one({})
    assert stored is not None
    assert "refresh-" not in str(stored["secrets"])

    # While the database is away the new one is used, and kept as soon as it can be.
    wobbly = tokens(provider, Away(accounts.keyring(saved), 2))
    await wobbly.get()
    await wobbly.get()
    await wobbly.get()
    assert await tokens(provider, accounts.keyring(saved)).get()

    # Somebody signed in anew meanwhile: what they entered stays.
    provider.refresh_tokens["r2"] = HELP
    newer = await accounts.save(account(provider, "r2"))
    with pytest.raises(Rejected):
        await tokens(provider, accounts.keyring(saved)).get()
    kept = await accounts.get("email", "help")
    assert kept is not None
    assert (kept.secrets["oauth_refresh_token"], kept.version) == ("r2", newer.version)


async def test_the_hub_hands_its_keyring_to_the_line(database: Database, provider: AuthorisationServer) -> None:
    provider.rotates = True
    accounts = Accounts(database, Vault("k" * 40))
    async with smtp_server(provider) as (office, port):
        await accounts.save(account(provider, smtp_host="127.0.0.1", smtp_port=port))
        lines = Lines(accounts, {"email": CHANNELS["email"]})
        await (await lines.get("email", "help")).send(message("m1"))
        await lines.close()
        assert len(office.mails) == 1
    kept = await accounts.get("email", "help")
    assert kept is not None
    assert kept.secrets["oauth_refresh_token"] != "r1"


async def test_what_a_provider_answers_is_told(provider: AuthorisationServer) -> None:
    for status in (429, 500, 503):
        provider.away = [status]
        with pytest.raises(RetryLater, match=str(status)):
            await tokens(provider).get()
    with pytest.raises(Rejected, match=r"client id, client secret.*invalid_client"):
        await tokens(provider, oauth_client_secret="wrong").get()
    with pytest.raises(Rejected, match="Nobody has signed in"):
        await tokens(provider, oauth_refresh_token="").get()
    provider.away = [302, 200]
    with pytest.raises(Rejected):
        await tokens(provider).get()
    with pytest.raises(RetryLater, match="gave no access token"):
        await tokens(provider).get()
    closed = AuthorisationServer()
    async with closed:
        pass
    with pytest.raises(RetryLater, match="cannot be reached"):
        await tokens(closed).get()


# ------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"oauth_provider": "yahoo"}, "one of google, microsoft, other"),
        ({"oauth_provider": "google"}, "client id"),
        ({"oauth_provider": "other", "oauth_client_id": "c"}, "token address"),
        ({"oauth_provider": "other", "oauth_client_id": "c", "oauth_token_url": "http://elsewhere.test/"}, "https"),
        ({"oauth_provider": "other", "oauth_client_id": "c", "oauth_token_url": "file:///etc/passwd"}, "https"),
        ({"oauth_provider": "google", "oauth_client_id": "c", "oauth_grant": "password"}, "grant"),
        ({"oauth_provider": "microsoft", "oauth_client_id": "c", "oauth_grant": "client_credentials"}, "secret"),
        ({"oauth_provider": "microsoft", "oauth_client_id": "c", "oauth_tenant": "a/b"}, "tenant"),
    ],
)
def test_settings_that_cannot_work_are_named(settings: Mapping[str, str], complaint: str) -> None:
    with pytest.raises(Rejected, match=complaint) as caught:
        read_account(Account("email", "help", "", {"address": HELP, **settings}))
    assert caught.value.code == "setup"


def test_the_providers_are_known() -> None:
    google = oauth({"oauth_provider": "Google", "oauth_client_id": "c"}, {})
    microsoft = oauth({"oauth_provider": "microsoft", "oauth_client_id": "c"}, {})
    own = oauth(
        {
            "oauth_provider": "microsoft",
            "oauth_client_id": "c",
            "oauth_grant": "client_credentials",
            "oauth_tenant": "shop.example",
        },
        {"oauth_client_secret": "s"},
    )
    assert google is not None
    assert microsoft is not None
    assert own is not None
    assert google.token_url == "https://oauth2.googleapis.com/token"
    assert google.scope == "https://mail.google.com/"
    assert microsoft.token_url == "https://login.microsoftonline.com/common/oauth2/v2.0/token"
    assert "offline_access" in microsoft.scope
    assert own.token_url == "https://login.microsoftonline.com/shop.example/oauth2/v2.0/token"
    assert own.scope == "https://outlook.office365.com/.default"
    assert oauth({"oauth_provider": ""}, {}) is None
    assert "sss" not in repr(
        oauth({"oauth_provider": "google", "oauth_client_id": "c"}, {"oauth_client_secret": "sss"})
    )


# ---------------------------------------------------------------------------------------------------- signing in


def person(
    provider: AuthorisationServer, told: list[str], change: Callable[[str], str] = str
) -> Callable[[str], Awaitable[str]]:
    """Opens the address that was told, agrees, and pastes where the browser ends."""

    async def answer(_: str) -> str:
        opened = next(line for line in told if line.startswith("https://"))
        query = {name: values[0] for name, values in parse_qs(urlsplit(opened).query).items()}
        assert query["code_challenge_method"] == "S256"
        assert query["login_hint"] == HELP
        code = provider.allow(HELP, query["code_challenge"], query["redirect_uri"])
        return change(f"{query['redirect_uri']}?state={query['state']}&code={code}")

    return answer


async def test_a_person_signs_in_with_a_browser(provider: AuthorisationServer) -> None:
    told: list[str] = []
    adapter = Email(account(provider, oauth_authorise_url="https://provider.test/auth", oauth_scope="mail"))
    secrets = await adapter.authorise(told.append, person(provider, told))
    assert provider.refresh_tokens[secrets["oauth_refresh_token"]] == HELP
    told.clear()
    alone = await adapter.authorise(told.append, person(provider, told, lambda url: url.rpartition("code=")[2]))
    assert provider.refresh_tokens[alone["oauth_refresh_token"]] == HELP


@pytest.mark.parametrize(
    ("pasted", "complaint"),
    [
        ("http://127.0.0.1:50000/?error=access_denied&state=x", "not completed"),
        ("http://127.0.0.1:50000/?code=abc&state=of-another", "another sign-in"),
        ("http://127.0.0.1:50000/", "no code"),
        ("", "no code"),
        ("http://[", "no code"),
        ("not-a-code-they-gave", "no longer lets us in"),
    ],
)
async def test_what_is_pasted_wrongly_changes_nothing(
    provider: AuthorisationServer, pasted: str, complaint: str
) -> None:
    adapter = Email(account(provider, oauth_authorise_url="https://provider.test/auth", oauth_scope="mail"))

    async def answer(_: str) -> str:
        return pasted

    with pytest.raises(Rejected, match=complaint):
        await adapter.authorise(lambda _: None, answer)


async def test_a_person_signs_in_on_another_device(provider: AuthorisationServer) -> None:
    provider.own, provider.patience = HELP, 2
    told: list[str] = []

    async def nothing(question: str) -> str:
        raise AssertionError(question)

    adapter = Email(account(provider, oauth_device_url=f"{provider.url}/device", oauth_scope="mail"))
    secrets = await adapter.authorise(told.append, nothing)
    assert provider.refresh_tokens[secrets["oauth_refresh_token"]] == HELP
    assert "ABCD-EFGH" in told[0]
    assert f"{provider.url}/enter" in told[0]
    assert len(provider.asked) == 3
    provider.declines = True
    with pytest.raises(Rejected, match="declined"):
        await adapter.authorise(told.append, nothing)


async def test_where_nobody_signs_in_it_is_said(provider: AuthorisationServer) -> None:
    async def nothing(question: str) -> str:
        raise AssertionError(question)

    for settings, complaint in (
        ({"oauth_provider": ""}, "uses a password"),
        ({}, "oauth_authorise_url or oauth_device_url"),
    ):
        with pytest.raises(Rejected, match=complaint):
            await Email(account(provider, **settings)).authorise(lambda _: None, nothing)
