"""Who a visitor is: what a site signs joins their record, what anybody types does not, and nobody becomes another."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from core.channel import Account, Identity
from core.errors import Invalid
from portal.chat.identity import signed_in
from portal.chat.visitor import Visitors
from switchboard.hub import Hub
from tests.making import until
from tests.portal.conftest import SHOP, put, said_at

SECRET, OLD = "a secret of the site, long enough", "the one before, also long enough"
ACCOUNT = Account("webchat", "shop", secrets={"secret": SECRET, "old_secret": OLD})
NOW = datetime.now(UTC)
SOON = int((NOW + timedelta(hours=1)).timestamp())


def coded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def token(secret: str = SECRET, head: dict[str, Any] | None = None, **claims: Any) -> str:
    """A JWT as any server makes one."""
    whole = {"sub": "4711", "exp": SOON, **claims}
    signed = f"{coded(json.dumps(head or {'alg': 'HS256', 'typ': 'JWT'}).encode())}.{coded(json.dumps(whole).encode())}"
    return f"{signed}.{coded(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


def hashed(user: str = "4711", expires: int = SOON, secret: str = SECRET) -> dict[str, Any]:
    signed = hmac.new(secret.encode(), f"{user}.{expires}".encode(), hashlib.sha256).hexdigest()
    return {"id": user, "expires": str(expires), "hash": signed}


def test_both_ways_and_both_secrets_prove_the_same_user() -> None:
    users = [
        signed_in(ACCOUNT, given, NOW)
        for given in ({"token": token()}, {"token": token(OLD)}, hashed(), hashed(secret=OLD))
    ]
    assert len({user.id for user in users}) == 1
    assert "4711" not in users[0].id
    full = signed_in(ACCOUNT, {"token": token(name="Ann", email="ANN@example.org", phone="+380501234567")}, NOW)
    assert full.name == "Ann"
    assert full.identities == (Identity("email", "ann@example.org", True), Identity("phone", "+380501234567", True))
    assert signed_in(ACCOUNT, {"token": token(email="a@b.example", email_verified=False)}, NOW).identities == ()
    assert signed_in(ACCOUNT, {"token": token(aud="shop")}, NOW)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"token": ""},
        {"token": "a.b.c"},
        {"token": "x" * 100_000},
        {"token": token("another secret, just as long")},
        {"token": token(head={"alg": "none"}).rsplit(".", 1)[0] + "."},
        {"token": token(head={"alg": "HS512"})},
        {"token": token(head={"alg": "RS256"})},
        {"token": token(head={"alg": "HS256", "crit": ["exp"]})},
        {"token": token()[:-2] + "AA"},
        {"token": token(exp=None)},
        {"token": token(exp=True)},
        {"token": token(exp=int(NOW.timestamp()) - 1)},
        {"token": token(exp="soon")},
        {"token": token(nbf=SOON)},
        {"token": token(aud="other")},
        {"token": token(aud=["other"])},
        {"token": token(sub="")},
        {"token": token(sub=4711)},
        {"token": token(sub="x" * 300)},
        {"id": "4711", "expires": SOON},
        {**hashed(), "id": "4712"},
        {**hashed(), "expires": SOON + 1},
        {**hashed(), "hash": "0" * 64},
        {**hashed(), "hash": "\ud800"},
        hashed(expires=1),
        hashed(secret=""),
        {"id": ["4711"], "expires": {}, "hash": []},
    ],
)
def test_anything_else_proves_nobody(given: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        signed_in(ACCOUNT, given, NOW)


def test_a_site_without_a_secret_signs_nobody_in() -> None:
    for secrets in ({}, {"secret": ""}, {"secret": "short"}):
        bare = Account("webchat", "shop", secrets=secrets)
        for given in (hashed(secret=secrets.get("secret", "")), {"token": token(secrets.get("secret") or "x")}):
            with pytest.raises(Invalid):
                signed_in(bare, given, NOW)


def test_a_month_is_the_longest() -> None:
    forever = signed_in(ACCOUNT, {"token": token(exp=10**11)}, NOW)
    assert forever.expires <= (NOW + timedelta(days=32)).timestamp()


def test_a_users_token_ends_with_the_sites_word_and_belongs_to_one_site() -> None:
    visitors = Visitors("key")
    user = signed_in(ACCOUNT, {"token": token()}, NOW)
    stranger = visitors.new("shop")
    known = visitors.user("shop", user, stranger)
    assert known.also == stranger.id
    assert visitors.known("shop", known.token) == known
    assert visitors.known("other", known.token) is None
    assert Visitors("another key").known("shop", known.token) is None
    assert visitors.known("shop", known.token[:-3] + "abc") is None
    assert visitors.user("shop", user, known).also == stranger.id
    # Somebody else at the same machine gets nothing of it.
    other = signed_in(ACCOUNT, {"token": token(sub="4712")}, NOW)
    assert visitors.user("shop", other, known).also == ""
    over = type(user)(user.id, int(NOW.timestamp()) - 1)
    assert visitors.known("shop", visitors.user("shop", over, None).token) is None


@pytest.fixture
async def shop(hub: Hub) -> Hub:
    await hub.parts.stores.accounts.save(
        Account("webchat", "shop", "Shop", {"origins": SHOP}, {"secret": SECRET, "old_secret": OLD})
    )

    async def known() -> bool:
        return bool((await hub.parts.lines.account("webchat", "shop")).secrets)

    await until(known)
    return hub


async def customer_at(hub: Hub, address: str) -> str:
    async def found() -> str | None:
        known = await hub.parts.stores.addresses.get(address)
        customer = await hub.parts.stores.customers.get(known.customer_id) if known and known.customer_id else None
        return customer.id if customer else None

    return str(await until(found))


def address_of(user: str = "4711") -> str:
    return f"webchat:shop:{signed_in(ACCOUNT, {'token': token(sub=user)}, NOW).id}"


async def test_a_signed_user_is_the_same_customer_everywhere_and_a_claim_is_nobody(shop: Hub, visit: Any) -> None:
    async with visit(origin=SHOP) as claimant, visit(origin=SHOP) as stranger, visit(origin=SHOP) as phone:
        await claimant.hello(about={"email": "ann@example.org", "name": "Ann"})
        await claimant.say("I say that I am Ann")
        await claimant.next("ack")
        await stranger.hello()
        await stranger.say("I have not signed in yet")
        await stranger.next("ack")
        anonymous = stranger.address
        theirs = await customer_at(shop, anonymous)
        async with visit(origin=SHOP) as signed:
            user = {"token": token(email="ann@example.org", name="Ann")}
            welcome = await signed.hello(token=stranger.welcome["token"], user=user)
            assert welcome["user"] == "Ann"
            assert [entry["text"] for entry in welcome["history"] if entry["from"] == "you"] == [
                "I have not signed in yet"
            ], "what they said before is still there"
            await signed.say("Now I have")
            await signed.next("ack")
            # A message that was written before, and may have arrived already, stays one entry where it was.
            said = await stranger.say("once", id="before-1")
            await stranger.next("ack")
            await signed.send({"type": "message", "id": said, "text": "once", "before": True})
            await signed.next("ack")
        assert [entry.content.text for entry in await said_at(shop, anonymous) if entry.kind == "message"] == [
            "I have not signed in yet",
            "once",
        ]
        ann = await customer_at(shop, address_of())

        async def joined() -> bool:
            return await customer_at(shop, anonymous) == ann

        await until(joined)
        assert ann in (theirs, ann)
        # On another machine it is the same history, and of nobody else's.
        await phone.hello(user={"token": token()})
        assert [entry["text"] for entry in phone.welcome["history"] if entry["from"] == "you"] == ["Now I have"]
        assert await customer_at(shop, claimant.address) != ann
        record = await shop.parts.stores.customers.get(await customer_at(shop, claimant.address))
        assert record is not None
        assert record.claims == ("email:ann@example.org",)
        assert record.keys == ()


async def test_who_is_not_signed_validly_is_told_so_and_is_nobody(shop: Hub, visit: Any) -> None:
    async with visit(origin=SHOP) as visitor:
        answer = await visitor.hello(user={"token": token("a secret of somebody else")})
        assert (answer["type"], answer["code"]) == ("error", "not_signed_in")
        assert await visitor.closed() == 4401
    async with visit(origin=SHOP) as visitor:
        soon = int(datetime.now(UTC).timestamp()) + 2
        await visitor.hello(user={"token": token(exp=soon)})
        assert await visitor.closed() == 4401, "the site's word has ended"
        assert datetime.now(UTC).timestamp() >= soon - 0.1


async def test_no_visitor_reads_or_guesses_anothers_history(
    shop: Hub, visit: Any, client: aiohttp.ClientSession
) -> None:
    async with visit(origin=SHOP) as victim:
        await victim.hello()
        await victim.say("my secret")
        await victim.next("ack")
        target = victim.address.rsplit(":", 1)[1]
        known = victim.welcome["token"]
        entry = (await said_at(shop, victim.address))[0].id
    body, stamp, mac = known.rsplit(".", 2)
    own = Visitors("not the hub's key")
    forged = [
        target,
        f"shop:{target}",
        f"{body}.{stamp}.{mac[:-1]}",
        f"{body}.{stamp}.{'A' * len(mac)}",
        f"shop:{target}.{stamp}.",
        known.replace("shop:", "other:"),
        own.new("shop").token.replace(own.new("shop").id, target),
        own.user("shop", signed_in(ACCOUNT, {"token": token()}, NOW), None).token,
        "\ud800".encode("utf-8", "replace").decode(),
        "." * 500,
    ]
    for attempt in forged:
        async with visit(origin=SHOP) as thief:
            welcome = await thief.hello(token=attempt, cursor=entry)
            assert welcome["history"] == [], attempt
            assert thief.address != victim.address
            # Neither paging nor receipts reach beyond one's own address.
            await thief.send({"type": "older", "before": entry})
            assert (await thief.next("history"))["history"] == []
            await thief.send({"type": "read", "upto": entry})
            await put(shop, victim.address, "for the victim alone")
            assert await thief.silent() == []
    # One user's signature opens nothing of another's, whatever they put beside it.
    await put(shop, address_of("4712"), "for 4712 alone")
    async with visit(origin=SHOP) as thief:
        welcome = await thief.hello(user={"token": token(sub="4711"), "id": "4712"}, token=f"shop:{target}")
        assert welcome["history"] == []
    # What is public of a site tells nothing of its visitors, and only its own pages may ask.
    async with client.get(f"{shop.url}/chat/sites/shop", headers={"Origin": SHOP}) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
        facts = await answer.json()
        assert "my secret" not in json.dumps(facts)
        assert SECRET not in json.dumps(facts)
    for origin in (SHOP.upper() + ".evil.example", "https://evil.example", SHOP.replace("https", "http"), "null"):
        async with client.get(f"{shop.url}/chat/sites/shop", headers={"Origin": origin}) as answer:
            assert answer.status == 403, origin
            assert "Access-Control-Allow-Origin" not in answer.headers
