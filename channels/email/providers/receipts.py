"""What a provider tells about a mail of ours, as the hub's events."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from channels.email.addresses import canonical, mailboxes
from channels.email.charset import Charsets
from channels.email.mark import proved
from channels.email.reason import reason
from core.channel import Account, Address, Event, Ignored, Receipt, Withdrawal
from core.content import clean
from core.errors import Unreadable
from core.said import Said

# Under this name compose sends our Message-ID along where a provider hands such marks back with every event.
MARK = "message-id"

# `hard`: the mailbox is not there. `soft`: this mail did not arrive and will not be tried again. `machine`: a program
# looked at the mail, nobody read it.
Meaning = Literal[
    "sent", "delivered", "read", "hard", "soft", "delayed", "complaint", "unsubscribed", "machine", "nothing"
]
_STATUS: dict[Meaning, Literal["sent", "delivered", "read"]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
}

_NOT_NAMED = (
    "unknown"  # an id that no mail of ours has: an address may be dead though we do not know which mail told it
)


def told(
    account: Account,
    meaning: Meaning | None,
    event: str,
    recipient: str,
    message_id: str,
    *,
    mark: str = "",
    other: str = "",
    status: str = "",
    said: str = "",
    at: datetime | None = None,
) -> list[Event]:
    """The events for the provider's word `event`, which `meaning` translates (None: a word we do not know).

    `message_id` is of the mail, with or without brackets, empty when it is not told. `mark` is our field of that mail
    (`X-Switchboard`), where the provider repeats it: it names the mail though it got another id on the way. `other` is
    that other id. `status` is an enhanced status code, `said` what the other server answered. Raises Unreadable without
    a recipient.
    """
    if meaning is None:
        return [Ignored(f"unknown event: {event[:60]}")]
    if meaning in ("machine", "nothing"):
        return [Ignored("opened by a machine" if meaning == "machine" else f"of no use: {event[:60]}")]
    address = Address("email", account.name, person(recipient))
    id = clean(message_id.strip().strip("<>").strip())[:500]
    marks = proved(account.key, f"{id} {mark}")
    outbound = marks[0] if marks else None
    if meaning == "unsubscribed":
        return [Withdrawal(address, f"unsubscribe:{id or event}"[:400], how="unsubscribe", at=at, outbound=outbound)]
    if not id and meaning not in ("hard", "complaint"):
        return [Ignored(f"{event[:60]}, of a mail that is not named")]
    id = id or _NOT_NAMED
    if meaning == "complaint":
        sentence = "The recipient reported this mail as spam. Please do not send more of the kind."
        return [
            Receipt(address, id, "failed", "complaint", sentence, at=at, outbound=outbound),
            Withdrawal(address, f"complaint:{id}"[:400], how="complaint", at=at, outbound=outbound),
        ]
    if meaning == "delayed":
        return [
            Receipt(address, id, "delayed", reason(status, said).status, _joined("", said), at=at, outbound=outbound)
        ]
    if meaning in ("hard", "soft"):
        why = reason(status, said)
        # "Hard" is the provider's summary. Where the server's own answer says "full" or "spam", that counts.
        gone = meaning == "hard" and (why.gone or why.status in ("", "5.0.0"))
        sentence = "This mail address does not exist (any more)." if gone and not why.gone else why.sentence
        code = why.status or ("bounce" if meaning == "hard" else "soft_bounce")
        return [Receipt(address, id, "failed", code, _joined(sentence, said), at=at, gone=gone, outbound=outbound)]
    also = clean(other)[:500] if outbound and other != id else ""
    return [Receipt(address, id, _STATUS[meaning], at=at, outbound=outbound, also=also)]


def person(recipient: str) -> str:
    """The address in `recipient` as it is stored. Raises Unreadable when there is none."""
    found = mailboxes(recipient[:1000].encode("utf-8", "replace"), Charsets())
    if not found:
        raise Unreadable("The event names no recipient.", code="recipient")
    return clean(canonical(found[0].address))


def known(words: dict[str, Meaning], event: Any) -> Meaning | None:
    """What `words` say `event` means; None for a word that is not in the table."""
    return words.get(event) if isinstance(event, str) else None


def _joined(sentence: str, said: str) -> str:
    return Said(sentence, " ".join(said.split())[:500])
