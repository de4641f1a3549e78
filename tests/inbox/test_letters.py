"""Mail as agents see it and write it: copies, first letters, pictures, signatures, who takes part, what came back."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiohttp import FormData

from core.agents.agent import Agent
from core.channel import Address, Receipt, Withdrawal
from core.conversations.conversation import Conversation
from core.conversations.store import View
from core.interactions.interaction import Interaction
from core.said import Said
from switchboard.hub import Hub
from tests.inbox.desk import AtDesk, agent_of, asks, at_desk
from tests.inbox.letters import OURS, arrives, mail_line, sent, thread_about, written
from tests.making import a_png, until
from tests.servers.smtp import FaultySmtp

PNG = a_png()
ANN, IVAN, BOSS = "ann@firm.example", "ivan@firm.example", "boss@else.example"


@pytest.fixture
async def post(hub: Hub) -> AsyncIterator[FaultySmtp]:
    async with FaultySmtp() as server:
        await mail_line(hub, server)
        yield server


async def asked(hub: Hub, subject: str = "A quote", **fields: Any) -> Conversation:
    """Ann's mail and its conversation."""
    fields.setdefault("Message_ID", "<one@firm.example>")
    await arrives(hub, written(f"Ann <{ANN}>", subject, "Could we have a quote?", **fields))
    return await thread_about(hub, subject)


async def ours(hub: Hub, conversation: Conversation) -> list[Interaction]:
    entries = await hub.parts.stores.interactions.page(conversation_id=conversation.id)
    return [entry for entry in entries if entry.direction == "out"]


def parsed(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def recipients(server: FaultySmtp) -> list[str]:
    return re.findall(r"(?m)^RCPT TO:<([^>]+)>", "\n".join(server.commands))


# ------------------------------------------------------------------------------------------------------------- copies


async def test_an_answer_goes_to_its_copies_who_are_remembered_and_never_to_ourselves(
    hub: Hub, desk: AtDesk, post: FaultySmtp
) -> None:
    conversation = await asked(hub, Cc=f"Ivan <{IVAN}>, {OURS}")
    path = f"/inbox/c/{conversation.id}"
    _, page = await desk.get(path)
    assert f'data-copy="{IVAN}"' in page, "who was in copy is offered"
    assert f'data-copy="{OURS}"' not in page
    fields = {"text": "Here it is", "cc": f'"Boyko, Ivan" <{IVAN.upper()}>; {OURS}, {ANN}', "bcc": BOSS, "key": "k"}
    for _ in range(2):
        assert (await desk.post(f"{path}/say", fields))[0] == 200
    mail = parsed((await sent(post))[0])
    assert (mail["Cc"], mail["Bcc"]) == (IVAN, None)
    assert recipients(post) == [ANN, IVAN, BOSS]
    _, page = await desk.get(path)
    assert re.search(rf'name="cc" value="{IVAN}"', page), "the next answer goes to the same people"
    assert re.search(rf"Bcc: <bdi>{BOSS}</bdi>", page), "agents see whom it went to"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"cc": "ivan"}, "“ivan” is not a mail address."),
        ({"bcc": "a@b\n.example"}, "“a@b” is not a mail address."),
        ({"cc": "a@b.example\x00"}, "“a@b.example\ufffd” is not a mail address."),
        ({"cc": ", ".join(f"a{n}@b.example" for n in range(51))}, "At most 50 people can get a copy."),
    ],
)
async def test_a_copy_that_cannot_be_sent_sends_nothing(
    hub: Hub, desk: AtDesk, post: FaultySmtp, fields: dict[str, str], sentence: str
) -> None:
    conversation = await asked(hub)
    status, answer = await desk.post(f"/inbox/c/{conversation.id}/say", {"text": "Hi", **fields})
    assert (status, answer["sentence"]) == (422, sentence)
    assert await ours(hub, conversation) == []


