"""DKIM (RFC 6376; Ed25519 by RFC 8463): which domains' signatures on a mail hold.

Verified here rather than by dkimpy, which signs for us: its patterns take minutes over a mail made for that (runs of
white space), and one step over a large body holds up everybody. All work here grows with the size of the mail.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from channels.email.addresses import ascii_domain
from channels.email.direct.lookup import DnsAwayError, Lookup

MAX_SIGNATURES = 10
MAX_HEAD = 512 * 1024  # bytes
BITS = (1024, 8192)  # RFC 8301 section 3.2 forbids shorter keys; longer ones cost more than a mail is worth
BLOCK = 256 * 1024  # bytes of the body that are taken in one step
SLACK = 3600  # seconds by which the signer's clock may differ
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:", re.DOTALL)
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)|\0")
_SIGNATURE_TAG = re.compile(rb"((?:\A|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_ALGORITHMS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
_REQUIRED = frozenset(("v", "a", "b", "bh", "d", "h", "s"))


@dataclass(frozen=True, slots=True)
class Dkim:
    """What became of one signature: `result` as RFC 8601 names it, the signing domain, its selector."""

    result: str
    domain: str = ""
    selector: str = ""


Tags = dict[str, str]
Fields = list[tuple[bytes, bytes]]


class _FaultyError(Exception):
    """The signature cannot hold; `args[0]` is the result."""


async def check(lookup: Lookup, mail: bytes, author_domain: str) -> list[Dkim]:
    """The signatures of `mail`, those of the author's domain first, at most ten. Never raises for what is in a mail."""
    end = mail.find(b"\r\n\r\n")
    fields = _fields(mail[: end if end >= 0 else len(mail)][: MAX_HEAD + 1])
    signed = [value for name, value in fields or () if name.lower().rstrip() == b"dkim-signature"]
    if not fields or not signed:
        return []
    tagged = sorted(((_tags(value), value) for value in signed[:100]), key=lambda one: not _near(one[0], author_domain))
    some = tagged[:MAX_SIGNATURES]
    keys = await asyncio.gather(*(_key(lookup, tags) for tags, _ in some))
    return await asyncio.to_thread(_verified, mail, fields, some, keys)


def _verified(
    mail: bytes, fields: Fields, signatures: Sequence[tuple[Tags, bytes]], keys: Sequence[Tags | str]
) -> list[Dkim]:
    body = mail[mail.find(b"\r\n\r\n") + 4 :] if b"\r\n\r\n" in mail else b""
    hashes: dict[bool, bytes] = {}
    found: list[Dkim] = []
    for (tags, value), key in zip(signatures, keys, strict=True):
        domain, selector = ascii_domain(tags.get("d", "").lower()), tags.get("s", "").lower()
        try:
            _check_tags(tags)
            if isinstance(key, str):
                raise _FaultyError(key)
            head_relaxed, body_relaxed = _canonicalisation(tags)
            if body_relaxed not in hashes:
                hashes[body_relaxed] = body_hash(body, relaxed=body_relaxed)
            # `l=` is not honoured: what anybody may add below is not signed, so the whole body has to be (section 8.2).
            if _decoded(tags["bh"]) != hashes[body_relaxed]:
                raise _FaultyError("fail")
            words = b"".join(_signed_words(fields, tags, value, relaxed=head_relaxed))
            _verify(tags, key, words)
            result = "pass"
        except _FaultyError as error:
            result = str(error)
        found.append(Dkim(result, domain, selector))
    return found


# ------------------------------------------------------------------------------------------ signature and key


def _tags(value: bytes) -> Tags:
    """A tag list (section 3.2); empty when it is none or names a tag twice, which fits nothing."""
    tags: Tags = {}
    for part in value.decode("utf-8", "replace").split(";"):
        name, equals, content = part.partition("=")
        if not equals:
            if part.strip():
                return {}
            continue
        if name.strip() in tags:
            return {}
        tags[name.strip()] = content.strip()
    return tags


def _near(tags: Tags, author_domain: str) -> bool:
    domain = tags.get("d", "").lower()
    return domain == author_domain or domain.endswith(f".{author_domain}") or author_domain.endswith(f".{domain}")


def _check_tags(tags: Tags) -> None:
    if not tags.keys() >= _REQUIRED or tags["v"] != "1" or tags.get("q", "dns/txt") != "dns/txt":
        raise _FaultyError("permerror")
    if tags["a"].lower() not in _ALGORITHMS:
        raise _FaultyError("policy" if tags["a"].lower() == "rsa-sha1" else "neutral")  # RFC 8301 section 3.1
    if "from" not in _names(tags):
        raise _FaultyError("permerror")
    identity = tags.get("i", "").rpartition("@")[2].lower()
    domain = tags["d"].lower()
    if identity and identity != domain and not identity.endswith(f".{domain}"):
        raise _FaultyError("permerror")
    now = time.time()
    for name in ("x", "t"):
        written = tags.get(name, "0")
        if not (written.isascii() and written.isdigit() and len(written) < 13):
            raise _FaultyError("permerror")
    if ("x" in tags and int(tags["x"]) < now - SLACK) or int(tags.get("t", "0")) > now + SLACK * 10:
        raise _FaultyError("fail")


