"""Which sites may show a chat."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.channel import Account
from core.chat.site import origins


def allowed(account: Account, origin: str | None, host: str, public_url: str | None) -> bool:
    """Whether a page of `origin` may show this account's chat: exactly those listed, or our own pages.

    Without an Origin it is no browser, or a page of ours that asks its own server; no other site's page is behind it.
    """
    if origin is None or origin.lower() in origins(account.settings.get("origins")):
        return True
    if public_url:
        own = urlsplit(public_url)
        if origin.lower() == f"{own.scheme}://{own.netloc}".lower():
            return True
    # Where no public address is set, or a person on this machine looks past it: the page's own server is us.
    local = host.lower().split(":")[0] in ("localhost", "127.0.0.1", "[")
    return (not public_url or local) and origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower())
