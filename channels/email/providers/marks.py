"""The fields by which a provider's SMTP service learns our Message-ID, to hand it back with every event of the mail.

Without them Postmark, SendGrid and Mailjet tell of opens and complaints only under ids of their own.

https://postmarkapp.com/support/article/1125-custom-metadata-faq
https://www.twilio.com/docs/sendgrid/for-developers/sending-email/unique-arguments
https://dev.mailjet.com/smtp-relay/custom-headers/
https://developers.brevo.com/docs/smtp-integration
"""

from __future__ import annotations

import json

from channels.email.providers.receipts import MARK

# A host's name ends with the key; {id} becomes the Message-ID, {json} the same within JSON.
_FIELDS: dict[str, tuple[str, ...]] = {
    "postmarkapp.com": ("X-PM-KeepID: true", f"X-PM-Metadata-{MARK}: {{id}}"),
    "sendgrid.net": ("X-SMTPAPI: {json}",),
    "mailjet.com": ("X-MJ-CustomID: {id}",),
    "brevo.com": ("X-Mailin-custom: {id}",),
    "sendinblue.com": ("X-Mailin-custom: {id}",),
}


def marks(message_id: str, smtp_host: str) -> list[bytes]:
    """The fields for a mail that goes out through `smtp_host`; none for servers that keep the Message-ID anyway."""
    host = smtp_host.lower().rstrip(".")
    found = next((lines for name, lines in _FIELDS.items() if host == name or host.endswith(f".{name}")), ())
    known = {"{id}": message_id, "{json}": json.dumps({"unique_args": {MARK: message_id}})}
    lines = list(found)
    for name, value in known.items():
        lines = [line.replace(name, value) for line in lines]
    return [line.encode("ascii", "replace") for line in lines]
