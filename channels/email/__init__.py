"""Email: a mailbox read over IMAP, mail sent over SMTP.

`parse.py` reads any mail (structure in `mime.py`, fields in `header.py` and `addresses.py`, charsets in `charset.py`);
`events.py` says what it means, with `machine.py`, `bounce.py` and `authenticity.py`. `read.py` listens to a mailbox,
`compose.py` writes a mail, `smtp.py` hands it over. `adapter.py` puts them together.
"""

from core.channel import Capabilities, Field, Line

CAPABILITIES = Capabilities(subject=True, html=True, files=True, per_second=10)

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
        Field("authserv_id", "Trusted checker", "The name your mail server gives itself in Authentication-Results"),
        Field("ca_file", "Certificate file", "A PEM file with your own authority, when the servers use one"),
    ),
)
