"""No operator reaches a query: hostile values at the doors, and what was asked of MongoDB meanwhile, overheard."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.orders import signed
from core.channel import Account
from tests.channel_contract import _paths, _replaced
from tests.channels.email.providers import test_brevo as brevo
from tests.channels.email.providers import test_mailgun as mailgun
from tests.channels.email.providers import test_mailjet as mailjet
from tests.channels.email.providers import test_postmark as postmark
from tests.channels.email.providers import test_resend as resend
from tests.channels.email.providers import test_sendgrid as sendgrid
from tests.channels.email.providers.made import ACCOUNT, PASSWORD, basic
from tests.core.overheard import forget, overheard
from tests.house_rules import files
from tests.security.test_walk import Chatting
from tests.security.world import World, asked

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("walk")]

MARK = "canary7291"
HOSTILE: tuple[Any, ...] = (
    {"$gt": MARK}, {"$where": MARK}, {MARK: 1}, {f"a.{MARK}": 1}, {f"${MARK}": 1}, [{"$ne": MARK}],
    [MARK, {"$regex": MARK}],
    {"$expr": {MARK: 1}}, {"a\x00": MARK}, f"\ud800{MARK}\x00", f"${MARK}", True, None, 10**30, -1.5, [], {},
)  # fmt: skip
ORDER = {"id": "e1", "at": "2026-11-23T10:00:00Z", "status": "paid",
         "order": {"number": "A-7", "lines": [{"name": "Chair", "quantity": 1}]},
         "customer": {"name": "Ann", "email": "ann@example.org", "phone": "+380501112233"}}  # fmt: skip
FORM = {"name": "Ann", "email": "ann@example.org", "message": "Hi", "fields": {"a": "b"}, "_id": "x", "_ticket": "x"}
UPDATE = {"update_id": 1, "message": {"message_id": 1, "date": 1795431600, "text": "hi",
          "chat": {"id": 7, "type": "private", "first_name": "A"},
          "from": {"id": 7, "is_bot": False, "first_name": "A", "language_code": "en"}}}  # fmt: skip


def hostile(value: Any, every: int = 6) -> Iterator[bytes]:
    """`value` with each of its places replaced by some of the hostile values, in turn, so that every one is tried."""
    for n, path in enumerate(_paths(value)):
        for odd in HOSTILE[n % every :: every]:
            yield json.dumps(_replaced(value, path, odd)).encode()


def from_providers() -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """Hostile mails and events, as each provider proves its own; Amazon's key cannot be had here."""
    now = datetime.now(UTC)
    for name, value in (
        ("postmark", postmark.MAIL),
        ("mailjet", mailjet.MAIL),
        ("brevo", brevo.event("hard_bounce", reason="550 5.1.1")),
        ("brevo", {"items": [{**brevo.ITEM, "Attachments": []}]}),  # what it names is fetched from Brevo
    ):
        yield from ((name, body, basic(PASSWORD)) for body in hostile(value, 16))
    for body in hostile([sendgrid.event("bounce", reason="550 5.1.1")]):
        yield "sendgrid", body, sendgrid.signed(body, now)
    for n, body in enumerate(hostile(resend.event("email.bounced", bounce={"type": "Permanent", "message": "no"}))):
        yield "resend", body, resend.signed(body, now, id=f"msg_{n}")
    for n, body in enumerate(hostile(mailgun.event("failed", severity="permanent", reason="bounce")["event-data"])):
        signature = mailgun.signature(now.timestamp(), token=f"{n:050x}")
        yield "mailgun", json.dumps({"signature": signature, "event-data": json.loads(body)}).encode(), {}


def filters(command: Mapping[str, Any]) -> Iterator[Any]:
    """Every condition in a command."""
    yield from (command[name] for name in ("filter", "query", "q") if name in command)
    for part in ("updates", "deletes"):
        yield from (each["q"] for each in command.get(part, ()))
    yield from (stage["$match"] for stage in command.get("pipeline", ()) if "$match" in stage)


def brought_in(condition: Any) -> bool:
    """Whether something from outside stands where only our own words may: a key, or the operand of an order."""
    if isinstance(condition, Mapping):
        for key, value in condition.items():
            named = MARK in key or "\x00" in key or key in ("$where", "$function")
            ordered = key in ("$gt", "$gte", "$lt", "$lte", "$ne", "$regex", "$expr") and MARK in str(value)
            if named or ordered or brought_in(value):
                return True
    return isinstance(condition, list | tuple) and any(map(brought_in, condition))