async def test_copies_are_for_letters_alone(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub)
    status, answer = await desk.post(f"/inbox/c/{conversation.id}/say", {"text": "Hi", "cc": IVAN})
    assert (status, answer["sentence"][:26]) == (422, "Copies can be sent by mail")


# ------------------------------------------------------------------------------------------------- who takes part


async def test_a_stranger_in_copy_is_seen_and_so_is_who_joined(hub: Hub, desk: AtDesk, post: FaultySmtp) -> None:
    conversation = await asked(hub, Cc=f"Ivan <{IVAN}>, {BOSS}")
    answer = written(
        f"Ivan <{IVAN}>", "Re: A quote", "And green ones.", In_Reply_To="<one@firm.example>", To=f"{ANN}, {OURS}"
    )
    await arrives(hub, answer)
    await thread_about(hub, "A quote", 2)
    _, page = await desk.get(f"/inbox/c/{conversation.id}")
    beside = page[page.index("In this conversation") :]
    assert re.search(r"Ann</span>.{0,60}Wrote", beside)
    assert re.search(r"Ivan</span>.{0,60}Joined", beside)
    assert re.search(rf"{BOSS}</span>.{{0,60}}In copy", beside)
    assert f"Ivan ({IVAN}) was copied in and now takes part" in page
    async with at_desk(hub, await agent_of(hub, "Олена", language="uk")) as oleh:
        _, page = await oleh.get(f"/inbox/c/{conversation.id}")
    assert f"Ivan ({IVAN}) був у копії й тепер бере участь" in page


async def test_a_sender_nobody_vouches_for_is_marked_and_a_verified_one_is_quiet(
    hub: Hub, desk: AtDesk, post: FaultySmtp
) -> None:
    good = await asked(hub)
    await arrives(hub, written("Bank <bank@bank.example>", "Urgent", "Your password, please", vouched=False))
    doubted = await thread_about(hub, "Urgent")
    _, page = await desk.get(f"/inbox/c/{doubted.id}")
    assert "Could not be verified" in page
    assert "anybody can write any sender" in page
    assert "Could not be verified" not in (await desk.get(f"/inbox/c/{good.id}"))[1]


# ------------------------------------------------------------------------------------------------------ first letters


async def test_a_first_letter_is_sent_once_and_its_answer_comes_into_the_same_conversation(
    hub: Hub, desk: AtDesk, post: FaultySmtp
) -> None:
    fields = {
        "to": "New@Firm.example",
        "line": "email:help",
        "subject": "Your repair",
        "text": "It is done.",
        "key": "k",
    }
    response, page = await desk.form("/inbox/new", {**fields, "subject": " "})
    assert response.status == 422
    assert "Write a subject." in page
    assert "It is done." in page, "what was written comes back"
    status, answer = await desk.post("/inbox/new", {**fields, "subject": " "})
    assert (status, answer["sentence"]) == (422, "Write a subject.")
    for _ in range(2):
        status, answer = await desk.post("/inbox/new", fields)
        assert (status, answer["said"]) == (200, "Sent")
    mail = parsed((await sent(post))[0])
    assert (mail["To"], mail["Subject"], mail["In-Reply-To"]) == ("new@firm.example", "Your repair", None)
    found = await hub.parts.stores.conversations.page(View(statuses=()))
    assert [c.subject for c in found] == ["Your repair"]
    reply = written("New <new@firm.example>", "Re: Your repair", "Thank you!", In_Reply_To=mail["Message-ID"])
    await arrives(hub, reply)
    conversation = await thread_about(hub, "Your repair")
    assert answer["then"] == f"/inbox/c/{conversation.id}"
    assert len(post.mails) == 1
    customer = await hub.parts.stores.customers.get(conversation.customer_id)
    assert customer
    assert customer.keys == ("email:new@firm.example",)


