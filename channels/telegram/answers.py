"""What Telegram's refusals mean for us: each becomes a DeliveryError that says what to do next.

https://core.telegram.org/bots/api#making-requests and https://core.telegram.org/api/errors
"""

from __future__ import annotations

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from channels.telegram.session import NotSent, OutcomeUnknown, TooBig
from core.content import clean
from core.errors import DeliveryError, RecipientGone, Rejected, RetryLater, Uncertain
from core.said import Said

# What a 400 says (in lower case) when it is the recipient, not the message, that is wrong.
GONE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "user is deactivated",
    "input_user_deactivated",
    "user_is_blocked",
    "bot was kicked",
    "chat_write_forbidden",
    "have no rights to send",
    "business connection not found",
    "business_connection_invalid",
)

# What a 403 says, as code and sentence; any other 403 is `forbidden`.
FORBIDDEN = (
    ("blocked by the user", "blocked", "The customer has blocked this bot."),
    ("deactivated", "deactivated", "The customer's Telegram account no longer exists."),
    (
        "initiate conversation",
        "never_started",
        "The customer has never written to this bot, so it may not write first.",
    ),
    ("kicked", "kicked", "The bot was removed from this chat."),
)

WRONG_BOT = "Telegram refuses the bot's token. Ask @BotFather for the present one and enter it in the settings."


def as_delivery_error(error: Exception) -> DeliveryError:
    """What to do about `error`, which a call of the Bot API raised while a message was being sent."""
    match error:
        case DeliveryError():
            return error
        case NotSent():
            return RetryLater("Telegram cannot be reached at the moment.", code="unreachable")
        case OutcomeUnknown() | ClientDecodeError():
            return Uncertain(
                "The connection broke before Telegram confirmed this message. Check whether it arrived.",
                code="no_answer",
            )
        case TelegramRetryAfter():
            wait = max(float(error.retry_after), 1.0)
            return RetryLater("Telegram asks to wait before sending more.", after=wait, code="flood")
        case TelegramMigrateToChat():
            return RecipientGone("This group has moved to another address.", code="moved")
        case TelegramUnauthorizedError() | TelegramNotFound():
            # 404 is how the Bot API answers a token it has never seen.
            return RetryLater(WRONG_BOT, account_wide=True, code="token_refused")
        case TelegramForbiddenError():
            return _gone(error)
        case TelegramEntityTooLarge() | TooBig():
            return Rejected("The file is larger than Telegram accepts.", code="too_large")
        case TelegramBadRequest():
            words = error.message.lower()
            if any(sign in words for sign in GONE):
                return RecipientGone("Telegram does not know this chat any more.", code="chat_not_found")
            return Rejected(Said("Telegram did not accept this message:", _said(error)), code="bad_request")
        case TelegramConflictError():
            return RetryLater("Another program is using this bot's token.", code="conflict", account_wide=True)
        case TelegramServerError():
            return RetryLater("Telegram has a problem of its own at the moment.", code="server_error")
        case TelegramAPIError() if error.message.lower().startswith(("too many requests", "http 429")):
            return RetryLater("Telegram asks to wait before sending more.", code="flood")
        case TelegramAPIError():
            return Rejected(Said("Telegram did not accept this message:", _said(error)), code="refused")
        case _:
            raise error


def _gone(error: TelegramForbiddenError) -> RecipientGone:
    words = error.message.lower()
    for sign, code, sentence in FORBIDDEN:
        if sign in words:
            return RecipientGone(sentence, code=code)
    return RecipientGone(Said("Telegram does not let the bot write here:", _said(error)), code="forbidden")


def _said(error: TelegramAPIError) -> str:
    words = clean(error.message or "no reason given").removeprefix("Bad Request: ").removeprefix("Forbidden: ")
    return words[:200]


def as_reading_error(error: Exception) -> DeliveryError:
    """The same for calls that only ask: their outcome never matters, and a refused token needs a person."""
    meant = as_delivery_error(error)
    if isinstance(meant, Uncertain):
        return RetryLater("Telegram did not answer in time.", code="no_answer")
    if meant.code == "token_refused":
        return Rejected(meant.sentence, code=meant.code)
    return meant
