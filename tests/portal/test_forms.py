"""Hosted forms over HTTP, and one in a browser without scripts."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from playwright.async_api import expect

from core.channel import Account
from core.forms.judge import QUICK_SECONDS
from core.interactions.interaction import Interaction
from switchboard.hub import Hub
from tests.browser import assert_accessible
from tests.portal.browsing import browser
from tests.portal.conftest import CONTACT, SHOP
from tests.running import running_hub

GOOD = {"name": "Anna", "email": "anna@example.org", "consent": "yes", "_id": "abc123"}


async def submissions(hub: Hub) -> list[Interaction]:
    found = hub.parts.stores.interactions._all.find({"kind": "form"}).sort("_id", 1)
    return [Interaction.of(document) async for document in found]


async def test_a_post_is_one_lead_however_often_it_is_sent(hub: Hub, client: aiohttp.ClientSession) -> None:
    for _ in range(3):
        async with client.post(f"{hub.url}/forms/contact?lang=ru", data=GOOD, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/forms/contact/thanks?lang=ru")
    async with client.get(f"{hub.url}/forms/contact/thanks?lang=ru") as answer:
        assert "Спасибо" in await answer.text()
    [entry] = await submissions(hub)
    assert entry.content.text == "Your name: Anna\nE-mail: anna@example.org"
    assert entry.author.name == "Anna"
    assert entry.raw is not None


async def test_what_is_wrong_is_said_beside_each_field_and_nothing_is_lost(
    hub: Hub, client: aiohttp.ClientSession
) -> None:
    wrong = {"name": "", "email": "not <mail>", "phone": "abc", "topic": "car", "message": 'a "quoted" </textarea>word'}
    async with client.post(f"{hub.url}/forms/contact?lang=uk", data={**wrong, "_lang": "uk"}) as answer:
        html = await answer.text()
        assert answer.status == 422
    for sentence in ("Заповніть", "Адреса пошти", "кодом країни", "один із варіантів", "позначку"):
        assert len(re.findall(f'<p class="wrong" id="[^"]+">[^<]*{sentence}', html)) == 1, sentence
    assert 'value="not &lt;mail&gt;"' in html
    assert "a &#34;quoted&#34; &lt;/textarea&gt;word" in html
    assert await submissions(hub) == []


async def test_json_is_answered_in_json(hub: Hub, client: aiohttp.ClientSession) -> None:
    async with client.post(f"{hub.url}/forms/contact", json={"name": "Anna", "email": "x"}) as answer:
        body = await answer.json()
        assert answer.status == 422
        assert set(body["fields"]) == {"email", "consent"}
    async with client.post(f"{hub.url}/forms/contact", json={**GOOD, "consent": True}) as answer:
        body = await answer.json()
        assert (answer.status, body["ok"]) == (200, True)
    [entry] = await submissions(hub)
    assert entry.id == body["id"]
    async with client.post(f"{hub.url}/forms/contact", data=b"{", headers={"Content-Type": "application/json"}) as bad:
        assert bad.status == 400
        assert (await bad.json())["error"]


async def test_only_configured_sites_may_post_json(hub: Hub, client: aiohttp.ClientSession) -> None:
    url = f"{hub.url}/forms/contact"
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    async with client.options(url, headers={"Origin": SHOP, **asks}) as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, SHOP)
    async with client.options(url, headers={"Origin": "https://evil.example", **asks}) as answer:
        assert "Access-Control-Allow-Origin" not in answer.headers
    async with client.post(url, json=GOOD, headers={"Origin": "https://evil.example"}) as answer:
        assert answer.status == 403
    assert await submissions(hub) == []
    async with client.post(url, json=GOOD, headers={"Origin": SHOP}) as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, SHOP)


async def test_a_redirect_of_its_own(hub: Hub, client: aiohttp.ClientSession) -> None:
    await hub.parts.stores.forms.save(replace(CONTACT, redirect="https://shop.example/thanks"))
    async with client.get(f"{hub.url}/forms/contact") as answer:
        assert "form-action 'self' https://shop.example;" in answer.headers["Content-Security-Policy"]
    async with client.post(f"{hub.url}/forms/contact", data=GOOD, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "https://shop.example/thanks"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"x" * 600_000, {"Content-Type": "application/x-www-form-urlencoded"}, 413),
        (b"name=" + b"y" * 40_000, {"Content-Type": "application/x-www-form-urlencoded"}, 422),
        (b"<a/>", {"Content-Type": "text/xml"}, 400),
        (b"", {"Content-Type": "multipart/form-data; boundary=x"}, 400),
        (b"\xff\xfe\x00", {"Content-Type": "application/x-www-form-urlencoded"}, 400),
    ],
)
async def test_bad_input_is_refused_and_said(
    hub: Hub, client: aiohttp.ClientSession, body: Any, headers: dict[str, str], status: int
) -> None:
    async with client.post(f"{hub.url}/forms/contact", data=body, headers=headers) as answer:
        assert answer.status == status
        assert "<h1" in await answer.text() or "<h2" in await answer.text()
    assert await submissions(hub) == []


async def test_no_such_form(hub: Hub, client: aiohttp.ClientSession) -> None:
    await hub.parts.stores.forms.save(replace(CONTACT, name="closed", enabled=False))
    for name in ("nope", "closed", "%00", "x" * 300, "..%2f"):
        async with client.get(f"{hub.url}/forms/{name}?lang=uk") as answer:
            assert answer.status == 404
            assert "Цієї форми тут немає" in await answer.text()


async def test_a_flood_from_one_place_is_slowed_and_from_others_is_not(
    database_uri: str, database_name: str, client: aiohttp.ClientSession
) -> None:
    async with running_hub(database_uri, database_name, sample_data=False, trusted_proxies="127.0.0.1") as hub:
        await hub.parts.stores.accounts.save(Account("webform", "site", "Site"))
        await hub.parts.stores.forms.save(CONTACT)

        async def send(n: int, place: str) -> tuple[int, str]:
            form, headers = {**GOOD, "_id": f"flood{n}"}, {"X-Forwarded-For": place}
            url = f"{hub.url}/forms/contact"
            async with client.post(url, data=form, headers=headers, allow_redirects=False) as answer:
                return answer.status, answer.headers.get("Retry-After", "")

        answers = [await send(n, "203.0.113.5") for n in range(34)]
        assert 30 <= [status for status, _ in answers].count(303) <= 32
        assert answers[-1][0] == 429
        assert int(answers[-1][1]) >= 1
        assert (await send(99, "203.0.113.6"))[0] == 303


async def test_in_a_browser_without_scripts(hub: Hub) -> None:
    async with browser() as opened:
        context = await opened.new_context(java_script_enabled=False, locale="ru-RU")
        page = await context.new_page()
        await page.goto(f"{hub.url}/forms/contact?utm_source=mail&name=prefilled")
        await expect(page.get_by_role("heading", name="Связаться")).to_be_visible()
        await expect(page.get_by_label("Имя")).to_have_value("")
        await page.get_by_label("Имя").fill("Иван")
        await page.get_by_label("E-mail").fill("ivan@example")  # the browser takes it, we do not
        await page.get_by_label("You may answer me by mail.").check()
        await page.get_by_role("button", name="Отправить").click()
        await expect(page.get_by_label("E-mail")).to_have_accessible_description(re.compile("Адрес почты"))
        await expect(page.get_by_label("Имя")).to_have_value("Иван")
        await page.get_by_label("E-mail").fill("ivan@example.org")
        await asyncio.sleep(QUICK_SECONDS)  # nobody writes faster, and without scripts that is one of few signs
        await page.get_by_role("button", name="Отправить").click()
        await expect(page.get_by_text("Спасибо!")).to_be_visible()
    [entry] = await submissions(hub)
    assert entry.data["utm"] == {"utm_source": "mail"}
    assert entry.data["page"].endswith("/forms/contact")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_are_for_everybody(hub: Hub, scheme: Any) -> None:
    async with browser() as opened:
        page = await (await opened.new_context(color_scheme=scheme)).new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if "Security" in message.text else None)
        for path in ("/forms/contact", "/forms/contact/thanks", "/forms/nope", "/track/nothing-here"):
            await page.goto(hub.url + path)
            await assert_accessible(page)
        assert problems == []
