"""A MongoDB on the disk with two histories in it: one large, and one a hundredth of it. Built in bulk, or found built.

It is filled as a single server without a journal, for there is nothing yet that could be lost; the indexes are built
when everything is there; then it is started again as the replica set that a hub works on.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pymongo
from pymongo import IndexModel, WriteConcern

from benchmarks.history import Span, chunk
from core.child import PATIENCE, spawn
from core.database import Index
from core.mongod import find_mongod
from switchboard.stores import INDEXES
from tests.servers.mongo import MongoServer
from tests.servers.ports import free_port

LARGE, SMALL = "large", "small"
HUNDREDTH = 100
CACHE_GB = 4
BUILDERS = 2


class HistoryServer(MongoServer):
    """A mongod on `folder`, which stays. `alone`: a single server without a journal, for filling it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = None
        self._alone = False

    def open(self, *, alone: bool) -> None:
        """Returns when it can be written to."""
        self._alone = alone
        self.port = free_port()
        self.uri = f"mongodb://127.0.0.1:{self.port}/" + ("" if alone else "?replicaSet=history")
        self._spawn()
        if alone:
            return
        member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
        with pymongo.MongoClient[dict[str, Any]]("127.0.0.1", self.port, directConnection=True) as client:
            if client["local"]["system.replset"].find_one() is None:
                client.admin.command("replSetInitiate", {"_id": "history", "members": [member]})
            else:  # it was built before, when the port was another
                known = client.admin.command("replSetGetConfig")["config"]
                wanted = {**known, "members": [{**known["members"][0], **member}], "version": known["version"] + 1}
                client.admin.command("replSetReconfig", wanted, force=True)
            while not client.admin.command("hello").get("isWritablePrimary"):
                time.sleep(0.05)

    def shut(self) -> None:
        """End it properly, so that what it has is on the disk."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE * 6)

    def _spawn(self) -> None:
        mode = ["--nojournal"] if self._alone else ["--replSet", "history", "--oplogSize", "990"]
        self._process = spawn(
            [
                str(find_mongod()),
                *("--dbpath", str(self.folder), "--logpath", str(self.folder / "log"), "--quiet"),
                *("--bind_ip", "127.0.0.1", "--port", str(self.port), "--nounixsocket"),
                *("--wiredTigerCacheSizeGB", str(CACHE_GB), *mode),
                *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                *("--setParameter", "maxIndexBuildMemoryUsageMegabytes=1500"),
            ]
        )
        deadline = time.monotonic() + 120
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"mongod did not start:\n{(self.folder / 'log').read_text()[-3000:]}")
            time.sleep(0.05)


@dataclass(frozen=True)
class Built:
    """What was built, and how long it took in seconds."""

    large: Span
    small: Span
    took: float

    def spans(self) -> Iterator[tuple[str, Span]]:
        """Each with the name of its database."""
        yield LARGE, self.large
        yield SMALL, self.small


def filled(server: HistoryServer, conversations: int) -> Iterator[str | Built]:
    """Fill it, unless it is filled like this already; lines that tell how it goes, at last what was built."""
    note = server.folder / "built.json"
    if note.exists():
        known = json.loads(note.read_text())
        if known["conversations"] != conversations:
            raise SystemExit(f"{server.folder} holds {known['conversations']:,} conversations: remove it first")
        yield f"found built: {conversations:,} conversations, in {known['took']:.0f} s then"
        yield _built(conversations, known["until"], known["took"])
        return
    room = shutil.disk_usage(server.folder).free
    if room < conversations * 20_000:
        raise SystemExit(f"{conversations:,} conversations may take {conversations * 20_000 / 1e9:.0f} GB of disk.")
    began = time.monotonic()
    until = int(time.time() * 1000) - 3_600_000
    built = _built(conversations, until, 0)
    server.open(alone=True)
    try:
        for name, span in built.spans():
            yield from _fill(server.uri, name, span)
    finally:
        server.shut()
    took = time.monotonic() - began
    note.write_text(json.dumps({"conversations": conversations, "until": until, "took": took}))
    yield _built(conversations, until, took)


def _built(conversations: int, until: int, took: float) -> Built:
    return Built(Span(conversations, until), Span(conversations // HUNDREDTH, until), took)


# ------------------------------------------------------------------------------------------------- building

_client: pymongo.MongoClient[dict[str, Any]] | None = None


def _connect(uri: str) -> None:
    global _client
    _client = pymongo.MongoClient(uri)
    psutil.Process().nice(10)


def _insert(name: str, span: Span, number: int) -> int:
    """One chunk; returns how many entries it had."""
    assert _client is not None
    made = chunk(span, number)
    for collection, documents in made.collections():
        into = _client[name].get_collection(collection, write_concern=WriteConcern(w=1))
        into.insert_many(documents, ordered=False)
    return len(made.interactions)


def _fill(uri: str, name: str, span: Span) -> Iterator[str]:
    began = time.monotonic()
    entries = 0
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(BUILDERS, spawning, _connect, (uri,)) as pool:
        numbers = range(span.chunks)
        for number, made in enumerate(pool.map(_insert, [name] * span.chunks, [span] * span.chunks, numbers), 1):
            entries += made
            if number % 50 == 0:
                yield f"{name}: {entries:,} entries in {time.monotonic() - began:.0f} s"
    loaded = time.monotonic() - began
    yield f"{name}: {span.chunks * 2000:,} conversations and {entries:,} entries in {loaded:.0f} s"
    with pymongo.MongoClient[dict[str, Any]](uri) as client, ThreadPoolExecutor(BUILDERS) as threads:
        jobs = list(threads.map(lambda job: _index(client[name], *job), _jobs()))
    yield f"{name}: {sum(jobs)} indexes in {time.monotonic() - began - loaded:.0f} s"


def _jobs() -> list[tuple[str, list[Index]]]:
    """Indexes by collection, those of the words, which take longest, by themselves and first."""
    jobs: dict[str, list[Index]] = {}
    for index in INDEXES:
        words = index.collection == "interactions" and index.keys[0][0] == "words"
        jobs.setdefault("" if words else index.collection, []).append(index)
    named = ((indexes[0].collection, indexes) for indexes in jobs.values())
    return sorted(named, key=lambda job: job[0] != "interactions")


def _index(database: Any, collection: str, indexes: Sequence[Index]) -> int:
    models = [IndexModel(list(index.keys), **{**index.options, "name": index.name}) for index in indexes]
    database[collection].create_indexes(models)
    return len(models)


def sizes(uri: str, name: str) -> Iterator[str]:
    """Bytes a document and a key of each index, as they lie on the disk (compressed) and as they are read."""
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        for collection in ("interactions", "conversations", "customers", "addresses", "orders", "leads"):
            told = client[name].command("collStats", collection)
            count = told["count"] or 1
            indexes = sum(told["indexSizes"].values())
            yield (
                f"{name}.{collection}: {told['count']:,} documents, {told['size'] / count:.0f} bytes each, "
                f"{told['storageSize'] / count:.0f} on the disk; indexes {indexes / count:.0f} a document"
            )
            for index, size in sorted(told["indexSizes"].items(), key=lambda item: -item[1]):
                yield f"    {index}: {size / 1e6:,.1f} MB, {size / count:.1f} bytes a document"
