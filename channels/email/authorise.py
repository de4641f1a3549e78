"""How a person lets the hub into a mailbox, once, so that it holds a refresh token from then on.

On another device where the provider offers that for mail (RFC 8628). Else with a browser (RFC 8252, with the PKCE of
RFC 7636): the last page is an address of the person's own machine where nothing listens, and they paste it. So it works
as well when the hub runs on a server that has no browser.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from channels.email.account import MailAccount
from channels.email.oauth import OAuth
from channels.email.tokens import post, refusal
from core.errors import Rejected
from core.network import ANYWHERE, Network

Tell = Callable[[str], None]
Ask = Callable[[str], Awaitable[str]]
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


async def sign_in(account: MailAccount, tell: Tell, ask: Ask, network: Network = ANYWHERE) -> str:
    """The refresh token of the person who signed in. Raises RetryLater, Rejected."""
    oauth = account.oauth
    if oauth is None:
        raise Rejected("This mailbox uses a password. For OAuth2 set oauth_provider first.", code="setup")
    if oauth.grant == "client_credentials":
        raise Rejected("With client credentials nobody signs in: there is nothing to do here.", code="setup")
    if oauth.device_url:
        answer = await _on_another_device(oauth, account, tell, network)
    elif oauth.authorise_url:
        answer = await _in_a_browser(oauth, account, tell, ask, network)
    else:
        raise Rejected("Signing in with another provider needs oauth_authorise_url or oauth_device_url.", code="setup")
    token = answer.get("refresh_token")
    if not isinstance(token, str) or not token:
        raise Rejected("The provider gave no refresh token. Please check the scope, and try again.", code="oauth")
    return token


async def _on_another_device(oauth: OAuth, account: MailAccount, tell: Tell, network: Network) -> Mapping[str, Any]:
    status, begun = await post(oauth.device_url, {"client_id": oauth.client_id, "scope": oauth.scope}, network)
    where, code, device = (str(begun.get(key, "")) for key in ("verification_uri", "user_code", "device_code"))
    if status != 200 or not (where and code and device):
        raise refusal(status if status != 200 else 400, begun, account.name)
    tell(f"Open {where}, enter the code {code} and sign in as {account.username}. This waits meanwhile.")
    wait = _number(begun.get("interval"), 5)
    until = time.monotonic() + _number(begun.get("expires_in"), 900)
    form = {**_client(oauth), "grant_type": DEVICE_GRANT, "device_code": device}
    while time.monotonic() < until:
        await asyncio.sleep(wait)
        status, answer = await post(oauth.token_url, form, network)
        error = answer.get("error")
        if status == 200:
            return answer
        if error == "slow_down":
            wait += 5
        elif error == "expired_token":
            break
        elif error in ("access_denied", "authorization_declined"):
            raise Rejected("The sign-in was declined. Nothing was changed.", code="auth")
        elif error != "authorization_pending":
            raise refusal(status, answer, account.name)
    raise Rejected("The time to sign in is over. Please try again.", code="auth")


async def _in_a_browser(
    oauth: OAuth, account: MailAccount, tell: Tell, ask: Ask, network: Network
) -> Mapping[str, Any]:
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    back = f"http://{oauth.loopback}:{secrets.choice(range(49152, 65536))}/"
    query = {
        **oauth.more,
        "response_type": "code",
        "client_id": oauth.client_id,
        "redirect_uri": back,
        "scope": oauth.scope,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "login_hint": account.username,
    }
    tell(f"Open this address in a browser and sign in as {account.username}:")
    tell(f"{oauth.authorise_url}{'&' if '?' in oauth.authorise_url else '?'}{urlencode(query)}")
    tell(f"At the end the browser shows that it cannot open {back} – that is as it should be.")
    code = _code(await ask("Paste the address of that page"), state)
    form = {
        **_client(oauth),
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": verifier,
    }
    status, answer = await post(oauth.token_url, form, network)
    if status != 200:
        raise refusal(status, answer, account.name)
    return answer


def _code(pasted: str, state: str) -> str:
    """The code in what a person pasted: the whole address, or the code alone. Raises Rejected."""
    pasted = pasted.strip()
    if re.fullmatch(r"[!-~]+", pasted) and "=" not in pasted and "://" not in pasted:
        return pasted
    try:
        told = parse_qs(urlsplit(pasted).query or pasted)
    except ValueError:
        told = {}
    if told.get("error"):
        raise Rejected(f"The sign-in was not completed ({told['error'][0][:60]}). Nothing was changed.", code="auth")
    if not told.get("code"):
        raise Rejected("There is no code in that address. Please try again and copy all of it.", code="auth")
    if told.get("state") != [state]:
        raise Rejected("That address belongs to another sign-in. Please try again.", code="auth")
    return told["code"][0]


def _client(oauth: OAuth) -> dict[str, str]:
    form = {"client_id": oauth.client_id}
    return {**form, "client_secret": oauth.client_secret} if oauth.client_secret else form


def _number(value: object, usual: float) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value <= 86400 else usual
