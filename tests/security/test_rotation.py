"""The secret key is changed: nothing stored and no link that was sent is lost, whenever the change is broken off."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymongo
import pytest

from channels.email.mark import conversation_of, marked, proved, reply_address
from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.campaigns.personal import PersonalLinks
from core.channel import Account
from core.content import File
from core.continuation import Continuation
from core.database import Database
from core.errors import SetupError
from core.forms.confirm import ConfirmLinks
from core.ids import new_id
from core.secret_key import OLD_KEYS, begin_new_key, old_secret_keys
from core.settings import Settings, secret_key
from core.unsubscribe import Unsubscribe
from portal.chat.files import Shares
from portal.chat.visitor import Visitors
from portal.forms.ticket import Tickets
from tests.making import make_settings

OLD, NEW, OTHER = "old " * 10, "new " * 10, "other " * 10


def account(number: int = 0) -> Account:
    return Account("chat", f"line{number}", secrets={"token": f"token {number}", "secret": f"secret {number}"})


async def test_everything_stored_is_under_the_present_key_afterwards(database: Database) -> None:
    before = Accounts(database, Vault(OLD))
    for number in range(3):
        await before.save(account(number))
    await before.save(Account("chat", "line0", secrets={"token": "changed"}))  # the one before is kept for a day
    both = Accounts(database, Vault(NEW, OLD))
    assert await both.rotate() == (7, 0)
    assert await both.rotate() == (0, 7)
    alone = Accounts(database, Vault(NEW))
    found = await alone.get("chat", "line0")
    assert found
    assert dict(found.secrets) == {"token": "changed", "secret": "secret 0"}
    assert dict(found.earlier) == {"token": "token 0"}
    with pytest.raises(SetupError, match="SWITCHBOARD_SECRET_KEYS_OLD"):
        await before.all()


async def test_versions_stay_so_that_lines_at_work_go_on(database: Database) -> None:
    before = Accounts(database, Vault(OLD))
    await before.save(account())
    versions = await before.versions()
    await Accounts(database, Vault(NEW, OLD)).rotate()
    assert await before.versions() == versions


async def test_what_a_hub_stores_meanwhile_is_kept(database: Database) -> None:
    """Hubs write with either key while it goes on; whatever is last is what they wrote, and the run ends."""
    hub, both = Accounts(database, Vault(OLD, NEW)), Accounts(database, Vault(NEW, OLD))
    for number in range(20):
        await hub.save(account(number))

    async def busy() -> None:
        for turn in range(5):
            for number in range(20):
                await hub.keyring(await _line(hub, number)).keep({"token": f"{turn} {number}"})

    await asyncio.gather(busy(), both.rotate(), both.rotate())
    await both.rotate()
    assert await both.rotate() == (0, 40)
    found = await Accounts(database, Vault(NEW)).all("chat")
    assert {one.name: one.secrets["token"] for one in found} == {f"line{n}": f"4 {n}" for n in range(20)}


async def _line(hub: Accounts, number: int) -> Account:
    found = await hub.get("chat", f"line{number}")
    assert found
    return found


async def test_a_secret_of_neither_key_stops_it_with_what_to_do(database: Database) -> None:
    await Accounts(database, Vault(OTHER)).save(account())
    with pytest.raises(SetupError, match="SWITCHBOARD_SECRET_KEYS_OLD"):
        await Accounts(database, Vault(NEW, OLD)).rotate()


async def test_the_command_killed_half_way_goes_on_when_it_is_run_again(
    database: Database, database_uri: str, database_name: str, mongo_client: pymongo.MongoClient[dict[str, Any]]
) -> None:
    before = Accounts(database, Vault(OLD.strip()))
    for number in range(150):
        await before.save(account(number))
    environment = {
        "SWITCHBOARD_SECRET_KEY": NEW.strip(),
        "SWITCHBOARD_SECRET_KEYS_OLD": f"{OTHER.strip()}, {OLD.strip()}",
        "SWITCHBOARD_MONGODB_URI": database_uri,
        "SWITCHBOARD_DATABASE": database_name,
    }
    rows = mongo_client[database_name]["accounts"]
    at_first = {row["_id"]: row["secrets"] for row in rows.find()}
    killed = await _rotate(environment)
    while {row["_id"]: row["secrets"] for row in rows.find()} == at_first and killed.returncode is None:
        await asyncio.sleep(0.005)
    if killed.returncode is None:
        killed.kill()
    await killed.wait()
    # Whatever was reached, every secret opens with the two keys, and the hub with the old key in front goes on.
    assert len(await Accounts(database, Vault(NEW.strip(), OLD.strip())).all()) == 150
    again = await _rotate(environment)
    out, _ = await again.communicate()
    assert again.returncode == 0, out
    assert "already had the present key" in out.decode()
    found = await Accounts(database, Vault(NEW.strip())).all()
    assert all(one.secrets["token"] == f"token {one.name.removeprefix('line')}" for one in found)


async def _rotate(environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "switchboard", "rotate"),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


def test_what_was_signed_before_is_believed_while_the_former_key_is_listed() -> None:
    """Links, chats, uploads, tickets, marks in mails: each under the old key, the new one with it, and without it."""
    id, other, now = new_id(), new_id(), datetime.now(UTC)
    url = "https://hub.example"

    def read(vault: Vault, sent: Mapping[str, str]) -> dict[str, bool]:
        key = vault.purpose("x")
        return {
            "unsubscribe": Unsubscribe(key, url).message(sent["unsubscribe"]) == id,
            "confirm": ConfirmLinks(key, url).entry(sent["confirm"]) == id,
            "campaign": PersonalLinks(key, url).message(sent["campaign"]) == id,
            "continuation": Continuation(key).conversation(sent["continuation"], now) == id,
            "visitor": Visitors(key).known("site", sent["visitor"]) is not None,
            "file": Tickets(key).read(sent["ticket"]) is not None,
            "upload": Shares(key).brought(["a"], sent["upload"]) is not None,
            "mail": proved(key, sent["mail"]) == [id],
            "reply": conversation_of(key, [sent["reply"]], "help@shop.test", "ann@example.org") == other,
        }

    def made(vault: Vault) -> dict[str, str]:
        key = vault.purpose("x")
        return {
            "unsubscribe": Unsubscribe(key, url).link(id).rpartition("/")[2],
            "confirm": ConfirmLinks(key, url).link(id).rpartition("/")[2],
            "campaign": PersonalLinks(key, url).token(id),
            "continuation": Continuation(key).token(id, now),
            "visitor": Visitors(key).new("site").token,
            "ticket": Tickets(key).issue("contact", 1, 13)[1],
            "upload": Shares(key).receipt("a", File("a.png", sha256="0" * 64)),
            "mail": marked(key, id),
            "reply": reply_address(key, "help@shop.test", other, "ann@example.org"),
        }

    old, both, new = Vault(OLD), Vault(NEW, OTHER, OLD), Vault(NEW)
    assert set(read(both, made(old)).values()) == {True}
    assert set(read(both, made(both)).values()) == {True}
    assert set(read(new, made(both)).values()) == {True}, "what is made now is signed with the present key"
    assert set(read(new, made(old)).values()) == {False}
    assert set(read(Vault(OTHER), made(both)).values()) == {False}


def test_a_new_key_in_the_data_folder(tmp_path: Path) -> None:
    loaded = Settings.load(None, data=tmp_path, mongodb_uri="mongodb://127.0.0.1")
    first = secret_key(loaded).decode()
    assert old_secret_keys(loaded) == []
    for count in (1, 2):
        begin_new_key(loaded)
        assert len(old_secret_keys(loaded)) == count
    second = secret_key(loaded).decode()
    assert first in old_secret_keys(loaded)
    assert second not in (first, *old_secret_keys(loaded))
    for name in ("secret.key", OLD_KEYS):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"secret.key", OLD_KEYS}
    with pytest.raises(SetupError, match="SWITCHBOARD_SECRET_KEYS_OLD"):
        begin_new_key(make_settings(data=tmp_path))
