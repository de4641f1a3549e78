"""perform: does what the bot decided, after it is committed: its words, its lines for people, its acts.

Every part has a key that follows from the entry it answers, so doing it again (after a crash, or by an agent who is
about to speak) does nothing twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, get_args

from core import clock
from core.content import Content
from core.conversations.conversation import Conversation
from core.decide import Act, ChangeDelivery, Decision, PlanCall, Rate, RequestErasure
from core.feed import Feed, entry_changed
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction, Kind, content_document, content_of
from core.interactions.store import Interactions
from core.orders.order import DeliveryChange
from core.send import Send

Redirects = Callable[[ChangeDelivery, str, datetime], Awaitable[DeliveryChange | None]]

CALL = "Call {phone}"
REDIRECTED = "Delivery of order {number} changed from “{before}” to “{value}”"
TOO_LATE = "Could not change the delivery of order {number} any more. The customer wants: {value}"
ERASURE = "The customer asks to have their data deleted"

_ACTS = {kind.__name__: kind for kind in get_args(Act)}


def said_document(entry: Interaction, decision: Decision) -> dict[str, Any]:
    """What a conversation keeps of a decision about `entry`, until it is surely done."""
    said: dict[str, Any] = {
        "to": entry.id,
        "address": entry.address,
        "say": [content_document(content) for content in decision.say],
        "flow": decision.flow,
        "step": decision.step,
        "reason": decision.reason if decision.hand_over else "",
    }
    if decision.summary:
        said["summary"] = decision.summary
    if decision.acts:
        said["acts"] = [_act_document(act) for act in decision.acts]
    return said


class Perform:
    """Does what `conversation.said` holds."""

    def __init__(self, interactions: Interactions, send: Send, feed: Feed, redirect: Redirects) -> None:
        self._interactions = interactions
        self._send = send
        self._feed = feed
        self._redirect = redirect

    async def __call__(self, conversation: Conversation) -> None:
        """Do it all, in order; repeatable. Raises CannotStore."""
        said = conversation.said
        if not said:
            return
        for n, document in enumerate(said["say"]):
            await self._speak(conversation, content_of(document), f"bot:{said['to']}:{n}")
        for n, act in enumerate(said.get("acts", ())):
            await self._do(conversation, _act_of(act), f"{said['to']}:{n}")
        if said.get("summary"):
            note = system_line(conversation, said["summary"], key=f"summary:{said['to']}", author=Author("bot"))
            await self._line(replace(note, kind="note"))
        if said.get("reason"):
            await self._line(system_line(conversation, said["reason"], key=f"handover:{said['to']}"))

    async def _speak(self, conversation: Conversation, content: Content, key: str) -> None:
        said = conversation.said or {}
        await self._send(
            said.get("address") or conversation.address,
            content,
            Author("bot"),
            key=key,
            conversation=conversation,
            data={"flow": said.get("flow", ""), "step": said.get("step", "")},
        )

    async def _do(self, conversation: Conversation, act: Act, mark: str) -> None:
        match act:
            case PlanCall():
                line = self._of_customer(conversation, "call", f"call:{mark}", CALL.format(phone=act.phone))
                asked = {"phone": act.phone, "about": act.about}
                await self._line(replace(line, status=status.TO_DO, due_at=act.at, data=asked))
            case Rate():
                # One for each conversation, whatever is pressed later.
                key = f"survey:{conversation.id}"
                line = self._of_customer(conversation, "survey", key, act.comment or f"{act.score} / 5")
                rated = {"score": act.score, "agent": (conversation.rating or {}).get("agent")}
                await self._line(replace(line, author=Author("customer", conversation.customer_id), data=rated))
            case ChangeDelivery():
                await self._change(conversation, act, mark)
            case RequestErasure():
                request = {"erasure_request": True, "customer": conversation.customer_id}
                await self._line(system_line(conversation, ERASURE, key=f"erasure:{mark}", data=request))

    async def _change(self, conversation: Conversation, act: ChangeDelivery, mark: str) -> None:
        change = await self._redirect(act, mark, clock.now())
        await self._speak(conversation, act.done if change else act.refused, f"act:{mark}")
        data = {"number": act.number, "field": act.field, "value": act.value}
        if change is None:
            line = system_line(conversation, TOO_LATE, key=f"delivery:{mark}", data=data)
        else:
            told = {**data, "before": change.before or "–"}
            line = system_line(conversation, REDIRECTED, key=f"delivery:{mark}", data=told)
        await self._line(line)

    def _of_customer(self, conversation: Conversation, kind: Kind, key: str, text: str) -> Interaction:
        return replace(system_line(conversation, text, key=key), kind=kind)

    async def _line(self, line: Interaction) -> None:
        if (await self._interactions.add([line]))[0]:
            self._feed.announce(entry_changed(line))


def _act_document(act: Act) -> dict[str, Any]:
    fields = asdict(act)
    if isinstance(act, ChangeDelivery):
        fields |= {"done": content_document(act.done), "refused": content_document(act.refused)}
    return {"act": type(act).__name__, **fields}


def _act_of(document: Mapping[str, Any]) -> Act:
    fields = {key: value for key, value in document.items() if key != "act"}
    if document["act"] == "ChangeDelivery":
        fields |= {"done": content_of(fields["done"]), "refused": content_of(fields["refused"])}
    act: Act = _ACTS[document["act"]](**fields)
    return act


def system_line(
    conversation: Conversation,
    text: str,
    *,
    key: str,
    author: Author | None = None,
    data: Mapping[str, Any] | None = None,
) -> Interaction:
    """A line of the log that people see between the messages ("Handed over: …"). `text` is English and translatable."""
    return Interaction(
        id=new_id(),
        kind="system",
        direction="internal",
        channel=conversation.channel,
        account=conversation.account,
        address=conversation.address,
        key=key,
        author=author or Author("system"),
        content=Content(text=text),
        at=clock.now(),
        status=status.HANDLED,
        customer_id=conversation.customer_id,
        conversation_id=conversation.id,
        data=data or {},
    )
