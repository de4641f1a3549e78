"""What a visit of a campaign link leaves behind: a count, and, when we know who it was, an entry of the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from core.campaigns.link import Link
from core.campaigns.personal import PersonalLinks
from core.campaigns.store import Campaigns
from core.content import Content
from core.customers.store import Customers
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction
from core.interactions.store import Interactions

FOLLOWED = "Followed the link {link}"


class Clicks:
    """Writes visits down."""

    def __init__(
        self,
        links: PersonalLinks,
        campaigns: Campaigns,
        interactions: Interactions,
        customers: Customers,
        announce: Callable[[Interaction], None],
    ) -> None:
        self._links = links
        self._campaigns = campaigns
        self._interactions = interactions
        self._customers = customers
        self._announce = announce

    async def __call__(self, link: Link, token: str, now: datetime) -> bool:
        """Count a visit of `link`; with the mark of a message its reader followed it. Whether we knew who it was.

        The same link of the same message within an hour is one entry, however often it is pressed.
        """
        message = await self._message(token)
        if message is not None:
            await self._known(link, message, now)
        await self._campaigns.clicked(link.name, now, known=message is not None)
        return message is not None

    async def _message(self, token: str) -> Interaction | None:
        id = self._links.message(token)
        message = await self._interactions.get(id) if id else None
        return message if message is not None and message.direction == "out" and message.customer_id else None

    async def _known(self, link: Link, message: Interaction, now: datetime) -> None:
        entry = Interaction(
            id=new_id(),
            kind="click",
            direction="in",
            channel=message.channel,
            account=message.account,
            address=message.address,
            key=f"go:{link.name}:{message.id}:{now:%Y%m%d%H}",
            author=Author("customer"),
            content=Content(text=FOLLOWED),
            at=now,
            status=status.HANDLED,
            customer_id=message.customer_id,
            conversation_id=message.conversation_id,
            data={"link": link.name, **link.utm, "quiet": True},
        )
        if not (await self._interactions.add([entry]))[0]:
            return
        self._announce(entry)
        # What brings them back counts, should they become a lead soon.
        remembered = {"link": link.name, **link.utm, "at": now}
        await self._customers.learn(message.customer_id or "", fields={"attributes.campaign": remembered})
