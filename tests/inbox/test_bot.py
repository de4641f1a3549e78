"""The bot's pages without a browser: who may, what is kept, what is refused and where; a trial leaves nothing."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pymongo

from core.channel import Address
from core.content import Content
from core.conversations.conversation import Conversation, Last
from core.hours.hours import Hours
from core.hours.written import read_week, write_week
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction
from core.orders.order import DeliveryChange, Order
from inbox.bot_hours import Now, at_present
from switchboard.hub import Hub
from tests.inbox.desk import AtDesk, agent_of, asks, at_desk

TEXT = "/inbox/bot/texts/welcome.hello"
KYIV = "Europe/Kyiv"


def field_of(page: str, name: str) -> str:
    """What a hidden or text field holds."""
    found = re.search(rf'<input [^>]*name="{name}" value="([^"]*)"', page)
    assert found, name
    return unescape(found[1])


async def typed(desk: AtDesk, path: str) -> dict[str, str]:
    """The single-valued fields of a page of the bot, as a browser would post them."""
    _, page = await desk.get(path)
    form = page[page.index('id="bot-form"') :]
    form = form[: form.index("</form>")]
    fields = {m[1]: unescape(m[2]) for m in re.finditer(r'<input [^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', form)}
    fields.pop("channel", None)  # radio buttons
    fields |= {m[1]: unescape(m[2]) for m in re.finditer(r'<textarea [^>]*?name="([^"]+)"[^>]*>\n?([^<]*)<', form)}
    boxes = {m[1]: " checked" in m[0] for m in re.finditer(r'<input type="checkbox" name="([^"]+)"[^>]*>', form)}
    return {name: text for name, text in fields.items() if boxes.get(name, True)}


async def history_of_runs(hub: Hub) -> None:
    """Conversations in which the bot began things, some of them long ago."""
    now = datetime.now(UTC)
    ends = [("order_status", "identity", "going")] * 3 + [("order_status", "number", "going")]
    ends += [("order_status", "answer", "finished")] * 4 + [("callback", "time", "handed_over")] * 2
    ends += [("faq", "question", "left")]
    for n, (flow, step, outcome) in enumerate(ends):
        address = Address("webchat", "site", f"r{n}")
        at = now - timedelta(days=3)
        await hub.parts.stores.conversations.start(
            Conversation(
                new_id(),
                str(address),
                "webchat" if n else "telegram",
                "site",
                "pending",
                f"c{n}",
                f"Customer {n}",
                at,
                Last(at, "hello", "customer", new_id()),
                runs=({"flow": flow, "step": step, "outcome": outcome, "at": at},),
            )
        )


async def planned_call(hub: Hub, due: bool = True) -> Interaction:
    """A call somebody was promised, in a conversation of theirs."""
    conversation = await asks(hub, "caller", "I want to talk to a person", name="Ann Example")
    call = Interaction(
        new_id(),
        "call",
        "internal",
        conversation.address,
        f"call:{new_id()}",
        Author("bot"),
        Content(text="Call +380501112233"),
        datetime.now(UTC),
        status.DUE if due else status.TO_DO,
        channel="webchat",
        account="site",
        customer_id=conversation.customer_id,
        conversation_id=conversation.id,
        due_at=datetime.now(UTC) + timedelta(hours=-1 if due else 5),
        data={"phone": "+380501112233", "about": "about the fjord bike"},
    )
    await hub.parts.stores.interactions.add([call])
    return call


async def order_of(hub: Hub, customer_id: str) -> Order:
    """An order of theirs whose delivery they changed, not kept yet."""
    fresh = await hub.parts.stores.orders.begin("shop", "A-7", datetime.now(UTC))
    changed = DeliveryChange("address", "Old street 1", "New street 2 <b>", datetime.now(UTC), "e1")
    more = {"customer_id": customer_id, "delivery": {"address": "New street 2 <b>"}, "changes": (changed,)}
    return Order(**{**{name: getattr(fresh, name) for name in Order.__slots__}, **more})


async def test_only_administrators_change_the_bot_and_agents_see_how_it_does(desk: AtDesk, admin: AtDesk) -> None:
    for path in ("texts", "texts/welcome.hello", "menu", "questions", "questions/new", "hours"):
        assert (await desk.get(f"/inbox/bot/{path}"))[0].status == 403
        assert (await admin.get(f"/inbox/bot/{path}"))[0].status == 200
        if path != "texts":
            assert (await desk.form(f"/inbox/bot/{path}", {"do": "save"}))[0].status == 403
            async with admin.session.post(f"{admin.url}/inbox/bot/{path}", data={"do": "save"}) as forged:
                assert forged.status == 403
    for path in ("/inbox/bot/report", "/inbox/bot/try", "/inbox/calls"):
        response, page = await desk.get(path)
        assert response.status == 200
        assert "/inbox/bot/texts" not in page
    async with desk.session.post(f"{desk.url}/inbox/bot/try", data={"text": "hello"}) as forged:
        assert forged.status == 403
    assert (await admin.get("/inbox/bot/texts/no.such"))[0].status == 404
    assert (await admin.get("/inbox/bot/questions/no-such"))[0].status == 404


async def test_a_text_is_changed_in_one_language_and_taken_back(hub: Hub, admin: AtDesk) -> None:
    fields = await typed(admin, TEXT)
    assert fields["text-uk"].startswith("Вітаю") or fields["text-uk"]
    assert (await admin.form(TEXT, {**fields, "text-ru": "Здравствуйте!\r\nЯ бот.", "do": "save"}))[0].status == 303
    assert (await hub.parts.stores.persona.get()).texts == {"ru": {"welcome.hello": "Здравствуйте!\nЯ бот."}}
    _, page = await admin.get("/inbox/bot/texts")
    assert page.count("Own text") == 1
    assert (await admin.form(TEXT, {"do": "reset:ru"}))[0].status == 303
    assert (await hub.parts.stores.persona.get()).texts in ({}, {"ru": {}})


async def test_what_is_wrong_with_a_text_is_said_in_its_place_and_nothing_is_lost(hub: Hub, admin: AtDesk) -> None:
    path = "/inbox/bot/texts/order.one"
    fields = await typed(admin, path)
    wrong = {**fields, "text-en": "Order {nummer} <b>", "text-ru": " ", "text-uk": "я" * 2500, "do": "save"}
    response, page = await admin.form(path, wrong)
    assert response.status == 422
    assert "{nummer} is not known here. This text may have: {number}, {status}." in page
    assert "Write something" in page
    assert "This text is too long." in page
    assert "Order {nummer} &lt;b&gt;</textarea>" in page
    assert "я" * 2001 in page
    assert (await hub.parts.stores.persona.get()).texts == {}
    for nasty in ("{", "}{", "{{number}}", "%s {0} {number!r}", "a\x00b {number}"):
        status_code = (await admin.form(path, {**fields, "text-en": nasty, "do": "look"}))[0].status
        assert status_code == 200, nasty
    surrogate = f"_csrf={admin.csrf}&do=save&base-en={fields['base-en']}&text-en=%ED%A0%80&text-ru=&text-uk=".encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    async with admin.session.post(admin.url + path, data=surrogate, headers=kind, allow_redirects=False) as answer:
        assert answer.status == 422


async def test_of_two_administrators_the_second_is_asked_before_the_first_ones_words_go(
    hub: Hub, admin: AtDesk
) -> None:
    async with at_desk(hub, await agent_of(hub, "Bo", "admin")) as other:
        mine, theirs = await typed(admin, TEXT), await typed(other, TEXT)
        await other.form(TEXT, {**theirs, "text-en": "Hi from Bo.", "do": "save"})
        response, page = await admin.form(TEXT, {**mine, "text-en": "Hi from Ada.", "do": "save"})
        assert response.status == 409
        assert "Somebody else changed this a moment ago" in page
        assert "Hi from Bo." in page
        assert "Hi from Ada.</textarea>" in page
        assert (await hub.parts.stores.persona.get()).texts["en"]["welcome.hello"] == "Hi from Bo."
        again = {**mine, "text-en": "Hi from Ada.", "base-en": field_of(page, "base-en"), "do": "save"}
        assert (await admin.form(TEXT, again))[0].status == 303
        assert (await hub.parts.stores.persona.get()).texts["en"]["welcome.hello"] == "Hi from Ada."

        for path, name in (("menu", "company"), ("hours", "week-0"), ("questions/my-data", "answer-en")):
            page_of = f"/inbox/bot/{path}"
            mine, theirs = await typed(admin, page_of), await typed(other, page_of)
            extra: dict[str, Any] = {"on": "faq"} if path == "menu" else {}
            value = "9:00-10:00" if path == "hours" else "Theirs"
            assert (await other.form(page_of, {**theirs, **extra, name: value, "do": "save"}))[0].status == 303
            value = "9:00-11:00" if path == "hours" else "Mine"
            response, page = await admin.form(page_of, {**mine, **extra, name: value, "do": "save"})
            assert (response.status, value in page, "See what is kept now" in page) == (409, True, True), path
            again = {**mine, **extra, name: value, "base": field_of(page, "base"), "do": "save"}
            assert (await admin.form(page_of, again))[0].status == 303


async def test_the_menu_is_chosen_ordered_and_named(hub: Hub, admin: AtDesk) -> None:
    path = "/inbox/bot/menu"
    fields = await typed(admin, path)
    fields = {name: text for name, text in fields.items() if name not in ("on", "row")}
    rows = ["faq", "hours", "person", "no-such"]
    data = [*fields.items(), *(("row", row) for row in rows), ("on", "person"), ("on", "faq"), ("on", "nonsense")]
    named = [(name, "Ask us" if name == "label-faq-en" else text) for name, text in data]

    async def post(*more: tuple[str, str]) -> tuple[int, str]:
        form = [("_csrf", admin.csrf), *named, *more]
        async with admin.session.post(admin.url + path, data=form, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    _, seen = await post(("do", "look"), ("channel", "email"))
    assert "1. Ask us\n2. Talk to a person" in unescape(seen)
    _, moved = await post(("do", "down:0"))
    assert re.findall(r'name="row" value="(\w+)"', moved)[:3] == ["hours", "faq", "person"]
    assert (await hub.parts.stores.persona.get()).menu != ("faq", "person"), "only saving keeps anything"
    assert (await post(("do", "save")))[0] == 303
    persona = await hub.parts.stores.persona.get()
    assert (persona.menu, persona.texts["en"]) == (("faq", "person"), {"menu.faq": "Ask us"})
    named = [(n, "x" * 61 if n == "label-faq-ru" else t) for n, t in named if n != "on"]
    status_code, page = await post(("do", "save"), ("company", "y" * 120))
    assert status_code == 422
    assert "Choose at least one line." in page
    assert "60 characters at most" in page
    assert "x" * 61 in page


async def test_questions_are_written_ordered_removed_and_brought_back(hub: Hub, admin: AtDesk) -> None:
    faq, base = hub.parts.stores.faq, "/inbox/bot/questions"
    fields = await typed(admin, f"{base}/new")
    response, page = await admin.form(
        f"{base}/new", {**fields, "question-ru": "Где вы?", "answer-en": "Here", "do": "save"}
    )
    assert response.status == 422
    assert "Write the answer too." in page
    assert "Write the question too." in page
    assert "Где вы?</textarea>" in page
    assert (await admin.form(f"{base}/new", {**fields, "do": "save"}))[0].status == 422
    good = {**fields, "question-ru": "Где вы?", "answer-ru": "В Киеве.", "words-ru": "адрес", "do": "save"}
    assert (await admin.form(f"{base}/new", good))[0].status == 303
    ids = [one.id for one in await faq.all()]
    assert len(ids) == 4
    await admin.post(base, {"do": "up:3"})
    assert [one.id for one in await faq.all()] == [*ids[:2], ids[3], ids[2]]
    form = [("_csrf", admin.csrf), ("do", "arrange"), *(("row", id) for id in reversed(ids)), ("row", "no-such")]
    async with admin.session.post(admin.url + base, data=form, allow_redirects=False) as answer:
        assert answer.status == 303
    assert [one.id for one in await faq.all()] == ids[::-1]

    before = await faq.all()
    status_code, answer = await admin.post(base, {"remove": ids[0]})
    assert (status_code, len(await faq.all())) == (200, 3)
    assert (await admin.post(answer["undo"]["to"], answer["undo"]["fields"]))[0] == 200
    assert await faq.all() == before
    assert (await admin.post(answer["undo"]["to"], answer["undo"]["fields"]))[0] == 409
    await admin.post(base, {"remove": ids[1]})
    await admin.post(base, {"do": "restore"})
    assert {one.id for one in await faq.all()} == set(ids)


async def test_hours_are_kept_as_written_and_what_cannot_be_read_is_marked(hub: Hub, admin: AtDesk) -> None:
    path, store = "/inbox/bot/hours", hub.parts.stores.hours
    fields = await typed(admin, path)
    assert "no opening hours" in (await admin.get(path))[1]
    wrong = {**fields, "week-0": "nine to five", "week-1": "25:00-26:00", "time_zone": "Mars/Base", "row": "0"}
    response, page = await admin.form(path, {**wrong, "day-0": "2026-02-30", "times-0": "noon", "do": "save"})
    assert response.status == 422
    assert page.count('aria-invalid="true"') == 5
    for words in ("nine to five", "25:00-26:00", "Mars/Base", "noon"):
        assert f'value="{words}"' in page
    assert await store.get() is None

    good = {**fields, "time_zone": KYIV, "week-0": "9-13 14:00-18:00", "week-6": "22:00-2:00", "row": "0"}
    good |= {"day-0": "2028-02-29", "yearly-0": "on", "times-0": "", "do": "save"}
    assert (await admin.form(path, good))[0].status == 303
    hours = await store.get()
    assert hours is not None
    assert write_week(hours) == "mon 9:00-13:00 14:00-18:00, sun 22:00-2:00"
    assert (hours.time_zone, dict(hours.days)) == (KYIV, {"02-29": ()})
    again = await typed(admin, path)
    assert (again["day-0"][4:], again["yearly-0"]) == ("-02-29", "on")
    assert (await admin.form(path, {**again, "do": "save"}))[0].status == 303
    assert await store.get() == hours
    assert (await admin.form(path, {"do": "clear"}))[0].status == 303
    assert await store.get() is None


def test_what_the_hours_mean_now() -> None:
    hours = Hours(KYIV, read_week("mon-fri 9:00-18:00, fri 22:00-2:00"))

    def at(text: str) -> Now:
        return at_present(hours, datetime.fromisoformat(text).astimezone(UTC), "en")

    assert at("2026-11-23T12:00+02:00") == Now("open", "18:00", 0, "Monday, November 23, 2026")
    assert at("2026-11-23T20:00+02:00") == Now("closed", "9:00", 1, "Tuesday, November 24, 2026")
    assert at("2026-11-23T03:00+02:00") == Now("closed", "9:00", 0, "Monday, November 23, 2026")
    assert at("2026-11-27T23:00+02:00") == Now("open", "2:00", 1, "Saturday, November 28, 2026")
    assert at("2026-11-28T12:00+02:00") == Now("closed", "9:00", 2, "Monday, November 30, 2026")
    assert at_present(Hours(KYIV), datetime.now(UTC), "en") == Now("never")


async def test_a_trial_is_the_real_bot_and_leaves_nothing(
    hub: Hub, desk: AtDesk, database_name: str, mongo_client: pymongo.MongoClient[dict[str, Any]]
) -> None:
    def everything() -> dict[str, int]:
        kept = mongo_client[database_name]
        told = ("interactions", "conversations", "customers", "addresses", "orders")
        return {name: kept[name].count_documents({}) for name in told}

    before, path = everything(), "/inbox/bot/try"
    fields = {"channel": "telegram", "kept": "", "do": "say"}
    _, page = await desk.form(path, {**fields, "text": "call me tomorrow at 10:00, +380 50 111 22 33 <b>"})
    assert "Would plan a call to +380501112233" in page
    assert "&lt;b&gt;" in page
    kept = field_of(page, "kept")
    _, page = await desk.form(path, {**fields, "kept": kept, "text": "where is order A-77"})
    assert "call me tomorrow" in page, "what was said before stays"
    kept = field_of(page, "kept")
    _, page = await desk.form(path, {**fields, "kept": kept, "choice": "lang:uk"})
    assert "українськ" in page.lower()
    assert everything() == before

    _, page = await desk.form(path, {**fields, "kept": kept + " ", "text": "A-1"})
    assert "order A-77" not in page, "a trial somebody tampered with begins anew"
    _, page = await desk.form(path, {**fields, "kept": kept, "do": "reset", "text": "x"})
    assert "order A-77" not in page
    conversation = await asks(hub, "v5")
    await hub.parts.stores.orders.save(await order_of(hub, conversation.customer_id))
    _, page = await desk.form(path, {**fields, "known": conversation.customer_id, "text": "where is my order?"})
    assert "Order A-7" in page, "a known customer's orders are shown"
    response, page = await desk.form(
        path, {**fields, "kept": kept, "known": "nobody@example.org", "text": "typed words"}
    )
    assert response.status == 422
    assert 'value="typed words"' in page
    assert (await desk.form(path, {**fields, "kept": kept, "text": " "}))[0].status == 200


async def test_the_report_tells_how_each_flow_ended(hub: Hub, desk: AtDesk) -> None:
    assert "did nothing in this time" in (await desk.get("/inbox/bot/report"))[1]
    await history_of_runs(hub)
    _, page = await desk.get("/inbox/bot/report?days=7")
    assert 'aria-label="Finished: 4, Dropped out: 4"' in page
    assert 'aria-label="Handed over: 2"' in page
    assert page.index("asked whose order it is") < page.index("asked for the order number")
    assert "8 begun" in page
    _, page = await desk.get("/inbox/bot/report?days=7&channel=telegram")
    assert 'aria-label="Dropped out: 1"' in page
    assert "did nothing" in (await desk.get("/inbox/bot/report?channel=email"))[1]
    for nonsense in ("?days=-1&channel=x", "?days=9999999", "?days=%00"):
        assert "8 begun" in (await desk.get("/inbox/bot/report" + nonsense))[1]


async def test_a_call_is_listed_and_done_once(hub: Hub, desk: AtDesk) -> None:
    assert "Nobody is waiting for a call" in (await desk.get("/inbox/calls"))[1]
    call = await planned_call(hub)
    later = await planned_call(hub, due=False)
    _, page = await desk.get("/inbox/calls")
    assert page.index(f"call-{call.id}") < page.index(f"call-{later.id}")
    assert "Ann Example" in page
    _, page = await desk.get(f"/inbox/c/{call.conversation_id}")
    assert f"/inbox/calls/{call.id}/done" in page
    assert "about the fjord bike" in page
    answers = await asyncio.gather(*(desk.post(f"/inbox/calls/{call.id}/done") for _ in range(2)))
    assert sorted(code for code, _ in answers) == [200, 409]
    assert [task.id for task in await hub.parts.stores.interactions.tasks()] == [later.id]
    _, page = await desk.get(f"/inbox/c/{call.conversation_id}")
    assert f"/inbox/calls/{call.id}/done" not in page
    assert (await desk.post("/inbox/calls/no-such/done"))[0] == 404


async def test_what_the_customer_changed_about_a_delivery_is_beside_the_conversation(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub, "v9")
    assert await hub.parts.stores.orders.save(await order_of(hub, conversation.customer_id))
    _, page = await desk.get(f"/inbox/c/{conversation.id}")
    assert "Changed by the customer" in page
    assert '<dd dir="auto">New street 2 &lt;b&gt;</dd>' in page
    assert ">Old street 1</del>" in page
