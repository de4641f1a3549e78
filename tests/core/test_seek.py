"""Search: newest first whatever the words, a bounded look, and nothing is missed by looking on."""

from __future__ import annotations

from typing import Any

from core.ids import new_id
from core.interactions import seek
from switchboard.wiring import Parts
from tests.making import make_message


async def remember(parts: Parts, *words: list[str]) -> list[str]:
    """Entries that hold these words, each newer than the one before it; their ids."""
    shape = make_message().document() | {"status": "handled"}
    ids = [new_id() for _ in words]
    documents: list[dict[str, Any]] = [
        {**shape, "_id": id, "key": id, "words": each} for id, each in zip(ids, words, strict=True)
    ]
    await parts.stores.database.collection("interactions").insert_many(documents, ordered=False)
    return ids


async def test_words_that_never_meet_are_looked_for_within_bounds_and_looked_on_for(parts: Parts) -> None:
    log, many = parts.stores.interactions, seek.LOOKED_AT + 500
    (old,) = await remember(parts, ["bread", "butter"])
    await remember(parts, *([["bread"]] * many), *([["butter"]] * (many + 500)))
    first = await log.search("bread butter")
    assert (first.entries, first.bounded) == ([], True)
    second = await log.search("bread butter", before=first.onward)
    assert [entry.id for entry in second.entries] == [old]
    assert (second.onward, second.bounded) == ("", False)


async def test_the_rarest_word_leads(parts: Parts) -> None:
    many = seek.LOOKED_AT + 500
    (old,) = await remember(parts, ["bread", "saffron"])
    await remember(parts, *([["bread"]] * many))
    for text in ("bread saffron", "saffron bread", "bread saff", "bread bread saffron"):
        found = await parts.stores.interactions.search(text)
        assert [entry.id for entry in found.entries] == [old]
        assert not found.onward


async def test_a_beginning_finds_the_newest_of_all_words_that_begin_so(parts: Parts) -> None:
    often = [["order"]] * (seek.KEYS + 10)  # more than one look at the index reads of it
    ids = await remember(parts, ["orderly"], *often, ["ordinary"], ["order", "ordinary"], ["border"], ["orders"])
    newest = [ids[-1], ids[-3], ids[-4], ids[-5]]
    found = await parts.stores.interactions.search("ord", limit=4)
    assert [entry.id for entry in found.entries] == newest
    assert not found.vague
    everything: list[str] = []
    before: str | None = None
    while before != "":
        page = await parts.stores.interactions.search("ord", limit=50, before=before)
        everything += [entry.id for entry in page.entries]
        before = page.onward
    assert everything == [id for id in reversed(ids) if id != ids[-2]]


async def test_a_beginning_of_very_many_words_says_so(parts: Parts) -> None:
    ids = await remember(parts, *([f"word{n:03}"] for n in range(seek.FORMS + 1)))
    found = await parts.stores.interactions.search("word", limit=200)
    assert found.vague == "word"
    assert [entry.id for entry in found.entries] == ids[-2::-1], "the last in the alphabet was left out"
    found = await parts.stores.interactions.search("word10", limit=200)
    assert (len(found.entries), found.vague) == (1, "")


async def test_many_words_that_all_are_frequent_say_that_there_may_be_others(parts: Parts) -> None:
    words = [f"often{n:02}" for n in range(seek.LOOKS + 2)]
    await remember(parts, *([word] for word in words for _ in range(seek.KEYS + 1)))
    assert (await parts.stores.interactions.search("often", limit=5)).vague == "often"
