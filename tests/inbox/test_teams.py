"""Teams in the inbox: made by administrators, chosen in forms, given conversations, and signing answers."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from dataclasses import replace

import aiohttp
import pytest

from core.agents.agent import Agent
from core.channel import Account
from core.conversations.conversation import Conversation
from core.conversations.store import View
from core.forms.form import Form
from switchboard.hub import Hub
from tests.inbox.desk import AtDesk, asks
from tests.inbox.letters import arrives, mail_line, sent, thread_about, written
from tests.inbox.test_forms import RIDE, press
from tests.servers.smtp import FaultySmtp

TEAMS = "/inbox/settings/teams"


async def test_an_administrator_makes_renames_and_removes_a_team(hub: Hub, admin: AtDesk, maria: Agent) -> None:
    fields = {"name": "Delivery", "member": maria.id, "signature": "Your **delivery**"}
    assert (await admin.form(TEAMS, fields))[0].status == 303
    (team,) = await hub.parts.stores.teams.all()
    assert (team.name, team.members, team.signature) == ("Delivery", (maria.id,), "Your **delivery**")
    _, page = await admin.get(TEAMS)
    assert "Delivery" in page
    assert f'value="{maria.id}" checked' in page
    assert (await admin.form(f"{TEAMS}/{team.id}", {"name": "Repairs", "signature": ""}))[0].status == 303
    renamed = await hub.parts.stores.teams.get(team.id)
    assert renamed is not None
    assert (renamed.name, renamed.members, renamed.signature) == ("Repairs", (), "")
    assert "Nobody is in it yet" in (await admin.get(TEAMS))[1]
    assert (await admin.form(f"{TEAMS}/{team.id}/remove", {}))[0].status == 303
    assert "Repairs" not in (await admin.get(TEAMS))[1]
    for path in (f"{TEAMS}/{team.id}", f"{TEAMS}/{team.id}/remove"):
        assert (await admin.form(path, {"name": "Late"}))[0].status == 404


async def test_what_is_wrong_is_said_at_its_place_and_nothing_typed_is_lost(
    hub: Hub, admin: AtDesk, maria: Agent
) -> None:
    first = await hub.parts.stores.teams.add("Delivery")
    for path, name, expected in (
        (TEAMS, "delivery", 409),
        (TEAMS, " ", 422),
        (f"{TEAMS}/{first.id}", "x" * 61, 422),
    ):
        fields = {"name": name, "member": maria.id, "signature": "Kept words"}
        answer, page = await admin.form(path, fields)
        assert answer.status == expected
        assert page.count('aria-invalid="true"') == 1
        assert "Kept words</textarea>" in page
        assert page.count(f'value="{maria.id}" checked') == 1
    assert [team.name for team in await hub.parts.stores.teams.all()] == ["Delivery"]


async def test_only_administrators_have_a_say_in_teams(hub: Hub, desk: AtDesk) -> None:
    team = await hub.parts.stores.teams.add("Delivery")
    assert (await desk.get(TEAMS))[0].status == 403
    for path in (TEAMS, f"{TEAMS}/{team.id}", f"{TEAMS}/{team.id}/remove"):
        assert (await desk.post(path, {"name": "Mine"}))[0] == 403
    assert await hub.parts.stores.teams.all() == [team]


# ------------------------------------------------------------------------------------------------------ forms


@pytest.fixture
async def ride(hub: Hub) -> Form:
    await hub.parts.stores.accounts.save(Account("webform", "site", "Our site"))
    return await hub.parts.stores.forms.save(RIDE)


async def submitted(hub: Hub, name: str) -> Conversation:
    """Somebody called `name` fills the form in; the conversation it begins, once all is done with it."""
    async with aiohttp.ClientSession() as session, session.post(f"{hub.url}/forms/ride", data={"name": name}) as answer:
        assert answer.status == 200
    async with asyncio.timeout(120):
        while True:
            for conversation in await hub.parts.stores.conversations.page(View(statuses=())):
                if conversation.customer_name == name and conversation.tags:
                    return conversation
            await asyncio.sleep(0.02)


async def test_a_form_gives_what_is_sent_to_its_team(hub: Hub, admin: AtDesk, ride: Form) -> None:
    team = await hub.parts.stores.teams.add("Delivery")
    status, _ = await press(admin, "save", team=team.id, tags="ride")
    assert status == 303
    kept = await hub.parts.stores.forms.get("ride")
    assert kept is not None
    assert (kept.team, kept.tags) == (team.id, ("ride",))
    assert (await submitted(hub, "Ann")).team == team.id
    # Removed: the form still shows whose it was, keeps it when saved, and gives that team nothing more.
    await hub.parts.stores.teams.remove(team.id)
    _, page = await admin.get("/inbox/settings/forms/ride")
    assert re.search(rf'value="{team.id}" selected>Delivery \(not there any more\)<', page)
    assert (await submitted(hub, "Bob")).team is None
    assert (await press(admin, "save", team=""))[0] == 303
    assert "not there any more" not in (await admin.get("/inbox/settings/forms/ride"))[1]


async def test_an_old_team_of_a_form_that_nobody_knows_stays_to_be_seen_and_does_no_harm(
    hub: Hub, admin: AtDesk, ride: Form
) -> None:
    old = await hub.parts.stores.forms.save(replace(ride, team="100%(n)s <b>", tags=("ride",)), base=ride.version)
    _, page = await admin.get("/inbox/settings/forms/ride")
    assert 'value="100%(n)s &lt;b&gt;" selected>100%(n)s &lt;b&gt; (not there any more)<' in page
    assert (await submitted(hub, "Ann")).team is None
    assert old.team == "100%(n)s <b>"


# ---------------------------------------------------------------------------------------------- conversations


async def test_a_conversation_is_given_to_a_team_from_its_menu_and_that_can_be_taken_back(
    hub: Hub, desk: AtDesk
) -> None:
    team = await hub.parts.stores.teams.add("Delivery <b>")
    conversation = await asks(hub)
    here = f"/inbox/c/{conversation.id}"
    assert f'name="team" value="{team.id}"' in (await desk.get(here))[1]
    status, answer = await desk.post(f"{here}/team", {"team": team.id})
    assert (status, answer["said"], answer["undo"]) == (
        200,
        "Given to the team",
        {"to": f"{here}/team", "fields": {"team": ""}},
    )
    _, page = await desk.get(here)
    assert page.count("Delivery &lt;b&gt;") >= 3, "in the list, above the conversation, and as a line of it"
    assert "Given to the team Delivery &lt;b&gt;" in page
    status, answer = await desk.post(answer["undo"]["to"], answer["undo"]["fields"])
    assert (status, answer["undo"]["fields"]) == (200, {"team": team.id})
    _, page = await desk.get(here)
    assert "Taken from the team Delivery &lt;b&gt;" in page
    # One that was removed, or never was: refused, and nothing has changed.
    await hub.parts.stores.teams.remove(team.id)
    for unknown in (team.id, "nonsense", "x" * 500):
        status, answer = await desk.post(f"{here}/team", {"team": unknown})
        assert (status, answer["sentence"]) == (422, "This team is not there any more.")
    after = await hub.parts.stores.conversations.get(conversation.id)
    assert after is not None
    assert after.team is None


async def test_the_name_of_a_removed_team_and_words_from_before_there_were_teams_stay(hub: Hub, desk: AtDesk) -> None:
    team = await hub.parts.stores.teams.add("Repairs")
    conversation = await asks(hub)
    here = f"/inbox/c/{conversation.id}"
    await desk.post(f"{here}/team", {"team": team.id})
    await hub.parts.stores.teams.remove(team.id)
    assert "Repairs" in (await desk.get(here))[1]
    status, answer = await desk.post(f"{here}/team", {"team": ""})
    assert (status, answer.get("undo")) == (200, None), "a team that is gone gets nothing back"
    await hub.parts.stores.conversations.change(conversation.id, {"team": "old words"})
    assert "old words" in (await desk.get(here))[1]
    assert (await desk.post(f"{here}/team", {"team": ""}))[0] == 200
    assert "Taken from the team old words" in (await desk.get(here))[1]


async def test_the_list_shows_what_my_teams_or_one_team_have(hub: Hub, desk: AtDesk, maria: Agent) -> None:
    teams = hub.parts.stores.teams
    mine, other = await teams.add("Delivery", [maria.id]), await teams.add("Repairs")
    people = {"Ann": mine.id, "Bob": other.id, "Eve": ""}
    for name, team in people.items():
        conversation = await asks(hub, person=name, name=name)
        if team:
            await hub.parts.desk.hand(maria, conversation.id, team)

    async def shown(query: str) -> list[str]:
        _, page = await desk.get(f"/inbox/{query}")
        rows = page.partition('id="conversations"')[2]
        return sorted(name for name in people if f">{name}<" in rows)

    assert await shown("") == ["Ann", "Bob", "Eve"]
    assert await shown("?team=mine") == ["Ann"]
    assert await shown(f"?team={other.id}") == ["Bob"]
    assert await shown(f"?team={other.id}&status=every") == ["Bob"]
    assert await shown("?team=nonsense") == []
    # In two teams: both. In none: nothing, however much there is.
    await teams.change(other.id, "Repairs", [maria.id], "")
    assert await shown("?team=mine") == ["Ann", "Bob"]
    for each in (mine, other):
        await teams.remove(each.id)
    assert await shown("?team=mine") == []
    assert await shown(f"?team={other.id}") == ["Bob"], "what a removed team had is still to be found"


async def test_without_teams_nothing_speaks_of_them(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub)
    _, page = await desk.get(f"/inbox/c/{conversation.id}")
    assert "Every team" not in page
    assert 'name="team"' not in page


# -------------------------------------------------------------------------------------------------- signatures


def signed(mail: bytes) -> str:
    """What stands below the words of a mail."""
    plain = email.message_from_bytes(mail, policy=email.policy.default).get_body(("plain",))
    assert plain is not None
    return str(plain.get_content()).replace("\r\n", "\n").partition("\n-- \n")[2].strip()


async def test_an_answer_is_signed_by_the_agent_else_by_the_team_else_by_the_line(
    hub: Hub, desk: AtDesk, maria: Agent
) -> None:
    teams = hub.parts.stores.teams
    team, silent = (
        await teams.add("Delivery", signature="**Your delivery**\nHarbour street 5"),
        await teams.add("Repairs"),
    )
    async with FaultySmtp() as server:
        await mail_line(hub, server, signature="The shop")
        await arrives(hub, written("Ann <ann@firm.example>", "A quote", "How much?", Message_ID="<one@firm.example>"))
        here = f"/inbox/c/{(await thread_about(hub, 'A quote')).id}"

        async def answered(given: str) -> tuple[str, str]:
            """What the page says an answer is signed with, and what it was signed with, once `given` has it."""
            await desk.post(f"{here}/team", {"team": given})
            _, page = await desk.get(here)
            count = len(server.mails)
            assert (await desk.post(f"{here}/say", {"text": "Hello", "key": f"k{count}"}))[0] == 200
            shown = re.search(r'class="small soft signature" dir="auto">(.*?)</p>', page, re.DOTALL)
            assert shown
            return shown[1], signed((await sent(server, count + 1))[-1])

        assert await answered(team.id) == (
            "<b>Your delivery</b><br>Harbour street 5",
            "Your delivery\nHarbour street 5",
        )
        assert await answered(silent.id) == ("The shop", "The shop")
        assert await answered("") == ("The shop", "The shop")
        await hub.parts.stores.agents.change(maria.id, signature="Maria")
        assert await answered(team.id) == ("Maria", "Maria")
        await hub.parts.stores.agents.change(maria.id, signature="")
        await teams.remove(team.id)
        assert (await answered(team.id))[1] == "The shop", "a team that is gone signs nothing"
