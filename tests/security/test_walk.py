"""Every route of the real application, walked as those it is not meant for, with real objects of somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from core.conversations.store import View
from inbox.routes import URLS
from switchboard import rooms
from switchboard.pulse import Pulse
from tests.inbox.desk import AtDesk
from tests.security.doors import DESK, DOORS
from tests.security.world import NAME, WORDS, World, asked, same_answer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("walk")]

HOSTILE = (
    '{"$gt":""}',
    "[$ne]=x",
    "' || '1'=='1",
    "%00",
    "..%2f..%2fetc%2fpasswd",
    "\u202egnp.exe",
    "%ff%fe",
    "a" * 2000,
    "<script>alert(1)</script>",
    "{{7*7}}",
)


def tells_nothing(body: str) -> bool:
    return NAME not in body and WORDS not in body


# ------------------------------------------------------------------------------------------------------ the table


async def test_every_route_has_a_row_and_every_row_a_route(world: World) -> None:
    app = web.Application()
    stores = world.hub.parts.stores
    app.add_routes(rooms.build(world.hub.parts, Pulse(stores.database.meter, stores.accounts), None).routes)
    real = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    real -= {("HEAD", path) for _, path in real}  # as GET, and without a body
    meant = {(door.method, door.path) for door in DOORS} | {(door.method, door.path) for door in DESK}
    without_post_office = {(door.method, door.path) for door in DOORS if door.path == "/demo/mail"}
    assert real == meant - without_post_office


async def test_the_inboxs_own_table_asks_for_what_this_one_says() -> None:
    own = {(url.method, url.path): url.permission for url in URLS}
    assert own == {(row.method, row.path): row.role for row in DESK if row.path != "/inbox/{rest}"}


# ------------------------------------------------------------------------------------------------------ the inbox


async def test_nobody_gets_into_the_inbox(world: World) -> None:
    """Without a session, or with one that is made up, ended, signed out, or of an agent who was taken off."""
    agents = world.hub.parts.stores.agents
    ada = await agents.by_email((await _me(world.ada))["email"])
    assert ada
    over = await agents.begin_session(ada, datetime.now(UTC) - timedelta(seconds=1))
    ended = await agents.begin_session(ada, datetime.now(UTC) + timedelta(hours=1))
    await agents.end_session(ended)
    gone = {cookie.key: cookie.value for cookie in world.gone.session.cookie_jar}["session"]
    before = world.state()
    for token in ("", "x" * 43, over, ended, gone, '{"$gt":""}' + "x" * 20):
        for row in DESK:
            status, body, headers = await asked(
                world, row.method, world.real(row.path), headers={"Cookie": f"session={token}"}
            )
            assert tells_nothing(body), row
            if row.method == "GET" and row.path != "/inbox/live":
                assert (status, headers["Location"][:14]) == (303, "/inbox/sign-in"), row
            else:
                assert status == 401, row
    assert world.state() == before


async def test_an_agent_is_no_administrator(world: World) -> None:
    before = world.state()
    for row in DESK:
        if row.role == "admin":
            given = {"headers": {"X-CSRF": world.maria.csrf}} if row.method == "POST" else {}
            status, body, _ = await asked(world, row.method, world.real(row.path), world.maria, **given)
            assert status == 403, row
            assert tells_nothing(body), row
    assert world.state() == before


async def test_an_administrator_gets_everywhere(world: World) -> None:
    """So that a refusal above was one, and not a page that is not there."""
    for row in DESK:
        if row.method == "GET" and row.path not in ("/inbox/live", "/inbox/{rest}"):
            status, body, _ = await asked(world, "GET", world.real(row.path), world.ada)
            assert status == 200, (row, body[:300])


FORGED: tuple[dict[str, str], ...] = (
    {},
    {"X-CSRF": "0" * 64},
    {"X-CSRF": "of another session"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Content-Type": "text/plain"},
    {"Content-Type": "application/json"},
)


@pytest.mark.parametrize("forged", FORGED, ids=str)
async def test_no_change_without_the_sessions_own_page(world: World, forged: dict[str, str]) -> None:
    before = world.state()
    headers = dict(forged)
    if headers.get("X-CSRF") == "of another session":
        headers["X-CSRF"] = world.maria.csrf
    elif "Origin" in headers or "Sec-Fetch-Site" in headers:
        headers["X-CSRF"] = world.ada.csrf
    for row in DESK:
        if row.method == "POST":
            status, body, _ = await asked(world, "POST", world.real(row.path), world.ada, headers=headers)
            assert status == 403, row
            assert tells_nothing(body), row
    assert world.state() == before


async def test_what_is_not_there_is_nothing_and_no_query(world: World) -> None:
    """Ids that are operators, paths, control characters or markup are refused like any that does not exist."""
    before = world.state()
    for row in DESK:
        if "{" not in row.path or row.path == "/inbox/{rest}":
            continue
        for hostile in HOSTILE:
            head, _, rest = row.path.partition("{")
            path = world.real(head + hostile.replace("{", "%7B") + rest.partition("}")[2])
            given = {"headers": {"X-CSRF": world.ada.csrf}} if row.method == "POST" else {}
            status, body, _ = await asked(world, row.method, path, world.ada, **given)
            assert status in (303, 400, 403, 404, 405, 409, 422), (row, hostile, status, body[:200])
            assert tells_nothing(body), (row, hostile)
            assert "<script>alert" not in body, (row, hostile)
            assert "49" not in body or "{{7*7}}" not in hostile or row.method == "GET"
    assert world.state() == before


async def test_another_agents_file_needs_its_entry(world: World) -> None:
    """The hash of a file opens nothing by itself, nor with an entry it is not attached to."""
    sha256 = world.ids["sha256"]
    for query in ("", f"?entry={world.ids['entry']}", '?entry={"$gt":""}', "?entry[$ne]=x"):
        status, body, _ = await asked(world, "GET", f"/inbox/files/{sha256}{query}", world.maria)
        assert status == 404
        assert "a file of" not in body


async def _me(desk: AtDesk) -> dict[str, str]:
    import re

    _, page = await desk.get("/inbox/me")
    found = re.search(r"[0-9a-f]{8}@example\.org", page)
    assert found
    return {"email": found[0]}


# ------------------------------------------------------------------------------------------------------ tokens


def tampered(token: str, others: list[str]) -> list[str]:
    """The token with a letter changed at both ends and in the middle, cut, longer, in capitals, and those of others."""
    swap = {at: token[:at] + ("0" if token[at] != "0" else "1") + token[at + 1 :] for at in (0, len(token) // 2, -2)}
    swap.pop(-2)
    last = token[:-2] + ("0" if token[-2] != "0" else "1") + token[-1]
    return [*swap.values(), last, token[:-1], token + "0", token.upper(), token[::-1], *others, *HOSTILE]


def no_route_or(never: tuple[int, str, Mapping[str, str]], answer: tuple[int, str, Mapping[str, str]]) -> bool:
    """Whether it is answered like what never was, or is no address of the hub at all."""
    return same_answer(never, answer) or answer[:2] == (404, "404: Not Found")


@pytest.mark.parametrize("kind", ["track", "confirm", "unsubscribe"])
async def test_a_link_that_was_tampered_with_is_like_one_that_never_was(world: World, kind: str) -> None:
    link = world.link(kind)
    token = link.rpartition("/")[2]
    others = [world.link(other).rpartition("/")[2] for other in ("track", "confirm", "unsubscribe") if other != kind]
    assert (await asked(world, "GET", link))[0] == 200
    before = world.state()
    for method in ("GET", "POST") if kind != "track" else ("GET",):
        never = await asked(world, method, f"/{kind}/{'v' * len(token)}")
        assert never[0] == 404
        for other in tampered(token, others):
            answer = await asked(world, method, f"/{kind}/{other.replace('{', '%7B').replace('#', '%23')}")
            assert no_route_or(never, answer), (method, other)
    assert world.state() == before
    if kind == "track":
        assert (await asked(world, "GET", f"/track/{token[:-1]}0/events"))[0] == 404


async def test_a_link_of_one_hub_opens_nothing_of_another(world: World) -> None:
    """The seal follows from the hub's secret key and from what the link is for."""
    tokens = {kind: world.link(kind).rpartition("/")[2] for kind in ("confirm", "unsubscribe")}
    assert tokens["confirm"][20:] != tokens["unsubscribe"][20:]
    swapped = tokens["confirm"][:20] + tokens["unsubscribe"][20:]
    for kind in ("confirm", "unsubscribe"):
        assert (await asked(world, "GET", f"/{kind}/{swapped}"))[0] == 404


