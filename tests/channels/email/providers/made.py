"""What the tests of all providers share: an account, one mail, and requests as a provider would make them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from channels.email.adapter import Email
from channels.email.mark import marked
from core.channel import Account, Address, Arrival, Receipt, Withdrawal
from core.content import File
from core.ids import new_id
from tests.channel_contract import like

PASSWORD = "correct horse"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:shop-mail"
SVIX_KEY = b"twenty-four bytes of key"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = b64encode(EC_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()

ACCOUNT = Account(
    "email",
    "help",
    "Example Shop",
    {
        "address": "help@shop.test",
        "authserv_id": "mx.shop.test",
        "sendgrid_public_key": PUBLIC,
        "ses_topics": f"arn:aws:sns:eu-west-1:123456789012:other, {TOPIC}",
    },
    {
        "mailgun_signing_key": "key-3ax6xnjp29jd6fds4gc373sgvjxteol0",
        "resend_secret": "whsec_" + b64encode(SVIX_KEY).decode(),
        "resend_api_key": "re_123",
        "brevo_api_key": "xkeysib-1",
        "inbound_password": PASSWORD,
    },
    key="a key that seals",
)
NOTHING_SET = Account("email", "help", settings={"address": "help@shop.test"})

OUTBOUND = new_id()
OURS = f"{marked(ACCOUNT.key, OUTBOUND)}@shop.test"  # the Message-ID of a mail we sent
ANN = Address("email", "help", "ann@example.org")
PDF = b"%PDF-1.4 \x00\xff order"
PDF64 = b64encode(PDF).decode()

RAW = (
    b"Received: from mx.example.org by in.provider.test; Mon, 23 Nov 2026 11:00:01 +0000\r\n"
    # The sender may write what they like here: the mail did not come through the server that the account trusts.
    b"Authentication-Results: mx.shop.test; dmarc=pass header.from=example.org\r\n"
    b"From: =?utf-8?q?Ann_L=C3=A9e?= <ann@example.org>\r\nTo: Help <help@shop.test>\r\nSubject: Order\r\n"
    b"Date: Mon, 23 Nov 2026 11:00:00 +0000\r\nMessage-ID: <in-1@example.org>\r\n"
    b"In-Reply-To: <" + OURS.encode() + b">\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b0"\r\n\r\n--b0\r\nContent-Type: text/plain; charset=utf-8\r\n'
    b"Content-Transfer-Encoding: 8bit\r\n\r\nWhere is it? \xd0\x93\xd0\xb4\xd0\xb5?\r\n--b0\r\n"
    b'Content-Type: application/pdf; name="order.pdf"\r\nContent-Disposition: attachment; filename="order.pdf"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n" + PDF64.encode() + b"\r\n--b0--\r\n"
)


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def arrival(**wanted: Any) -> Any:
    """The mail from Ann as every provider must give it, with an attachment."""
    wanted = {
        "address": ANN,
        "subject": "Order",
        "name": "Ann Lée",
        "external_id": "in-1@example.org",
        "reply_to": (OURS,),
        "text": "Where is it? Где?",
        "files": (a_pdf(),),
    } | wanted
    return like(Arrival, **wanted)


def a_pdf() -> Any:
    return like(File, name="order.pdf", type="application/pdf", data=PDF)


def receipt(status: str, **wanted: Any) -> Any:
    return like(
        Receipt,
        **({"address": ANN, "external_id": OURS, "outbound": OUTBOUND, "status": status, "gone": False} | wanted),
    )


def withdrawal(how: str) -> Any:
    return like(Withdrawal, address=ANN, how=how)


COMPLAINT = (receipt("failed", code="complaint"), withdrawal("complaint"))


def form(fields: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    return urlencode(fields).encode(), {"content-type": "application/x-www-form-urlencoded"}


def multipart(
    fields: Mapping[str, str | bytes],
    files: Mapping[str, tuple[str, str, bytes]] | None = None,
    boundary: str = "xYzZY",
) -> tuple[bytes, dict[str, str]]:
    """`files` are name → (file name, type, bytes)."""
    out = b""
    for name, value in fields.items():
        data = value if isinstance(value, bytes) else value.encode()
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data + b"\r\n"
    for name, (filename, kind, data) in (files or {}).items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {kind}'
        out += f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n"
    return out + f"--{boundary}--\r\n".encode(), {"content-type": f"multipart/form-data; boundary={boundary}"}


def basic(password: str, user: str = "switchboard") -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def by_imap() -> Arrival:
    """What the mailbox makes of the same mail."""
    (event,) = Email(ACCOUNT).parse(RAW, {"uid": "7"})
    assert isinstance(event, Arrival)
    return event
