"""Web forms: a hosted page, somebody's own HTML form, or a JSON post. Receives only; answers go by mail."""

from __future__ import annotations

from collections.abc import Mapping

from core.channel import Account, Capabilities, Event, Field, Line, Outbound
from core.errors import Rejected
from core.forms.arrival import FormReader

CAPABILITIES = Capabilities(sends=False)

LINE = Line(
    name="webform",
    title="Web form",
    adapter="channels.webform:Webform",
    capabilities=CAPABILITIES,
    fields=(Field("country", "Country of phone numbers", "Two letters, for numbers without a country code"),),
)


class Webform:
    """A line for forms. Implements Channel and Parses.

    Settings: `country`. The hosted page knows what its form asks and reads it with a `FormReader` of its own; this
    adapter reads any form, by the names that people give to their fields.
    """

    name = "webform"
    capabilities = CAPABILITIES

    def __init__(self, account: Account) -> None:
        self._reader = FormReader(account)

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """One arrival of kind `form`. Raises NotThisFormat, or TooLarge for too many fields."""
        return self._reader.parse(body, headers)

    async def send(self, message: Outbound) -> str:
        """Nobody listens behind a form: answers go to the mail or the phone that was given. Raises Rejected."""
        raise Rejected("A form cannot be answered. Choose another address of this customer.", code="cannot_send")

    async def close(self) -> None:
        """Nothing is held."""
