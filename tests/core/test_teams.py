"""Teams: a name, who is in it, and how it signs."""

from __future__ import annotations

import pytest

from core.errors import Conflict, Invalid
from switchboard.wiring import Parts


async def test_a_team_is_made_changed_and_removed_and_its_name_is_free_again(parts: Parts) -> None:
    teams = parts.stores.teams
    made = await teams.add("  Delivery \n and  returns ", ["a", "b", "a", ""], "The shop\n")
    assert (made.name, made.members, made.signature) == ("Delivery and returns", ("a", "b"), "The shop")
    assert await teams.get(made.id) == made
    changed = await teams.change(made.id, "Delivery", ["b"], "")
    assert changed is not None
    assert (changed.id, changed.name, changed.members, changed.signature) == (made.id, "Delivery", ("b",), "")
    assert await teams.remove(made.id)
    assert not await teams.remove(made.id)
    assert await teams.get(made.id) is None
    assert await teams.change(made.id, "Back", [], "") is None
    again = await teams.add("Delivery")
    assert {(team.id, team.name, team.active) for team in await teams.all()} == {
        (made.id, "Delivery", False),
        (again.id, "Delivery", True),
    }


async def test_two_teams_of_one_name_and_names_that_are_none_are_refused(parts: Parts) -> None:
    teams = parts.stores.teams
    await teams.add("Доставка")
    other = await teams.add("Ремонт")
    for name in ("Доставка", "ДОСТАВКА", " доставка "):
        with pytest.raises(Conflict):
            await teams.add(name)
        with pytest.raises(Conflict):
            await teams.change(other.id, name, [], "")
    for name in ("", " \n ", "x" * 61):
        with pytest.raises(Invalid) as refused:
            await teams.add(name)
        assert refused.value.field == "name"
    assert len(await teams.all()) == 2
    long = await teams.add("Long", [f"a{n}" for n in range(900)], "y" * 5000)
    assert (len(long.members), len(long.signature)) == (500, 2000)
    hostile = await teams.add("\x00\ud800", ["\ud800"], "\x00")
    assert (await teams.get(hostile.id)) == hostile
