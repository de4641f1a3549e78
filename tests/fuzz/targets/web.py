"""What browsers say: frames of the chat, forms with answers to be checked, files, headers, links."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp.test_utils import make_mocked_request
from multidict import MultiDict, MultiDictProxy

from core.campaigns.link import Link, destination, site_of
from core.channel import Account, Event
from core.chat.site import site_of as site_of_account
from core.chat.unread import page_of
from core.content import clean
from core.errors import IntakeError, Invalid, NotAllowed
from core.files.picture import picture
from core.forms.arrival import FormReader
from core.forms.check import bound, problems
from core.forms.field import FormField, Option
from core.forms.form import Form
from core.forms.rules import checked
from core.forms.sniff import GROUPS, UNKNOWN, type_of
from core.forms.submission import read_submission
from core.rating import score_in
from inbox.form_draft import changed, read_draft
from inbox.moments import chosen, presets, zone_of
from inbox.sign_in import within_inbox
from portal.chat.files import sniffed
from portal.chat.frames import About, Hello, Said, read_frame
from portal.chat.origin import allowed
from portal.language import chosen as language_of
from portal.limits import Places
from switchboard.design.dates import zone_of as zone_shown
from switchboard.design.words import language_for
from switchboard.web import Visitors
from tests.channels import test_webform
from tests.fuzz.promises import events_can_be_kept, in_whole_time, text_is_writable
from tests.fuzz.request import request, written
from tests.fuzz.target import Target

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HUB = "https://hub.test"


def _text(data: bytes) -> str:
    """As aiohttp decodes what stands in a request's first lines."""
    return data.decode("utf-8", "surrogateescape")


# ----------------------------------------------------------------------------------------------------------- chat


def _frame(data: bytes) -> Any:
    return read_frame(data.decode("utf-8", "replace"))


def _what_is_kept_is_writable(data: bytes, frame: Any) -> None:
    if isinstance(frame, Said):
        text_is_writable(data, (frame.id, frame.text, frame.choice))
    elif isinstance(frame, About):
        text_is_writable(data, frame)
    elif isinstance(frame, Hello):
        text_is_writable(data, (frame.cursor, frame.language, dict(frame.page), frame.about))


_ID, _LOG = "abcdefgh-1234567", "0123456789abcdefghij"
_FRAMES = [
    {"type": "hello", "site": "demo", "token": "t.t.t", "cursor": _LOG, "language": "uk-UA",
     "page": {"url": "https://x/", "title": "T", "utm_source": "a", "gclid": "x"}, "about": {"name": "A"}, "user": {}},
    {"type": "message", "id": _ID, "text": "Hi", "files": ["r1", "r2"], "before": True},
    {"type": "choice", "id": _ID, "value": "order_status", "label": "Where is it?"},
    {"type": "delivered", "upto": _LOG}, {"type": "read", "upto": _LOG}, {"type": "older", "before": _LOG},
    {"type": "about", "name": "A", "email": "a@b.co", "phone": "1", "more": {"Size?": "XL"}},
    {"type": "mail", "id": _ID, "email": "a@b.co"}, {"type": "typing"}, {"type": "ping"},
]  # fmt: skip


def _upload(data: bytes) -> Any:
    name, _, rest = data.partition(b"\n")
    claimed, _, content = rest.partition(b"\n")
    return sniffed(_text(name), _text(claimed), content)


def _a_file_is_what_is_in_it(data: bytes, file: Any) -> None:
    text_is_writable(data, (file.name, file.type))
    assert file.name
    assert "/" not in file.name
    assert (file.kind == "image") == (picture(data.split(b"\n", 2)[-1]) == file.type)


_UPLOADS = [b"a.png\nimage/png\n\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x02rest",
            b"../x.html\ntext/html\n<script>", b"a\nimage/svg+xml\n<svg>",
            b"b.webp\n\nRIFF1234WEBPVP8 ", b"\xff\xfe\nimage/gif\nGIF89a\x02\x00\x02\x00"]  # fmt: skip

# ---------------------------------------------------------------------------------------------------------- forms


def _form() -> Form:
    words = {"en": "A", "uk": "Б"}
    options = (Option("x", words), Option("y", words))
    fields = (
        FormField("name", label=words, autocomplete="name", least="2", most="50", required=True),
        FormField("email", "email", words, required=True),
        FormField("phone", "phone", words),
        FormField("size", "choice", words, options=options),
        FormField("colours", "choices", words, options=options, least="1", most="2"),
        FormField("many", "number", words, least="1", most="99.5"),
        FormField("day", "date", words, least="today-9", most="2100-01-01"),
        FormField("code", label=words, pattern="AA 999[9]|*\\9"),
        FormField("message", "long", words),
        FormField("agree", "consent", words, purpose="marketing", confirm=True),
        FormField("photo", "file", words, accept=("pictures",), most="2"),
        FormField("from", "hidden", value="page"),
    )
    return Form("lead", "site", {"en": "Lead"}, fields=fields, version=3)


_FORM, _ACCOUNT = _form(), Account("webform", "site", settings={"country": "UA"})


