"""Mails whose history and signature are folded: what the bot reads, the list shows, and the agent can open."""

from __future__ import annotations

from core.content import Content
from core.visible.text import visible_text
from switchboard.hub import Hub
from tests.inbox.desk import AtDesk, asks, conversation_of, says

ANSWER = "I want to talk to a person"
HISTORY = "On Mon, Mar 12, 2024 at 10:11 AM Shop <help@shop.test> wrote:\n> Which colour?\n> Blue or green?"
HTML = (
    f'<div>{ANSWER}</div><div class="gmail_quote"><div class="gmail_attr">On Mon, Mar 12, 2024 at 10:11 AM Shop '
    '&lt;help@shop.test&gt; wrote:</div><blockquote class="gmail_quote">Which colour?</blockquote></div>'
)


async def test_the_agent_sees_what_was_written_now_and_can_open_the_rest(hub: Hub, desk: AtDesk) -> None:
    mail = f"{ANSWER}\n\n{HISTORY}"
    content = Content(html=HTML, visible=visible_text(mail))
    conversation = await asks(hub, text=mail, content=content)
    assert conversation.last.preview == ANSWER or conversation.last.author != "customer"
    entry = next(
        e for e in await hub.parts.stores.interactions.page(conversation_id=conversation.id) if e.direction == "in"
    )
    assert entry.content.text == mail
    assert entry.content.said == ANSWER

    _, page = await desk.get(f"/inbox/c/{conversation.id}")
    shown, _, trimmed = page.partition("Show trimmed text")
    assert ANSWER in shown
    assert "Which colour?" not in shown
    assert "Which colour?" in trimmed

    _, frame = await desk.get(f"/inbox/mail/{entry.id}")
    assert f"<div>{ANSWER}</div>" in frame
    opened, _, folded = frame.partition("<details><summary>Show trimmed text</summary>")
    assert "Which colour?" not in opened
    assert "Which colour?" in folded

    _, found = await desk.get("/inbox/?q=colour&status=every")
    assert conversation.id in found, "search covers what is folded too"


async def test_the_bot_does_not_hear_what_is_only_quoted(hub: Hub, desk: AtDesk) -> None:
    quoted = f"hello\n\nOn Mon, Mar 12, 2024 at 10:11 AM Shop <help@shop.test> wrote:\n> {ANSWER}"
    address = await says(hub, quoted, content=Content(visible=visible_text(quoted)))
    conversation = await conversation_of(hub, address)
    assert conversation.status == "pending"
