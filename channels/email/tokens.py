"""Access tokens of one mailbox: fetched when needed, renewed before they run out, kept where everybody finds them."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, TCPConnector

from channels.email.oauth import OAuth
from core.errors import CannotStore, DeliveryError, Rejected, RetryLater
from core.keyring import Keyring
from core.network import ANYWHERE, FORBIDDEN, Forbidden, Network
from core.said import Said

PATIENCE = ClientTimeout(total=25, connect=10)  # seconds
LARGEST = 256 * 1024  # bytes of an answer; tokens take one or two thousand
MARGIN = 300.0  # seconds before its end at which a token is renewed, or a tenth of its life if that is less
USUAL_LIFE = 3600.0  # seconds, where the provider does not tell
_BUSY = ("temporarily_unavailable", "server_error", "slow_down")
NOBODY = "Nobody has signed in to this mailbox yet. Please do: switchboard account authorise email {name}"
NO_LONGER = (
    "The mail provider no longer lets us into this mailbox. Please sign in again: "
    "switchboard account authorise email {name}"
)

WRONG_SETTINGS = (
    "The mail provider does not accept the OAuth2 settings of this mailbox. Please check client id, client secret, "
    "tenant and scope."
)


class Tokens:
    """The access token of the account `name`. One request at a time, whoever asks for it."""

    def __init__(self, name: str, oauth: OAuth, keyring: Keyring | None = None, network: Network = ANYWHERE) -> None:
        self._network = network
        self._name = name
        self._oauth = oauth
        self._keyring = keyring
        self._refresh = oauth.refresh_token
        self._token = ""
        self._renew_at = 0.0
        self._unkept = False
        self._one_at_a_time = asyncio.Lock()

    async def get(self, *, refused: str = "") -> str:
        """A token that is good for some minutes. `refused`: one that the mail server did not take, so not that again.

        Raises RetryLater when the provider is away, Rejected when a person has to sign in or to mend the settings.
        """
        async with self._one_at_a_time:
            used = hmac.compare_digest(self._token.encode(), refused.encode())
            if not self._token or used or time.monotonic() >= self._renew_at:
                await self._fetch()
            return self._token

    async def _fetch(self) -> None:
        oauth = self._oauth
        if oauth.grant == "client_credentials":
            self._take(await self._ask({"grant_type": "client_credentials"}))
            return
        # Another process may have been given a newer one.
        used = await self._kept() or self._refresh
        if not used:
            raise Rejected(Said(NOBODY, name=self._name), code="auth")
        try:
            answer = await self._ask({"grant_type": "refresh_token", "refresh_token": used})
        except Rejected:
            newer = await self._kept()
            if newer in ("", used):
                raise
            used, answer = newer, await self._ask({"grant_type": "refresh_token", "refresh_token": newer})
        given = answer.get("refresh_token")
        self._refresh = given if isinstance(given, str) and given else used
        self._take(answer)
        if self._refresh != used:
            self._unkept = True
            await self._keep()

    async def _kept(self) -> str:
        """The refresh token as it is stored now; empty when the database is away, or ours is newer."""
        if self._keyring is None:
            return ""
        await self._keep()
        try:
            return "" if self._unkept else (await self._keyring.read()).get("oauth_refresh_token", "")
        except CannotStore:
            return ""

    async def _keep(self) -> None:
        """Store the newest refresh token. When the database is away that is done next time."""
        if self._unkept and self._keyring is not None:
            with suppress(CannotStore):
                await self._keyring.keep({"oauth_refresh_token": self._refresh})
                self._unkept = False

    def _take(self, answer: Mapping[str, Any]) -> None:
        token = answer.get("access_token")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise RetryLater("The sign-in service gave no access token.", account_wide=True, code="oauth")
        try:
            life = max(0.0, float(answer.get("expires_in", USUAL_LIFE)))
        except (TypeError, ValueError):
            life = USUAL_LIFE
        self._token = token
        self._renew_at = time.monotonic() + life - min(MARGIN, life / 10)

    async def _ask(self, wanted: Mapping[str, str]) -> Mapping[str, Any]:
        oauth = self._oauth
        form = {**wanted, "client_id": oauth.client_id}
        if oauth.client_secret:
            form["client_secret"] = oauth.client_secret
        if oauth.scope and oauth.grant == "client_credentials":
            form["scope"] = oauth.scope
        status, answer = await post(oauth.token_url, form, self._network)
        if status != 200:
            raise refusal(status, answer, self._name)
        return answer


async def post(url: str, form: Mapping[str, str], network: Network) -> tuple[int, Mapping[str, Any]]:
    """POSTs a form and returns the status and the JSON object that came back ({} for anything else).

    Redirects are not followed: secrets go to nobody but the address that was entered. Raises RetryLater, and Rejected
    when that address is outside `network`.
    """
    connector = TCPConnector(socket_factory=network.socket)
    try:
        async with (
            ClientSession(connector=connector, timeout=PATIENCE) as session,
            session.post(url, data=form, headers={"Accept": "application/json"}, allow_redirects=False) as response,
        ):
            body = b""
            async for part in response.content.iter_any():
                body += part
                if len(body) > LARGEST:
                    raise RetryLater("The sign-in service answered too much.", account_wide=True, code="oauth")
            return response.status, _object(body)
    except (ClientError, TimeoutError, OSError) as error:
        if isinstance(error, ClientConnectorError) and isinstance(error.os_error, Forbidden):
            raise Rejected(FORBIDDEN, code="private") from error
        raise RetryLater(
            Said("The sign-in service of the mail provider cannot be reached:", type(error).__name__),
            account_wide=True,
            code="connection",
        ) from error


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def refusal(status: int, answer: Mapping[str, Any], name: str) -> DeliveryError:
    """What an answer other than yes means (RFC 6749 section 5.2)."""
    code = str(answer.get("error", ""))[:60]
    if status in (408, 425, 429) or status >= 500 or code in _BUSY:
        return RetryLater(
            Said("The sign-in service of the mail provider cannot be used right now:", str(status)),
            account_wide=True,
            code="oauth",
        )
    said = " ".join(str(answer.get("error_description", "")).split())[:200]
    words = ": ".join(filter(None, (code or str(status), said)))
    if code in ("invalid_grant", "interaction_required", "consent_required", "login_required"):
        sentence = Said(NO_LONGER, f"({words})", name=name)
        return Rejected(sentence, code="auth")
    return Rejected(Said(WRONG_SETTINGS, f"({words})"), code="auth")
