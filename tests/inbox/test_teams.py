"""Teams in the inbox: made by administrators, chosen in forms, given conversations, and signing answers."""

from __future__ import annotations

from core.agents.agent import Agent
from switchboard.hub import Hub
from tests.inbox.desk import AtDesk

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
