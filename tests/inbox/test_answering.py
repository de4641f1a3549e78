"""Reading, answering, noting, assigning, putting aside, resolving: over HTTP, as a page without scripts does it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise

import pytest
from aiohttp import FormData

from core.agents.agent import Agent
from core.content import Content, File
from core.interactions.interaction import Interaction
from switchboard.hub import Hub
from tests.inbox.desk import AtDesk, agent_of, asks, at_desk, conversation_of, says, site
from tests.making import a_png
from tests.running import running_hub


async def said(hub: Hub, conversation_id: str) -> list[Interaction]:
    return await hub.parts.stores.interactions.page(conversation_id=conversation_id)


async def test_a_reply_is_sent_once_however_often_it_is_posted_and_takes_the_conversation(
    hub: Hub, desk: AtDesk, maria: Agent
) -> None:
    conversation = await asks(hub)
    path = f"/inbox/c/{conversation.id}"
    for _ in range(2):
        response, _ = await desk.form(f"{path}/say", {"text": "Good morning 🎉", "key": "one"})
        assert response.status == 303
        assert response.headers["Location"] == f"{path}?said=sent"
    replies = [entry for entry in await said(hub, conversation.id) if entry.author.kind == "agent"]
    assert [(entry.content.text, entry.author.name) for entry in replies] == [("Good morning 🎉", "Maria")]
    after = await hub.parts.stores.conversations.get(conversation.id)
    assert after
    assert (after.status, after.assignee) == ("open", maria.id)
    _, text = await desk.get(path)
    assert "Good morning 🎉" in text


async def test_send_and_resolve_note_and_reopen(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub)
    path = f"/inbox/c/{conversation.id}"
    status, answer = await desk.post(f"{path}/say", {"text": "Done.", "then": "resolve"})
    assert status == 200
    assert answer["undo"]["to"] == f"{path}/reopen"
    assert "c-" + conversation.id not in (await desk.get("/inbox/"))[1]
    assert "c-" + conversation.id in (await desk.get("/inbox/?status=resolved"))[1]
    assert (await desk.post(answer["undo"]["to"], answer["undo"]["fields"]))[0] == 200
    assert (await desk.post(f"{path}/say", {"text": "she sounded angry", "mode": "note"}))[0] == 200
    note = (await said(hub, conversation.id))[-1]
    assert (note.kind, note.direction, note.content.text) == ("note", "internal", "she sounded angry")
    assert "c-" + conversation.id in (await desk.get("/inbox/"))[1]


async def test_assigning_says_what_it_was_before(hub: Hub, desk: AtDesk, maria: Agent) -> None:
    conversation = await asks(hub)
    path = f"/inbox/c/{conversation.id}/assign"
    _, answer = await desk.post(path, {"assignee": maria.id})
    assert answer["undo"]["fields"] == {"assignee": ""}
    assert "c-" + conversation.id in (await desk.get("/inbox/?whose=mine"))[1]
    assert "c-" + conversation.id not in (await desk.get("/inbox/?whose=unassigned"))[1]
    assert (await desk.post(path, {"assignee": "nobody-of-this-id"}))[0] == 422


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"preset": "tomorrow"}, 200),
        ({"until": "2020-01-01T09:00"}, 422),
        ({"until": "99999-01-01T00:00"}, 422),
        ({"until": "soon"}, 422),
        ({"preset": "never"}, 422),
        ({}, 422),
    ],
)
async def test_snoozing(hub: Hub, desk: AtDesk, fields: dict[str, str], status: int) -> None:
    conversation = await asks(hub)
    got, answer = await desk.post(f"/inbox/c/{conversation.id}/snooze", fields)
    assert got == status, answer
    after = await hub.parts.stores.conversations.get(conversation.id)
    assert after
    assert after.status == ("snoozed" if status == 200 else "open")


async def test_a_planned_reply_waits_and_can_be_taken_back(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub)
    later = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    status, answer = await desk.post(f"/inbox/c/{conversation.id}/say", {"text": "Tomorrow!", "later": later})
    assert (status, answer["said"]) == (200, "Planned")
    entry = (await said(hub, conversation.id))[-1]
    assert entry.status == "planned"
    assert (await desk.post(f"/inbox/deliveries/{entry.id}/cancel"))[0] == 200
    assert (await said(hub, conversation.id))[-1].status == "cancelled"
    assert (await desk.post(f"/inbox/deliveries/{entry.id}/cancel"))[0] == 409


@pytest.mark.parametrize("text", ["", "   \n", "\u2003"])
async def test_nothing_is_not_sent(hub: Hub, desk: AtDesk, text: str) -> None:
    conversation = await asks(hub)
    for mode in ("reply", "note"):
        status, answer = await desk.post(f"/inbox/c/{conversation.id}/say", {"text": text, "mode": mode})
        assert (status, answer["sentence"]) == (422, "Write something first.")


async def test_what_no_database_holds_is_made_fit_to_keep(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub)
    status, _ = await desk.post(f"/inbox/c/{conversation.id}/say", {"text": "before\x00after", "key": "$k.\x00"})
    assert status == 200
    assert (await said(hub, conversation.id))[-1].content.text == "before\ufffdafter"
    body = b"text=%ED%A0%80&mode=note&key=%FF"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await desk.post(f"/inbox/c/{conversation.id}/say", body, **headers))[0] in (200, 422)
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    status, answer = await desk.post(f"/inbox/c/{conversation.id}/say", b"not multipart at all", **broken)
    assert status == 422
    assert answer["sentence"]


async def test_attachments_go_out_and_come_back_as_they_were_and_run_nothing(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub)
    form = FormData()
    form.add_field("text", "See these")
    form.add_field("file", b"<script>alert(1)</script>", filename='../"evil.html', content_type="image/png")
    form.add_field("file", a_png(), filename="фото.png", content_type="text/html")
    assert (await desk.post(f"/inbox/c/{conversation.id}/say", form))[0] == 200
    entry = (await said(hub, conversation.id))[-1]
    page, picture = entry.content.files
    response, text = await desk.get(f"/inbox/files/{page.sha256}?entry={entry.id}")
    assert text == "<script>alert(1)</script>"
    assert response.content_type == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in response.headers["Content-Security-Policy"]
    response, _ = await desk.get(f"/inbox/files/{picture.sha256}?entry={entry.id}")
    assert response.content_type == "image/png"
    assert response.headers["Content-Disposition"].startswith("inline;")
    other = await asks(hub, "v2")
    alien = (await said(hub, other.id))[0]
    assert (await desk.get(f"/inbox/files/{page.sha256}?entry={alien.id}"))[0].status == 404


async def test_a_file_that_is_too_large_is_refused_with_a_sentence(database_uri: str, database_name: str) -> None:
    async with running_hub(database_uri, database_name, sample_data=False, max_body="1 MB") as hub:
        await site(hub)
        conversation = await asks(hub)
        async with at_desk(hub, await agent_of(hub)) as desk:
            form = FormData()
            form.add_field("text", "Here")
            form.add_field("file", BytesIO(b"x" * 1_500_000), filename="big.bin")
            status, answer = await desk.post(f"/inbox/c/{conversation.id}/say", form)
        assert status == 413
        assert "smaller" in answer["sentence"]
        assert not [entry for entry in await said(hub, conversation.id) if entry.author.kind == "agent"]


async def test_mail_is_shown_in_a_document_that_loads_and_runs_nothing(hub: Hub, desk: AtDesk) -> None:
    sha256 = await hub.parts.stores.files.put(a_png())
    html = (
        '<p onclick="x()">Hello <b>there</b><script>steal()</script></p><img src="https://evil.example/p.png">'
        '<img src="cid:logo"><img src="CID:L%6Fgo"><form action="https://evil.example"><input name=a></form>'
        '<base href="//evil.example">'
    )
    logo = File("logo.png", "image/png", sha256=sha256, content_id="logo")
    conversation = await asks(hub, content=Content(html=html, files=(logo,)))
    entry = next(e for e in await said(hub, conversation.id) if e.direction == "in")
    response, text = await desk.get(f"/inbox/mail/{entry.id}")
    assert response.status == 200
    for bad in ("script", "onclick", "evil.example", "<form", "<base"):
        assert bad not in text
    assert "<b>there</b>" in text
    assert text.count('src="data:image/png;base64,') == 2
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy


async def test_the_list_is_paged_without_gaps_or_repeats(hub: Hub, desk: AtDesk) -> None:
    await asyncio.gather(*(says(hub, "I want to talk to a person", f"p{n}") for n in range(45)))
    for n in range(45):
        await conversation_of(hub, f"webchat:site:p{n}")
    _, first = await desk.get("/inbox/?status=every", **{"X-Regions": "list"})
    assert "</html>" not in first
    onward = first.split("before=")[1].split('"')[0]
    _, second = await desk.get(f"/inbox/?status=every&before={onward}")
    ids = [part.split('"')[0] for page in (first, second) for part in page.split('<li id="c-')[1:]]
    assert len(ids) == len(set(ids)) == 45
    _, many = await desk.get("/inbox/?status=every&rows=60")
    assert [part.split('"')[0] for part in many.split('<li id="c-')[1:]] == ids


async def test_history_is_paged_upward(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub)
    for n in range(60):
        await hub.parts.desk.note(await _anybody(hub), conversation.id, f"note {n}", key=str(n))
    _, newest = await desk.get(f"/inbox/c/{conversation.id}")
    assert "note 59" in newest
    assert "note 5<" not in newest
    earlier = newest.split("?earlier=")[1].split('"')[0]
    _, older = await desk.get(f"/inbox/c/{conversation.id}?earlier={earlier}", **{"X-Regions": "thread"})
    shown = [part.split('"')[0] for page in (older, newest) for part in page.split(' id="e-')[1:]]
    assert (
        len(shown)
        == len(set(shown))
        == len(await hub.parts.stores.interactions.page(conversation_id=conversation.id, limit=200))
    )
    assert all(a < b for a, b in pairwise(shown))


async def _anybody(hub: Hub) -> Agent:
    return (await hub.parts.stores.agents.all())[0]


async def test_search_finds_what_was_said_and_who_said_it(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub, text="I want a person to ask about the turquoise bicycle", name="Zinaida Petrenko")
    async with asyncio.timeout(120):
        while "c-" + conversation.id not in (await desk.get("/inbox/?q=turquoise+bicyc"))[1]:
            await asyncio.sleep(0.05)
    assert f"/inbox/customers/{conversation.customer_id}" in (await desk.get("/inbox/?q=zinaida"))[1]
    assert "Nothing found" in (await desk.get("/inbox/?q=nobody+said+this"))[1]


@pytest.mark.parametrize(
    "path",
    [
        "/inbox/?whose=x&status=y&channel=z&leads=%00&q=%ff%00%F0%9F%98%80",
        "/inbox/?before=1~2",
        "/inbox/?before=" + "9" * 40 + "~x",
        "/inbox/?before=99999999999999~x",
        "/inbox/?rows=-1",
        "/inbox/?rows=" + "9" * 30,
        "/inbox/?q=" + "я" * 1300,
        "/inbox/customers?q=%E2%80%AE&before=%00",
        "/inbox/problems?before=%00&intake=x",
    ],
)
async def test_strange_addresses_are_answered_with_a_page(desk: AtDesk, path: str) -> None:
    assert (await desk.get(path))[0].status == 200


@pytest.mark.parametrize(
    "path", ["/inbox/c/nothing", "/inbox/c/%00", "/inbox/customers/x", "/inbox/files/x", "/inbox/mail/x", "/inbox/x/y"]
)
async def test_what_is_not_there_is_said_plainly(desk: AtDesk, path: str) -> None:
    response, text = await desk.get(path)
    assert response.status == 404
    assert "To the inbox" in text


async def test_a_strangers_words_stay_words(hub: Hub, desk: AtDesk) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)> \u202e \x00 {{ 7*7 }} %(name)s https://a.example/"x'
    conversation = await asks(hub, text=f"I want a person. {evil}", name=evil[:150])
    for path in ("/inbox/", f"/inbox/c/{conversation.id}", f"/inbox/customers/{conversation.customer_id}"):
        _, text = await desk.get(path)
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "{{ 7*7 }}" in text or "7*7" not in text
        assert 'href="https://a.example/"' not in text


async def test_reading_clears_the_mark(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub)
    assert conversation.unread == 1
    await desk.get(f"/inbox/c/{conversation.id}", **{"X-Regions": "thread"})
    after = await hub.parts.stores.conversations.get(conversation.id)
    assert after
    assert after.unread == 1, "a part that is asked for by a script in a hidden page is not read"
    await desk.get(f"/inbox/c/{conversation.id}")
    after = await hub.parts.stores.conversations.get(conversation.id)
    assert after
    assert after.unread == 0
