"""Attachments that are still at the provider are fetched beside the path, and nobody waits for them."""

from __future__ import annotations

from datetime import timedelta

from core.content import Content, File
from core.media import Media
from switchboard.wiring import Parts
from tests.making import handle, log_of, make_arrival, now, receive, until
from tests.servers.provider import Provider


def media_of(parts: Parts) -> Media:
    return Media(parts.stores.interactions, parts.stores.files, parts.feed, parts.lines)


async def files(parts: Parts) -> tuple[File, ...]:
    return (await log_of(parts))[0].content.files


def with_files(*names: str) -> Content:
    return Content("see", files=tuple(File(name, source=name) for name in names))


async def test_a_message_is_handled_before_its_attachment_is_here(acting: Parts, there: Provider) -> None:
    there.files["a.png"] = b"x" * 2000
    await receive(acting, make_arrival("see", content=with_files("a.png")))

    async def fetched() -> bool:
        return (await files(acting))[0].sha256 is not None

    await until(fetched)
    (file,) = await files(acting)
    assert (file.size, file.problem) == (2000, None)
    assert await acting.stores.files.get(file.sha256 or "") == b"x" * 2000


async def test_what_cannot_be_had_says_so_and_the_rest_is_there(parts: Parts, there: Provider) -> None:
    there.files["b.png"] = b"y"
    await receive(parts, make_arrival("see", content=with_files("lost.png", "b.png")))
    await handle(parts)
    media = media_of(parts)
    async with parts.feed.subscribe("address:chat:demo:ann") as changes:
        assert await media.one()
        assert await changes.next(1)
    lost, had = await files(parts)
    assert lost.problem == "This file is not there any more."
    assert had.sha256
    assert not await media.one(), "nothing is tried for ever"


async def test_a_provider_that_stumbles_is_asked_again_and_at_last_given_up(parts: Parts, there: Provider) -> None:
    await receive(parts, make_arrival("see", content=with_files("a.png")))
    account = await parts.lines.account("chat", "demo")
    await parts.stores.accounts.save(type(account)("chat", "demo", settings={"url": "http://127.0.0.1:1"}))
    parts.lines._known.clear()
    media = media_of(parts)
    assert await media.one()
    assert (await files(parts))[0].problem is None
    assert not await media.one(), "not at once"
    log = parts.stores.database.collection("interactions")
    long_ago = now() - timedelta(days=1)
    await log.update_many({}, {"$set": {"fetch_at": long_ago, "at": long_ago}})
    assert await media.one()
    assert (await files(parts))[0].problem
    assert not await media.one()
    assert there.sent == []
