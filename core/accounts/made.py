"""Makes the secrets that nobody needs to invent: a signing secret, a webhook's secret token."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace

from core.channel import Account, Line


def with_made_secrets(account: Account, line: Line, known: Account | None = None) -> tuple[Account, Mapping[str, str]]:
    """`account` with every secret that is made when left empty, and which were made just now: show them once.

    `known` is the account as it was: what it has is kept.
    """
    there = {**(known.secrets if known else {}), **account.secrets}
    made = {field.name: secrets.token_urlsafe(32) for field in line.fields if field.made and not there.get(field.name)}
    return replace(account, secrets={**account.secrets, **made}), made
