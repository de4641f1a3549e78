"""A real mail system: dovecot (IMAP, LMTP) and exim (SMTP) from the distribution, unprivileged, on free loopback ports.

    async with MailServer() as mail:
        await mail.deliver("help@example.test", raw)     # into the mailbox, as an MTA would
        mail.read("ann@example.test")                    # the raw mails in a mailbox, oldest first

Every address @example.test and @localhost has a mailbox; the password is "secret" for all. exim takes mail on
`smtp_port` and hands it to dovecot; what goes to vanished…@ it takes and then returns. Started as root the servers run
as nobody, in a folder only they can enter.
"""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from tests.servers.ports import free_port

DOMAIN = "example.test"
PASSWORD = "secret"

_DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = {ssl}
{certificate}
disable_plaintext_auth = no
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{folder}/mailboxes/%u
mail_uid = {user}
mail_gid = {group}
mail_fsync = never
mailbox_idle_check_interval = 1s
default_process_limit = 100
{oauth}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mailboxes/%u allow_all_users=yes
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""

_OAUTH = """
auth_mechanisms = plain {mechanism}
passdb {{
  driver = oauth2
  mechanisms = {mechanism}
  args = {folder}/oauth2.conf
}}
"""
_INTROSPECTION = """
tokeninfo_url = {url}?access_token=
username_attribute = email
"""

_EXIM = """
primary_hostname = mail.{domain}
exim_user = {user}
exim_group = {group}
spool_directory = {folder}/spool
log_file_path = {folder}/exim-%slog
pid_file_path = {folder}/exim.pid
local_interfaces = <; 127.0.0.1
daemon_smtp_ports = {smtp}
domainlist local_domains = localhost : {domain}
never_users =
trusted_users = {user}
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
smtp_accept_max = 200
queue_only = false
keep_environment =
tls_advertise_hosts =
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
host_lookup =
begin acl
acl_rcpt:
  deny message = 5.1.1 No such user here
       local_parts = nobody-here
  deny message = 5.7.1 Not allowed
       local_parts = refused
  defer message = 4.2.0 Please come back later
       local_parts = later
  deny message = 5.7.1 Relaying denied
       !domains = +local_domains
  accept
acl_data:
  accept
begin routers
vanished:
  driver = redirect
  domains = +local_domains
  local_parts = ^vanished
  allow_fail
  data = :fail: Unknown user, the mailbox was closed
local:
  driver = accept
  domains = +local_domains
  transport = dovecot_lmtp
begin transports
dovecot_lmtp:
  driver = smtp
  protocol = lmtp
  hosts = 127.0.0.1
  port = {lmtp}
  hosts_override
  allow_localhost
  rcpt_include_affixes
begin retry
* * F,2h,1s
"""


