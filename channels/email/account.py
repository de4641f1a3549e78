"""The settings of one mail account, read once from the `Account` and checked."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from channels.email.addresses import canonical, domain_of
from channels.email.oauth import OAuth, oauth
from core.channel import Account
from core.errors import Rejected
from core.said import Said

Security = Literal["tls", "starttls", "none"]
_ADDRESS = re.compile(r"[^\s<>@,;:\"()]+@[^\s<>@,;:\"()]+\Z")


@dataclass(frozen=True, slots=True)
class Server:
    """Where one of the two servers is and how to speak to it."""

    host: str
    port: int
    security: Security


@dataclass(frozen=True, slots=True)
class Dkim:
    """With what to sign (RFC 6376, 8463). `secret` is a PEM private key (RSA) or 32 bytes in base64 (Ed25519)."""

    domain: str
    selector: str
    secret: str = field(repr=False)

    @property
    def ed25519(self) -> bool:
        """Whether it is an Ed25519 key; else it is an RSA one."""
        return "-----BEGIN" not in self.secret


@dataclass(frozen=True, slots=True)
class MailAccount:
    """What the parts of this channel need to know. `authserv_id` empty: nobody's word on authenticity is taken.

    `trust_from`: a From that was neither proved nor refuted is taken for true. `key` makes our marks (`mark.py`), and
    `plus_addressing` says that `help+anything@…` reaches this mailbox too. `dkim` signs what goes out. `signature` is
    the team's, for agents who have none of their own. `oauth`: the servers want an access token instead of the
    password; `access_token` is the one to use.
    """

    name: str
    address: str
    display_name: str
    imap: Server | None
    smtp: Server | None
    folders: tuple[str, ...]
    username: str
    password: str = field(repr=False)
    from_now: bool = False
    authserv_id: str = ""
    ca_file: str = ""
    trust_from: bool = True
    plus_addressing: bool = False
    key: str = field(default="", repr=False)
    dkim: Dkim | None = None
    per_domain_seconds: float = 0.0
    signature: str = ""
    oauth: OAuth | None = None
    access_token: str = field(default="", repr=False)

    @property
    def domain(self) -> str:
        """The domain of our address, in ASCII."""
        return domain_of(self.address)

    def tls(self) -> ssl.SSLContext:
        """Certificates are always checked; `ca_file` adds a company's own authority. Raises Rejected."""
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)
        except (OSError, ssl.SSLError) as error:
            raise Rejected("The certificate file of this mail account cannot be read.", code="setup") from error


def read(account: Account) -> MailAccount:
    """The settings of `account`; raises Rejected with a sentence naming the one that is missing or wrong."""
    settings, secrets = account.settings, account.secrets

    def word(name: str, default: str = "") -> str:
        value = settings.get(name)
        found = str(value).strip() if value is not None else ""
        if any(ord(c) < 32 for c in found):
            raise Rejected(Said("The setting “{name}” holds a character it cannot hold.", name=name), code="setup")
        return found or default

    def server(prefix: str, port: int, security: str) -> Server | None:
        host = word(f"{prefix}_host")
        kind = word(f"{prefix}_security", security).lower()
        number = word(f"{prefix}_port", str(port))
        if not host:
            return None
        if kind not in ("tls", "starttls", "none"):
            raise Rejected(
                Said("{server} encryption must be tls, starttls or none.", server=prefix.upper()), code="setup"
            )
        if not (number.isascii() and number.isdigit() and 0 < int(number[:6]) < 65536):
            raise Rejected(
                Said("The {server} port must be a number from 1 to 65535.", server=prefix.upper()), code="setup"
            )
        return Server(host, int(number), cast("Security", kind))

    address = canonical(word("address"))
    if not _ADDRESS.match(address):
        raise Rejected("The mail address of this account is missing or is not an address.", code="setup")
    password = secrets.get("password", "")
    sign_in = oauth({name: word(name) for name in settings if name.startswith("oauth_")}, secrets)
    authserv_id = word("authserv_id").lower()
    selector, dkim_key = word("dkim_selector"), secrets.get("dkim_key", "").strip()
    if bool(selector) != bool(dkim_key):
        raise Rejected("DKIM needs both a selector and a private key.", code="setup")
    return MailAccount(
        name=account.name,
        address=address,
        display_name=word("display_name", account.title.strip()),
        imap=server("imap", 993, "tls"),
        smtp=server("smtp", 587, "starttls"),
        folders=tuple(f.strip() for f in word("imap_folder", "INBOX").split(",") if f.strip()) or ("INBOX",),
        username=word("username", address if password or sign_in else ""),
        password=password,
        from_now=word("from").lower() == "now",
        authserv_id=authserv_id,
        ca_file=word("ca_file"),
        trust_from=_yes(word("trust_from"), default=not authserv_id),
        plus_addressing=_yes(word("plus_addressing"), default=False),
        key=account.key,
        dkim=Dkim(word("dkim_domain", domain_of(address)), selector, dkim_key) if selector else None,
        per_domain_seconds=_seconds(word("per_domain_seconds", "0")),
        signature=str(settings.get("signature") or "")[:2000],
        oauth=sign_in,
    )


def _yes(word: str, *, default: bool) -> bool:
    return word.lower() in ("yes", "true", "1", "on") if word else default


def _seconds(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 60:  # "nan" fails here as well
        raise Rejected("The pause between two mails to one domain must be 0 to 60 seconds.", code="setup")
    return seconds


def receiving(account: Account, checker: str | None = None) -> MailAccount:
    """What reading a mail needs of `account`. A mail that is here is read, whatever is wrong with the settings.

    `checker` is whose word counts on this mail, where that is not the account's trusted server.
    """
    needed = ("address", "authserv_id", "trust_from")
    kept = {key: account.settings[key] for key in needed if key in account.settings}
    if checker:
        kept["authserv_id"] = checker
    bare = Account(account.channel, account.name, account.title, kept, key=account.key)
    try:
        return read(bare)
    except Rejected:
        return read(replace(bare, settings={"address": "unknown@invalid"}))
