"""DKIM (RFC 6376; Ed25519 by RFC 8463): our domain's signature on what goes out."""

from __future__ import annotations

import base64
import binascii
import re

from channels.email.account import Dkim
from core.errors import RetryLater

# Signed when they are there; From also once more than it occurs, so that nobody can add a second one.
_FIELDS = (b"from", b"from", b"to", b"cc", b"reply-to", b"subject", b"date", b"message-id", b"in-reply-to",
           b"references", b"auto-submitted", b"list-unsubscribe", b"list-unsubscribe-post",
           b"mime-version", b"content-type")  # fmt: skip
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*?)-----END \1-----", re.DOTALL)


def signed(mail: bytes, key: Dkim) -> bytes:
    """`mail` with its signature above it. Raises RetryLater, for the whole account, when the key is no key."""
    # Loaded where a key is given, and only there: most mailboxes leave signing to their provider.
    import dkim
    from dkim.crypto import UnparsableKeyError

    there = {line.partition(b":")[0].lower() for line in mail.partition(b"\r\n\r\n")[0].split(b"\r\n")}
    try:
        field = dkim.sign(
            mail,
            key.selector.encode("idna"),
            key.domain.encode("idna"),
            _private(key),
            canonicalize=(b"relaxed", b"relaxed"),
            signature_algorithm=b"ed25519-sha256" if key.ed25519 else b"rsa-sha256",
            include_headers=[name for name in _FIELDS if name in there],
        )
    except (dkim.DKIMException, UnparsableKeyError, ValueError, UnicodeError, binascii.Error, TypeError) as error:
        # The account is wrong, not the message: it waits until somebody has mended the key.
        sentence = "The DKIM private key of this mail account cannot be used. Please enter it again."
        raise RetryLater(sentence, account_wide=True, code="dkim") from error
    return bytes(field) + mail


def _private(key: Dkim) -> bytes:
    """The key as the library wants it: PEM with its line breaks, which a one-line entry field takes away."""
    if key.ed25519:
        seed = base64.b64decode("".join(key.secret.split()), validate=True)
        if len(seed) != 32:
            raise ValueError("an Ed25519 key has 32 bytes")
        return base64.b64encode(seed)
    match = _PEM.search(key.secret)
    if match is None:
        raise ValueError("no PEM block")
    words = "".join(match[2].split())
    lines = "\n".join(words[n : n + 64] for n in range(0, len(words), 64))
    return f"-----BEGIN {match[1]}-----\n{lines}\n-----END {match[1]}-----\n".encode()
