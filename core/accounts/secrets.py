"""Encrypts what must not be readable in a database dump (Fernet: AES-128-CBC with HMAC-SHA256)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.errors import SetupError


class Vault:
    """Seals and opens secrets with a key that is made of the hub's secret key; older keys still open."""

    def __init__(self, secret_key: str, *older: str) -> None:
        self._key = secret_key
        self._fernet = MultiFernet([Fernet(_derived(key, b"vault")) for key in (secret_key, *older)])

    def seal(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """The secrets as they are stored."""
        return {name: self._fernet.encrypt(value.encode()).decode() for name, value in secrets.items() if value}

    def open(self, sealed: Mapping[str, str]) -> dict[str, str]:
        """The secrets in clear. Raises SetupError when they were sealed with another key."""
        try:
            return {name: self._fernet.decrypt(value.encode()).decode() for name, value in sealed.items()}
        except InvalidToken as error:
            raise SetupError(
                "The secrets in this database were encrypted with another key. Start with the SWITCHBOARD_SECRET_KEY "
                "(or the data folder) they were made with.",
                code="secret_key",
            ) from error

    def purpose(self, name: str) -> str:
        """A signing key for one purpose, so that a token made for one door opens no other."""
        return hmac.new(self._key.encode(), b"purpose:" + name.encode(), hashlib.sha256).hexdigest()


def _derived(key: str, purpose: bytes) -> bytes:
    return base64.urlsafe_b64encode(hmac.new(key.encode(), purpose, hashlib.sha256).digest())
