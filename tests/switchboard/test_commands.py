"""The commands, each in a process of its own against a real database."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import stat
import sys
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.channel import Account
from core.content import Content, File
from core.customers.customer import Customer
from core.database import Database
from core.ids import new_id
from core.interactions.interaction import Author, Interaction
from core.leads.lead import Lead
from core.settings import Settings
from switchboard.stores import INDEXES, Stores, stores_on
from tests.channels.telegram.cases import BOT, CASES, DATE, PRIVATE, message, press
from tests.channels.telegram.cases_around import AROUND
from tests.servers.oauth import AuthorisationServer
from tests.servers.tls import Certificate

KEY = "a key for tests that is long enough to be one"
LOCAL = {"SWITCHBOARD_PRIVATE_NETWORKS": "127.0.0.0/8"}
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Ran:
    code: int
    out: str
    err: str


@dataclass
class Operator:
    """Somebody at a shell in `folder`."""

    folder: Path
    uri: str
    name: str
    stores: Stores

    async def run(self, *arguments: str, typed: str = "", database: bool = True, **environment: str) -> Ran:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "switchboard",
            *arguments,
            *(["--mongodb-uri", self.uri] if database else []),
            env={
                **os.environ,
                "SWITCHBOARD_SECRET_KEY": KEY,
                "SWITCHBOARD_DATABASE": self.name,
                **LOCAL,
                **environment,
            },
            cwd=self.folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(typed.encode()), 240)
        ran = Ran(process.returncode or 0, out.decode(), err.decode())
        assert "Traceback" not in ran.err, ran.err
        return ran


@pytest.fixture
async def operator(tmp_path: Path, database: Database, database_uri: str, database_name: str) -> Operator:
    settings = Settings.load(env_file=None, secret_key=KEY, mongodb_uri=database_uri)
    return Operator(tmp_path, database_uri, database_name, stores_on(database, settings))


@pytest.fixture
async def beginner(tmp_path: Path, database_uri: str, bare_name: str) -> AsyncIterator[Operator]:
    """One whose database was not set up yet."""
    settings = Settings.load(env_file=None, secret_key=KEY, mongodb_uri=database_uri)
    database = Database.connect(database_uri, bare_name)
    yield Operator(tmp_path, database_uri, bare_name, stores_on(database, settings))
    await database.close()


# ------------------------------------------------------------------------------------------------- normalise


async def test_normalise_prints_a_line_for_each_file_and_goes_on(operator: Operator) -> None:
    bodies: dict[str, bytes] = {
        "good.json": '{"id":"e","status":"paid","order":{"number":"№7","customer":{"name":"Анна"}}}'.encode(),
        "broken.json": b"{",
        "unreadable.json": b'{"status":"paid"}',
        "surrogate.json": b'{"status":"paid","order":{"number":"7\\ud800\\u0000"}}',
    }
    for name, body in bodies.items():
        (operator.folder / name).write_bytes(body)
    listed = "\n".join([*bodies, "", "missing.json"]) + "\n"
    ran = await operator.run("normalise", "orders", "--account", "shop", "good.json", "-", typed=listed, database=False)
    assert ran.code == 0
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["file"] for line in lines] == ["good.json", *bodies, "missing.json"]
    event = lines[0]["events"][0]
    assert (event["event"], event["address"], event["name"]) == ("arrival", "orders:shop:№7", "Анна")
    assert "Анна" in ran.out
    assert ["error" in line for line in lines] == [False, False, True, True, False, True]
    assert "order" in lines[3]["error"]
    assert lines[4]["events"][0]["address"] == "orders:shop:7\ufffd\ufffd"


async def test_normalise_tells_all_of_a_mail_and_saves_its_attachments_under_their_hash(operator: Operator) -> None:
    lines = [
        "From: Ann <ann@example.org>", "Subject: Re: a", "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=b", "",
        "--b", "Content-Type: text/plain", "", "Yes.", "", "Ann wrote:", "> old",
        "--b", "Content-Type: text/csv; name=a.csv", "Content-Disposition: attachment", "", "1,2", "--b--", "",
    ]  # fmt: skip
    mail = "\r\n".join(lines).encode()
    (operator.folder / "a.eml").write_bytes(mail)
    ran = await operator.run("normalise", "email", "--save", "files", "a.eml", database=False)
    told = json.loads(ran.out)
    assert (told["visible_text"], told["text"]) == ("Yes.", "Yes.\n\nAnn wrote:\n> old")
    (saved,) = (operator.folder / "files").iterdir()
    assert saved.read_bytes() == b"1,2"
    assert saved.name == told["attachments"][0]["sha256"]
    assert told["events"][0]["address"] == "email:example:ann@example.org"


@pytest.mark.parametrize("channel", ["email", "telegram"])
async def test_normalise_reads_every_channel_that_has_payloads(operator: Operator, channel: str) -> None:
    mail = b"From: Ann <ann@example.org>\r\nTo: help@example.org\r\nSubject: Hi\r\n\r\nHello\r\n"
    update = (
        b'{"update_id":1,"message":{"message_id":2,"date":1767225600,"chat":{"id":5,"type":"private"},"text":"Hello"}}'
    )
    (operator.folder / "payload").write_bytes(mail if channel == "email" else update)
    ran = await operator.run("normalise", channel, "payload", database=False)
    (line,) = [json.loads(line) for line in ran.out.splitlines()]
    assert line["events"][0]["content"]["text"].strip() == "Hello"


TELEGRAM = (
    "file", "kind", "chat_id", "message_id", "sender", "text", "entities", "media", "location", "contact", "reply_to",
    "forward_from", "edited", "choice", "start_payload", "events",
)  # fmt: skip


async def test_normalise_tells_of_every_telegram_update_in_a_file_what_it_is(operator: Operator) -> None:
    bodies = [case.body for case in (*CASES, *AROUND) if b"\n" not in case.body]
    updates = [json.loads(case.body) for case in AROUND]
    (operator.folder / "lines.jsonl").write_bytes(b"\n".join(bodies))
    (operator.folder / "polled.json").write_text(json.dumps({"ok": True, "result": updates}))
    ran = await operator.run("normalise", "telegram", "lines.jsonl", "polled.json", database=False)
    told = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["file"] for line in told] == ["lines.jsonl"] * len(bodies) + ["polled.json"] * len(updates)
    for line in told:
        if "error" in line:
            assert line["code"] != "stumbled", line
        elif "ignored" in line:
            assert line["ignored"]
            assert set(line) == {"file", "ignored", "events"}
        else:
            assert tuple(line) == TELEGRAM
            assert isinstance(line["text"], str)
            assert isinstance(line["edited"], bool)
            assert "" not in [line[name] for name in TELEGRAM if name not in ("text", "events")]


async def test_normalise_tells_the_fields_of_a_telegram_message(operator: Operator) -> None:
    photo = {"file_id": "large", "file_unique_id": "u", "width": 2, "height": 2, "file_size": 9}
    answered = {"message_id": 12, "date": DATE, "chat": PRIVATE, "from": BOT, "text": "which?"}
    origin = {"type": "user", "date": DATE, "sender_user": BOT}
    bodies = [
        message(
            photo=[photo], caption="🙂 red", caption_entities=[{"type": "bold", "offset": 3, "length": 3}],
            reply_to_message=answered, forward_origin=origin,
        ),
        message(contact={"phone_number": "380501112233", "first_name": "Ann", "user_id": 4711}),
        message("edited_message", text="/start x", edit_date=DATE),
        press(),
        message(location={"latitude": 1, "longitude": 2}),
    ]  # fmt: skip
    (operator.folder / "all.jsonl").write_bytes(b"\n".join(bodies))
    ran = await operator.run("normalise", "telegram", "all.jsonl", database=False)
    picture, card, edited, choice, place = [json.loads(line) for line in ran.out.splitlines()]
    assert {name: picture[name] for name in TELEGRAM[1:-1]} == {
        "kind": "message",
        "chat_id": 4711,
        "message_id": 15,
        "sender": {"id": 4711, "name": "Ann Lee", "username": "ann_lee", "language": "en"},
        "text": "🙂 red",
        "entities": [{"type": "bold", "offset": 3, "length": 3}],
        "media": [{"kind": "image", "file_id": "large", "name": "photo.jpg", "type": "image/jpeg", "size": 9}],
        "location": None,
        "contact": None,
        "reply_to": 12,
        "forward_from": "Tests",
        "edited": False,
        "choice": None,
        "start_payload": None,
    }
    assert card["contact"] == {"phone": "+380501112233", "name": "Ann", "user_id": 4711, "own": True}
    assert (edited["edited"], edited["text"], edited["start_payload"]) == (True, "/start", "x")
    assert (choice["kind"], choice["choice"], choice["text"], choice["message_id"]) == (
        "choice",
        "human",
        "A person",
        14,
    )
    assert place["location"] == {"latitude": 1.0, "longitude": 2.0, "title": None}


async def test_normalise_of_an_unknown_channel_says_which_there_are(operator: Operator) -> None:
    ran = await operator.run("normalise", "pigeon", "x", database=False)
    assert ran.code == 2
    assert "telegram, email" in ran.err


# ----------------------------------------------------------------------------------------- lines and people


async def test_a_line_is_added_shown_listed_and_removed(operator: Operator) -> None:
    added = await operator.run("account", "add", "orders", "shop", "--title", "Our shop", "--set", "country=UA")
    assert added.code == 0, added.err
    (secret,) = [line.split()[1] for line in added.out.splitlines() if line.startswith("secret:")]
    kept = await operator.stores.accounts.get("orders", "shop")
    assert kept is not None
    assert (kept.title, kept.settings, kept.secrets) == ("Our shop", {"country": "UA"}, {"secret": secret})
    shown = await operator.run("account", "show", "orders", "shop")
    assert "set, and not shown" in shown.out
    assert secret not in shown.out + (await operator.run("account", "list")).out
    assert (await operator.run("account", "add", "orders", "shop")).code == 1
    assert (await operator.run("account", "add", "orders", "shop", "--replace", "--off")).code == 0
    changed = await operator.stores.accounts.get("orders", "shop")
    assert changed is not None
    assert (changed.enabled, changed.title, changed.secrets) == (False, "Our shop", {"secret": secret})
    assert (await operator.run("account", "remove", "orders", "shop", typed="n\n")).code == 1
    assert await operator.stores.accounts.get("orders", "shop") is not None
    assert (await operator.run("account", "remove", "orders", "shop", "--yes")).code == 0
    assert await operator.stores.accounts.all() == []
    assert "account list" in (await operator.run("account", "remove", "orders", "shop", "--yes")).err


async def test_secrets_come_from_variables_and_files(operator: Operator) -> None:
    (operator.folder / "token").write_text("1:fromfile\n")
    ran = await operator.run(
        "account", "add", "telegram", "bot", "--secret-file", "token=token", "--set", "mode=webhook"
    )
    assert ran.code == 0, ran.err
    assert "1:fromfile" not in ran.out
    kept = await operator.stores.accounts.get("telegram", "bot")
    assert kept is not None
    assert kept.secrets["token"] == "1:fromfile"
    assert len(kept.secrets["webhook_secret"]) > 30
    assert (kept.settings["mode"], kept.settings["api_url"]) == ("webhook", "https://api.telegram.org")
    ran = await operator.run(
        "account", "add", "email", "help", "--set", "address=a@b.c", "--set", "smtp_host=h", "--set", "imap_port=143",
        "--secret-env", "password=MAILWORD", MAILWORD="hush",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    kept = await operator.stores.accounts.get("email", "help")
    assert kept is not None
    assert (kept.secrets["password"], kept.settings["imap_port"], kept.settings["smtp_port"]) == ("hush", 143, 587)


async def test_somebody_signs_in_to_a_mailbox(operator: Operator) -> None:
    async with AuthorisationServer(patience=1) as provider:
        provider.own = "help@example.org"
        settings = {**provider.settings, "address": provider.own, "oauth_device_url": f"{provider.url}/device"}
        await operator.stores.accounts.save(Account("email", "help", "Help", {**settings, "oauth_scope": "mail"}))
        ran = await operator.run("account", "authorise", "email", "help")
        assert (ran.code, ran.err) == (0, "")
        assert "ABCD-EFGH" in ran.out
        assert "Signed in" in ran.out
        kept = await operator.stores.accounts.get("email", "help")
        assert kept is not None
        assert provider.refresh_tokens[kept.secrets["oauth_refresh_token"]] == provider.own
        assert kept.settings["address"] == provider.own
        assert kept.secrets["oauth_refresh_token"] not in ran.out
        provider.declines = True
        declined = await operator.run("account", "authorise", "email", "help")
        assert (declined.code, declined.err) == (1, "The sign-in was declined. Nothing was changed.\n")
    assert "account list" in (await operator.run("account", "authorise", "email", "nobody")).err
    await operator.stores.accounts.save(Account("orders", "shop"))
    assert "Nobody signs in" in (await operator.run("account", "authorise", "orders", "shop")).err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["pigeon", "x"], "there are telegram"),
        (["orders", "a b"], "letters, digits"),
        (["orders", "x", "--set", "secret=on-the-line"], "secret is no setting"),
        (["orders", "x", "--set", "nothing=1"], "There are: country"),
        (["email", "x", "--set", "imap_port=many"], "whole number"),
        (["telegram", "x"], "needs token"),
        (["orders", "x", "--secret-env", "secret=NOT_SET"], "not set"),
        (["orders", "x", "--secret-file", "secret=missing"], "cannot be read"),
    ],
)
async def test_what_is_wrong_with_a_line_is_said(operator: Operator, arguments: list[str], says: str) -> None:
    ran = await operator.run("account", "add", *arguments)
    assert ran.code in (1, 2)
    assert says in ran.err
    assert await operator.stores.accounts.all() == []


async def test_people_are_added_listed_and_get_new_passwords(operator: Operator) -> None:
    await operator.stores.database.migrate(INDEXES)
    added = await operator.run("agent", "add", "Ann", "Ann@Example.org", "--role", "admin", "--language", "uk")
    assert added.code == 0, added.err
    word = added.out.split("Password: ")[1].split()[0]
    ann = await operator.stores.agents.check("ann@example.org", word)
    assert ann is not None
    assert (ann.role, ann.language) == ("admin", "uk")
    assert "already" in (await operator.run("agent", "add", "Ann", "ann@example.org")).err
    assert "ann@example.org" in (await operator.run("agent", "list")).out
    (operator.folder / "word").write_text("correct horse battery\n")
    changed = await operator.run("agent", "password", "ann@example.org", "--password-file", "word")
    assert changed.code == 0
    assert "correct" not in changed.out
    assert await operator.stores.agents.check("ann@example.org", "correct horse battery") is not None
    assert await operator.stores.agents.check("ann@example.org", word) is None
    assert "nobody" in (await operator.run("agent", "password", "x@example.org")).err
    assert "10 to 200" in (await operator.run("agent", "add", "B", "b@x.y", "--password-env", "W", W="short")).err


# ----------------------------------------------------------------------------------------------- the set-up


async def test_migrate_says_what_it_changed_and_then_nothing(beginner: Operator) -> None:
    first = await beginner.run("migrate")
    assert first.code == 0, first.err
    assert "orders: created source_1_number_1_unique" in first.out
    assert (await beginner.run("migrate")).out == "Everything is up to date.\n"


async def test_doctor_finds_nothing_bad_in_a_good_set_up(operator: Operator, tmp_path: Path) -> None:
    made = Certificate(tmp_path)
    await operator.stores.database.migrate(INDEXES)
    await operator.stores.agents.add("Ann", "ann@example.org", "correct horse")
    await operator.stores.accounts.save(Account("orders", "shop", secrets={"secret": "s"}))
    ran = await operator.run(
        "doctor",
        SWITCHBOARD_PUBLIC_URL="https://hub.example.org",
        SWITCHBOARD_SMTP_LISTEN="127.0.0.1:2525",
        SWITCHBOARD_SMTP_TLS_CERTIFICATE=str(made.certificate),
        SWITCHBOARD_SMTP_TLS_KEY=str(made.key),
    )
    assert ran.code == 0, ran.out
    assert "✓ Mail         is taken in at 127.0.0.1:2525 as hub.example.org, encrypted; the certificate is" in ran.out
    # No hub runs on this port, which is fine and said; how far back the changes of the server go that all tests share
    # depends on what the others do.
    assert all(line.startswith(("✓", " ", "! Hub", "! Changes")) for line in ran.out.splitlines()), ran.out
    assert "orders:shop" in ran.out


async def test_doctor_names_each_thing_to_mend(beginner: Operator) -> None:
    await beginner.stores.accounts.save(
        Account("telegram", "bot", settings={"api_url": "http://127.0.0.1:9"}, secrets={"token": "1:a"})
    )
    ran = await beginner.run("doctor", SWITCHBOARD_LMTP_LISTEN="127.0.0.1:2424")
    assert ran.code == 1
    assert "! Mail         is taken in at 127.0.0.1:2424 as localhost: give it a name with SWITCHBOARD_SMTP" in ran.out
    assert "✗ Line         telegram:bot:" in ran.out
    assert "switchboard migrate" in ran.out
    assert "SWITCHBOARD_PUBLIC_URL" in ran.out
    wrong = await beginner.run("doctor", SWITCHBOARD_PORT="many")
    assert wrong.code == 1
    assert "SWITCHBOARD_PORT" in wrong.out
    other_key = await beginner.run("doctor", SWITCHBOARD_SECRET_KEY="another key, also long enough to be one")
    assert other_key.code == 1
    assert "another key" in other_key.out


async def test_a_database_that_is_away_is_one_sentence(operator: Operator) -> None:
    away = Operator(operator.folder, "mongodb://127.0.0.1:9/?replicaSet=x", operator.name, operator.stores)
    ran = await away.run("migrate")
    assert ran.code == 1
    assert ran.err.startswith("MongoDB does not answer.")


# --------------------------------------------------------------------------------------- one person's data


async def _person(stores: Stores, id: str, mail: str, name: str, attachment: bytes) -> Customer:
    customer = Customer(id, name, keys=(f"email:{mail}",), claims=("phone:+380671234567",), created_at=NOW)
    await stores.customers.add(customer)
    address = f"email:help:{mail}"
    await stores.addresses.adopt(address, id)
    shared, own = await stores.files.put(b"a brochure everybody gets"), await stores.files.put(attachment)
    for n, sha256 in enumerate((shared, own)):
        entry = Interaction(
            id=new_id(),
            kind="message",
            direction="in",
            channel="email",
            account="help",
            address=address,
            key=f"k{n}",
            author=Author("customer"),
            content=Content(text=f"Письмо {n} от {name}", files=(File("a.pdf", sha256=sha256),)),
            at=NOW,
            status="handled",
            customer_id=id,
            raw={"body": b"\xff raw"},
        )
        await stores.interactions.add([entry])
    order = await stores.orders.begin("shop", f"order of {id}", NOW)
    await stores.orders.save(replace(order, customer_id=id))
    await stores.leads.add(Lead(f"lead {id}", f"conversation {id}", id, name, NOW, NOW))
    return customer


async def test_one_persons_data_is_handed_over_and_then_erased(operator: Operator) -> None:
    stores = operator.stores
    await stores.database.migrate(INDEXES)
    await _person(stores, "ann", "ann@example.org", "Анна К.", b"hers alone")
    await _person(stores, "bob", "bob@example.org", "Bob", b"his alone")
    order = (await stores.orders.of_customer("ann"))[0]

    exported = await operator.run("export", "Ann@example.org", "--to", "ann.zip")
    assert exported.code == 0, exported.err
    assert "1 leads, 2 interactions, 2 files" in exported.out
    path = operator.folder / "ann.zip"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode("utf-8", "replace")
        entries = [json.loads(line) for line in archive.read("interactions.jsonl").splitlines()]
        customer: list[dict[str, Any]] = json.loads(archive.read("customer.json"))
    assert [entry["content"]["text"] for entry in entries] == ["Письмо 0 от Анна К.", "Письмо 1 от Анна К."]
    assert customer[0]["_id"] == "ann"
    assert "hers alone" in everything
    assert "bob" not in everything
    assert order.token not in everything
    assert "already" in (await operator.run("export", "ann", "--to", "ann.zip")).err

    for typed in ("", "Anna\n"):
        kept = await operator.run("erase", "ann@example.org", typed=typed)
        assert kept.code == 1
        assert await stores.customers.get("ann") is not None
    erased = await operator.run("erase", "ann@example.org", typed="Анна К.\n")
    assert erased.code == 0, erased.err
    assert "2 interactions" in erased.out
    names = ("customers", "addresses", "interactions", "orders", "leads")
    left = {name: await stores.database.collection(name).count_documents({}) for name in names}
    assert left == {"customers": 1, "addresses": 1, "interactions": 2, "orders": 1, "leads": 1}
    assert await stores.files.get(hashlib.sha256(b"hers alone").hexdigest()) is None
    assert await stores.files.get(hashlib.sha256(b"a brochure everybody gets").hexdigest()) is not None
    assert "There is no customer" in (await operator.run("erase", "ann@example.org", "--confirm", "x")).err


async def test_who_only_says_to_be_somebody_is_not_taken_for_them(operator: Operator) -> None:
    await _person(operator.stores, "ann", "ann@example.org", "Анна", b"x")
    ran = await operator.run("export", "067 123 45 67")
    assert ran.code == 1
    assert "ann (Анна)" in ran.err
    assert list(operator.folder.glob("*.zip")) == []
