"""What a visitor asks for beside the talk: answers by mail, the conversation by mail, to go on in Telegram."""

from __future__ import annotations

from core.channel import Account, Address, Identity
from core.chat.site import site_of
from core.errors import Invalid
from core.forms.check import as_mail
from portal.chat.arrivals import Guest, noted
from portal.chat.frames import Asked
from portal.chat.history import history
from portal.limits import Buckets, Places
from portal.needs import Needs

BY_MAIL = "Wants answers by mail: {email}"


class Wishes:
    """Serves them. A mail to an address that was typed is the one thing here that could be misused: it has limits."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._asking = Buckets(burst=5, per_second=1 / 300)
        self._mailing = Buckets(burst=3, per_second=1 / 3600)
        self._places = Places(burst=10, per_second=1 / 1800)

    async def __call__(
        self, account: Account, guest: Guest, ids: tuple[str, ...], asked: Asked, place: str
    ) -> dict[str, str]:
        """What goes into the answer beside its id. Raises Invalid with a code of the texts, CannotStore."""
        site = site_of(account)
        if asked.what == "telegram":
            if not site.telegram or self._needs.telegram_link is None:
                raise Invalid("not_offered", code="not_offered", field=asked.id)
            self._pace(self._asking.take(str(guest.address)), asked.id)
            url = await self._needs.telegram_link(site.telegram, await self._conversation(guest))
            if not url:
                raise Invalid("not_offered", code="not_offered", field=asked.id)
            return {"url": url}
        email = as_mail(asked.email)
        if email is None:
            raise Invalid("wrong_mail", code="wrong_mail", field=asked.id)
        if asked.what == "mail":
            self._pace(self._asking.take(str(guest.address)), asked.id)
            await self._by_mail(account, guest, email, asked.id)
            return {}
        self._pace(self._mailing.take(str(guest.address)) or self._places.take(place), asked.id)
        addresses = [str(Address("webchat", account.name, id)) for id in ids]
        entries = (await history(self._needs.interactions, addresses)).entries
        try:
            await self._needs.transcript(site, entries, email, guest.language)
        except Invalid as error:
            raise Invalid(error.code, code=error.code, field=asked.id) from None
        return {}

    async def _by_mail(self, account: Account, guest: Guest, email: str, id: str) -> None:
        identities = (*guest.proved, Identity("email", email))
        note = noted(guest, f"c:{id}", BY_MAIL, identities, email=email)
        await self._needs.receive.keep(account, [note])
        if found := await self._conversation(guest):
            await self._needs.unread.plan_again(str(guest.address), found, email=email)

    async def _conversation(self, guest: Guest) -> str:
        """The id of the visitor's newest conversation, empty when there is none."""
        newest = await self._needs.interactions.page(address=str(guest.address), limit=20)
        return next((entry.conversation_id for entry in reversed(newest) if entry.conversation_id), "")

    def _pace(self, wait: float, id: str) -> None:
        if wait:
            raise Invalid("too_often", code="too_often", field=id)