@pytest.mark.parametrize(
    "fields",
    [
        {"to": "nobody"},
        {"to": "a@b.example, c@d.example"},
        {"to": "a@b.example", "line": "email:else"},
        {"address": "email:help:ann@firm.example"},
        {"to": "a@b.example", "text": ""},
    ],
)
async def test_a_letter_that_cannot_be_sent_begins_nothing(
    hub: Hub, desk: AtDesk, post: FaultySmtp, fields: dict[str, str]
) -> None:
    usual = {"line": "email:help", "subject": "Hi", "text": "Hello", "key": "k"}
    assert (await desk.post("/inbox/new", {**usual, **fields}))[0] == 422
    assert await hub.parts.stores.conversations.page(View(statuses=())) == []


async def test_a_customer_who_is_known_from_the_chat_is_written_to_by_mail(
    hub: Hub, desk: AtDesk, post: FaultySmtp
) -> None:
    conversation = await asks(hub)
    await hub.parts.stores.customers.learn(conversation.customer_id, claims=["email:vis@itor.example"])
    _, page = await desk.get(f"/inbox/new?customer={conversation.customer_id}")
    assert 'value="email:help:vis@itor.example" data-letters data-files data-pictures' in page
    fields = {"customer": conversation.customer_id, "address": "email:help:vis@itor.example", "key": "k"}
    status, _ = await desk.post("/inbox/new", {**fields, "subject": "As agreed", "text": "By mail"})
    assert status == 200
    assert parsed((await sent(post))[0])["To"] == "vis@itor.example"
    begun = [c for c in await hub.parts.stores.conversations.of_customer(conversation.customer_id) if c.subject]
    assert [c.subject for c in begun] == ["As agreed"], "it is the same customer"


# --------------------------------------------------------------------------------------------- pictures, signatures


async def test_a_pasted_picture_stands_in_the_mail_and_the_signature_below_it(
    hub: Hub, desk: AtDesk, post: FaultySmtp
) -> None:
    conversation = await asked(hub)
    fields = {"name": "Maria", "language": "en", "signature": "**Maria**\r\nThe shop"}
    assert (await desk.form("/inbox/me", fields))[0].status == 303
    _, page = await desk.get(f"/inbox/c/{conversation.id}")
    assert "<b>Maria</b><br>The shop" in page, "shown below the composer"
    form = FormData()
    form.add_field("text", "Look:\n\n[plan.png]\n\nand see https://shop.example/?a=1&b=2.")
    form.add_field("file", PNG, filename="plan.png", content_type="image/png")
    form.add_field("file", b"%PDF-1.4", filename="quote.pdf", content_type="application/pdf")
    assert (await desk.post(f"/inbox/c/{conversation.id}/say", form))[0] == 200
    mail = parsed((await sent(post))[0])
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain
    assert html
    assert plain.get_content().replace("\r\n", "\n").rstrip().endswith("-- \nMaria\nThe shop")
    page = html.get_content()
    assert '<a href="https://shop.example/?a=1&amp;b=2">' in page
    assert "<b>Maria</b><br>The shop" in page
    (id,) = re.findall(r'<img src="cid:([^"]+)"', page)
    placed = [part for part in mail.walk() if part["Content-ID"] == f"<{id}>"]
    assert [(p.get_content_type(), p.get_payload(decode=True)) for p in placed] == [("image/png", PNG)]
    assert [p.get_filename() for p in mail.iter_attachments()] == ["quote.pdf"]
    entry = (await ours(hub, conversation))[0]
    assert 'src="data:image/png;base64,' in (await desk.get(f"/inbox/mail/{entry.id}"))[1], "and agents see it in place"


async def test_where_pictures_cannot_stand_in_the_text_they_are_attached(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub)
    form = FormData()
    form.add_field("text", "Look [plan.png]")
    form.add_field("file", PNG, filename="plan.png", content_type="image/png")
    assert (await desk.post(f"/inbox/c/{conversation.id}/say", form))[0] == 200
    content = (await ours(hub, conversation))[-1].content
    assert (content.text, [file.name for file in content.files]) == ("Look", ["plan.png"])