# ------------------------------------------------------------------------------------------------------ visitors


class Chatting:
    """A visitor's socket, as far as these tests need it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.token = ""

    async def says(self, *frames: dict[str, Any], token: Any = None, **hello: Any) -> list[dict[str, Any]]:
        """What comes back for `hello` and then `frames`, until a ping is answered or the socket closes."""
        heard: list[dict[str, Any]] = []
        async with self._world.client.ws_connect(f"{self._world.hub.url}/chat/socket") as ws:
            first = {"type": "hello", "site": "site", "token": self.token if token is None else token, **hello}
            for frame in (first, *frames, {"type": "ping"}):
                await ws.send_json(frame)
            async for message in ws:
                heard.append(message.json())
                if heard[-1]["type"] == "welcome":
                    self.token = heard[-1]["token"]
                if heard[-1]["type"] == "pong":
                    break
        return heard


async def test_another_visitors_chat_stays_theirs(world: World) -> None:
    ann, eve = Chatting(world), Chatting(world)
    secret = "my number is 4711"
    (ack,) = [f for f in await ann.says({"type": "message", "id": "of-ann-01", "text": secret}) if f["type"] == "ack"]
    await eve.says()
    forged = [
        # Not the last letter: some of its bits say nothing.
        ann.token[:-2] + ("A" if ann.token[-2] != "A" else "B") + ann.token[-1],
        ann.token.replace(":", ":0", 1),
        "site:x",
        "",
        "x" * 5000,
    ]
    forged += [f"{eve.token.split('.', 1)[0]}.{ann.token.split('.', 1)[1]}", ann.token.replace("site:", "demo:", 1)]
    frames = ({"type": "older", "before": ack["entry"]}, {"type": "read", "upto": ack["entry"]})
    for token in (eve.token, *forged):
        for cursor in (None, "0" * 20, ack["entry"]):
            heard = await eve.says(*frames, token=token, cursor=cursor)
            assert secret not in str(heard), token
    assert secret in str(await ann.says())


async def test_a_file_of_another_visitor_cannot_be_sent_or_opened(world: World) -> None:
    ann, eve = Chatting(world), Chatting(world)
    await ann.says()
    await eve.says()
    headers = {"Authorization": f"Bearer {ann.token}", "X-Site": "site", "X-File-Name": "a.png"}
    status, _, _ = await asked(
        world, "POST", "/chat/files", headers={**headers, "Authorization": "Bearer x"}, data=b"x"
    )
    assert status == 401
    async with world.client.post(f"{world.hub.url}/chat/files", headers=headers, data=b"of ann") as response:
        receipt = (await response.json())["file"]
    heard = await eve.says({"type": "message", "id": "of-eve-01", "text": "", "files": [receipt]})
    assert [f.get("code") for f in heard if f["type"] == "error"] == ["file_gone"]
    heard = await ann.says({"type": "message", "id": "of-ann-02", "text": "", "files": [receipt]})
    assert [f["type"] for f in heard if f["type"] in ("error", "ack")] == ["ack"]
    (url,) = [
        file["url"]
        for frame in await ann.says()
        for entry in frame.get("history", ())
        for file in entry.get("files", ())
    ]
    assert (await asked(world, "GET", url))[:2] == (200, "of ann")
    never = await asked(world, "GET", "/chat/files/" + "v" * 60)
    token = url.rpartition("/")[2]
    for other in (*tampered(token, [world.ids["sha256"], receipt, ann.token]),):
        assert no_route_or(never, await asked(world, "GET", f"/chat/files/{other.replace('{', '%7B')}")), other


WRONG_TYPES = ({"$gt": ""}, {"$where": "1"}, ["x"], 1, None, True, [{"$ne": None}])


async def test_no_operator_comes_in_through_the_socket(world: World) -> None:
    """Whatever is put where a word is expected: nobody else's history comes, and the hub goes on."""
    for wrong in WRONG_TYPES:
        for field in ("site", "token", "cursor", "language", "page", "about", "user"):
            hello: dict[str, Any] = {field: wrong}
            heard = await Chatting(world).says(**hello)
            assert NAME not in str(heard)
            assert WORDS not in str(heard)
        for frame in (
            {"type": "message", "id": wrong, "text": "x"},
            {"type": "message", "id": "some-id-01", "text": wrong},
            {"type": "message", "id": "some-id-02", "text": "x", "files": wrong},
            {"type": "choice", "id": "some-id-03", "value": wrong, "label": wrong},
            {"type": "older", "before": wrong},
            {"type": "read", "upto": wrong},
            {"type": "mail", "id": "some-id-04", "email": wrong},
            {"type": wrong},
        ):
            heard = await Chatting(world).says(frame)
            assert heard[-1]["type"] == "pong", (frame, heard)
            assert "history" not in [f["type"] for f in heard]


async def test_no_operator_comes_in_through_a_form(world: World) -> None:
    for wrong in WRONG_TYPES:
        body = {
            "name": wrong,
            "email": wrong,
            "message": wrong,
            "consent": wrong,
            "_id": wrong,
            "_ticket": wrong,
            "_lang": wrong,
        }
        status, text, _ = await asked(world, "POST", "/forms/contact", json=body)
        assert status in (400, 422), (wrong, text)
        fields = {"name[$ne]": "x", "email[$gt]": "", "message": "x"}
        status, text, _ = await asked(
            world, "POST", "/forms/contact", data=fields, headers={"Accept": "application/json"}
        )
        assert status == 422
    shown = await world.hub.parts.stores.conversations.page(View(statuses=()))
    assert not [c for c in shown if "$" in str(c.last)]
