"""Every error Switchboard raises on purpose, as one tree.

SwitchboardError            has a `code` for reports and a `sentence` for the person who reads it
├── SetupError              the hub cannot start; the sentence says what to do. Acted on in switchboard/cli.py
├── IntakeError             what a door refuses. Acted on in webhooks/answers.py
│   ├── NotFromThem         401  the signature or secret is wrong or missing
│   ├── NotThisFormat       400  not the provider's format at all
│   ├── TooLarge            413  larger than the door accepts
│   ├── UnknownAccount      404  no such line
│   ├── TooMany             429  too many requests from one place
│   ├── Unreadable          200  authentic, but our adapter stumbled: kept in failed_intake
│   └── CannotStore         503  the database is away or the queue is full: send it again
├── DeliveryError           why a message did not go out. Acted on in core/deliver.py
│   ├── RetryLater          try again, after `after` seconds if the provider said so
│   ├── Rejected            final: this message will never be accepted
│   ├── RecipientGone       final: this address cannot be reached any more
│   └── Uncertain           it may or may not have gone out; a person decides
└── RequestError            what a signed-in person asked for and cannot have. Acted on in inbox/answers.py
    ├── NotFound            no such thing, or not theirs to see
    ├── NotAllowed          they may not do that
    ├── Conflict            somebody else was faster; look again
    │   └── SaidBefore      under this key other words were said already
    └── Invalid             the input is wrong; `field` names where
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class SwitchboardError(Exception):
    """The root of the tree: `code` is stable and for reports, `sentence` is for people."""

    code = "error"

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        if code is not None:
            self.code = code


class SetupError(SwitchboardError):
    """The hub cannot start as it is set up; the sentence says what to change."""

    code = "setup"


class IntakeError(SwitchboardError):
    """A door refuses what came."""

    code = "intake"


class NotFromThem(IntakeError):
    """The request does not prove that it comes from the provider (HTTP 401)."""

    code = "not_from_them"


class NotThisFormat(IntakeError):
    """The body is not this provider's format at all, such as broken JSON (HTTP 400)."""

    code = "not_this_format"


class TooLarge(IntakeError):
    """The body is larger than the door accepts (HTTP 413)."""

    code = "too_large"


class UnknownAccount(IntakeError):
    """No line of that name is configured (HTTP 404)."""

    code = "unknown_account"


class TooMany(IntakeError):
    """Too many requests from one place (HTTP 429); `after` is in seconds."""

    code = "too_many"

    def __init__(self, sentence: str, *, after: float = 60, code: str | None = None) -> None:
        super().__init__(sentence, code=code)
        self.after = after


class Unreadable(IntakeError):
    """Authentic, but the adapter could not make sense of it: it is kept raw and can be replayed (HTTP 200).

    `read` are the events of the same payload that it did understand: they are kept as ever.
    """

    code = "unreadable"

    def __init__(self, sentence: str, *, code: str | None = None, read: Sequence[Any] = ()) -> None:
        super().__init__(sentence, code=code)
        self.read = read


class CannotStore(IntakeError):
    """Nothing was stored, so nothing was acknowledged; the sender must try again (HTTP 503)."""

    code = "cannot_store"

    def __init__(self, sentence: str, *, after: float = 2, code: str | None = None) -> None:
        super().__init__(sentence, code=code)
        self.after = after


class DeliveryError(SwitchboardError):
    """A message did not go out; the class says what to do next."""

    code = "delivery"


class RetryLater(DeliveryError):
    """Try again; `after` is the provider's own delay in seconds, `account_wide` when every recipient waits."""

    code = "retry_later"

    def __init__(
        self,
        sentence: str,
        *,
        after: float | None = None,
        account_wide: bool = False,
        code: str | None = None,
    ) -> None:
        super().__init__(sentence, code=code)
        self.after = after
        self.account_wide = account_wide


class Rejected(DeliveryError):
    """The provider will never accept this message."""

    code = "rejected"


class RecipientGone(DeliveryError):
    """The address cannot be reached any more (blocked, deleted, does not exist)."""

    code = "recipient_gone"


class Uncertain(DeliveryError):
    """The provider may or may not have taken it, so sending it again could double it."""

    code = "uncertain"


class RequestError(SwitchboardError):
    """What a signed-in person asked for cannot be done."""

    code = "request"


class NotFound(RequestError):
    """No such thing, or not theirs to see."""

    code = "not_found"


class NotAllowed(RequestError):
    """They may not do that."""

    code = "not_allowed"


class Conflict(RequestError):
    """Somebody else was faster; the page shows what is true now."""

    code = "conflict"


class SaidBefore(Conflict):
    """What was sent under this key did arrive, in other words; the same words again are no second message."""

    code = "said_before"


class Invalid(RequestError):
    """The input is wrong; `field` names where."""

    code = "invalid"

    def __init__(self, sentence: str, *, field: str = "", code: str | None = None) -> None:
        super().__init__(sentence, code=code)
        self.field = field