async def test_the_line_signs_for_agents_without_a_signature(hub: Hub, desk: AtDesk, post: FaultySmtp) -> None:
    await mail_line(hub, post, signature="The shop\nHarbour street 5")
    conversation = await asked(hub)
    assert "The shop<br>Harbour street 5" in (await desk.get(f"/inbox/c/{conversation.id}"))[1]
    await desk.post(f"/inbox/c/{conversation.id}/say", {"text": "Hi"})
    plain = parsed((await sent(post))[0]).get_body(("plain",))
    assert plain
    assert plain.get_content().replace("\r\n", "\n").rstrip().endswith("-- \nThe shop\nHarbour street 5")


async def test_a_line_s_signature_is_written_on_several_lines(hub: Hub, admin: AtDesk, post: FaultySmtp) -> None:
    _, page = await admin.get("/inbox/settings/lines/email?name=help")
    assert re.search(r'<textarea[^>]*name="field-signature"', page)


# ------------------------------------------------------------------------------------------------ what became of it


async def test_what_came_back_is_said_in_the_agents_language_and_the_address_can_be_freed(
    hub: Hub, desk: AtDesk, post: FaultySmtp
) -> None:
    conversation = await asked(hub)
    await desk.post(f"/inbox/c/{conversation.id}/say", {"text": "Hi"})
    await sent(post)
    entry = (await ours(hub, conversation))[0]
    account = await hub.parts.lines.account("email", "help")
    address = Address("email", "help", ANN)
    reason = Said("This mail address does not exist (any more).", "550 5.1.1 <b>nobody</b>")
    late = Receipt(address, "", "delayed", "4.4.1", "421 busy", outbound=entry.id)
    await hub.parts.receive.keep(account, [late])
    path = f"/inbox/c/{conversation.id}"
    assert "The other side has not taken it yet and is still trying. 421 busy" in (await desk.get(path))[1]
    await hub.parts.receive.keep(
        account, [Receipt(address, "", "failed", "5.1.1", reason, gone=True, outbound=entry.id)]
    )
    _, page = await desk.get(path)
    assert "Came back" in page
    assert "This mail address does not exist (any more). 550 5.1.1 &lt;b&gt;nobody&lt;/b&gt;" in page
    assert f"The message to {ANN} came back: this address cannot be reached any more." in page
    beside = page[page.index('id="side"') :]
    assert re.search(r"Since <time[^>]*>[^<]*</time>\. This mail address does not exist", beside)
    async with at_desk(hub, await agent_of(hub, "Олена", language="ru")) as other:
        _, page = await other.get(path)
    assert "Такого адреса почты нет (или больше нет). 550 5.1.1 &lt;b&gt;nobody&lt;/b&gt;" in page
    assert f"Сообщение на {ANN} вернулось: этот адрес больше недоступен. Такого адреса" in page
    fields = {"address": str(address), "c": conversation.id}
    status, answer = await desk.post(f"/inbox/customers/{conversation.customer_id}/reachable", fields)
    assert (status, answer["said"]) == (200, "This address can be written to again")
    known = await hub.parts.stores.addresses.get(str(address))
    assert known
    assert (known.reachable, known.gone_at, known.gone_why) == (True, None, "")
    alien = {"address": "webchat:site:v9"}
    assert (await desk.post(f"/inbox/customers/{conversation.customer_id}/reachable", alien))[0] == 404


async def test_a_complaint_is_seen_where_the_message_is(hub: Hub, desk: AtDesk, post: FaultySmtp) -> None:
    conversation = await asked(hub)
    await desk.post(f"/inbox/c/{conversation.id}/say", {"text": "Hi"})
    entry = (await ours(hub, conversation))[0]
    account = await hub.parts.lines.account("email", "help")
    complaint = Withdrawal(Address("email", "help", ANN), "c1", how="complaint", outbound=entry.id)
    await hub.parts.receive.keep(account, [complaint])
    await thread_about(hub, "A quote", 2)

    async def shown() -> bool:
        _, page = await desk.get(f"/inbox/c/{conversation.id}")
        withdrawn = re.search(r"Withdrawn</span>.*?Withdrawn by a complaint", page, re.DOTALL)
        return "Reported a message of ours as unwanted" in page and withdrawn is not None

    await until(shown)


