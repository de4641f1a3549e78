"""What administrators and operators type or bring as files: templates, settings of lines and of the hub, patterns."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from channels.email.account import read as mail_settings
from channels.telegram.session import api_url
from core.campaigns.link import Link, sites_of
from core.campaigns.link import checked as checked_link
from core.channel import Account, Address
from core.chat.site import site_of, wrong
from core.errors import DeliveryError, Invalid, SetupError
from core.forms import mask
from core.forms.rules import leads_somewhere
from core.settings import Settings, dns_server
from core.templates.check import preview, validate
from core.templates.render import MAX_OUTPUT, BrokenTemplate
from tests.fuzz.promises import text_is_writable
from tests.fuzz.target import Target


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _template(data: bytes) -> Any:
    subject, _, body = _text(data).partition("\n")
    told = validate(subject, body, "shipped", "uk")
    assert told is None or told.endswith((".", "…", "?")), told
    return preview(subject, body, "shipped", "en")


def _a_notification_is_bounded(_: bytes, found: Any) -> None:
    text_is_writable(b"x" * MAX_OUTPUT, found)
    assert "\n" not in found.subject
    assert len(found.body) <= MAX_OUTPUT
    assert "object at 0x" not in found.body, "a template has reached into Python"


_TEMPLATES = [
    b"Order {{ order.number }}\nHello {{ customer.name|default('you') }}!\n{% for line in order.lines %}"
    b"{{ loop.index }}. {{ line.name|upper }} {{ line.quantity }}"
    b"{% if not loop.last %},{% endif %}\n{% endfor %}{{ order.total }}",
    b"{{ order.status }}\n{% if order.promised and order.lines|length > 1 %}{{ order.promised }}{% else %}-{% endif %}",
    b"x\n{{ ''.__class__.__mro__ }}{{ order.lines.__len__() }}{% set a = 1 %}",
    b"x\n{% for a in order.lines %}{% for b in order.lines %}{{ a.name ~ b }}{% endfor %}{% endfor %}",
    b"x\n{{ 'a' if 1 < 2 < 3 else 'b' }}{{ order.number is defined }}{# c #}{% raw %}{{ x }}{% endraw %}",
]


def _hub(data: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ".env"
        path.write_bytes(data)
        try:
            found = Settings.load(path, data=Path(folder))
        except SetupError as error:  # which names the folder, another one each time
            raise SetupError(error.sentence.replace(folder, "")) from None
    return found.port, found.languages, found.trusted_proxies, found.max_body, found.crash_step


_ENV = [
    b"SWITCHBOARD_PORT=8081\nSWITCHBOARD_LANGUAGES=en,uk\nSWITCHBOARD_TRUSTED_PROXIES=10.0.0.0/8,::1\n"
    b"SWITCHBOARD_MAX_BODY=20MB\nSWITCHBOARD_PUBLIC_URL=https://hub.test/\nSWITCHBOARD_DNS_SERVERS=127.0.0.1:5353\n",
    b"SWITCHBOARD_SMTP_LISTEN=0.0.0.0:25\nSWITCHBOARD_SMTP_NAME=mx.test\nSWITCHBOARD_ROLE=web\nSWITCHBOARD_COUNTRY=ua\n",
    b"# c\nexport SWITCHBOARD_LOG_LEVEL='debug'\nSWITCHBOARD_SESSION_HOURS=\"nan\"\nSWITCHBOARD_CRASH_AT=stored:2\n",
]


def _line(data: bytes) -> Any:
    """The settings of a mail line and of a bot, as somebody typed them: `name=value` on each line."""
    given = dict(line.partition("=")[::2] for line in _text(data).split("\n")[:60])
    secrets: dict[str, str] = {
        name: given.pop(name) for name in ("password", "dkim_key", "oauth_client_secret") if name in given
    }
    account = Account("email", "help", settings=given, secrets=secrets)
    return mail_settings(account), api_url(Account("telegram", "b", settings=given))


_LINES = [
    b"address=help@shop.test\nimap_host=imap.test\nimap_port=993\nsmtp_host=s\nimap_folder=INBOX, Spam\nsignature=x",
    b"address=help@shop.test\noauth_provider=microsoft\noauth_client_id=c\noauth_tenant=t.test\noauth_grant="
    b"client_credentials\noauth_client_secret=s\napi_url=http://127.0.0.1:8081/",
    b"address=\xc3\xa9@\xd0\xbf.test\nper_domain_seconds=nan\ntrust_from=yes\ndkim_selector=s\ndkim_key=AAAA",
    b"address=a@b.c\noauth_provider=other\noauth_client_id=c\noauth_token_url=https://[::1]/{tenant}",
]


def _site(data: bytes) -> Any:
    text = _text(data)
    given = dict.fromkeys(("origins", "greetings", "questions", "welcome", "mail_after"), text)
    return wrong(given), site_of(Account("webchat", "demo", settings=given))


_SITES = [
    b"https://shop.example\nhttp://[::1]:8080",
    b"page=/prices/* after=20 visitor=returning repeat=day | Can we help?",
    b"name*\nemail\nYour size? *",
    "uk: Вітаємо!\nдобрий день\nHi".encode(),
    b"2.5",
]


def _places(data: bytes) -> Any:
    """Addresses that administrators type: sites of campaigns, where a form leads, DNS servers, an address of ours."""
    text = _text(data)
    found: list[Any] = [leads_somewhere(text)]
    for read in (sites_of, dns_server, Address.of, lambda one: checked_link(Link("a", one), ["https://shop.example"])):
        try:
            found.append(read(text))
        except (Invalid, ValueError) as error:
            found.append(type(error).__name__)
    return found


_PLACES = [b"https://shop.example\nhttps://b.example:8443/", b"127.0.0.1:5353", b"[::1]:53", b"email:help:a@b.c"]


def _mask(data: bytes) -> Any:
    pattern, _, answer = _text(data).partition("\n")
    mask.pieces(pattern)
    return mask.matches(pattern, answer)


TARGETS: tuple[Target, ...] = (
    Target("template.render", _template, lambda: _TEMPLATES, "text", (BrokenTemplate,), (_a_notification_is_bounded,),
           4, 250, 3_000),
    Target("settings.hub", _hub, lambda: _ENV, "text", (SetupError,), (), 2, 60, 2_000),
    Target("settings.line", _line, lambda: _LINES, "text", (DeliveryError,), (), 1, 200, 2_000),
    Target("settings.site", _site, lambda: _SITES, "text", (), (), 1, 250, 2_000),
    Target("settings.places", _places, lambda: _PLACES, "text", (), (), 1, 250, 1_000),
    Target("form.mask", _mask, lambda: [b"AA 999[9]|*\\9\nab 1234", b"[9][9][9][9][9]9\n12"], "text", (Invalid,), (), 1,
           250, 600),
)  # fmt: skip
