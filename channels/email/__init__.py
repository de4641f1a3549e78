"""Email: a mailbox read over IMAP, mail sent over SMTP.

`parse.py` reads any mail (structure in `mime.py`, fields in `header.py` and `addresses.py`, charsets in `charset.py`);
`events.py` says what it means, with `machine.py`, `bounce.py` (`reason.py`), `complaint.py`, `disposition.py` and
`authenticity.py`. `mark.py` makes what proves that a mail was ours. `read.py` listens to a mailbox, `compose.py` writes
a mail, `sign.py` signs it, `smtp.py` hands it over. `adapter.py` puts them together. `direct/` takes mail in without a
mailbox in between.
"""

from core.channel import Capabilities, Field, Line

# Ten automatic mails an hour are more than any order needs, and few enough for two machines that answer each other.
CAPABILITIES = Capabilities(subject=True, html=True, files=True, per_second=10, automatic_per_hour=10)

LINE = Line(
    name="email",
    title="Email",
    adapter="channels.email.adapter:Email",
    capabilities=CAPABILITIES,
    fields=(
        Field("address", "Mail address", "help@example.com", required=True),
        Field("display_name", "Sender's name", "As customers see it"),
        Field("imap_host", "IMAP server", "Leave empty to send only"),
        Field("imap_port", "IMAP port", default=993),
        Field("imap_security", "IMAP encryption", "tls, starttls or none", default="tls"),
        Field("imap_folder", "Folder", "Several are separated by commas", default="INBOX"),
        Field(
            "from", "Read from", "beginning (every mail in the folder) or now (only what comes)", default="beginning"
        ),
        Field("smtp_host", "SMTP server", required=True),
        Field("smtp_port", "SMTP port", default=587),
        Field("smtp_security", "SMTP encryption", "tls, starttls or none", default="starttls"),
        Field("username", "User name", "When it is not the mail address"),
        Field("password", "Password", secret=True),
        Field("oauth_provider", "OAuth2 sign-in", "google, microsoft or other; leave empty to use the password"),
        Field("oauth_client_id", "OAuth2: client id"),
        Field("oauth_client_secret", "OAuth2: client secret", secret=True),
        Field("oauth_refresh_token", "OAuth2: refresh token", "switchboard account authorise gets it", secret=True),
        Field("oauth_grant", "OAuth2: grant", "client_credentials where no person signs in", default="refresh_token"),
        Field("oauth_tenant", "OAuth2: tenant", "Of Microsoft 365; usual: common"),
        Field("oauth_token_url", "OAuth2: token address", "Of another provider"),
        Field("oauth_authorise_url", "OAuth2: sign-in address", "Of another provider"),
        Field("oauth_device_url", "OAuth2: device address", "Of another provider"),
        Field("oauth_scope", "OAuth2: scope", "When it is not the provider's usual one"),
        Field("authserv_id", "Trusted checker", "The name your mail server gives itself in Authentication-Results"),
        Field(
            "trust_from",
            "Trust senders nobody checked",
            "yes or no; usual: yes without a trusted checker, no with one",
        ),
        Field("plus_addressing", "Answers by plus address", "When help+anything@ reaches this mailbox", default=False),
        Field("signature", "Signature", "Below the answers of agents who have none of their own", lines=True),
        Field("automatic_per_hour", "Automatic mails per hour", "To one address at most", default=10),
        Field("per_domain_seconds", "Pause per domain", "Seconds between two mails to one domain", default="0"),
        Field("dkim_selector", "DKIM selector", "Leave empty when your mail server signs"),
        Field("dkim_key", "DKIM private key", "PEM for RSA, 32 bytes in base64 for Ed25519", secret=True),
        Field("dkim_domain", "DKIM domain", "When it is not that of the mail address"),
        # Of the providers in `providers/`, at /webhooks/email/ACCOUNT/PROVIDER. See docs/email-providers.md.
        Field("mailgun_signing_key", "Mailgun: signing key", "The HTTP webhook signing key", secret=True),
        Field("sendgrid_public_key", "SendGrid: verification key", "Of the signed event webhook and Inbound Parse"),
        Field("ses_topics", "Amazon SES: SNS topics", "Their ARNs, separated by commas"),
        Field("resend_secret", "Resend: signing secret", "It begins with whsec_", secret=True),
        Field("resend_api_key", "Resend: API key", "To fetch the mails Resend received", secret=True),
        Field("brevo_api_key", "Brevo: API key", "To fetch attachments of mails Brevo received", secret=True),
        Field(
            "inbound_password",
            "Postmark, Brevo, Mailjet, SendGrid: password",
            "They sign nothing: enter the same password there, as basic auth or bearer token",
            secret=True,
        ),
        Field("ca_file", "Certificate file", "A PEM file with your own authority, when the servers use one"),
    ),
)
