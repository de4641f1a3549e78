"""Signed mails for tests, made by dkimpy, and the key records that go with them."""

from __future__ import annotations

import base64
from functools import cache

import dkim
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


def rsa_key(bits: int = 1024) -> tuple[bytes, str]:
    """A private key (PEM) and its key record, the same at each call."""
    return _rsa_key(bits)


@cache
def _rsa_key(bits: int) -> tuple[bytes, str]:
    key = rsa.generate_private_key(65537, bits)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return pem, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


@cache
def ed25519_key() -> tuple[bytes, str]:
    """A private key (base64) and its key record."""
    key = ed25519.Ed25519PrivateKey.generate()
    seed = base64.b64encode(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
    public = base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    return seed, f"v=DKIM1; k=ed25519; p={public.decode()}"


def signed(
    mail: bytes,
    domain: str = "example.org",
    *,
    canonical: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    ed: bool = False,
    bits: int = 1024,
    selector: str = "s1",
    length: bool = False,
    algorithm: bytes = b"",
) -> bytes:
    """`mail` with a signature of `domain` on top."""
    key = ed25519_key()[0] if ed else rsa_key(bits)[0]
    field = dkim.sign(
        mail,
        selector.encode(),
        domain.encode(),
        key,
        canonicalize=canonical,
        signature_algorithm=algorithm or (b"ed25519-sha256" if ed else b"rsa-sha256"),
        include_headers=[b"from", b"from", b"to", b"subject", b"date", b"x-none"],
        length=length,
    )
    return bytes(field) + mail
