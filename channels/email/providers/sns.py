"""Envelopes of Amazon SNS: what they sign, with which certificate, and how a subscription is confirmed. Pure.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from channels.email.providers.payload import load, moment, table, text, word
from channels.email.providers.proof import AHEAD, decoded
from core.errors import IntakeError, NotFromThem

LARGEST = 1024**2  # SNS carries 256 KB; the rest is escaping
WINDOW = 2 * 3600  # SNS tries for at most an hour
QUESTIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
_TOPIC = re.compile(r"arn:aws(?:-cn|-us-gov)?:sns:([a-z0-9-]{3,40}):\d{12}:[A-Za-z0-9_.-]{1,256}\Z")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem\Z")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    **dict.fromkeys(QUESTIONS, ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")),
}
# Version 1 is SHA-1, which Amazon still signs with unless a topic says otherwise.
_HASHES: dict[str, type[HashAlgorithm]] = {"1": SHA1, "2": SHA256}


def envelope(body: bytes, topics: list[str]) -> dict[str, Any]:
    """The envelope in `body`, when it is of one of our topics. Raises NotFromThem: nothing was proved yet."""
    try:
        value = table(load(body)) if len(body) <= LARGEST else {}
    except IntakeError as error:
        raise NotFromThem("This is no notification of Amazon SNS.") from error
    if word(value, "Type") not in _SIGNED:
        raise NotFromThem("This is no notification of Amazon SNS. Leave “raw message delivery” off.")
    if not topics:
        raise NotFromThem("This line has no Amazon SNS topic yet.")
    if word(value, "TopicArn") not in topics:
        raise NotFromThem("This is of a topic this line does not listen to.")
    return value


def certificate_url(value: dict[str, Any]) -> str:
    """Where the certificate is: on SNS's own host of the topic's region, or NotFromThem."""
    url = word(value, "SigningCertURL")
    if not (ours(url, value) and _CERTIFICATE.match(urlsplit(url).path) and not urlsplit(url).query):
        raise NotFromThem("The certificate is not at Amazon SNS.")
    return url


def ours(url: str, value: dict[str, Any]) -> bool:
    """Whether `url` is https on the SNS host of the region of the envelope's topic, and nothing but that."""
    topic = _TOPIC.match(word(value, "TopicArn"))
    try:
        parts = urlsplit(url)
        host = parts.netloc
    except ValueError:
        return False
    region = topic[1] if topic else ""
    hosts = (f"sns.{region}.amazonaws.com", f"sns.{region}.amazonaws.com.cn")
    return bool(region) and parts.scheme == "https" and host in hosts


def verify(value: dict[str, Any], pem: bytes, now: datetime) -> None:
    """Raises NotFromThem unless the certificate in `pem` signed the envelope, 2 hours ago at most."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotFromThem("The certificate of Amazon SNS cannot be read.") from error
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise NotFromThem("The certificate of Amazon SNS is not valid at this time.")
    hash_ = _HASHES.get(word(value, "SignatureVersion"))
    if hash_ is None or not isinstance(key, rsa.RSAPublicKey):
        raise NotFromThem("This version of the signature is not known.")
    try:
        key.verify(decoded(word(value, "Signature")), signed(value), padding.PKCS1v15(), hash_())
    except InvalidSignature as error:
        raise NotFromThem("The signature of Amazon SNS is not right.") from error
    stamp = text(value.get("Timestamp"))
    at = moment(stamp) if "T" in stamp else None  # ISO 8601, and nothing that is merely taken for a time
    if at is None or not -AHEAD <= (now - at).total_seconds() <= WINDOW:
        raise NotFromThem("The notification is more than 2 hours old, or from the future.")


def signed(value: dict[str, Any]) -> bytes:
    """What the signature is over: names and values of some fields, a line each. A subject nobody wrote is left out."""
    names = _SIGNED[word(value, "Type")]
    pairs = [(name, value[name]) for name in names if isinstance(value.get(name), str)]
    return "".join(f"{name}\n{words}\n" for name, words in pairs).encode("utf-8", "replace")
