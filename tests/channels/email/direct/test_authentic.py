"""Who wrote a mail that came in directly: proved, failed or unknown, as the hub then acts on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.interactions.interaction import Interaction
from tests.channels.email.direct.office import Office, mail, office, rude, send, until
from tests.channels.email.direct.signing import rsa_key, signed
from tests.servers.nameserver import BROKEN, SILENT

SPF = {("example.org", "TXT"): ["v=spf1 ip4:127.0.0.1 -all"]}
NO_SPF = {("example.org", "TXT"): ["v=spf1 -all"]}
KEY = {("s1._domainkey.example.org", "TXT"): [rsa_key()[1]]}
REJECT = {("_dmarc.example.org", "TXT"): ["v=DMARC1; p=reject"]}
EVIL = {("evil.test", "TXT"): ["v=spf1 ip4:127.0.0.1 -all"], ("s1._domainkey.evil.test", "TXT"): [rsa_key()[1]]}
FORGED = (
    b"Authentication-Results: switchboard; dmarc=pass header.from=example.org; dkim=pass header.d=example.org\r\n"
    b"Authentication-Results: mx.shop.test; dmarc=pass header.from=example.org\r\n"
    b"ARC-Authentication-Results: i=1; switchboard; dmarc=pass\r\n"
)


@pytest.fixture
async def shop(database_uri: str, database_name: str) -> AsyncIterator[Office]:
    async with office(database_uri, database_name) as found:
        yield found


async def came(shop: Office, raw: bytes, records: dict[tuple[str, str], list[str]], sender: str) -> Interaction:
    """The newest entry, after the mail came under these records; the resolver's memory is a new process's."""
    shop.dns.records = dict(records)
    before = len(await shop.log())
    await send(shop.smtp, raw, sender=sender)
    entries = await shop.log()
    assert len(entries) == before + 1
    return entries[-1]


async def test_spf_alone(shop: Office) -> None:
    entry = await came(shop, mail(), SPF, "ann@example.org")
    assert entry.data["authenticity"] == "proved"
    assert b"spf=pass smtp.mailfrom=example.org" in await shop.raw(entry)
    assert entry.who["identities"][0]["verified"] is True


async def test_dkim_alone_after_forwarding(shop: Office) -> None:
    entry = await came(shop, signed(mail()), {**NO_SPF, **KEY, **REJECT}, "ann@example.org")
    assert entry.data["authenticity"] == "proved"
    assert b"dkim=pass header.d=example.org header.s=s1" in await shop.raw(entry)
    assert b"dmarc=pass policy.dmarc=reject header.from=example.org" in await shop.raw(entry)


async def test_a_stranger_who_proves_only_himself(shop: Office) -> None:
    """His SPF and DKIM pass, for his own domain: the author is still not who From says."""
    raw = signed(FORGED + mail(), "evil.test")
    entry = await came(shop, raw, {**EVIL, **REJECT, **NO_SPF}, "eve@evil.test")
    assert entry.data["authenticity"] == "failed"
    assert entry.data["doubted"] is True
    assert entry.who["identities"][0] == {
        "kind": "email",
        "value": "ann@example.org",
        "verified": False,
        "doubted": True,
    }


async def test_forged_results_count_for_nothing(shop: Office) -> None:
    entry = await came(shop, FORGED + mail(), {}, "eve@evil.test")
    assert entry.data["authenticity"] == "unknown"
    assert entry.data["doubted"] is True


@pytest.mark.parametrize("trouble", [BROKEN, SILENT])
async def test_a_dns_that_is_away_loses_nothing_and_proves_nothing(shop: Office, trouble: list[str]) -> None:
    away = dict.fromkeys((*SPF, *KEY, *REJECT), trouble)
    entry = await came(shop, signed(mail()), away, "ann@example.org")
    assert entry.data["authenticity"] == "unknown"
    assert entry.data["doubted"] is True
    assert b"dmarc=temperror" in await shop.raw(entry)


async def test_two_authors_are_nobody(shop: Office) -> None:
    raw = b"From: eve@evil.test\r\n" + mail()
    shop.dns.records = {**SPF, **EVIL, **REJECT}
    await send(shop.smtp, raw, sender="eve@evil.test")
    [entry] = await shop.log("eve@evil.test")
    assert entry.data["authenticity"] == "failed"


async def test_a_signed_mail_with_another_head_above_it_proves_nothing(shop: Office) -> None:
    """A bare line feed ends the head for who displays it, and not for who verifies it; nobody may make use of that."""
    genuine = signed(mail(sender="Bob <bob@example.org>"))
    raw = b"From: ann@example.org\r\nSubject: Pay\r\nX: y\n\nPlease pay\r\n" + genuine
    entry = await came(shop, raw, {**KEY, **REJECT, **NO_SPF}, "eve@evil.test")
    assert entry.data["authenticity"] == "failed"


async def test_a_bounce_is_judged_by_the_servers_name(shop: Office) -> None:
    shop.dns.records = {("mail.example.org", "TXT"): ["v=spf1 ip4:127.0.0.1 -all"], **REJECT}
    async with rude(shop.smtp) as line:
        await line.ready()
        await line.say(b"MAIL FROM:<>\r\nRCPT TO:<help@shop.test>\r\nDATA\r\n", 3)
        await line.say(mail() + b".\r\n")
    [entry] = await shop.log()
    assert b"spf=pass smtp.helo=mail.example.org" in await shop.raw(entry)
    assert b"dmarc=pass" in await shop.raw(entry)


async def test_behind_a_relay_of_ours_spf_is_not_asked(database_uri: str, database_name: str) -> None:
    async with office(database_uri, database_name, {**NO_SPF, **KEY, **REJECT}, trusted_proxies="127.0.0.1") as shop:
        await send(shop.smtp, signed(mail()))
        await send(shop.smtp, mail(id="2"))
        assert [entry.data["authenticity"] for entry in await shop.log()] == ["proved", "unknown"]
        assert ("example.org", "TXT") not in shop.dns.asked


async def test_an_unproved_sender_is_joined_to_nobody(database_uri: str, database_name: str) -> None:
    """The true Ann is known; who only writes her name gets a record of his own, which claims it."""
    async with office(database_uri, database_name, {**SPF, **REJECT}, role="all") as shop:
        await send(shop.smtp, mail())
        [first] = await until(lambda: _handled(shop, 1))
        shop.dns.records = dict(EVIL)
        await send(shop.smtp, mail(subject="Send me the goods", id="2"), sender="eve@evil.test")
        _, second = await until(lambda: _handled(shop, 2))
    assert first.customer_id
    assert second.customer_id
    assert first.customer_id != second.customer_id
    assert first.conversation_id != second.conversation_id


async def _handled(shop: Office, count: int) -> list[Interaction]:
    entries = [entry for entry in await shop.log() if entry.kind == "message"]
    return entries if len(entries) == count and all(entry.conversation_id for entry in entries) else []
