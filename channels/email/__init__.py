"""Email: a mailbox read over IMAP, mail sent over SMTP."""

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
        Field("imap_host", "IMAP server"),
        Field("imap_port", "IMAP port", default=993),
        Field("imap_security", "IMAP encryption", "tls, starttls or none", default="tls"),
        Field("imap_folder", "Folder", default="INBOX"),
        Field("smtp_host", "SMTP server", required=True),
        Field("smtp_port", "SMTP port", default=587),
        Field("smtp_security", "SMTP encryption", "tls, starttls or none", default="starttls"),
        Field("username", "User name", "When it is not the mail address"),
        Field("password", "Password", secret=True),
    ),
)
