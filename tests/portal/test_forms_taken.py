"""What becomes of a form: taken once, as it was shown; to whom it goes, what is answered, what is held back."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from core.channel import Account
from core.conversations.store import View
from core.customers.customer import Customer
from core.errors import Conflict
from core.forms.confirm import Confirm
from core.forms.field import FormField
from core.forms.form import Form
from core.interactions.interaction import Interaction
from portal.forms.ticket import LEAST_BITS, MOST_BITS, Ticket, bits_for, work_done
from switchboard.hub import Hub
from switchboard.wiring import confirm_links, spam
from tests.making import a_png
from tests.portal.conftest import CONTACT
from tests.portal.test_forms import GOOD, submissions

PNG = a_png()
HIDDEN = re.compile(r'name="(_ticket|_id)" value="([^"]+)"')


async def opened(client: aiohttp.ClientSession, hub: Hub, name: str = "contact") -> dict[str, str]:
    """The hidden fields of a form that a browser has opened, with its work done."""
    async with client.get(f"{hub.url}/forms/{name}") as answer:
        page = await answer.text()
    [bits] = re.findall(r'data-bits="(\d+)"', page)
    fields = dict(HIDDEN.findall(page))
    ticket = Ticket(fields["_id"], name, 0, 0, int(bits))
    work = next(str(n) for n in range(10_000_000) if work_done(ticket, str(n)) == "done")
    return {**fields, "_work": work}


async def send(client: aiohttp.ClientSession, hub: Hub, fields: Any, name: str = "contact") -> tuple[int, str]:
    """Status and where it leads, or the page."""
    async with client.post(f"{hub.url}/forms/{name}", data=fields, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location") or await answer.text()


async def until(look: Callable[[], Any], within: float = 120) -> Any:
    """What `look` returns once it is something."""
    async with asyncio.timeout(within):
        while not (found := await look()):
            await asyncio.sleep(0.02)
        return found


async def handled(hub: Hub) -> Interaction:
    """The one submission, once it is in its conversation."""

    async def look() -> Interaction | None:
        return next((entry for entry in await submissions(hub) if entry.conversation_id), None)

    entry: Interaction = await until(look)
    return entry


async def test_a_form_sent_ten_times_at_once_is_one(hub: Hub, client: aiohttp.ClientSession) -> None:
    ticket = await opened(client, hub)
    answers = await asyncio.gather(*(send(client, hub, {**GOOD, **ticket}) for _ in range(10)))
    assert {status for status, _ in answers} == {303}
    assert len(await submissions(hub)) == 1


async def test_a_form_that_changed_meanwhile_is_taken_as_it_was_shown(hub: Hub, client: aiohttp.ClientSession) -> None:
    ticket = await opened(client, hub)
    asked = FormField("birthday", "date", {"en": "Birthday"}, required=True)
    agreed = FormField("consent", "consent", {"en": "You may do anything."}, required=True)
    await hub.parts.stores.forms.save(replace(CONTACT, fields=(CONTACT.fields[0], asked, agreed)))
    assert (await send(client, hub, GOOD))[0] == 422  # a page of somebody's own is checked as it is now
    assert (await send(client, hub, {**GOOD, **ticket}))[0] == 303
    [entry] = await submissions(hub)
    assert (entry.data["form"], entry.data["version"]) == ("contact", 1)
    assert entry.data["consents"][0]["words"] == "You may answer me by mail."
    kept = await hub.parts.stores.forms.version("contact", 1)
    assert kept is not None
    assert kept.field("consent") == CONTACT.field("consent")


async def test_a_form_that_was_closed_meanwhile_gives_everything_back(hub: Hub, client: aiohttp.ClientSession) -> None:
    ticket = await opened(client, hub)
    await hub.parts.stores.forms.save(replace(CONTACT, enabled=False))
    status, page = await send(client, hub, {**GOOD, **ticket, "message": "A long story"})
    assert status == 410
    assert "has been closed" in page
    assert "A long story" in page
    assert 'value="anna@example.org"' in page
    assert await submissions(hub) == []


@pytest.mark.parametrize("ticket", ["x", "W10.abc", "\x00", "é" * 900])
async def test_a_forged_ticket_opens_nothing(hub: Hub, client: aiohttp.ClientSession, ticket: str) -> None:
    assert (await send(client, hub, {**GOOD, "_ticket": ticket}))[0] == 303
    [entry] = await submissions(hub)
    assert entry.data["suspected"] == {"forged": 3}


async def test_a_ticket_of_another_form_does_not_count(hub: Hub, client: aiohttp.ClientSession) -> None:
    await hub.parts.stores.forms.save(Form("open", "site", fields=(FormField("any"),)))
    ticket = await opened(client, hub, "open")
    assert (await send(client, hub, {"any": "x", **ticket}))[0] == 422


async def test_what_looks_like_spam_is_held_and_comes_in_once_when_freed(
    hub: Hub, client: aiohttp.ClientSession
) -> None:
    spoiled = {**GOOD, "_website": "http://spam.example", "message": "Am I a program?"}
    for _ in range(3):
        status, where = await send(client, hub, spoiled)
        assert (status, where.startswith("/forms/contact/thanks")) == (303, True)
    assert await submissions(hub) == []
    stores, parts = hub.parts.stores, hub.parts
    [(_, held)] = await stores.caught.page()
    assert (held.times, held.contact, held.signs) == (3, "anna@example.org", {"trap": 6})
    guard = spam(stores, parts.settings, parts.lines, parts.receive)
    freeing = [guard.free(held.id, f"agent{n}") for n in range(4)]
    results = await asyncio.gather(*freeing, return_exceptions=True)
    assert all(result is None or isinstance(result, Conflict) for result in results)
    entry = await handled(hub)
    assert [one.id for one in await submissions(hub)] == [entry.id]
    assert entry.data["fields"]["message"] == "Am I a program?"
    assert await stores.caught.count() == 0
    with pytest.raises(Conflict):
        await guard.delete(held.id, "agent")
    # The same words are welcome from now on.
    await send(client, hub, {**spoiled, "_id": "another"})
    assert await stores.caught.count() == 0
    assert len(await submissions(hub)) == 2


async def test_a_large_submission_is_freed_with_its_file_and_deleted_without_a_trace(
    hub: Hub, client: aiohttp.ClientSession
) -> None:
    stores, parts = hub.parts.stores, hub.parts
    await stores.forms.save(Form("files", "site", fields=(FormField("name"), FormField("doc", "file"))))
    guard = spam(stores, parts.settings, parts.lines, parts.receive)
    for n in range(2):
        data = aiohttp.FormData({"name": f"Ann {n}", "_website": "x"})
        data.add_field("doc", PNG + b"\x01" * (40_000 + n), filename="photo.exe", content_type="text/html")
        assert (await send(client, hub, data, "files"))[0] == 303
    [(_, last), (_, first)] = await stores.caught.page()
    assert (last.body, first.body) == (b"", b"")  # a list carries no files about
    await guard.delete(last.id, "agent")
    assert (await stores.caught.get(last.id)).body == b""  # type: ignore[union-attr]  # its mark stays
    await guard.free(first.id, "agent")
    [file] = (await handled(hub)).content.files
    assert (file.name, file.type, file.kind) == ("photo.exe", "image/png", "image")
    assert await stores.files.get(file.sha256 or "") == PNG + b"\x01" * 40_000


async def test_what_a_program_repeats_is_held_in_the_end(hub: Hub, client: aiohttp.ClientSession) -> None:
    fields = {**GOOD, "message": "Cheap watches"}
    for n in range(9):
        ticket = {**await opened(client, hub), "_work": f"wrong{n}", "email": f"a{n}@example.org"}
        assert (await send(client, hub, {**fields, **ticket}))[0] == 303
    held = await hub.parts.stores.caught.page()
    assert len(held) >= 6
    assert len(held) + len(await submissions(hub)) == 9


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"<script>alert(1)</script>", "photo.png", "This kind of file"),
        (b"MZ\x90\x00\x03", "photo.png", "This kind of file"),
        (PNG + b"\x00" * 1024 * 1024, "photo.png", "up to 1 MB"),
        (b"", "photo.png", "This kind of file"),
    ],
    ids=["markup", "program", "large", "empty"],
)
async def test_a_file_that_will_not_do_is_said_beside_its_field(
    hub: Hub, client: aiohttp.ClientSession, data: bytes, name: str, code: str
) -> None:
    asked = FormField("photo", "file", {"en": "Photo"}, accept=("pictures",), megabytes=1)
    await hub.parts.stores.forms.save(Form("photo", "site", fields=(FormField("name"), asked)))
    form = aiohttp.FormData({"name": "Ann"})
    form.add_field("photo", io.BytesIO(data), filename=name, content_type="image/png")
    status, page = await send(client, hub, form, "photo")
    assert status == 422
    assert re.search(rf'id="f-photo-photo-wrong">[^<]*{code}', page)
    assert 'value="Ann"' in page
    assert await submissions(hub) == []


async def test_a_file_that_was_fine_need_not_be_chosen_again(hub: Hub, client: aiohttp.ClientSession) -> None:
    fields = (FormField("name", required=True), FormField("photo", "file", {"en": "Photo"}, required=True))
    await hub.parts.stores.forms.save(Form("photo", "site", fields=fields))
    ticket = await opened(client, hub, "photo")
    form = aiohttp.FormData({"name": "", **ticket}, quote_fields=False)  # as browsers do
    form.add_field("photo", PNG, filename="мой кот.png")
    status, page = await send(client, hub, form, "photo")
    assert status == 422
    [receipt] = re.findall(r'name="_kept" value="([^"]+)"', page)
    other = await opened(client, hub, "photo")
    assert (await send(client, hub, {"name": "Eve", "_kept": receipt, **other}, "photo"))[0] == 422  # not hers
    assert (await send(client, hub, {"name": "Ann", "_kept": receipt, **ticket}, "photo"))[0] == 303
    [entry] = await submissions(hub)
    assert [(file.name, file.size) for file in entry.content.files] == [("мой кот.png", len(PNG))]


async def test_more_than_a_form_can_hold_is_refused_before_it_is_in_memory(
    hub: Hub, client: aiohttp.ClientSession
) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
        while sent < 200:
            sent += 1
            yield b"\x00" * 1024 * 1024

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        async with client.post(f"{hub.url}/forms/contact", data=endless(), headers=headers) as answer:
            assert answer.status == 413
    except aiohttp.ClientConnectionError:
        pass  # the hub hung up while we were still sending
    assert sent < 150


async def test_who_gets_it_and_what_is_answered(hub: Hub, client: aiohttp.ClientSession) -> None:
    stores = hub.parts.stores
    await stores.accounts.save(Account("email", "help", "Help", {"address": "help@shop.example"}))
    maria = await stores.agents.add("Maria", "maria@example.org", "a password for tests")
    known = Customer("0" * 20, name="Anna Known", keys=("email:anna@example.org",))
    await stores.customers.add(known)
    answer = {"en": "Hello {{ customer.name }}!", "ru": "Здравствуйте, {{ customer.name }}!"}
    form = replace(CONTACT, assignee=maria.id, tags=("lead", "site"), subject={"ru": "Спасибо"}, answer=answer)
    await stores.forms.save(form)
    await send(client, hub, {**GOOD, "_lang": "ru", "message": "secret words"})
    entry = await handled(hub)
    conversation = await stores.conversations.get(entry.conversation_id or "")
    assert conversation is not None
    assert (conversation.assignee, conversation.tags) == (maria.id, ("lead", "site"))
    # A typed address joins nobody: a record of its own that only claims it, for an agent to judge.
    customer = await stores.customers.get(entry.customer_id or "")
    assert customer is not None
    assert customer.id != known.id
    assert [one.id for one in await stores.customers.claimants(customer.claims, customer.id)] == [known.id]
    assert customer.consents["contact"]["given"] is True
    [said] = customer.consents["contact"]["history"]
    assert (said["how"], said["words"], said["entry"]) == ("form", "You may answer me by mail.", entry.id)
    assert (await stores.customers.get(known.id)).consents == {}  # type: ignore[union-attr]  # it is there
    page = await stores.interactions.page(conversation_id=conversation.id)
    [sent] = [one for one in page if one.direction == "out"]
    assert sent.address == "email:help:anna@example.org"
    assert (sent.content.subject, sent.content.text) == ("Спасибо", "Здравствуйте, Anna!")


OPT_IN = Form(
    "news",
    "site",
    fields=(
        FormField("email", "email", required=True),
        FormField("yes", "consent", {"en": "Send me news."}, purpose="marketing", confirm=True),
    ),
)


async def asked_to_confirm(hub: Hub, client: aiohttp.ClientSession) -> tuple[str, Interaction]:
    """Sign up; the link in the mail, and the submission."""
    await hub.parts.stores.accounts.save(Account("email", "help", "Help", {"address": "help@shop.example"}))
    await hub.parts.stores.forms.save(OPT_IN)
    await send(client, hub, {"email": "anna@example.org", "yes": "yes"}, "news")
    entry = await handled(hub)

    async def mail() -> str | None:
        page = await hub.parts.stores.interactions.page(conversation_id=entry.conversation_id)
        return next((one.content.text for one in page if one.direction == "out"), None)

    link = re.search(r"/confirm/[0-9a-v]+", await until(mail))
    assert link is not None
    return hub.url + link[0], entry


async def test_a_consent_counts_only_after_the_button_in_the_mail(hub: Hub, client: aiohttp.ClientSession) -> None:
    link, entry = await asked_to_confirm(hub, client)
    customers = hub.parts.stores.customers

    async def consent() -> Any:
        customer = await customers.get(entry.customer_id or "")
        assert customer is not None
        return customer.consents.get("marketing", {})

    for _ in range(3):  # a scanner opens every link
        async with client.get(link) as answer:
            assert answer.status == 200
            assert "Send me news." in await answer.text()
    assert await consent() == {}

    async def press() -> int:
        async with client.post(link) as answer:
            assert "Confirmed" in await answer.text()
            return answer.status

    assert await asyncio.gather(*(press() for _ in range(5))) == [200] * 5
    given = await consent()
    assert given["given"] is True
    assert [(said["how"], said["words"]) for said in given["history"]] == [("confirmed", "Send me news.")]
    page = await hub.parts.stores.interactions.page(conversation_id=entry.conversation_id)
    assert len([one for one in page if one.content.text == "Confirmed by mail: {purposes}"]) == 1
    # Who took it back later is not signed up again by the old link.
    await customers.consent(
        entry.customer_id or "", "marketing", given=False, at=datetime.now(UTC), how="unsubscribe", entry="later"
    )
    await press()
    assert (await consent())["given"] is False


async def test_a_link_of_nobody_and_one_that_is_too_old(hub: Hub, client: aiohttp.ClientSession) -> None:
    link, entry = await asked_to_confirm(hub, client)
    for wrong in (link[:-1] + "0" if link[-1] != "0" else link[:-1] + "1", f"{hub.url}/confirm/x", link + "0"):
        async with client.post(wrong) as answer:
            assert answer.status == 404
    stores, links = hub.parts.stores, confirm_links(hub.parts.stores, hub.parts.settings)
    later = datetime.now(UTC) + timedelta(days=8)
    confirm = Confirm(links, stores.interactions, stores.customers, lambda _: None, clock=lambda: later)
    asked = await confirm.give(link.rsplit("/", 1)[1])
    assert asked is not None
    assert asked.state == "late"
    customer = await stores.customers.get(entry.customer_id or "")
    assert customer is not None
    assert "marketing" not in customer.consents


async def test_the_list_of_conversations_has_one_row(hub: Hub, client: aiohttp.ClientSession) -> None:
    """Two forms of one person are one conversation, whoever they are."""
    for n in range(2):
        await send(client, hub, {**GOOD, "_id": f"n{n}", "message": f"word {n}"})

    async def both() -> bool:
        return len([one for one in await submissions(hub) if one.conversation_id]) == 2

    await until(both)
    assert len(await hub.parts.stores.conversations.page(View(statuses=()))) == 1


def test_the_busier_a_form_the_more_work() -> None:
    asked = [bits_for(n) for n in (0, 9, 10, 100, 1000, 100_000)]
    assert asked == sorted(asked)
    assert (asked[0], asked[-1]) == (LEAST_BITS, MOST_BITS)
    ticket = Ticket("abc", "f", 1, 0, 8)
    done = [n for n in range(4000) if work_done(ticket, str(n)) == "done"]
    assert 4000 / 256 / 4 < len(done) < 4000 / 256 * 4
    assert (work_done(ticket, ""), work_done(ticket, "é" * 40)) in {("none", "wrong"), ("none", "done")}
