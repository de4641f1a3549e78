"""How a mailbox is opened without a password (OAuth 2, RFC 6749): the settings, and what is known of the providers.

Google: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
Microsoft: https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from core.errors import Rejected
from core.said import Said

Grant = Literal["refresh_token", "client_credentials"]
_TENANT = re.compile(r"[A-Za-z0-9.-]{1,100}")


@dataclass(frozen=True, slots=True)
class Provider:
    """Addresses and scopes of one provider. `{tenant}` in an address is the organisation's own part of it.

    `device_url`: it lets a person sign in on another device (RFC 8628) for mail. `own_scope` is for
    client-credentials, where no person signs in. `more` goes along with the address a person opens.
    """

    token_url: str = ""
    authorise_url: str = ""
    device_url: str = ""
    scope: str = ""
    own_scope: str = ""
    loopback: str = "127.0.0.1"
    more: Mapping[str, str] = field(default_factory=dict)


_ENTRA = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
PROVIDERS: Mapping[str, Provider] = {
    # Google's sign-in on another device is not open to mail, so people sign in with a browser. Without `offline` and
    # `consent` there is no refresh token.
    "google": Provider(
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106  # an address, not a password
        authorise_url="https://accounts.google.com/o/oauth2/v2/auth",
        scope="https://mail.google.com/",
        more={"access_type": "offline", "prompt": "consent"},
    ),
    "microsoft": Provider(
        token_url=f"{_ENTRA}/token",
        authorise_url=f"{_ENTRA}/authorize",
        device_url=f"{_ENTRA}/devicecode",
        scope=("https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access"),
        own_scope="https://outlook.office365.com/.default",
        loopback="localhost",
    ),
    "other": Provider(),
}


@dataclass(frozen=True, slots=True)
class OAuth:
    """What is needed to ask for access tokens. `refresh_token` is empty until a person has signed in."""

    grant: Grant
    client_id: str
    token_url: str
    scope: str
    authorise_url: str = ""
    device_url: str = ""
    loopback: str = "127.0.0.1"
    more: Mapping[str, str] = field(default_factory=dict)
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)


def oauth(settings: Mapping[str, str], secrets: Mapping[str, str]) -> OAuth | None:
    """What the settings that begin with `oauth_` say; None for a mailbox with a password. Raises Rejected."""
    name = settings.get("oauth_provider", "").lower()
    if not name or name == "none":
        return None
    provider = PROVIDERS.get(name)
    if provider is None:
        raise Rejected(
            Said("OAuth2 sign-in must be one of {names}, or empty.", names=", ".join(PROVIDERS)), code="setup"
        )
    grant = settings.get("oauth_grant", "").lower() or "refresh_token"
    if grant not in ("refresh_token", "client_credentials"):
        raise Rejected("The OAuth2 grant must be refresh_token or client_credentials.", code="setup")
    client_id = settings.get("oauth_client_id", "")
    if not client_id:
        raise Rejected("OAuth2 sign-in needs a client id.", code="setup")
    own = grant == "client_credentials"
    tenant = settings.get("oauth_tenant", "") or ("" if own else "common")
    client_secret = secrets.get("oauth_client_secret", "").strip()
    if own and not client_secret:
        raise Rejected("OAuth2 with client credentials needs the client secret.", code="setup")

    def url(key: str, usual: str) -> str:
        written = settings.get(f"oauth_{key}", "") or usual
        if "{tenant}" in written and not _TENANT.fullmatch(tenant):
            raise Rejected("OAuth2 with client credentials needs the tenant: its id or domain.", code="setup")
        return _checked(written.replace("{tenant}", tenant), key)

    token_url = url("token_url", provider.token_url)
    if not token_url:
        raise Rejected("OAuth2 sign-in with another provider needs its token address.", code="setup")
    return OAuth(
        grant="client_credentials" if own else "refresh_token",
        client_id=client_id,
        token_url=token_url,
        scope=settings.get("oauth_scope", "") or (provider.own_scope if own else provider.scope),
        authorise_url=url("authorise_url", provider.authorise_url),
        device_url=url("device_url", provider.device_url),
        loopback=provider.loopback,
        more=provider.more,
        client_secret=client_secret,
        refresh_token=secrets.get("oauth_refresh_token", "").strip(),
    )


def _checked(url: str, key: str) -> str:
    """`url`, to which secrets are sent: over TLS, or to this machine."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    local = host in ("localhost", "127.0.0.1", "::1")
    if (
        not host
        or parts.username
        or parts.fragment
        or not (parts.scheme == "https" or (parts.scheme == "http" and local))
    ):
        raise Rejected(
            Said("The setting “{name}” must be an address that begins with https://.", name=f"oauth_{key}"),
            code="setup",
        )
    return url