async def _key(lookup: Lookup, tags: Tags) -> Tags | str:
    """The key record (section 3.6), or the result that follows from there being none."""
    domain, selector = tags.get("d", ""), tags.get("s", "")
    if not domain or not selector:
        return "permerror"
    try:
        found = await lookup.txt(f"{selector}._domainkey.{domain}")
    except DnsAwayError:
        return "temperror"
    if len(found) != 1:
        return "permerror"
    record = _tags(found[0])
    if record.get("v", "DKIM1") != "DKIM1" or "p" not in record:
        return "permerror"
    if not record["p"]:
        return "fail"  # revoked
    if "sha256" not in record.get("h", "sha256").replace(" ", "").split(":"):
        return "permerror"
    if not {"email", "*"} & set(record.get("s", "*").replace(" ", "").split(":")):
        return "permerror"
    flags = record.get("t", "").replace(" ", "").split(":")
    if "y" in flags:
        return "neutral"  # the domain is trying it out: as if it were not signed
    if "s" in flags and "i" in tags and tags["i"].rpartition("@")[2].lower() != domain.lower():
        return "permerror"
    return record


def _verify(tags: Tags, record: Tags, words: bytes) -> None:
    kind = _ALGORITHMS[tags["a"].lower()]
    if record.get("k", "rsa").lower() != kind:
        raise _FaultyError("permerror")
    material, signature = _decoded(record["p"]), _decoded(tags["b"])
    try:
        # RFC 8463 section 3: Ed25519 signs the hash.
        if kind == "ed25519":
            Ed25519PublicKey.from_public_bytes(material).verify(signature, hashlib.sha256(words).digest())
            return
        key = load_der_public_key(material)
        if not isinstance(key, RSAPublicKey):
            raise _FaultyError("permerror")
        if not BITS[0] <= key.key_size <= BITS[1]:
            raise _FaultyError("policy")
        key.verify(signature, words, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise _FaultyError("fail") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _FaultyError("permerror") from None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise _FaultyError("permerror") from None


# ------------------------------------------------------------------------------------------- canonicalisation


def _canonicalisation(tags: Tags) -> tuple[bool, bool]:
    """Whether head and body are relaxed (section 3.4)."""
    head, _, body = tags.get("c", "simple/simple").lower().partition("/")
    body = body or "simple"
    if not {head, body} <= {"simple", "relaxed"}:
        raise _FaultyError("permerror")
    return head == "relaxed", body == "relaxed"


def _names(tags: Tags) -> list[str]:
    return [name.strip().lower() for name in tags["h"].split(":")]


def _fields(head: bytes) -> Fields | None:
    """Each field's name and what follows the colon, folded as it came.

    None for a head of which two readers could see two different things: whoever got one signed mail of a domain could
    otherwise put a From of their own above it and end the head, for the one who displays it, with a bare line feed.
    """
    if len(head) > MAX_HEAD or _BARE.search(head):
        return None
    found: Fields = []
    for line in re.split(rb"\r\n(?![ \t])", head):
        match = _FIELD.match(line)
        if match is None:
            return None
        found.append((line[: match.end() - 1], line[match.end() :]))
    return found


def _signed_words(fields: Fields, tags: Tags, signature: bytes, *, relaxed: bool) -> Iterator[bytes]:
    """What was signed: the named fields, each name taking the lowest one not taken yet, and the signature itself."""
    stacks: dict[str, Fields] = {}
    for name, value in fields:
        stacks.setdefault(name.decode("latin-1").strip().lower(), []).append((name, value))
    for wanted in _names(tags):
        if stack := stacks.get(wanted):
            yield _field(*stack.pop(), relaxed=relaxed) + b"\r\n"
    own = next(name for name, value in fields if value is signature)
    yield _field(own, _SIGNATURE_TAG.sub(rb"\1", signature, count=1), relaxed=relaxed)


def _field(name: bytes, value: bytes, *, relaxed: bool) -> bytes:
    if not relaxed:
        return name + b":" + value
    value = re.sub(rb"[\t ]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.lower().rstrip() + b":" + value


def body_hash(body: bytes, *, relaxed: bool, block: int = BLOCK) -> bytes:
    """The SHA-256 of the canonical body (sections 3.4.3, 3.4.4), block by block."""
    digest = hashlib.sha256()
    anything, ends, start = False, 0, 0
    while start < len(body):
        cut = body.find(b"\r\n", start + block)
        stop = len(body) if cut < 0 else cut + 2
        piece = body[start:stop]
        start = stop
        if relaxed:
            piece = re.sub(rb"[\t ]+", b" ", piece).replace(b" \r\n", b"\r\n")
            if start >= len(body):
                piece = piece.removesuffix(b" ")
        size = len(piece)
        trailing = 0
        while piece.endswith(b"\r\n", 0, size - 2 * trailing):
            trailing += 1
        content = piece[: size - 2 * trailing]
        if content:
            digest.update(b"\r\n" * ends + content)
            anything, ends = True, trailing
        else:
            ends += trailing
    if anything or not relaxed:
        digest.update(b"\r\n")
    return digest.digest()
