"""What every adapter takes: `parse` and `verify` of all of them, fed from the tables of cases that the tests have.

A channel whose tests subclass `ChannelContract` needs one row in `CONTRACTS` here and is a target.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from channels.email.adapter import Email
from channels.email.providers.proof import decoded
from channels.telegram.adapter import Telegram
from core.channel import Event, Parses, ReceivesWebhooks
from core.errors import IntakeError, NotFromThem, Unreadable
from tests.channel_contract import NOW, ChannelContract
from tests.channels import test_orders, test_webform
from tests.channels.email import mails, reports, test_machines, test_parse
from tests.channels.email.providers import (
    test_brevo,
    test_mailgun,
    test_mailjet,
    test_postmark,
    test_resend,
    test_sendgrid,
    test_ses,
)
from tests.channels.email.providers.made import PASSWORD
from tests.channels.telegram import cases
from tests.channels.telegram import test_parse as telegram
from tests.fuzz.promises import events_can_be_kept, json_can_be_written, keys_stay_apart
from tests.fuzz.request import request, written
from tests.fuzz.target import Promise, Target

# Name → the contract of its tests. Its cases are the corpus; what it signs and forges is that of the door.
CONTRACTS: Mapping[str, type[ChannelContract]] = {
    "orders": test_orders.TestContract,
    "webform": test_webform.TestContract,
    "telegram": telegram.TestContract,
    "brevo": test_brevo.TestContract,
    "mailgun": test_mailgun.TestContract,
    "mailjet": test_mailjet.TestContract,
    "postmark": test_postmark.TestContract,
    "resend": test_resend.TestContract,
    "sendgrid": test_sendgrid.TestContract,
    "ses": test_ses.TestContract,
}
KEPT: tuple[Promise, ...] = (events_can_be_kept, keys_stay_apart)


def events(adapter: Parses, body: bytes, headers: Mapping[str, str]) -> list[Event]:
    """The events of a payload, and of one that is only readable in part those that were read."""
    try:
        return adapter.parse(body, headers)
    except Unreadable as error:
        if not error.read:
            raise
        return list(error.read)


def _parsing(name: str, contract: type[ChannelContract]) -> Target:
    adapter = contract().adapter()

    def read(data: bytes) -> list[Event]:
        headers, body = request(data)
        return events(adapter, body, headers)

    def seeds() -> list[bytes]:
        return [written(case.headers, case.body) for case in contract.cases]

    weight = {"telegram": 6, "orders": 3, "webform": 5, "mailgun": 3, "sendgrid": 3}.get(name, 2)
    # A shop gives its events their ids, and one that comes twice is one.
    promises = KEPT[:1] if name == "orders" else KEPT
    return Target(f"{name}.parse", read, seeds, "request", (IntakeError,), promises, weight, 350, 24_576)


def _verifying(name: str, contract: type[ChannelContract]) -> Target:
    """The door of an adapter: only what was signed is let in, whatever else was changed."""
    own = contract()
    signed = own.signed()

    def read(data: bytes) -> bool:
        headers, body = request(data)
        adapter = own.adapter()  # a fresh one: what it remembers of a request before is another matter
        assert isinstance(adapter, ReceivesWebhooks)
        adapter.verify(body, headers, NOW)
        return True

    def the_proof_was_shown(data: bytes, _: object) -> None:
        headers, body = request(data)
        shown = _shown(headers)
        if name in _SECRETS:
            assert _SECRETS[name] in shown, f"let in without the secret: {headers}"
        else:
            proofs = [_PROOF.findall(_shown(one.headers)) for one in signed if one.body == body]
            assert any(proof in shown for found in proofs for proof in found), f"let in: {headers} {body[:200]!r}"

    def seeds() -> list[bytes]:
        return [written(one.headers, one.body) for one in (*signed, *own.forged()) if len(one.body) < 20_000]

    promises = (the_proof_was_shown,) if name in (*_SECRETS, *_SIGN_THE_BODY) else ()
    return Target(f"{name}.verify", read, seeds, "request", (NotFromThem,), promises, 1, 150, 20_000)


_SECRETS = {**dict.fromkeys(("postmark", "brevo", "mailjet"), PASSWORD), "telegram": "s3cret-Token_1"}
_SIGN_THE_BODY = ("orders", "resend")
_PROOF = re.compile(r"[0-9a-fA-F]{64}|[A-Za-z0-9+/]{40,}=*")


def _shown(headers: Mapping[str, str]) -> str:
    """Everything a request shows as a proof, also what basic auth wraps in base64; hex in small letters."""
    words = " ".join(headers.values())
    wrapped = headers.get("authorization", "").partition(" ")[2]
    signature = headers.get("x-switchboard-signature", "").lower()
    return f"{words} {signature} {decoded(wrapped).decode('utf-8', 'replace')}"


def _mails() -> list[bytes]:
    tables = (mails, reports, test_parse, test_machines)
    found = [case.body for table in tables for name in dir(table) for case in _cases(getattr(table, name))]
    found.append(
        b"From: a@b.c\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a.txt\r\n%:&5L;&\\\r\n`\r\nend\r\n"
    )
    return [b"uid: 7\n\n" + body for body in found] + [b"traced: 2\nchecked: here\n\n" + found[0], b"\n\n" + found[0]]


def _cases(value: object) -> list[Any]:
    listed = value if isinstance(value, tuple | list) else ()
    return [one for one in listed if type(one).__name__ == "Case"]


def _read_mail(data: bytes) -> list[Event]:
    head, _, body = data.partition(b"\n\n")
    headers, _ = request(head)
    asked = {name: headers[name] for name in ("uid", "checked") if name in headers}
    return Email(mails.ACCOUNT).parse(body, asked | ({"traced": "2"} if "traced" in headers else {}))


def _describe_mail(data: bytes) -> Any:
    found = Email(mails.ACCOUNT).describe(data.partition(b"\n\n")[2], {})
    return found.fields if found else None


_TELEGRAM = Telegram(cases.ACCOUNT)


def _describe_update(data: bytes) -> Any:
    return [_TELEGRAM.describe(one, {}).fields for one in _TELEGRAM.payloads(data)[:20]]


def _updates() -> list[bytes]:
    return [case.body for case in cases.CASES] + [b'{"ok":true,"result":[%s]}' % cases.CASES[0].body]


def _known(contracts: Mapping[str, type[ChannelContract]], make: Callable[..., Target]) -> list[Target]:
    return [make(name, contract) for name, contract in contracts.items()]


TARGETS: tuple[Target, ...] = (
    Target("email.parse", _read_mail, _mails, "mail", (IntakeError,), KEPT, 14, 800, 24_576),
    Target("email.describe", _describe_mail, _mails, "mail", (IntakeError,), (), 4, 250, 16_384),
    Target("telegram.describe", _describe_update, _updates, "json", (IntakeError,), (json_can_be_written,), 2, 250),
    *_known(CONTRACTS, _parsing),
    *_known({name: one for name, one in CONTRACTS.items() if name != "webform"}, _verifying),
)
