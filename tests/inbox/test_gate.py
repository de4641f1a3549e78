"""Nobody gets further than the table of URLs says, and nobody else's page can post in an agent's name."""

from __future__ import annotations

import re

import pytest
from aiohttp import ClientSession

from core.agents.agent import Agent
from inbox.routes import URLS, Url
from switchboard.hub import Hub
from tests.inbox.desk import PASSWORD, AtDesk, asks, at_desk


def at(url: Url) -> str:
    values = {"id": "x" * 20, "sha256": "0" * 64, "channel": "email", "status": "paid", "language": "en"}
    return url.path.format(**values, key="welcome.hello", name="nobody", version="1")


async def test_nobody_is_let_in_without_signing_in(hub: Hub) -> None:
    async with ClientSession() as session:
        for url in URLS:
            async with session.request(url.method, hub.url + at(url), allow_redirects=False) as response:
                if url.method == "GET" and url.path != "/inbox/live":
                    assert response.status == 303, url.path
                    assert response.headers["Location"].startswith("/inbox/sign-in")
                else:
                    assert response.status == 401, url.path


async def test_agents_do_not_get_what_administrators_get(desk: AtDesk) -> None:
    for url in URLS:
        if url.permission != "admin":
            continue
        status = (await desk.get(at(url)))[0].status if url.method == "GET" else (await desk.post(at(url)))[0]
        assert status == 403, url.path


async def test_every_page_is_complete_html_that_can_run_nothing_from_outside(admin: AtDesk, hub: Hub) -> None:
    conversation = await asks(hub)
    pages = [
        "/inbox/",
        f"/inbox/c/{conversation.id}",
        f"/inbox/customers/{conversation.customer_id}",
        "/inbox/settings/lines/email",
        "/inbox/settings/wording/paid/uk",
    ]
    # Not the stream, and not the files that are downloads.
    pages += [url.path for url in URLS if url.method == "GET" and not re.search(r"\{|live|\.", url.path)]
    for path in pages:
        response, text = await admin.get(path)
        assert response.status == 200, path
        assert "</html>" in text
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert " style=" not in text
        assert "<script>" not in text
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF": ""},
        {"X-CSRF": "0" * 64},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_post_that_is_not_from_our_page_does_nothing(hub: Hub, desk: AtDesk, headers: dict[str, str]) -> None:
    conversation = await asks(hub)
    status, answer = await desk.post(f"/inbox/c/{conversation.id}/resolve", **headers)
    assert status == 403
    assert answer["sentence"]
    after = await hub.parts.stores.conversations.get(conversation.id)
    assert after
    assert after.status == "open"


async def test_a_form_without_its_token_does_nothing(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub)
    desk.csrf = "forged"
    response, text = await desk.form(f"/inbox/c/{conversation.id}/say", {"text": "words to keep"})
    assert response.status == 403
    assert "words to keep" in text


async def test_wrong_passwords_are_counted_and_then_not_even_looked_at(hub: Hub, maria: Agent) -> None:
    async with ClientSession() as session:

        async def tries(password: str) -> tuple[int, str]:
            fields = {"email": maria.email, "password": password}
            headers = {"Accept-Language": "uk,en;q=0.5"}
            async with session.post(
                f"{hub.url}/inbox/sign-in", data=fields, headers=headers, allow_redirects=False
            ) as response:
                return response.status, await response.text()

        for _ in range(8):
            status, text = await tries("wrong")
            assert status == 401
            assert "не пасують" in text
            assert maria.email in text
        assert (await tries(PASSWORD))[0] == 429


async def test_the_session_cookie_is_for_this_site_alone_and_ends_with_signing_out(hub: Hub, maria: Agent) -> None:
    async with at_desk(hub, maria) as desk:
        cookie = next(cookie for cookie in desk.session.cookie_jar if cookie.key == "session")
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert (await desk.post("/inbox/sign-out"))[0] == 303
        desk.session.cookie_jar.update_cookies({"session": cookie.value}, response_url=None or _url(hub))
        assert (await desk.get("/inbox/me"))[0].status == 303


def _url(hub: Hub):  # type: ignore[no-untyped-def]  # yarl's URL, which aiohttp wants here
    from yarl import URL

    return URL(hub.url)


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("/inbox/c/abc?whose=mine", "/inbox/c/abc?whose=mine"),
        ("https://evil.example/inbox/", "/inbox/"),
        ("//evil.example/inbox/", "/inbox/"),
        ("/\\evil.example", "/inbox/"),
        ("/inbox/\r\nSet-Cookie: a=b", "/inbox/"),
        ("/track/x", "/inbox/"),
    ],
)
async def test_signing_in_leads_only_into_the_inbox(hub: Hub, maria: Agent, asked: str, reached: str) -> None:
    async with ClientSession() as session:
        fields = {"email": maria.email, "password": PASSWORD, "next": asked}
        async with session.post(f"{hub.url}/inbox/sign-in", data=fields, allow_redirects=False) as response:
            assert response.status == 303
            assert response.headers["Location"] == reached


async def test_who_is_switched_off_is_out_at_once(hub: Hub, desk: AtDesk, maria: Agent, admin: AtDesk) -> None:
    assert (await admin.post(f"/inbox/settings/agents/{maria.id}", {"do": "deactivate"}))[0] == 200
    assert (await desk.get("/inbox/"))[0].status == 303