class MailServer:
    """Both servers; `imap_port`, `imaps_port`, `lmtp_port` and `smtp_port` are known before they start."""

    def __init__(
        self,
        *,
        certificate: tuple[Path, Path] | None = None,
        tokeninfo: str = "",
        mechanism: str = "xoauth2",
        hands_to: int = 0,
    ) -> None:
        """`certificate`: PEM files of a certificate and its key; with it STARTTLS and `imaps_port` work.

        `hands_to`: exim hands all mail on to this LMTP port instead, and there are no mailboxes.
        `tokeninfo`: where the mailbox server asks whose an access token is; it lets in by `mechanism` then.
        """
        self.imap_port, self.imaps_port, self.smtp_port = free_port(), free_port(), free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="switchboard-mail-"))
        self.lmtp_port = hands_to or free_port()
        self._hands_to = hands_to
        self._certificate = certificate
        self._tokeninfo, self._mechanism = tokeninfo, mechanism
        self._dovecot: subprocess.Popen[bytes] | None = None
        self._exim: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._user, self._group = "nobody", grp.getgrgid(nobody.pw_gid).gr_name
            self._drop = ["setpriv", "--reuid", "nobody", "--regid", self._group, "--clear-groups"]
        else:
            self._user, self._group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
            self._drop = []

    async def __aenter__(self) -> MailServer:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    # ------------------------------------------------------------------------------------------- running them

    def start(self) -> None:
        """Returns when both take connections."""
        for name in ("run", "state", "mailboxes", "spool", "spool/input", "spool/db", "spool/msglog"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        certificate = ""
        if self._certificate:
            for source, name in zip(self._certificate, ("cert.pem", "key.pem"), strict=True):
                shutil.copy(source, self.folder / name)
            certificate = f"ssl_cert = <{self.folder}/cert.pem\nssl_key = <{self.folder}/key.pem"
        words = {
            "folder": self.folder,
            "user": self._user,
            "group": self._group,
            "domain": DOMAIN,
            "password": PASSWORD,
            "imap": self.imap_port,
            "imaps": self.imaps_port if self._certificate else 0,
            "lmtp": self.lmtp_port,
            "smtp": self.smtp_port,
            "ssl": "yes" if self._certificate else "no",
            "certificate": certificate,
            "oauth": _OAUTH.format(folder=self.folder, mechanism=self._mechanism) if self._tokeninfo else "",
        }
        (self.folder / "oauth2.conf").write_text(_INTROSPECTION.format(url=self._tokeninfo))
        (self.folder / "dovecot.conf").write_text(_DOVECOT.format(**words))
        (self.folder / "exim.conf").write_text(_EXIM.format(**words))
        if self._drop:
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, self._user, self._group)
        self.folder.chmod(0o700)
        if not self._hands_to:
            self.start_dovecot()
        self._exim = self._spawn("exim4", "-C", f"{self.folder}/exim.conf", "-bdf", "-q1m")
        self._wait_for(self.smtp_port, self._exim)

    def start_dovecot(self) -> None:
        """Start the mailbox server (again)."""
        self._dovecot = self._spawn("dovecot", "-F", "-c", f"{self.folder}/dovecot.conf")
        self._wait_for(self.imap_port, self._dovecot)
        self._wait_for(self.lmtp_port, self._dovecot)

    def stop_dovecot(self) -> None:
        """End the mailbox server, connections included."""
        _end(self._dovecot)
        self._dovecot = None

    def stop(self) -> None:
        """End both and remove their folder."""
        _end(self._exim)
        self.stop_dovecot()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
        if path is None:
            raise RuntimeError(
                f"{program} is not installed: apt-get install dovecot-imapd dovecot-lmtpd exim4-daemon-light"
            )
        with (self.folder / f"{program}.out").open("wb") as out:
            return subprocess.Popen(
                [*self._drop, path, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _wait_for(self, port: int, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.02)
        logs = "\n".join(
            f"{path.name}: {path.read_text(errors='replace')[-2000:]}"
            for path in (*self.folder.glob("*.out"), *self.folder.glob("*log"))
        )
        raise RuntimeError(f"a mail server did not start on port {port}\n{logs}")

    # ---------------------------------------------------------------------------------------------- using them

    async def deliver(self, recipient: str, *raws: bytes, sender: str = "someone@elsewhere.test") -> None:
        """Put mails into `recipient`'s mailbox by LMTP; returns when they are there."""
        await asyncio.to_thread(self.deliver_now, recipient, *raws, sender=sender)

    def deliver_now(self, recipient: str, *raws: bytes, sender: str = "someone@elsewhere.test") -> None:
        """The same, blocking."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as line:
            for raw in raws:
                line.sendmail(sender, [recipient], raw)

    def read(self, mailbox: str, folder: str = "") -> list[bytes]:
        """The raw mails of `mailbox` (an address) in the order of their arrival; empty when it was never used."""
        base = self.folder / "mailboxes" / mailbox / (f".{folder}" if folder else "")
        files = [path for sub in ("new", "cur") for path in (base / sub).glob("*")]
        return [path.read_bytes() for path in sorted(files, key=_arrival)]

    async def wait_for(self, mailbox: str, count: int = 1, *, seconds: float = 120) -> list[bytes]:
        """The mails of `mailbox` as soon as there are `count`."""
        deadline = time.monotonic() + seconds
        while len(found := self.read(mailbox)) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{mailbox} has {len(found)} mails, not {count}")
            await asyncio.sleep(0.02)
        return found

    def flags(self, mailbox: str) -> list[str]:
        """The flags of each mail in `mailbox` as maildir writes them ("S" is seen)."""
        base = self.folder / "mailboxes" / mailbox
        files = [path for sub in ("new", "cur") for path in (base / sub).glob("*")]
        return [path.name.partition(":2,")[2] for path in sorted(files, key=_arrival)]

    def forget_uids(self, mailbox: str) -> None:
        """Make the server give every mail of `mailbox` a new UID under a new UIDVALIDITY, as a restored backup does."""
        base = self.folder / "mailboxes" / mailbox
        for path in base.glob("dovecot*"):
            if not path.name.startswith("dovecot-uidvalidity"):  # the last one given, so that the next is another
                path.unlink()


def _arrival(path: Path) -> tuple[int, int]:
    """Maildir names begin with the second and then the microsecond of delivery."""
    seconds, _, rest = path.name.partition(".")
    micros = rest[1:].split("P")[0] if rest.startswith("M") else "0"
    return int(seconds), int(micros) if micros.isdigit() else 0


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None or process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
