"""Accounts: secrets nobody reads in a dump, and changes that are noticed."""

from __future__ import annotations

import asyncio
from typing import Any

import bson
import pymongo
import pytest

from core.accounts.secrets import Vault
from core.accounts.store import INDEXES, Accounts
from core.database import Database
from core.errors import SetupError, UnknownAccount
from core.lines import Lines
from tests.making import make_account
from tests.servers.little import TABLE, Little

KEY = "k" * 40


@pytest.fixture
async def accounts(database: Database) -> Accounts:
    await database.migrate(INDEXES)
    return Accounts(database, Vault(KEY))


async def test_secrets_are_encrypted_at_rest(
    accounts: Accounts, mongo_client: pymongo.MongoClient[dict[str, Any]], database_name: str
) -> None:
    saved = await accounts.save(make_account(secrets={"token": "5up3r-s3cret", "other": "пароль"}, settings={"a": 1}))
    assert saved.secrets == {"token": "5up3r-s3cret", "other": "пароль"}
    raw = b"".join(bson.encode(document) for document in mongo_client[database_name]["accounts"].find())
    assert b"5up3r-s3cret" not in raw
    assert "пароль".encode() not in raw
    assert "5up3r" not in repr(saved), "nor in a log line"
    assert await accounts.get("chat", "demo") == saved


async def test_another_key_says_what_to_do_and_an_older_one_still_opens(accounts: Accounts, database: Database) -> None:
    await accounts.save(make_account(secrets={"token": "secret"}))
    with pytest.raises(SetupError, match="SWITCHBOARD_SECRET_KEY"):
        await Accounts(database, Vault("x" * 40)).get("chat", "demo")
    renewed = await Accounts(database, Vault("new" * 20, KEY)).get("chat", "demo")
    assert renewed is not None
    assert renewed.secrets == {"token": "secret"}


def test_signing_keys_differ_by_purpose_and_by_secret() -> None:
    one, other = Vault(KEY), Vault("x" * 40)
    assert len({one.purpose("chat"), one.purpose("track"), other.purpose("chat")}) == 3
    assert one.purpose("chat") == Vault(KEY).purpose("chat")


async def test_settings_are_replaced_and_secrets_only_when_given(accounts: Accounts) -> None:
    await accounts.save(make_account(settings={"a": 1, "b": "$set"}, secrets={"one": "1", "two": "2"}))
    changed = await accounts.save(make_account(settings={"c": {"$d": "$e"}}, secrets={"two": "3"}, title="$title"))
    assert changed.settings == {"c": {"$d": "$e"}}
    assert changed.secrets == {"one": "1", "two": "3"}
    assert changed.title == "$title"


async def test_every_change_is_another_version_also_after_removal(accounts: Accounts) -> None:
    versions = []
    for _ in range(2):
        versions += [(await accounts.save(make_account())).version for _ in range(3)]
        assert await accounts.versions() == {"chat:demo": versions[-1]}
        assert await accounts.remove("chat", "demo")
        await asyncio.sleep(0.01)
    assert len(set(versions)) == 6
    assert not await accounts.remove("chat", "demo")
    assert await accounts.get("chat", "demo") is None


async def test_what_should_be_known_of_an_account(accounts: Accounts) -> None:
    await accounts.save(make_account())
    await accounts.save(make_account("safe", "second", title="Second"))
    await accounts.note("chat", "demo", problem="It is broken. " * 100)
    states = await accounts.states()
    assert len(states["chat:demo"]["problem"]) == 500
    await accounts.note("chat", "demo", problem=None, facts={"name": "@bot"})
    assert (await accounts.states())["chat:demo"] == {
        "problem": None,
        "facts": {"name": "@bot"},
        "listener_until": None,
    }
    await accounts.note("chat", "demo", problem="again")
    await accounts.save(make_account())
    assert (await accounts.states())["chat:demo"]["problem"] is None, "what was changed is tried anew"
    assert [account.name for account in await accounts.all()] == ["demo", "second"]
    assert [account.title for account in await accounts.all("safe")] == ["Second"]


# --------------------------------------------------------------------------------------------------- lines


async def test_a_line_lives_until_its_account_changes(accounts: Accounts) -> None:
    await accounts.save(make_account(settings={"who": "old"}))
    lines = Lines(accounts, TABLE)
    first = await asyncio.gather(*(lines.get("chat", "demo") for _ in range(10)))
    assert len(set(map(id, first))) == 1
    await accounts.save(make_account(settings={"who": "new"}))
    later = Lines(accounts, TABLE)
    assert isinstance(later_one := await later.get("chat", "demo"), Little)
    assert later_one.account.settings == {"who": "new"}
    await lines.close()
    await later.close()


async def test_a_line_that_was_made_again_is_a_new_one(accounts: Accounts) -> None:
    lines = Lines(accounts, TABLE)
    await accounts.save(make_account(settings={"who": "old"}))
    old = await lines.get("chat", "demo")
    await accounts.remove("chat", "demo")
    await accounts.save(make_account(settings={"who": "new"}))
    lines._known.clear()  # as a second later
    new = await lines.get("chat", "demo")
    assert isinstance(new, Little)
    assert new is not old
    assert new.account.settings == {"who": "new"}
    await lines.close()


async def test_there_is_no_line_without_an_enabled_account_of_a_known_channel(accounts: Accounts) -> None:
    await accounts.save(make_account(enabled=False))
    await accounts.save(make_account("unheard-of"))
    lines = Lines(accounts, TABLE)
    for channel, name in (("chat", "demo"), ("unheard-of", "demo"), ("chat", "none"), ("chat", "\x00")):
        with pytest.raises(UnknownAccount):
            await lines.account(channel, name)
    await accounts.save(make_account("chat", "b"))
    await accounts.save(make_account("chat", "c"))
    found = await lines.first("chat")
    assert found is not None
    assert found.name == "b"
    assert await lines.first("safe") is None
