"""Encrypts what must not be readable in a database dump (Fernet: AES-128-CBC with HMAC-SHA256)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.errors import SetupError
from core.hush import hush
from core.signing import SigningKey


class Vault:
    """Seals and opens secrets with a key that is made of the hub's secret key; older keys still open."""

    def __init__(self, secret_key: str, *older: str) -> None:
        self._keys = (secret_key, *older)
        hush(*self._keys)
        self._present = Fernet(_derived(secret_key, b"vault"))
        self._fernet = MultiFernet([Fernet(_derived(key, b"vault")) for key in self._keys])

    def seal(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """The secrets as they are stored."""
        return {name: self._fernet.encrypt(value.encode()).decode() for name, value in secrets.items() if value}

    def open(self, sealed: Mapping[str, str]) -> dict[str, str]:
        """The secrets in clear, which from now on are not written down. Raises SetupError for another key's."""
        try:
            opened = {name: self._fernet.decrypt(value.encode()).decode() for name, value in sealed.items()}
        except InvalidToken as error:
            raise SetupError(
                "The secrets in this database were encrypted with another key. Start with the SWITCHBOARD_SECRET_KEY "
                "(or the data folder) they were made with; after a change of keys, list the former one in "
                "SWITCHBOARD_SECRET_KEYS_OLD.",
                code="secret_key",
            ) from error
        hush(*opened.values())
        return opened

    def renewed(self, sealed: str) -> str | None:
        """The same secret under the present key; None when it is so already. Raises SetupError as `open` does."""
        try:
            self._present.decrypt(sealed.encode())
        except InvalidToken:
            return self.seal(self.open({"secret": sealed}))["secret"]
        return None

    def purpose(self, name: str) -> SigningKey:
        """A signing key for one purpose, so that a token made for one door opens no other."""
        present, *older = (
            hmac.new(key.encode(), b"purpose:" + name.encode(), hashlib.sha256).hexdigest() for key in self._keys
        )
        return SigningKey(present, older)


def _derived(key: str, purpose: bytes) -> bytes:
    return base64.urlsafe_b64encode(hmac.new(key.encode(), purpose, hashlib.sha256).digest())