def _submitted(data: bytes) -> list[Event]:
    headers, body = request(data)
    sent = read_submission(body, headers)
    for found in problems(_FORM, sent.answers, "UA", files=sent.by_field()).values():
        assert found.code
    return FormReader(_ACCOUNT, _FORM, "UA").parse(body, headers)


def _submissions() -> list[bytes]:
    whole = {"name": "Ann", "email": "ann@example.org", "phone": "067 123 45 67", "size": "x", "colours": ["x", "y"],
             "many": "1 200,5", "day": "31.12.2026", "code": "ab 1234", "message": "Hi", "agree": True, "from": "p",
             "_id": "s1", "_language": "uk", "_ticket": "t", "_kept": "a, b", "utm_source": "x"}  # fmt: skip
    as_json = written({"content-type": "application/json"}, json.dumps(whole).encode())
    form = b"&".join(b"%s=%s" % (name.encode(), str(value).encode()) for name, value in whole.items())
    return [as_json, written({}, form), *(written(case.headers, case.body) for case in test_webform.CASES)]


def _sniffed(data: bytes) -> str:
    return type_of(data)


def _a_known_type(_: bytes, found: str) -> None:
    assert found == UNKNOWN or any(found in types for types in GROUPS.values())


_FILES = [
    *(
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"GIF89a\x02\x00\x02\x00",
        b"RIFF1234WEBP",
        b"1234ftypheic",
        b"%PDF-1.4",
        b"{\\rtf1",
    ),
    b"PK\x03\x04" + b"\x00" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.text",
    b"PK\x03\x04[Content_Types].xml word/document.xml",
    b"PK\x03\x04[Content_Types].xml xl/ vbaProject",
    b"a,b\r\n1,2",
    b"<html>",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
]

# -------------------------------------------------------------------------------------------------------- headers

_TRUSTED = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"), ip_network("::1/128"))


def _visitor(data: bytes) -> str:
    asked = make_mocked_request("GET", "/", headers={"X-Forwarded-For": clean(_header(data))})
    asked = asked.clone(remote="10.0.0.1")  # a proxy of ours: what others say is not even looked at
    Places(1, 1).take(clean(_header(data)))
    return Visitors((*_TRUSTED, ip_network("0.0.0.0/0")))(asked) + Visitors(_TRUSTED).place(asked)


def _header(data: bytes) -> str:
    return _text(data.replace(b"\r", b" ").replace(b"\n", b" ").replace(b"\x00", b" "))


def _languages(data: bytes) -> Any:
    accept, _, asked = _header(data).partition("|")
    ours = ("en", "ru", "uk")
    return language_of(asked or None, accept, ours), language_for(asked or None, accept)


def _one_of_ours(_: bytes, found: Any) -> None:
    assert set(found) <= {"en", "ru", "uk"}


def _zones(data: bytes) -> Any:
    """A cookie with a time zone, and a time typed in it."""
    name, _, typed = _text(data).partition("|")
    zone = zone_of(name)
    assert zone_shown(name) == zone
    for _, _, at in presets(NOW, name):
        in_whole_time(at)
    return chosen(typed, name).isoformat()


def _origin(data: bytes) -> Any:
    origin, _, host = _header(data).partition("|")
    site = Account("webchat", "demo", settings={"origins": "https://shop.example\nhttps://b.example:8443"})
    return [allowed(site, origin, host or "hub.test", url) for url in (None, HUB)]


def _only_listed(data: bytes, found: Any) -> None:
    origin, _, host = _header(data).lower().partition("|")
    known = {
        "https://shop.example",
        "https://b.example:8443",
        HUB,
        *(f"{way}://{host or 'hub.test'}" for way in ("http", "https")),
    }
    assert not any(found) or origin in known, f"allowed: {origin}"


def _visited(data: bytes) -> Any:
    """A campaign link whose target somebody typed, and what a visit hands on to it."""
    target, _, query = _text(data).partition("|")
    site = site_of(target)
    link = Link("spring", target, "mail", "email", "x")
    asked = {name: clean(value) for name, value in parse_qsl(query, keep_blank_values=True)}
    here = destination(link, asked, ["https://shop.example"])
    assert destination(replace(link, enabled=False), asked, ["https://shop.example"]) is None
    return site, here


def _leads_nowhere_else(data: bytes, found: Any) -> None:
    site, here = found
    if here is not None:
        parts = urlsplit(here)
        assert (parts.scheme, parts.netloc.lower().removesuffix("443").removesuffix(":")) == (
            "https",
            "shop.example",
        ), f"leads to {here}"
        assert here.isascii()
        assert not set(here) & set(' \\<>"\r\n\t')
    if site is not None:
        assert site.startswith("https://")
        assert "@" not in site


def _claimed_page(data: bytes) -> str:
    """The page a visitor's browser says it is on, of which the mail about unread answers tells."""
    url = data.decode("utf-8", "replace")
    site = site_of_account(Account("webchat", "demo", settings={"origins": "https://shop.example"}))
    return page_of({"now": {"url": url}}, site)


def _of_the_site(_: bytes, url: str) -> None:
    assert url == "" or url.lower().startswith("https://shop.example"), f"led to {url}"


