"""Order events from a shop or an ERP, signed with HMAC-SHA256. Receives only; docs/orders.md describes the format."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from channels.orders_format import Broken, Digits, read_event
from core.channel import Account, Address, Arrival, Capabilities, Event, Field, Identity, Ignored, Line
from core.content import Content
from core.errors import NotFromThem, NotThisFormat, Unreadable

CAPABILITIES = Capabilities(sends=False)

LINE = Line(
    name="orders",
    title="Orders",
    adapter="channels.orders:Orders",
    capabilities=CAPABILITIES,
    fields=(
        Field("secret", "Signing secret", "Made for you when left empty", secret=True, made=True),
        Field("country", "Country of phone numbers", "Two letters, for numbers written without a country code"),
    ),
)

SIGNATURE_HEADER = "x-switchboard-signature"
WINDOW = 300  # seconds a signature is good for, either way of our clock

_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII | re.IGNORECASE)


class Orders:
    """One source of order events. Implements ReceivesWebhooks.

    Settings: `country`. Secrets: `secret`, without which nobody is let in.
    """

    name = "orders"
    capabilities = CAPABILITIES

    def __init__(self, account: Account) -> None:
        self._account = account

    async def close(self) -> None:
        """There is nothing to let go of."""

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Raises NotFromThem unless `X-Switchboard-Signature: t=…,v1=…` signs body and time, 5 minutes ago at most.

        Several `v1` are fine (a sender that changes its secret signs with both).
        """
        secret = self._account.secrets.get("secret", "")
        header = headers.get(SIGNATURE_HEADER, "")
        if not header:
            raise NotFromThem(
                "The header X-Switchboard-Signature is missing. Send t=<unix seconds>,v1=<hex HMAC-SHA256>."
            )
        stamp, given = _taken_apart(header)
        if not stamp or not given:
            raise NotFromThem("The header X-Switchboard-Signature should look like t=1767225600,v1=<64 hex digits>.")
        right = signature(secret, stamp, body)
        if not secret or not any(hmac.compare_digest(right, one) for one in given):
            raise NotFromThem("The signature is not right. Sign the time, a dot and the exact bytes of the body.")
        age = now.timestamp() - int(stamp)
        if age > WINDOW:
            raise NotFromThem("The signature is more than 5 minutes old. Sign again with the time of now.")
        if age < -WINDOW:
            raise NotFromThem("The signature's time lies in the future. Set the sender's clock.")

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """The events in one object, a list of them, or `{"events": [...]}`. Raises NotThisFormat or Unreadable."""
        value = _json(body)
        where = ""
        if isinstance(value, dict) and "events" in value:
            value, where = value["events"], "events"
        if isinstance(value, dict):
            return [self._event(value, "")]
        if not isinstance(value, list):
            raise Unreadable(f"{where or 'The body'} should be an order event or a list of them.", code="no_event")
        if not value:
            return [Ignored("an empty list of order events")]
        return self._events(value, where)

    def _events(self, values: list[Any], where: str) -> list[Event]:
        events: list[Event] = []
        broken: list[Unreadable] = []
        for n, value in enumerate(values):
            try:
                events.append(self._event(value, f"{where}[{n}]."))
            except Unreadable as error:
                broken.append(error)
        if not broken:
            return events
        others = f" So are {len(broken) - 1} more of {len(values)}." if len(broken) > 1 else ""
        raise Unreadable(broken[0].sentence + others, code="order_field", read=events)

    def _event(self, value: Any, where: str) -> Event:
        try:
            event = read_event(value, str(self._account.settings.get("country") or ""))
        except Broken as error:
            raise Unreadable(f"{where}{error.field}: {error.words}.", code="order_field") from error
        data = event.data
        number, status = data["order"]["number"], data["status"]
        # Without an id of theirs, the same event is known by being the same in every field.
        named = f"id:{data['id']}" if "id" in data else f"is:{json.dumps(data, sort_keys=True)}"
        key = named if len(named.encode()) <= 200 and "id" in data else hashlib.sha256(named.encode()).hexdigest()
        # The signed source vouches for its customers.
        told = (Identity("email", event.email, verified=True), Identity("phone", event.phone, verified=True))
        return Arrival(
            address=Address("orders", self._account.name, number),
            key=key,
            kind="order",
            content=Content(text=f"{number}: {status.replace('_', ' ')}"),
            at=event.at,
            name=event.name,
            language=event.language,
            identities=tuple(identity for identity in told if identity.value),
            data=data,
        )


def signature(secret: str, stamp: str, body: bytes) -> str:
    """What `v1` must be: the hex HMAC-SHA256, under `secret`, of the time as it was written, a dot, and the body."""
    return hmac.new(secret.encode("utf-8", "replace"), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def signed(secret: str, body: bytes, now: datetime) -> str:
    """The header's value for a request made `now`: what a sender computes."""
    stamp = str(int(now.astimezone(UTC).timestamp()))
    return f"t={stamp},v1={signature(secret, stamp, body)}"


def _taken_apart(header: str) -> tuple[str, list[str]]:
    stamp, given = "", []
    for part in header[:2000].split(","):
        name, _, value = part.strip().partition("=")
        if name == "t" and re.fullmatch("[0-9]{1,12}", value, re.ASCII):
            stamp = value
        elif name == "v1" and _SIGNATURE.fullmatch(value):
            given.append(value.lower())
    return stamp, given


def _json(body: bytes) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise Unreadable(f"{_shown(twice)} is there twice in one object.", code="twice")
        return found

    def no_number(word: str) -> Any:
        raise NotThisFormat(f"{word} is not JSON.")

    try:
        # Prices keep their digits as text until they are checked; a float would lose some.
        return json.loads(
            body.decode("utf-8-sig"), object_pairs_hook=unique, parse_constant=no_number, parse_float=Digits
        )
    except (ValueError, RecursionError) as error:
        raise NotThisFormat("The body is not JSON in UTF-8.") from error


def _shown(name: str) -> str:
    return json.dumps(name[:60])
