"""Sessions: cookies that cannot be read or planted, ends that end, slow guesses, and answers that tell nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from core.agents import passwords
from inbox.tries import PER_ADDRESS, PER_PERSON
from tests.inbox.desk import PASSWORD, agent_of, at_desk
from tests.running import running_hub
from tests.security.world import World, asked, same_answer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("walk")]


async def sign_in(world: World, email: str, password: str, place: str) -> tuple[int, str, Mapping[str, str]]:
    fields = {"email": email, "password": password}
    return await asked(world, "POST", "/inbox/sign-in", data=fields, headers={"X-Forwarded-For": place})


async def test_signing_in_does_not_tell_who_is_an_agent(world: World) -> None:
    """Nobody of that address, a wrong password, and somebody who was taken off: the same answer."""
    there, gone = await agent_of(world.hub), await agent_of(world.hub, "Gone")
    await world.hub.parts.stores.agents.change(gone.id, active=False)
    never = "n" * 8 + "@example.org"
    answers = []
    for who in (never, there.email, gone.email):
        status, body, headers = await sign_in(world, who, "wrong password", "198.51.100.1")
        answers.append((status, body.replace(who, ""), headers))
    assert answers[0][0] == 401
    assert same_answer(answers[0], answers[1])
    assert same_answer(answers[0], answers[2])
    right = await sign_in(world, gone.email, PASSWORD, "198.51.100.1")
    assert same_answer(answers[0], (right[0], right[1].replace(gone.email, ""), right[2]))


async def test_a_name_nobody_has_costs_the_same_work() -> None:
    """A hash is made for nobody, too; that it is one of the same cost is told by its own words."""
    assert not await passwords.matches(None, "anything at all")
    mine, nobody = await passwords.hashed("a password"), passwords._nobody()
    assert mine.split("$")[:4] == nobody.split("$")[:4]


@pytest.mark.parametrize("known", [True, False])
async def test_guesses_are_slowed_by_address_and_place(world: World, known: bool) -> None:
    email = (await agent_of(world.hub)).email if known else "nobody-at-all@example.org"
    place = f"198.51.100.{20 + known}"
    seen = [(await sign_in(world, email, "wrong", place))[0] for _ in range(PER_PERSON + 1)]
    assert seen == [401] * PER_PERSON + [429]
    if not known:
        return  # the same windows, which do not ask whether there is anybody
    # From elsewhere it goes on, but not for ever: many places together have few tries as well.
    assert (await sign_in(world, email, "wrong", "203.0.113.1"))[0] == 401
    for n in range(2, PER_ADDRESS):
        status, _, _ = await sign_in(world, email, "wrong", f"203.0.113.{n}")
        if status == 429:
            break
    assert status == 429
    assert (await sign_in(world, email, PASSWORD, "203.0.113.250"))[0] == 429


async def test_the_cookie_is_for_the_browser_alone(world: World) -> None:
    someone = await agent_of(world.hub)
    status, _, headers = await sign_in(world, someone.email, PASSWORD, "198.51.100.2")
    assert status == 303
    cookie = headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert headers["Cache-Control"] == "no-store"


async def test_over_tls_the_cookie_is_bound_to_the_host(database_uri: str, world: World) -> None:
    name = world.database.name
    async with running_hub(database_uri, name, role="web", sample_data=False, public_url="https://hub.example") as hub:
        someone = await agent_of(hub)
        async with ClientSession() as session:
            fields = {"email": someone.email, "password": PASSWORD}
            async with session.post(f"{hub.url}/inbox/sign-in", data=fields, allow_redirects=False) as response:
                cookie = response.headers.getall("Set-Cookie")[0]
    assert cookie.startswith("__Host-session=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


async def test_a_planted_session_is_not_taken_over(world: World) -> None:
    """Who signs in gets a session of their own, whatever their browser brought."""
    planted = "p" * 43
    someone = await agent_of(world.hub)
    fields = {"email": someone.email, "password": PASSWORD}
    brought = {"Cookie": f"session={planted}"}
    status, _, headers = await asked(world, "POST", "/inbox/sign-in", data=fields, headers=brought)
    assert status == 303
    assert planted not in headers["Set-Cookie"]
    assert (await asked(world, "GET", "/inbox/", headers={"Cookie": f"session={planted}"}))[0] == 303


CHANGES: Mapping[str, dict[str, Any]] = {
    "password": {"password": "another password"},
    "taken off": {"active": False},
    "role": {"role": "admin"},
}


@pytest.mark.parametrize("change", CHANGES, ids=str)
async def test_a_change_of_who_somebody_is_ends_their_sessions(world: World, change: str) -> None:
    someone = await agent_of(world.hub)
    async with at_desk(world.hub, someone) as first, at_desk(world.hub, someone) as second:
        await world.hub.parts.stores.agents.change(someone.id, **CHANGES[change])
        for desk in (first, second):
            assert (await desk.get("/inbox/"))[0].status == 303
            assert (await desk.post("/inbox/me/away"))[0] == 401


async def test_signing_out_ends_that_session_and_no_other(world: World) -> None:
    someone = await agent_of(world.hub)
    async with at_desk(world.hub, someone) as first, at_desk(world.hub, someone) as second:
        token = _token(first.session)
        assert (await first.post("/inbox/sign-out"))[0] == 303
        assert (await asked(world, "GET", "/inbox/", headers={"Cookie": f"session={token}"}))[0] == 303
        assert (await second.get("/inbox/"))[0].status == 200


def _token(session: ClientSession) -> str:
    jar = session.cookie_jar
    assert isinstance(jar, CookieJar)
    return next(cookie.value for cookie in jar if cookie.key == "session")


async def test_an_open_page_hears_nothing_more_once_its_agent_is_taken_off(world: World) -> None:
    someone = await agent_of(world.hub)
    async with at_desk(world.hub, someone) as desk, desk.session.get(f"{world.hub.url}/inbox/live") as stream:
        await stream.content.readuntil(b"\n\n")
        id = someone.id
        assert (await world.ada.post(f"/inbox/settings/agents/{id}", {"do": "deactivate"}))[0] == 200
        async with asyncio.timeout(30):  # the next look would be too late to be waited for
            while await stream.content.readany():
                pass
