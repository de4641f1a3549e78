"""Which sites may show a chat."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.channel import Account


def allowed(account: Account, origin: str | None, host: str, public_url: str | None) -> bool:
    """Whether a page of `origin` may show this account's chat: those listed, or else only our own pages.

    Without an Origin it is no browser, and no other site's page can be behind it.
    """
    if origin is None:
        return True
    given = account.settings.get("origins") or ()
    listed = {
        str(entry).strip().rstrip("/").lower()
        for entry in (given.replace(",", "\n").split() if isinstance(given, str) else given)
    }
    if origin.lower() in listed:
        return True
    own = urlsplit(public_url).netloc if public_url else host
    return urlsplit(origin).netloc.lower() in {own.lower(), host.lower()}
