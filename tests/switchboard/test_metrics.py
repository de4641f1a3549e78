"""What Prometheus is told is true, complete, documented, and closed to strangers where a token is set."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import aiohttp
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from core.channel import Account
from core.content import Content
from core.interactions import status
from core.interactions.interaction import Author
from tests.making import make_message
from tests.running import running_hub
from tests.visitor import Visitor

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
# What says "no" to somebody or went wrong; nothing of it happens in a quiet hub.
QUIET = {
    "switchboard_database_command_failures_total",
    "switchboard_feed_behind_seconds",
    "switchboard_unhandled",
    "switchboard_unhandled_oldest_seconds",
    "switchboard_outgoing",
    "switchboard_outgoing_oldest_due_seconds",
}


def documented() -> dict[str, set[str]]:
    """The metrics in the tables of the page, with their labels."""
    rows = re.findall(
        r"^\| `(switchboard_\w+)` \| ([\w, ]*)\| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {name: set(re.findall(r"\w+", labels)) for name, labels, _ in rows}


async def scraped(url: str, **headers: str) -> dict[str, Metric]:
    """The families a process tells, by the name that is queried."""
    async with aiohttp.ClientSession(headers=headers) as http, http.get(f"{url}/metrics") as answer:
        assert answer.status == 200
        text = await answer.text()
    families = {
        family.name + ("_total" if family.type == "counter" else ""): family
        for family in text_string_to_metric_families(text)
    }
    return {name: family for name, family in families.items() if name.startswith("switchboard_")}


def value(families: dict[str, Metric], name: str, sample: str = "", **labels: str) -> float:
    """The sum of the samples with these labels."""
    found = [s for s in families[name].samples if s.name == (sample or name) and labels.items() <= s.labels.items()]
    return sum(one.value for one in found)


async def test_the_page_names_what_a_message_leaves_behind(database_uri: str, database_name: str) -> None:
    async with (
        running_hub(database_uri, database_name, sample_data=False) as hub,
        running_hub(database_uri, database_name, sample_data=False, role="web") as other,
    ):
        stores = hub.parts.stores
        await stores.accounts.save(Account("webchat", "demo"))
        visitor = Visitor()
        await visitor.say(hub.url, "a word of Ann's")
        await visitor.hears(hub.url, 1)
        late = make_message("late", person="ann-4711", channel="letter", direction="out", status=status.FAILED)
        said = await stores.database.collection("interactions").find_one({"direction": "in"})
        assert said is not None
        address, author = said["address"], Author("agent", "a1", "Olena")
        await stores.interactions.add([late])
        await hub.parts.send(address, Content("a person's"), author, key="reply")
        log = stores.database.collection("interactions")
        async with asyncio.timeout(120):
            while await log.count_documents({"status": {"$in": ["received", "queued", "sending"]}}):
                await asyncio.sleep(0.05)
            while not await stores.accounts.last_in():
                await asyncio.sleep(0.05)
        told = await scraped(hub.url)
        table = documented()
        assert set(told) == set(table)
        for name, family in told.items():
            labels = [set(sample.labels) - {"le"} for sample in family.samples]
            assert all(one == table[name] for one in labels), name
        silent = {name for name, family in told.items() if not family.samples}
        assert silent <= QUIET

        line = {"channel": "webchat", "account": "demo"}
        assert value(told, "switchboard_received_total", kind="arrival", **line) == 1
        assert value(told, "switchboard_deliveries_total", outcome="sent", **line) == 2
        # The bot's answer needs no lane and no provider: visitors read the log.
        for name, times in {"receive": 1, "handle": 1, "answer": 1, "delivery_wait": 2, "provider": 1}.items():
            sample = f"switchboard_{name}_seconds_count"
            assert value(told, f"switchboard_{name}_seconds", sample, channel="webchat") == times, name
        assert value(told, "switchboard_troubled", status="failed", channel="letter") == 1
        assert value(told, "switchboard_last_arrival_timestamp_seconds", **line) > 1_700_000_000
        assert value(told, "switchboard_database_up") == 1
        found = "switchboard_database_command_seconds"
        assert value(told, found, f"{found}_count", collection="interactions", command="insert") >= 2
        # What waits is the same from every process; what was counted is not.
        elsewhere = await scraped(other.url)
        assert value(elsewhere, "switchboard_troubled") == value(told, "switchboard_troubled")
        assert value(elsewhere, "switchboard_feed_behind_seconds", "switchboard_feed_behind_seconds_count") > 0
        everything = str(told) + str(elsewhere)
        assert visitor.token is not None
        for private in ("of Ann", "a word", visitor.token, "ann-4711"):
            assert private not in everything


async def test_every_metric_that_an_alarm_names_is_there(database_uri: str) -> None:
    alarms = PAGE.read_text(encoding="utf-8").partition("## Alarms")[2].partition("## Following")[0]
    named = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bswitchboard_\w+", alarms)}
    assert len(named) > 8
    assert named <= set(documented())


async def test_with_a_token_only_who_shows_it_reads(database_uri: str, database_name: str) -> None:
    token = "let-prometheus-in"
    async with (
        running_hub(database_uri, database_name, sample_data=False, metrics_token=token) as hub,
        aiohttp.ClientSession() as http,
    ):
        for shown in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": token}, {"Authorization": "Bearer é"}):
            async with http.get(f"{hub.url}/metrics", headers=shown) as refused:
                assert refused.status == 401
                assert refused.headers["WWW-Authenticate"] == "Bearer"
                assert "switchboard_" not in await refused.text()
        assert "switchboard_build_info" in await scraped(hub.url, Authorization=f"Bearer {token}")
