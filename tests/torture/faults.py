"""What goes wrong, each in its own class: caused for a moment, and undone again before it returns.

A class may last; others are caused meanwhile, by the other hands (`HANDS`): processes, the database and the way to it,
and providers break side by side.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tests.servers.botapi import BotApi, Fault
from tests.servers.proxy import Proxy
from tests.torture.hubs import Hub
from tests.torture.offices import PostOffice
from tests.torture.privately import PrivateDatabase
from tests.torture.replica_set import Node, ReplicaSet


@dataclass
class World:
    """Everything that can break. `counts` tells how often each class was caused."""

    dice: random.Random
    hubs: list[Hub]
    api: BotApi
    post: PostOffice
    lines: Mapping[str, Proxy] = field(default_factory=dict)  # hub → its way to the database
    members: ReplicaSet | None = None
    private: PrivateDatabase | None = None
    counts: Counter[str] = field(default_factory=Counter)
    least: float = 1.0  # how long what lasts lasts, in seconds
    most: float = 6.0

    def some_hub(self) -> Hub | None:
        """One that is up."""
        up = [hub for hub in self.hubs if hub.up]
        return self.dice.choice(up) if up else None

    async def last(self) -> None:
        """Let it last."""
        await asyncio.sleep(self.dice.uniform(self.least, self.most))


Class = Callable[[World], Awaitable[bool]]


# -------------------------------------------------------------------------------------------------- processes


async def kill(world: World) -> bool:
    """`kill -9` of a hub process, whatever it is doing."""
    # Now and then while it is still starting.
    hub = world.dice.choice(world.hubs) if world.dice.random() < 0.2 else world.some_hub()
    return hub is not None and hub.kill()


async def term(world: World) -> bool:
    """SIGTERM to a hub process, in mid send as well; it is started again when it has finished."""
    if hub := world.some_hub():
        hub.terminate()
    return hub is not None


async def freeze(world: World) -> bool:
    """A hub process stands still for longer than its leases, and goes on as if nothing had been."""
    hub = world.some_hub()
    if hub is None:
        return False
    hub.freeze()
    try:
        await world.last()
    finally:
        hub.thaw()
    return True


async def clock(world: World) -> bool:
    """The clock of one hub process jumps, forwards or backwards, by a minute to an hour, and back after a while."""
    hub = world.some_hub()
    if hub is None or not hub.plan.clock:
        return False
    hub.jump(world.dice.choice((-1, 1)) * world.dice.choice((60, 600, 3600)))
    try:
        await world.last()
    finally:
        hub.jump(0)
    return True


# -------------------------------------------------------------------------------------------------- the database


async def cut(world: World) -> bool:
    """The connection between a hub and the database is reset, and cannot be made again for a while."""
    return await _on_a_line(world, lambda line: line.cut())


async def slow(world: World) -> bool:
    """Everything between a hub and the database takes a fifth of a second longer, either way."""
    return await _on_a_line(world, lambda line: line.slow(0.2))


async def hole(world: World) -> bool:
    """What a hub and the database say to each other vanishes for a while, and nobody is told."""
    return await _on_a_line(world, lambda line: line.swallow())


async def _on_a_line(world: World, act: Callable[[Proxy], None]) -> bool:
    if not world.lines:
        return False
    line = world.lines[world.dice.choice(sorted(world.lines))]
    act(line)
    try:
        await world.last()
    finally:
        line.mend()
    return True


async def mongod(world: World) -> bool:
    """`kill -9` of MongoDB: the private one, which the hub starts again; the primary of three; or the only one."""
    if world.private is not None:
        return world.private.kill()
    if world.members is None:
        return False
    node = await world.members.primary()
    await node.kill()
    await world.last()
    await node.start()
    return True


async def disk(world: World) -> bool:
    """The disk under the (primary) MongoDB is full until it has ended, or for a while; then there is room again."""
    if world.members is None:
        return False
    node: Node = await world.members.primary()
    try:
        await asyncio.to_thread(node.disk.fill)
        await world.last()
    finally:
        node.disk.free()
        if not node.alive:
            await node.start()
    return True


# -------------------------------------------------------------------------------------------------- providers

REFUSALS = (
    Fault("sendMessage", status=429, description="Too Many Requests: retry after 1", parameters={"retry_after": 1}),
    Fault("sendMessage", status=500),
    Fault("sendMessage", status=502, page="<html>Bad Gateway</html>"),
    Fault("sendMessage", status=200, page="<html>Welcome to the hotel</html>"),
    Fault("sendMessage", then="drop"),
    Fault("sendMessage", then="drop", after=True),
    Fault("sendMessage", then="half"),
    Fault("sendMessage", then="hang"),
    Fault("sendMessage", then="hang", after=True),
    Fault("getUpdates", status=502, page="<html>Bad Gateway</html>"),
    Fault("getUpdates", then="drop"),
)
MOODS = ("later", "busy", "nonsense", "silent", "half")


async def telegram(world: World) -> bool:
    """Telegram answers 429, 5xx or nonsense, breaks off with and without having taken the message, or hangs."""
    chosen = world.dice.choice(REFUSALS)
    fault = Fault(**{**vars(chosen), "times": world.dice.randint(1, 3)})
    world.api.faults.insert(0, fault)
    try:
        await world.last()
    finally:
        world.api.faults.remove(fault)
    return True


async def smtp(world: World) -> bool:
    """The mail server says 4xx or nonsense, hangs up, half answers, or takes the mail and never says so."""
    world.post.mood = world.dice.choice(MOODS)
    try:
        await world.last()
    finally:
        world.post.mood = "fine"
    return True


@dataclass(frozen=True)
class Hand:
    """Causes one thing after the other. `rest` is how long it rests between two, in seconds; a class per weight."""

    classes: Mapping[Class, int]
    rest: float


# These hands work side by side.
HANDS = (
    Hand({kill: 1}, 4.5),
    Hand({clock: 3, freeze: 2, term: 2}, 4),
    Hand({cut: 2, slow: 2, hole: 2, mongod: 2, disk: 1}, 5),
    Hand({telegram: 3, smtp: 2}, 1.5),
)
CLASSES = tuple(one for hand in HANDS for one in hand.classes)


async def play(world: World, hand: Hand, only: frozenset[str], haste: float = 1.0) -> None:
    """Cause one thing after the other until cancelled, each class once before any of them twice; all is undone."""
    classes = {one: weight for one, weight in hand.classes.items() if not only or one.__name__ in only}
    if not classes:
        return
    first = world.dice.sample(list(classes), len(classes))
    while True:
        await asyncio.sleep(world.dice.uniform(0.5, 1.5) * hand.rest / haste)
        chosen = first.pop() if first else world.dice.choices(list(classes), list(classes.values()))[0]
        world.counts[chosen.__name__] += await chosen(world)
