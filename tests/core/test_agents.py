"""Agents: their passwords, their sessions, and who is there."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core.agents import passwords
from core.agents.duty import Duty
from core.agents.store import INDEXES, Agents
from core.database import Database
from core.errors import Conflict
from tests.making import now

PASSWORD = "correct horse battery"


@pytest.fixture
async def agents(database: Database) -> Agents:
    await database.migrate(INDEXES)
    return Agents(database)


async def test_signing_in_takes_the_right_mail_and_password(agents: Agents, database: Database) -> None:
    assert not await agents.anybody()
    olha = await agents.add("Olha", " Olha@Example.org ", PASSWORD, role="admin", language="uk")
    assert await agents.anybody()
    assert await agents.check("olha@example.ORG", PASSWORD) == olha
    assert await agents.get(olha.id) == await agents.by_email("OLHA@example.org") == olha
    wrong = ["", PASSWORD + " ", PASSWORD.upper(), "\ud800", "\x00", "x" * 1_000_000]
    assert [await agents.check("olha@example.org", password) for password in wrong] == [None] * len(wrong)
    for mail in ("", "nobody@example.org", "\ud800", "x" * 1_000_000):
        assert await agents.check(mail, PASSWORD) is None
    stored = await database.collection("agents").find_one({"_id": olha.id})
    assert stored is not None
    assert stored["password"].startswith("$argon2id$")
    assert PASSWORD not in str(stored)


async def test_a_password_may_hold_anything_a_keyboard_or_an_attacker_types(agents: Agents) -> None:
    for n, password in enumerate(["пароль з пробілом", "a\ud800b", "nul\x00byte"]):
        added = await agents.add("A", f"a{n}@x.org", password)
        assert await agents.check(f"a{n}@x.org", password) == added


async def test_a_mail_address_is_taken_once(agents: Agents) -> None:
    results = await asyncio.gather(
        *(agents.add("Olha", mail, PASSWORD) for mail in ("o@x.org", "O@x.org", " o@x.org")), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Agent", "Conflict", "Conflict"]
    assert any(isinstance(result, Conflict) for result in results)
    assert len(await agents.all()) == 1


async def test_a_session_ends_by_time_by_leaving_and_with_the_password(agents: Agents, database: Database) -> None:
    olha = await agents.add("Olha", "o@x.org", PASSWORD)
    later = now() + timedelta(hours=1)
    token = await agents.begin_session(olha, later)
    assert await agents.of_session(token, now()) == olha
    assert await agents.of_session(token, later + timedelta(seconds=1)) is None
    assert await agents.of_session(token + "x", now()) is None
    assert await agents.of_session("\ud800", now()) is None
    kept = await database.collection("sessions").find_one({})
    assert token not in str(kept), "a dump of the database signs nobody in"
    await agents.end_session(token)
    assert await agents.of_session(token, now()) is None

    changes: tuple[dict[str, Any], ...] = ({"password": "another long one"}, {"active": False})
    for change in changes:
        token = await agents.begin_session(olha, later)
        await agents.change(olha.id, **change)
        assert await agents.of_session(token, now()) is None
    assert await agents.check("o@x.org", "another long one") is None, "who left cannot sign in"
    back = await agents.change(olha.id, active=True, name="Olha B.", role="admin")
    assert back is not None
    assert (back.name, back.role) == ("Olha B.", "admin")
    assert await agents.check("o@x.org", "another long one") == back
    assert await agents.change("nobody", name="x") is None


async def test_who_is_there(agents: Agents) -> None:
    olha = await agents.add("Olha", "o@x.org", PASSWORD)
    assert not await agents.on_duty(now())
    await agents.seen(olha.id, now())
    assert await agents.on_duty(now())
    assert not await agents.on_duty(now() + timedelta(minutes=2)), "a closed laptop is nobody"
    await agents.change(olha.id, away=True)
    assert not await agents.on_duty(now())
    await agents.change(olha.id, away=False)
    await agents.gone(olha.id)
    assert not await agents.on_duty(now())


async def test_duty_is_remembered_for_two_seconds(agents: Agents) -> None:
    olha = await agents.add("Olha", "o@x.org", PASSWORD)
    duty, moment = Duty(agents), now()
    assert not await duty(moment)
    await agents.seen(olha.id, moment)
    assert not await duty(moment + timedelta(seconds=1.9))
    assert await duty(moment + timedelta(seconds=2.1))


async def test_hashes_tell_nothing_and_verify(agents: Agents) -> None:
    one, other = await passwords.hashed(PASSWORD), await passwords.hashed(PASSWORD)
    assert one != other
    assert await passwords.matches(one, PASSWORD)
    assert not await passwords.matches(None, PASSWORD)
    assert not await passwords.matches("no hash", PASSWORD)


def test_new_passwords_are_long_different_and_can_be_read_aloud() -> None:
    made = {passwords.new_password() for _ in range(200)}
    assert len(made) == 200
    assert all(len(each) >= passwords.SHORTEST and not set(each) & set("il1o0") for each in made)