async def test_machines_are_marked(hub: Hub, desk: AtDesk, post: FaultySmtp) -> None:
    conversation = await asked(hub)
    answers = "<one@firm.example>"
    note = written(f"Ann <{ANN}>", "Out of office", "Until Monday", In_Reply_To=answers, Auto_Submitted="auto-replied")
    await arrives(hub, note)
    await thread_about(hub, "A quote", 2)
    assert "Automatic reply" in (await desk.get(f"/inbox/c/{conversation.id}"))[1]


# -------------------------------------------------------------------------------------------------- the original


async def test_the_original_is_shown_as_it_came_and_pictures_from_outside_only_on_request(
    hub: Hub, desk: AtDesk, post: FaultySmtp
) -> None:
    html = '<p>Hello</p><img src="https://tracker.example/p.png"><script>alert(1)</script>'
    raw = written(f"Ann <{ANN}>", "Pictures", "Hello", html=html)
    await arrives(hub, raw)
    conversation = await thread_about(hub, "Pictures")
    entry = (await hub.parts.stores.interactions.page(conversation_id=conversation.id))[0]
    response, text = await desk.get(f"/inbox/original/{entry.id}")
    assert (text, response.content_type) == (raw.decode(), "text/plain")
    response, _ = await desk.get(f"/inbox/original/{entry.id}?save=1")
    assert response.headers["Content-Disposition"] == f'attachment; filename="{entry.id}.eml"'
    assert (await desk.get("/inbox/original/nothing"))[0].status == 404
    response, frame = await desk.get(f"/inbox/mail/{entry.id}")
    assert "tracker.example" not in frame
    assert "https:" not in response.headers["Content-Security-Policy"]
    assert (
        f'/inbox/mail/{entry.id}?pictures=1" target="mail-{entry.id}"'
        in (await desk.get(f"/inbox/c/{conversation.id}"))[1]
    )
    response, frame = await desk.get(f"/inbox/mail/{entry.id}?pictures=1")
    assert '<img src="https://tracker.example/p.png"' in frame
    assert "img-src data: https: http:;" in response.headers["Content-Security-Policy"]
    assert "<script>" not in frame


# ------------------------------------------------------------------------------------------------------- consents


async def test_what_was_agreed_to_in_a_form_is_shown_with_its_words_and_withdrawn_by_an_agent(
    hub: Hub, desk: AtDesk, maria: Agent
) -> None:
    words = "You may send me offers <b>by mail</b>."
    data = {"consents": [{"field": "marketing", "words": words}, {"field": "Data-Use", "words": "Use my data."}]}
    conversation = await asks(hub, kind="form", data=data)
    page = f"/inbox/c/{conversation.id}"
    beside = (await desk.get(page))[1].partition('id="side"')[2]
    assert "Advertising" in beside
    assert "“You may send me offers &lt;b&gt;by mail&lt;/b&gt;.”" in beside
    assert "data use" in beside
    path = f"/inbox/customers/{conversation.customer_id}/withdraw"
    status, answer = await desk.post(path, {"purpose": "marketing", "c": conversation.id})
    assert (status, answer["said"]) == (200, "Consent withdrawn")
    assert (await desk.post(path, {"purpose": "marketing"}))[0] == 200, "a second press changes nothing"
    assert (await desk.post(path, {"purpose": "else"}))[0] == 422
    customer = await hub.parts.stores.customers.get(conversation.customer_id)
    assert customer
    assert customer.declined("marketing")
    assert not customer.declined("data_use")
    history = customer.consents["marketing"]["history"]
    assert [(said["given"], said["how"]) for said in history] == [(True, "form"), (False, "agent")]
    assert (history[0]["words"], history[1]["by"]) == (words, maria.name)
    beside = (await desk.get(page))[1].partition('id="side"')[2]
    assert "Withdrawn told to Maria" in " ".join(beside.split())
