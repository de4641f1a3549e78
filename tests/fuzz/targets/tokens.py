"""What we sign and get back from strangers: links, cookies, tickets, receipts. A changed one is never believed."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from joserfc import jwt
from joserfc.jwk import OctKey

from core.accounts.secrets import Vault
from core.campaigns.link import Link
from core.campaigns.personal import PersonalLinks
from core.channel import Account, Capabilities
from core.content import Content, File, Mark, clean
from core.continuation import Continuation
from core.errors import Invalid, SetupError
from core.forms.confirm import ConfirmLinks
from core.unsubscribe import Unsubscribe
from portal.came import Came
from portal.chat.files import Shares
from portal.chat.identity import SignedIn, signed_in
from portal.chat.visitor import Visitors
from portal.forms.ticket import Tickets
from tests.fuzz.promises import text_is_writable
from tests.fuzz.target import Target
from tests.fuzz.targets.mail import at_once
from tests.making import make_message

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEY, URL = "a key of the tests, long enough for all", "http://hub.test"
ENTRY, OTHER = "0123456789abcdefghij", "vutsrqponmlkjihgfedc"

_continuation, _unsubscribe = Continuation(KEY), Unsubscribe(KEY, URL)
_personal, _confirm = PersonalLinks(KEY, URL), ConfirmLinks(KEY, URL)
_visitors, _shares, _tickets = Visitors(KEY), Shares(KEY), Tickets(KEY, clock=NOW.timestamp)
_TICKET, _WRITTEN = _tickets.issue("lead", 3, 14)
_SITE = Account("webchat", "demo", secrets={"secret": "a secret of this site alone", "old_secret": "the one before it"})


_PICTURE = File("a.png", "image/png", 5, "image", sha256="0" * 64)


@dataclass(frozen=True)
class _Sealed:
    """A kind of token: how it is read, and genuine ones. `told` is what of its meaning must be that of a genuine one.

    `exact`: there is one way to write it; elsewhere a library forgives foreign characters in the signature's Base64,
    which opens nothing else.
    """

    name: str
    read: Callable[[str], Any]
    genuine: Sequence[str]
    exact: bool = True
    told: Callable[[Any], Any] = lambda found: found


def _visitor_tokens() -> list[str]:
    anonymous = _visitors.new("demo")
    user = _visitors.user("demo", SignedIn("u-1", int(NOW.timestamp()) + 10**9), anonymous)
    return [anonymous.token, user.token, _visitors.new("other").token]


def _shared() -> str:
    entry = make_message(content=Content(files=(_PICTURE,)), address="webchat:demo:1")
    return str(_shares.of(entry)[0]["url"]).rpartition("/")[2]


_RECEIPT = _tickets.receipt(_TICKET, "photo", "a.png", "image/png", 5, "0" * 64)
KINDS: tuple[_Sealed, ...] = (
    _Sealed(
        "continuation",
        lambda text: _continuation.conversation(text, NOW),
        [_continuation.token(ENTRY, NOW), _continuation.token(OTHER, NOW - timedelta(hours=1))],
    ),
    _Sealed("unsubscribe", _unsubscribe.message, [_unsubscribe.link(id).rpartition("/")[2] for id in (ENTRY, OTHER)]),
    _Sealed("personal_link", _personal.message, [_personal.token(id) for id in (ENTRY, OTHER)]),
    _Sealed("confirm", _confirm.entry, [_confirm.link(id).rpartition("/")[2] for id in (ENTRY, OTHER)]),
    _Sealed(
        "visitor",
        lambda text: _visitors.known("demo", text),
        _visitor_tokens(),
        exact=False,
        told=lambda visitor: (visitor.ids, visitor.expires),
    ),
    _Sealed("share", _shares.read, [_shared()], exact=False),
    _Sealed(
        "upload",
        lambda text: _shares.brought(["webchat:demo:1"], text),
        [_shares.receipt("webchat:demo:1", _PICTURE), _shares.receipt("webchat:demo:2", _PICTURE)],
        exact=False,
    ),
    _Sealed("ticket", _tickets.read, [_WRITTEN], exact=False),
    _Sealed("ticket_file", lambda text: _tickets.brought(_TICKET, text), [_RECEIPT], exact=False),
)


async def _no_links() -> list[Link]:
    return []


_came = Came(KEY, False, _no_links)


def _came_from(text: str) -> Any:
    cookie = "".join(one if one.isprintable() and one.isascii() and one not in ';," ' else "_" for one in text)
    return at_once(_came.told(make_mocked_request("GET", "/", headers={"Cookie": f"came={cookie}"}))) or None


def _came_cookie() -> str:
    response = web.Response()
    _came.remember(make_mocked_request("GET", "/"), response, Link("spring", "https://shop.example/"))
    return response.cookies["came"].value


KINDS = (*KINDS, _Sealed("came", _came_from, [_came_cookie()], exact=False))


def _sealed(kind: _Sealed) -> Target:
    meant = [kind.told(found) for one in kind.genuine if (found := kind.read(one)) is not None]
    assert meant, f"no genuine token of the kind {kind.name} is believed"

    def read(data: bytes) -> Any:
        found = kind.read(data.decode("utf-8", "surrogateescape"))
        return None if found is None else kind.told(found)

    def only_genuine_ones(data: bytes, found: Any) -> None:
        assert found is None or found in meant, f"believed: {found}"
        assert found is None or not kind.exact or data.decode("latin-1") in kind.genuine, f"believed: {data[:300]!r}"

    seeds = [one.encode() for one in kind.genuine]
    return Target(f"token.{kind.name}", read, lambda: seeds, "token", (), (only_genuine_ones,), 1, 250, 3_000)


# ------------------------------------------------------------------------------------------ who a site vouches for


def _jwt(secret: str, **claims: Any) -> bytes:
    ends = int(NOW.timestamp()) + 3600
    whole = {"sub": "42", "exp": ends, "email": "ann@example.org", "name": "Ann", "phone": "+380671234567"}
    return json.dumps({"token": jwt.encode({"alg": "HS256"}, whole | claims, OctKey.import_key(secret))}).encode()


def _hashed(secret: str, id: str, expires: int) -> bytes:
    mac = hmac.new(secret.encode(), f"{id}.{expires}".encode(), hashlib.sha256).hexdigest()
    return json.dumps({"id": id, "expires": expires, "hash": mac}).encode()


def _vouched() -> list[bytes]:
    ends = int(NOW.timestamp()) + 3600
    return [
        *(_jwt(secret) for secret in _SITE.secrets.values()),
        _jwt("a secret of somebody else", sub="1"),
        _jwt(_SITE.secrets["secret"], nbf=ends + 9999, aud=["demo", "x"], email_verified=False),
        _jwt(_SITE.secrets["secret"], exp=1e300, name="\x00" * 3, phone=5, sub=" "),
        _hashed(_SITE.secrets["secret"], "42", ends),
        _hashed(_SITE.secrets["old_secret"], "42", ends),
        _hashed("a secret of somebody else", "42", ends),
    ]


def _signed_in(data: bytes) -> SignedIn:
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        given = None
    return signed_in(_SITE, given if isinstance(given, dict) else {}, NOW, "UA")


def _only_who_was_vouched_for(_: bytes, found: SignedIn) -> None:
    known = {signed_in(_SITE, {"token": json.loads(_jwt(_SITE.secrets["secret"]))["token"]}, NOW).id}
    assert found.id in known, f"believed: {found}"
    assert all(identity.value in ("ann@example.org", "+380671234567") for identity in found.identities)


# ------------------------------------------------------------------------------------------------ secrets at rest

_vault = Vault(KEY, "an older key, long enough as well")
_SEALED = _vault.seal({"a": "hunter2"})["a"]


def _opened(data: bytes) -> Any:
    return _vault.open({"a": data.decode("latin-1")})


def _only_what_was_sealed(_: bytes, found: Any) -> None:
    assert found == {"a": "hunter2"}


# ----------------------------------------------------------------------------------------- links in what we write


def _into(data: bytes) -> Content:
    text = clean(data.decode("utf-8", "replace"))
    marks = (Mark("bold", 0, (len(text) + 1) // 2), Mark("link", len(text) // 3, 5, text[:200]))
    return _personal.into(Content(text=text, html=text, marks=marks), ENTRY, Capabilities())


def _only_marks_were_added(data: bytes, found: Content) -> None:
    text_is_writable(data * 3, found.text)  # a mark of fifty characters for each link of twenty
    token = _personal.token(ENTRY)
    bare = re.sub(rf"[?&]p={token}", "", found.text)
    assert bare == clean(data.decode("utf-8", "replace")), "more was changed than the links"
    assert all(mark.start + mark.length <= len(found.text) for mark in found.marks[:1])


_LINKS = [b"See http://hub.test/go/spring, or http://hub.test/go/spring?a=b#c (http://hub.test/go/x_y)."]

TARGETS: tuple[Target, ...] = (
    *map(_sealed, KINDS),
    Target("token.site_user", _signed_in, _vouched, "json", (Invalid,), (_only_who_was_vouched_for,), 2, 250, 4_000),
    Target("token.vault", _opened, lambda: [_SEALED.encode()], "token", (SetupError,), (_only_what_was_sealed,), 1,
           150, 1_000),
    Target("text.personal_links", _into, lambda: _LINKS, "text", (), (_only_marks_were_added,), 1, 250, 3_000),
)  # fmt: skip
