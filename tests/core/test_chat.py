"""What a company set for its chat, and who is writing, also in another process."""

from __future__ import annotations

from typing import Any

import pytest

from core.channel import Account
from core.chat.site import Question, greeting, site_of, wrong
from core.chat.store import Typists
from core.chat.typing import Typist
from core.database import Database
from core.feed import Feed


def test_settings_are_read_as_people_write_them() -> None:
    site = site_of(
        Account(
            "webchat",
            "shop",
            settings={
                "origins": "https://Shop.example/\nhttps://b.example, https://c.example",
                "welcome": "Hello\nuk: Вітаємо\nна сайті",
                "questions": "name\n Email *\nOrder number*\n\n*",
                "greetings": "page=/a/* after=20 | Hi | there\nnonsense\nafter=soon | no",
                "mail_after": "7",
            },
        )
    )
    assert site.origins == ("https://shop.example", "https://b.example", "https://c.example")
    assert site.welcome == {"": "Hello", "uk": "Вітаємо\nна сайті"}
    assert site.questions == (Question("name", ""), Question("email", "", True), Question("", "Order number", True))
    assert [(one.text, one.when) for one in site.greetings] == [("Hi | there", {"page": "/a/*", "after": "20"})]
    assert site.mail_after == 7
    odds: list[dict[str, Any]] = [{"mail_after": []}, {"origins": 5, "questions": {}, "mail_after": "nan"}, {}]
    for odd in odds:
        assert site_of(Account("webchat", "shop", settings=odd)).name == "shop"
    assert site_of(Account("webchat", "shop", settings={"mail_after": "-1"})).mail_after == 0


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"origins": "https://shop.example\nhttp://localhost:8080"}, None),
        ({"origins": "shop.example"}, "origins"),
        ({"origins": "https://shop.example/path"}, "origins"),
        ({"origins": "https://*.shop.example"}, "origins"),
        ({"greetings": "page=/* visitor=new hours=open language=uk repeat=page | Hi"}, None),
        ({"greetings": "Hi"}, "greetings"),
        ({"greetings": "page=* | Hi"}, "greetings"),
        ({"greetings": "page=/ | "}, "greetings"),
        ({"questions": "\n".join("abcdefghi")}, "questions"),
    ],
)
def test_what_cannot_be_used_is_told_before_it_is_saved(settings: dict[str, Any], field: str | None) -> None:
    told = wrong(settings)
    assert (told[0] if told else None) == field
    assert told is None or told[1].endswith((".", "?"))
    assert greeting("") is None


async def test_other_processes_hear_who_writes_and_nobody_is_flooded(database: Database) -> None:
    feed = Feed()
    typists = Typists(database, feed)
    typist = Typist("agent", "webchat:shop:ann", "c1", "Olga")
    async with feed.subscribe("address:webchat:shop:ann", "conversation:c1") as changes:
        for _ in range(50):
            await typists.note(typist)
        assert [change.what for change in await changes.next(1)] == ["typing"]
        await typists.note(Typist("customer", "webchat:shop:ann", "c1"))
        assert [change.value.side for change in await changes.next(1)] == ["customer"]
    rows = [row["_id"] async for row in database.collection("typists").find({})]
    assert sorted(one.side for one in await typists.some(rows)) == ["agent", "customer"]
