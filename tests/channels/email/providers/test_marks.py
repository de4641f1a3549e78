"""That a provider's events find the mail we sent through its SMTP service."""

# ruff: noqa: E501 - a row of the table is easier to compare on few long lines than on many short ones

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes

import pytest

from channels.email.account import read
from channels.email.compose import compose
from channels.email.providers import PROVIDERS
from channels.email.providers.marks import marks
from core.channel import Outbound, Receipt
from core.content import Content
from tests.channels.email.providers.made import ACCOUNT, ANN, OUTBOUND, body


@pytest.mark.parametrize(
    ("host", "name", "field", "event"),
    [
        ("smtp.postmarkapp.com", "postmark", "X-PM-Metadata-message-id",
         {"RecordType": "Open", "Recipient": "ann@example.org", "MessageID": "other", "Metadata": {"message-id": "{id}"}}),
        ("in-v3.mailjet.com.", "mailjet", "X-MJ-CustomID", {"event": "open", "email": "ann@example.org", "CustomID": "{id}"}),
        ("SMTP-relay.Brevo.com", "brevo", "X-Mailin-custom",
         {"event": "opened", "email": "ann@example.org", "X-Mailin-custom": "{id}", "message-id": "<other@x>"}),
        ("smtp.sendgrid.net", "sendgrid", "X-SMTPAPI",
         {"event": "open", "email": "ann@example.org", "message-id": "{id}", "sg_message_id": "other"}),
    ],
)  # fmt: skip
def test_what_compose_sends_along_comes_back_as_a_receipt_for_that_mail(
    host: str, name: str, field: str, event: dict[str, object]
) -> None:
    account = replace(ACCOUNT, settings={**ACCOUNT.settings, "smtp_host": host})
    letter = compose(Outbound(OUTBOUND, ANN, Content(text="Hi")), read(account), datetime.now(UTC))
    value = message_from_bytes(letter.body)[field]
    sent = json.loads(value)["unique_args"]["message-id"] if field == "X-SMTPAPI" else value
    (told,) = PROVIDERS[name](account).parse(body(event).replace(b"{id}", sent.encode()), {})
    assert isinstance(told, Receipt)
    assert (told.status, told.external_id, told.outbound) == ("read", letter.message_id, OUTBOUND)


@pytest.mark.parametrize(
    "host", ["", "mail.shop.test", "evilpostmarkapp.com", "smtp.mailgun.org", "email-smtp.eu-west-1.amazonaws.com"]
)
def test_other_servers_get_no_such_field(host: str) -> None:
    assert marks("x@shop.test", host) == []
