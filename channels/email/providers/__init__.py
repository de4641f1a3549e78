"""Mail providers that speak to us over HTTP: one file each, and the table of them.

A provider's file names its documentation, holds a table from its words to ours, and a class with `verify` and `parse`.
What several share is in `payload.py` and `form.py` (reading), `proof.py` (passwords, time windows), `receipts.py` (what
became of our mail) and `inbound.py` (mails they received for us). How to connect each: docs/email-providers.md.
"""

from collections.abc import Callable

from channels.email.providers.brevo import Brevo
from channels.email.providers.mailgun import Mailgun
from channels.email.providers.mailjet import Mailjet
from channels.email.providers.postmark import Postmark
from channels.email.providers.resend import Resend
from channels.email.providers.sendgrid import SendGrid
from channels.email.providers.ses import Ses
from core.channel import Account, ReceivesWebhooks

PROVIDERS: dict[str, Callable[[Account], ReceivesWebhooks]] = {
    "brevo": Brevo,
    "mailgun": Mailgun,
    "mailjet": Mailjet,
    "postmark": Postmark,
    "resend": Resend,
    "sendgrid": SendGrid,
    "ses": Ses,
}
