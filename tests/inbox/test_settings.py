"""Administrators set up lines, people and texts; secrets are never shown again."""

from __future__ import annotations

from core.agents.agent import Agent
from switchboard.hub import Hub
from tests.inbox.desk import AtDesk

LINES = "/inbox/settings/lines"


async def test_a_line_is_added_with_a_secret_that_is_kept_and_never_shown(hub: Hub, admin: AtDesk) -> None:
    fields = {
        "new": "1",
        "name": "support",
        "title": "Support bot",
        "field-token": "12:secret",
        "field-mode": "webhook",
    }
    response, _ = await admin.form(f"{LINES}/telegram", fields)
    assert response.status == 200, "its webhook secret was made, and is shown"
    _, page = await admin.get(f"{LINES}/telegram?name=support")
    assert "12:secret" not in page
    assert "It is set" in page
    # Saved again without the secret and switched off.
    await admin.form(f"{LINES}/telegram", {"name": "support", "title": "Renamed", "field-mode": "webhook"})
    account = await hub.parts.stores.accounts.get("telegram", "support")
    assert account
    assert (account.title, account.secrets["token"], account.enabled) == ("Renamed", "12:secret", False)
    assert "12:secret" not in (await admin.get(LINES))[1]
    response, _ = await admin.form(f"{LINES}/telegram", fields)
    assert response.status == 422
    await admin.form(f"{LINES}/telegram/remove", {"name": "support"})
    assert await hub.parts.stores.accounts.get("telegram", "support") is None


async def test_a_secret_that_is_made_is_shown_once(hub: Hub, admin: AtDesk) -> None:
    response, page = await admin.form(f"{LINES}/orders", {"new": "1", "name": "shop", "enabled": "on"})
    assert response.status == 200
    account = await hub.parts.stores.accounts.get("orders", "shop")
    assert account
    assert len(account.secrets["secret"]) > 30
    assert account.secrets["secret"] in page
    assert account.secrets["secret"] not in (await admin.get(f"{LINES}/orders?name=shop"))[1]
    # Several lines stay several lines.
    await admin.form(f"{LINES}/webchat", {"name": "site", "field-origins": "https://a.example\nhttps://b.example"})
    assert "https://a.example\nhttps://b.example</textarea>" in (await admin.get(f"{LINES}/webchat?name=site"))[1]


async def test_what_is_missing_or_wrong_is_said_at_its_field_and_the_rest_is_kept(hub: Hub, admin: AtDesk) -> None:
    cases = (
        ({"name": "a b"}, "Use 1 to 40 letters"),
        ({"name": "mail"}, "Please fill this in."),
        (
            {"name": "mail", "field-address": "a@b.example", "field-smtp_host": "s", "field-smtp_port": "x"},
            "whole number",
        ),
    )
    for fields, sentence in cases:
        response, page = await admin.form(f"{LINES}/email", {"new": "1", "title": "Kept title", **fields})
        assert response.status == 422
        assert sentence in page
        assert "Kept title" in page
        assert 'aria-invalid="true"' in page
    assert (await admin.get(f"{LINES}/pigeon"))[0].status == 404


async def test_an_agent_is_added_and_gets_a_password_that_is_shown_once(hub: Hub, admin: AtDesk) -> None:
    fields = {"name": "Тарас", "email": "Taras@Example.org", "language": "uk", "role": "agent"}
    _, page = await admin.form("/inbox/settings/agents", fields)
    password = page.split('id="new-password">')[1].split("<")[0]
    taras = await hub.parts.stores.agents.check("taras@example.org", password)
    assert taras
    assert taras.language == "uk"
    assert password not in (await admin.get("/inbox/settings/agents"))[1]
    for wrong in ({**fields}, {**fields, "email": "not a mail"}, {**fields, "name": " "}):
        response, page = await admin.form("/inbox/settings/agents", wrong)
        assert response.status == 422
        assert 'aria-invalid="true"' in page


async def test_nobody_takes_away_their_own_rights(hub: Hub, admin: AtDesk) -> None:
    ada = next(agent for agent in await hub.parts.stores.agents.all() if agent.name == "Ada")
    for do in ("deactivate", "agent"):
        assert (await admin.post(f"/inbox/settings/agents/{ada.id}", {"do": do}))[0] == 422


async def test_a_text_is_saved_only_when_it_works(hub: Hub, admin: AtDesk) -> None:
    path = "/inbox/settings/wording/shipped/en"
    good = {"subject": "On its way", "body": "Order {{ order.number }} left us.", "enabled": "on"}
    _, shown = await admin.post(f"{path}/preview", good)
    assert "left us." in shown["body"]
    assert "{{" not in shown["body"]
    assert (await admin.form(path, good))[0].status == 303
    response, page = await admin.form(path, {**good, "body": "{{ order.number.__class__ }} {% broken"})
    assert response.status == 422
    assert "broken" in page
    kept = await hub.parts.stores.templates.get("shipped", "en")
    assert kept.body == good["body"]
    await admin.form(f"{path}/reset", {})
    assert not (await hub.parts.stores.templates.get("shipped", "en")).own


async def test_an_agent_chooses_language_and_password(hub: Hub, desk: AtDesk, maria: Agent) -> None:
    await desk.form("/inbox/me", {"name": "Марія", "language": "uk", "theme": "dark"})
    _, page = await desk.get("/inbox/")
    assert '<html lang="uk"' in page
    assert 'data-theme="dark"' in page
    assert "Вхідні" in page
    new = "correct horse battery"
    for wrong in (
        {"old": "x", "new": new, "again": new},
        {"old": "a password for tests", "new": "short", "again": "short"},
    ):
        assert (await desk.post("/inbox/me/password", wrong))[0] == 422
    status, _ = await desk.post("/inbox/me/password", {"old": "a password for tests", "new": new, "again": new})
    assert status == 303
    assert await hub.parts.stores.agents.check(maria.email, new)
    assert (await desk.get("/inbox/"))[0].status == 303