async def test_what_is_looked_for_would_be_found() -> None:
    for bad in ({"a": {"$gt": MARK}}, {f"a.{MARK}": 1}, {"$or": [{"$where": "x"}]}, {"a": {"$in": [{"$ne": MARK}]}}):
        assert brought_in(bad)
    assert not brought_in({"_id": MARK, "key": {"$in": [MARK]}, "at": {"$gt": "x"}})


async def test_no_operator_reaches_a_query(world: World) -> None:
    accounts = world.hub.parts.stores.accounts
    secrets = {"token": "123456:x", "webhook_secret": "s" * 40}
    await accounts.save(Account("telegram", "canary", secrets=secrets))
    await accounts.save(Account("email", "canary", settings=ACCOUNT.settings, secrets=ACCOUNT.secrets))
    shop = await accounts.save(Account("orders", "canary", secrets={"secret": "of the canary"}))
    forget()
    sent: list[tuple[str, bytes, dict[str, str]]] = []
    for body in hostile(ORDER):
        mac = signed(shop.secrets["secret"], body, datetime.now(UTC))
        sent.append(("/webhooks/orders/canary", body, {"X-Switchboard-Signature": mac}))
    sent += [("/forms/contact", body, {"Content-Type": "application/json"}) for body in hostile(FORM)]
    told = {"X-Telegram-Bot-Api-Secret-Token": secrets["webhook_secret"]}
    sent += [("/webhooks/telegram/canary", body, told) for body in hostile(UPDATE)]
    sent += [(f"/webhooks/email/canary/{name}", body, headers) for name, body, headers in from_providers()]
    seen: dict[str, set[int]] = {}
    for path, body, headers in sent:
        status, text, _ = await asked(world, "POST", path, data=body, headers=headers)
        seen.setdefault(path, set()).add(status)
        assert status in (200, 303, 400, 413, 422, 429), (path, status, text, body[:300])
    assert all(200 in found or 422 in found for found in seen.values()), seen
    for odd in HOSTILE:
        frames = [{"type": "message", "id": "canary-0001", "text": odd}, {"type": "older", "before": odd}]
        await Chatting(world).says(*frames, token=odd, cursor=odd, user=odd, about={"name": odd, "more": odd})
    asked_for = [each for command in overheard(world.database.name) for each in filters(command)]
    assert len(asked_for) > 100
    assert [each for each in asked_for if brought_in(each)] == []


# Whose arguments may be documents, and what becomes of them.
ANYTHING = {
    "accounts.keep_listening": "the adapter's cursor, written",
    "accounts.note": "the adapter's facts, written",
    "conversations.change": "`fields` are written; `where` is a condition, and only the code of core writes one",
    "conversations.reopen": "written",
    "customers.learn": "written",
    "customers.take_in": "the history of a merge, written",
    "interactions.receipt": "written",
    "interactions.seek": "`also` is a condition, and only the stores write one",
    "interactions.media_fetched": "written",
}


async def test_a_condition_is_written_by_core_alone() -> None:
    """`where=` is the one way to hand a store a condition: nobody outside of core does."""
    for file in files():
        if file.ours and not file.path.startswith("core/") and "where=" in file.text:
            named = [node for node in file.nodes if isinstance(node, ast.keyword) and node.arg == "where"]
            assert named == [], file.path


async def test_what_a_store_looks_for_is_words_numbers_and_times_by_type() -> None:
    """A parameter of a store that could be a document could be an operator; each such one is named here."""
    found = set()
    for file in files():
        if re.fullmatch(r"core/\w+/\w+\.py", file.path) and "from core.database import" in file.text:
            for node in file.nodes:
                if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_"):
                    every = [*node.args.args, *node.args.kwonlyargs]
                    kinds = [ast.unparse(one.annotation) for one in every if one.annotation]
                    if any(re.search(r"\b(Any|object|dict|Document)\b", kind) for kind in kinds):
                        found.add(f"{file.path.split('/')[1]}.{node.name}")
    assert found == set(ANYTHING)
