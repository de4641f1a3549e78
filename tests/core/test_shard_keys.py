"""A message's whole path names the shard key in every command on the log and on the addresses (docs/scale.md).

What is asked for on the way is overheard: in a cluster that is sharded by address, each command goes to the shards of
those addresses, and nothing of a message's path to all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pymongo import monitoring

from core.channel import Receipt
from core.database import Database
from switchboard.wiring import Parts
from tests.making import handle, log_of, make_account, make_address, make_arrival, receive
from tests.servers.provider import Provider

KEYS = {"interactions": "address", "addresses": "_id"}
Asked = tuple[str, str, Mapping[str, Any]]


class _Overheard(monitoring.CommandListener):
    def __init__(self) -> None:
        self.commands: list[tuple[str, Mapping[str, Any]]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in ("find", "update", "insert", "findAndModify", "aggregate", "delete"):
            self.commands.append((event.database_name, dict(event.command)))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to overhear."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to overhear."""


_overheard = _Overheard()
monitoring.register(_overheard)


def asked(command: Mapping[str, Any]) -> Iterator[Asked]:
    """(verb, collection, filter or document) of everything one command does to the two collections."""
    verb = next(iter(command))
    collection = str(command[verb])
    if collection not in KEYS:
        return
    match verb:
        case "find":
            yield verb, collection, command["filter"]
        case "findAndModify":
            yield verb, collection, command["query"]
        case "update":
            for one in command["updates"]:
                yield verb, collection, one["q"]
        case "delete":
            for one in command["deletes"]:
                yield verb, collection, one["q"]
        case "insert":
            for document in command["documents"]:
                yield verb, collection, document
        case _:
            yield verb, collection, {}


def targeted(where: Mapping[str, Any], key: str) -> bool:
    """Whether `where` says which values of the shard key are meant: a value or a list of them, and no range."""
    value = where.get(key)
    return isinstance(value, str) or (isinstance(value, Mapping) and set(value) == {"$in"})


async def test_a_messages_path_is_targeted(parts: Parts, there: Provider, database: Database) -> None:
    account = make_account(settings={"url": there.url})
    await receive(parts, make_arrival("hello", person="warm"))
    await handle(parts)
    begun = len(_overheard.commands)
    await receive(parts, make_arrival("hello", person="ann", external_id="q1"))
    await receive(parts, make_arrival("where is my order?", person="ann", reply_to=("q1",)))
    await parts.receive.keep(account, [make_arrival("the same", person="ann", key="k-same")])
    await parts.receive.keep(account, [make_arrival("the same", person="ann", key="k-same")])
    await handle(parts)
    await handle(parts, "out")
    sent = [entry for entry in await log_of(parts) if entry.external_id and entry.direction == "out"]
    assert sent, "the bot answered, and it went out"
    receipt = Receipt(address=make_address("ann"), external_id=str(sent[-1].external_id), status="read")
    await parts.receive.keep(account, [receipt])
    mine = [command for name, command in _overheard.commands[begun:] if name == database.name]
    everything = [one for command in mine for one in asked(command)]
    assert {(verb, collection) for verb, collection, _ in everything} >= {
        *(("insert", "interactions"), ("find", "interactions"), ("update", "interactions")),
        *(("update", "addresses"), ("find", "addresses")),
    }, "the path was seen"
    astray = [one for one in everything if not targeted(one[2], KEYS[one[1]]) and not looked_around(one)]
    assert astray == []


def looked_around(one: Asked) -> bool:
    """The one look per turn at which addresses have work: it belongs to no message, and is asked once for all."""
    _, collection, where = one
    if collection == "interactions":
        return set(where) == {"status", "address"} and "$gt" in where["address"]
    return set(where) == {"$or"} and all("out.due_at" in line and "_id" not in line for line in where["$or"])


@pytest.mark.parametrize(
    ("where", "is_targeted"),
    [
        ({"address": "chat:demo:ann"}, True),
        ({"address": {"$in": ["a", "b"]}, "status": "received"}, True),
        ({"address": {"$gt": "a"}}, False),
        ({"_id": "x"}, False),
        ({}, False),
    ],
)
def test_what_counts_as_targeted(where: Mapping[str, Any], is_targeted: bool) -> None:
    assert targeted(where, "address") is is_targeted