def _onward(data: bytes) -> str:
    """Where to go after signing in, as an address bar says."""
    return within_inbox(_text(data))


def _in_the_inbox(_: bytes, to: str) -> None:
    # Browsers read a backslash as a slash.
    assert re.fullmatch(r"/inbox/[!-~ ]*", to.replace("\\", "/")), f"leads to {to}"


def _scored(data: bytes) -> Any:
    choice, _, text = data.decode("utf-8", "replace").partition("\n")
    return score_in(choice or None, text)


def _within_the_scale(_: bytes, found: Any) -> None:
    assert found is None or 0 <= found[0] <= 10


def _limits(data: bytes) -> str:
    """A form as an administrator drew it up: bounds, a pattern, where it leads, who may show it."""
    least, most, words, kind = (*data.decode("utf-8", "replace").split("\n"), "", "", "", "")[:4]
    one = FormField(
        "a", _KINDS.get(kind, "text"), {"en": "A"}, least=least, most=most, pattern=words * (kind == "text")
    )
    form = Form(
        "lead",
        "site",
        {"en": "A"},
        fields=(one,),
        redirect=words * (kind == "date"),
        origins=(words,) * (kind == "number"),
    )
    found = checked(form)
    problems(found, {"a": most or least or "x"}, "UA")
    return found.name


_DRAFTS = [b"1\n99.5\nhttps://x.test\nnumber", b"today\n2027-01-01\nhttps://x.test/\ndate", b"\n3\nAA 9\ntext"]


def _draft(data: bytes) -> Any:
    """A form as the page where it is drawn up posts it."""
    posted = MultiDictProxy(MultiDict(parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True)))
    draft = read_draft(posted, "lead", ("en", "uk"))
    what, kind = (str(posted.get(name, "")) for name in ("do", "kind"))
    return changed(draft, what, kind).form.document()


_POSTED = [
    b"account=site&title-en=A&row=r1&row=r2&name-r1=a&kind-r1=number&least-r1=1&megabytes-r1=5&do=up:1&base=3&origins=a"
]
_KINDS: dict[str, Any] = {name: name for name in ("number", "date", "text", "choices", "long")}


def _bound(data: bytes) -> Any:
    return bound(data.decode("utf-8", "replace")) is not None


TARGETS: tuple[Target, ...] = (
    Target("chat.frame", _frame, lambda: [json.dumps(one).encode() for one in _FRAMES], "json", (Invalid,),
           (_what_is_kept_is_writable,), 4, 700, 8_000),
    Target("chat.upload", _upload, lambda: _UPLOADS, "text", (), (_a_file_is_what_is_in_it,), 1, 250, 2_000),
    Target("form.submission", _submitted, _submissions, "request", (IntakeError,), (events_can_be_kept,), 6, 400,
           16_000),
    Target("chat.page", _claimed_page, lambda: [b"https://shop.example/a?b", b"https://x@shop.example:443/"], "text",
           (), (_of_the_site,), 1, 200, 600),
    Target("web.onward", _onward, lambda: [b"/inbox/c/1?q=a", b"//x.test/", b"/inbox/\\x"], "text", (),
           (_in_the_inbox,), 1, 200, 600),
    Target("chat.score", _scored, lambda: [b"rating:5\n", b"\n4 thanks", "\n⭐⭐⭐ ok".encode()], "text", (),
           (_within_the_scale,), 1, 200, 600),
    Target("form.draft", _draft, lambda: _POSTED, "form", (), (text_is_writable,), 1, 200, 2_000),
    Target("form.rules", _limits, lambda: _DRAFTS, "text", (Invalid,), (), 1, 250, 800),
    Target("form.file_type", _sniffed, lambda: _FILES, "bytes", (), (_a_known_type,), 1, 250, 2_000),
    Target("form.bound", _bound, lambda: [b"today+30", b"2026-12-31", b"today"], "text", (), (), 1, 150, 300),
    Target("web.forwarded_for", _visitor, lambda: [b"203.0.113.7, 10.0.0.1", b"2001:db8::1%eth0, ::1, 127.0.0.1"],
           "text", (), (), 1, 200, 1_000),
    Target("web.language", _languages, lambda: [b"uk-UA,uk;q=0.9,en;q=0.8|ru", b"*;q=nan, en;q=1e400"], "text", (),
           (_one_of_ours,), 1, 250, 1_000),
    Target("web.zone", _zones, lambda: [b"Europe/Kyiv|2026-11-24T09:00", b"America|0001-01-01T00:00+23:59"], "text",
           (Invalid,), (), 1, 200, 300),
    Target("web.origin", _origin, lambda: [b"https://shop.example|hub.test", b"http://127.0.0.1:8080|127.0.0.1:8080"],
           "text", (NotAllowed,), (_only_listed,), 1, 200, 1_000),
    Target("web.campaign_link", _visited,
           lambda: [b"https://shop.example/a?b=c&utm_source=x#f|utm_source=y&p=1", b"https://shop.example:443|utm_term=\xff"],
           "form", (), (_leads_nowhere_else,), 2, 300, 2_000),
)  # fmt: skip
