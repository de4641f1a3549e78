"""Leads: made once, moved by agents, brought up in time, and theirs whose they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.agents.agent import Agent
from core.channel import Account, Address
from core.content import Content
from core.conversations.conversation import Conversation
from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from core.forms.form import Form
from core.leads.lead import Lead
from core.leads.rules import LeadRules, amount_of, currency_of, reason_of, rules_of, step_time
from core.leads.source import source_of
from core.leads.store import LeadView
from switchboard.wiring import Parts
from tests.making import handle, make_address, make_arrival, make_message, now, receive, working


@pytest.fixture
async def parts(database: Database) -> AsyncIterator[Parts]:
    async with working(database) as parts:
        yield parts


@pytest.fixture
async def agent(parts: Parts) -> Agent:
    return await parts.stores.agents.add("Olha", "o@x.org", "a long password")


async def talking(parts: Parts, person: str = "ann") -> Conversation:
    await receive(parts, make_arrival("I would like two bicycles", person=person, name="Ann"))
    await handle(parts)
    found = await parts.stores.conversations.active(str(make_address(person)))
    assert found is not None
    return found


async def submitted(parts: Parts, key: str, **data: object) -> Conversation:
    address = Address("chat", "demo", "form1")
    await receive(parts, make_arrival("Name: Ann", address=address, kind="form", key=key, name="Ann", data=data))
    await handle(parts)
    found = await parts.stores.conversations.active(str(address))
    assert found is not None
    return found


async def lines(parts: Parts, conversation: Conversation) -> list[str]:
    history = await parts.stores.interactions.page(conversation_id=conversation.id)
    return [entry.content.text for entry in history if entry.kind == "system"]


async def test_a_form_makes_one_lead_and_an_answer_makes_it_contacted(parts: Parts, agent: Agent) -> None:
    conversation = await submitted(parts, "s1", form="ride", version=1, utm={"utm_source": "fair"})
    [lead] = await parts.stores.leads.of_conversation(conversation.id)
    assert (lead.state, lead.customer_name, lead.owner) == ("new", "Ann", "")
    assert (lead.source.kind, lead.source.name) == ("utm", "fair")
    # A second form in the same conversation, and the same entry handled again after a crash, make no other.
    await submitted(parts, "s2", form="ride", version=1)
    [entry, *_] = await parts.stores.interactions.page(conversation_id=conversation.id)
    await parts.lead_desk.notice(entry, conversation)
    assert len(await parts.stores.leads.of_conversation(conversation.id)) == 1

    await parts.desk.reply(agent, conversation.id, Content("Hello"), key="1")
    [lead] = await parts.stores.leads.of_conversation(conversation.id)
    assert (lead.state, lead.owner) == ("contacted", agent.id)
    assert [change.what for change in lead.history] == ["made", "state"]
    # A lead that was closed is not opened by what comes later; a new form is a new one.
    await parts.lead_desk.move(agent, lead.id, "won")
    await parts.lead_desk.notice(entry, conversation)
    assert len(await parts.stores.leads.of_conversation(conversation.id)) == 1
    await submitted(parts, "s3", form="ride", version=1)
    assert [one.state for one in await parts.stores.leads.of_conversation(conversation.id)] == ["new", "won"]


async def test_a_form_that_makes_no_leads_makes_none(parts: Parts) -> None:
    await parts.stores.accounts.save(Account("webform", "site", "Site"))
    await parts.stores.forms.save(Form("survey", "site", lead=False))
    conversation = await submitted(parts, "s1", form="survey", version=1)
    assert await parts.stores.leads.of_conversation(conversation.id) == []
    assert conversation.lead is False


async def test_any_conversation_becomes_a_lead_once_whoever_asks(parts: Parts, agent: Agent) -> None:
    conversation = await talking(parts)
    made = await asyncio.gather(*(parts.lead_desk.make(agent, conversation.id) for _ in range(5)))
    assert len({lead.id for lead in made}) == 1
    after = await parts.stores.conversations.get(conversation.id)
    assert after is not None
    assert after.lead
    assert (await lines(parts, conversation)).count("Made a lead of this") == 1
    assert made[0].source.kind == conversation.channel
    with pytest.raises(NotFound):
        await parts.lead_desk.make(agent, "none")


async def test_a_lead_of_the_bot_learns_the_name_that_is_said_later(parts: Parts, agent: Agent) -> None:
    await receive(parts, make_arrival("hello", person="eve"))
    await handle(parts)
    found = await parts.stores.conversations.active(str(make_address("eve")))
    assert found is not None
    conversation = await parts.stores.conversations.change(found.id, {"lead": True})
    assert conversation is not None
    for name in ("", "Eve", "Eve"):
        await receive(parts, make_arrival("I want to buy", person="eve", name=name))
        await handle(parts)
    named = await parts.stores.conversations.get(found.id)
    assert named is not None
    for _ in range(2):
        await parts.lead_desk.notice(make_message("more", person="eve"), replace(named, customer_name="Eve"))
    [lead] = await parts.stores.leads.of_conversation(found.id)
    assert (lead.customer_name, lead.history[0].note) == ("Eve", "bot")


async def test_states_move_and_everything_is_in_the_history(parts: Parts, agent: Agent) -> None:
    conversation = await talking(parts)
    lead = await parts.lead_desk.make(agent, conversation.id)
    with pytest.raises(Invalid, match="why it was lost"):
        await parts.lead_desk.move(agent, lead.id, "lost")
    with pytest.raises(Conflict):
        await parts.lead_desk.move(agent, lead.id, "won", was="qualified")
    lead = await parts.lead_desk.worth(agent, lead.id, Decimal("1200.50"), "UAH")
    lead = await parts.lead_desk.plan(agent, lead.id, now() + timedelta(hours=1), "Send an offer")
    with pytest.raises(Invalid):
        await parts.lead_desk.own(agent, lead.id, "nobody we know")
    lead = await parts.lead_desk.own(agent, lead.id, agent.id)
    lead = await parts.lead_desk.move(agent, lead.id, "lost", "Too   dear\n", was="new")
    assert (lead.state, lead.reason, lead.step, lead.alone_at) == ("lost", "Too dear", None, None)
    with pytest.raises(Conflict, match="open it again"):
        await parts.lead_desk.plan(agent, lead.id, now() + timedelta(hours=1), "x")
    # While another one is going, this one cannot be.
    newer = await parts.lead_desk.make(agent, conversation.id)
    assert newer.id != lead.id
    with pytest.raises(Conflict, match="another lead"):
        await parts.lead_desk.move(agent, lead.id, "new")
    kept = await parts.stores.leads.get(lead.id)
    assert kept is not None
    assert [change.what for change in kept.history] == ["made", "value", "step", "owner", "state"]
    assert kept.history[1].new == "1200.50 UAH"
    assert kept == Lead.of(kept.document())
    assert "Lead lost: {reason}" in await lines(parts, conversation)


async def test_two_who_change_it_at_once_both_count(parts: Parts, agent: Agent) -> None:
    other = await parts.stores.agents.add("Ivan", "i@x.org", "a long password")
    lead = await parts.lead_desk.make(agent, (await talking(parts)).id)
    await asyncio.gather(
        parts.lead_desk.worth(agent, lead.id, Decimal(5), "EUR"),
        parts.lead_desk.own(agent, lead.id, other.id),
        parts.lead_desk.plan(agent, lead.id, now() + timedelta(days=1), "Call"),
        parts.lead_desk.move(agent, lead.id, "qualified"),
    )
    after = await parts.stores.leads.get(lead.id)
    assert after is not None
    assert (after.amount, after.owner, after.state) == (Decimal(5), other.id, "qualified")
    assert after.step is not None
    assert len(after.history) == 5


async def test_a_planned_step_comes_up_once(parts: Parts, agent: Agent) -> None:
    conversation = await talking(parts)
    lead = await parts.lead_desk.make(agent, conversation.id)
    await parts.lead_desk.plan(agent, lead.id, now() + timedelta(hours=2), "Send an offer")
    await parts.desk.resolve(agent, conversation.id)
    watch = parts.worker._.leads
    assert not await watch.bring_up(now() + timedelta(hours=1))
    assert await watch.bring_up(now() + timedelta(hours=3))
    assert not await watch.bring_up(now() + timedelta(hours=3))
    after = await parts.stores.conversations.get(conversation.id)
    assert after is not None
    assert (after.status, after.urgent) == ("open", True)
    assert (await lines(parts, conversation)).count("It is time for the next step: {step}") == 1
    lead = await parts.lead_desk.done(agent, lead.id)
    assert lead.step is None
    with pytest.raises(Conflict):
        await parts.lead_desk.done(agent, lead.id)


async def test_a_lead_left_alone_is_flagged_once_and_care_takes_it_away(parts: Parts, agent: Agent) -> None:
    conversation = await talking(parts)
    lead = await parts.lead_desk.make(agent, conversation.id)
    watch, leads = parts.worker._.leads, parts.stores.leads
    assert not await watch.bring_up(now() + timedelta(hours=23))
    late = now() + timedelta(hours=25)
    assert await watch.bring_up(late)
    assert not await watch.bring_up(late)
    assert [one.id for one in await leads.page(LeadView(flagged=True))] == [lead.id]
    assert (await lines(parts, conversation)).count("Nobody has taken care of this lead since {at}") == 1
    # Whoever answers takes care of it.
    await parts.desk.reply(agent, conversation.id, Content("Here"), key="1")
    assert await leads.page(LeadView(flagged=True)) == []
    # A step still to come is care; the rules of tomorrow hold for what is there today.
    await parts.lead_desk.plan(agent, lead.id, now() + timedelta(days=30), "Later")
    assert not await watch.bring_up(now() + timedelta(days=29))
    await parts.lead_desk.done(agent, lead.id)
    await leads.set_rules(LeadRules({"new": 24, "contacted": 1, "qualified": 0}, "UAH"))
    assert await watch.bring_up(now() + timedelta(hours=2))
    assert (await leads.rules()).currency == "UAH"


async def test_leads_follow_their_customer_and_go_with_them(parts: Parts, agent: Agent) -> None:
    one, two = await talking(parts, "ann"), await talking(parts, "bob")
    lead = await parts.lead_desk.make(agent, two.id)
    leads = parts.stores.leads
    await parts.merge(one.customer_id, two.customer_id, by="agent", now=now())
    assert [each.id for each in await leads.of_customer(one.customer_id)] == [lead.id]
    await parts.merge.undo(one.customer_id, two.customer_id)
    assert [each.id for each in await leads.of_customer(two.customer_id)] == [lead.id]
    await leads.rename(two.customer_id, "Robert")
    assert [each.customer_name for each in await leads.of_customer(two.customer_id)] == ["Robert"]
    assert await leads.erase(two.customer_id) == 1
    assert await leads.get(lead.id) is None


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("", None),
        ("  ", None),
        ("1200", "1200"),
        ("1 200,50", "1200.50"),
        ("1,200.50", "1200.50"),
        ("1.200,50", "1200.50"),
        ("1\u00a0200", "1200"),
        ("1,200", "1200"),
        ("12,5", "12.5"),
        ("0.01", "0.01"),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, amount: str | None) -> None:
    assert amount_of(text) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize("text", ["-5", "1e9", "NaN", "five", "1.234.5", "9" * 30, "1,2,3", "=1+1", "\x00", "\ud800"])
def test_what_is_no_amount_is_said(text: str) -> None:
    with pytest.raises(Invalid):
        amount_of(text)


def test_rules_are_checked() -> None:
    hours = {"new": "24", "contacted": "0", "qualified": "9999"}
    assert rules_of(hours, " uah ").hours == {"new": 24, "contacted": 0, "qualified": 9999}
    for wrong in ("", "-1", "1.5", "99999", "x"):
        with pytest.raises(Invalid):
            rules_of({**hours, "new": wrong}, "EUR")
    for wrong in ("", "EURO", "€"):
        with pytest.raises(Invalid):
            currency_of(wrong)
    with pytest.raises(Invalid):
        reason_of("x" * 201)
    with pytest.raises(Invalid):
        step_time(now() + timedelta(days=400), now())


async def test_a_source_is_what_names_it_best(parts: Parts) -> None:
    conversation = await talking(parts)
    customer = await parts.stores.customers.get(conversation.customer_id)
    assert customer is not None

    def source(**data: object) -> tuple[str, str]:
        found = source_of(conversation, make_message(kind="form", data=data), customer, now())
        return found.kind, found.name

    came = {"link": "spring", "utm_campaign": "Spring"}
    assert source(form="ride", utm={"utm_campaign": "may"}, campaign=came) == ("campaign", "may")
    assert source(form="ride", campaign=came) == ("campaign", "Spring")
    assert source(form="ride", utm={"utm_source": "x"}) == ("utm", "x")
    assert source(form="ride", utm={"other": "x"}) == ("form", "ride")
    assert source() == (conversation.channel, "")
    conversation = replace(conversation, visit={"first": {"url": "https://a.example", "utm_campaign": "chat"}})
    assert source() == ("campaign", "chat")
    conversation = replace(conversation, visit={"first": "nonsense"})
    clicked = {"campaign": {"link": "mail", "at": now() - timedelta(days=29)}}
    customer = replace(customer, attributes=clicked)
    assert source() == ("campaign", "mail")
    customer = replace(customer, attributes={"campaign": {"link": "mail", "at": now() - timedelta(days=31)}})
    assert source() == (conversation.channel, "")
