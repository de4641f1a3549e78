"""Read receipts (MDN, RFC 8098): what somebody's mail program says it did with a mail of ours."""

from __future__ import annotations

from dataclasses import dataclass

from channels.email.addresses import canonical
from channels.email.charset import Charsets
from channels.email.header import block, message_ids, text
from channels.email.mark import proved
from channels.email.mime import body
from channels.email.parse import Mail

_READ = frozenset({"displayed"})
_ARRIVED = frozenset({"processed", "dispatched", "delivered", "deleted"})


@dataclass(frozen=True, slots=True)
class Disposition:
    """`what` is displayed, deleted, denied, … `outbound` is the id of our message, proved by its mark, else None."""

    what: str
    recipient: str
    original_id: str
    outbound: str | None

    @property
    def read(self) -> bool:
        """Whether a person had the mail before them."""
        return self.what in _READ

    @property
    def arrived(self) -> bool:
        """Whether it got to the person's mail program at least."""
        return self.what in _ARRIVED


def disposition(mail: Mail, key: str) -> Disposition | None:
    """The notification in `mail`, None when it holds none that machines can read."""
    charsets = Charsets()
    for part in mail.parts.walk():
        if part.type != "message/disposition-notification":
            continue
        data = body(mail.raw, part)[:100_000].lstrip(b"\r\n")
        fields, _ = block(data, 0, len(data), lambda _: False)
        values = {name: text(value, charsets) for name, value in reversed(fields)}
        raw = dict(reversed(fields))
        # "manual-action/MDN-sent-manually; displayed" or "…; displayed/warning"
        what = values.get("disposition", "").rpartition(";")[2].strip().lower().partition("/")[0].strip()
        ids = message_ids(raw.get("original-message-id", b"")) or [""]
        to = (values.get("original-recipient") or values.get("final-recipient") or "").rpartition(";")[2].strip(" <>")
        found = proved(key, ids[0]) or proved(key, " ".join(message_ids(mail.parts.first("in-reply-to"))))
        return Disposition(what, canonical(to) if "@" in to else "", ids[0], found[0] if found else None)
    return None
