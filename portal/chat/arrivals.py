"""What a visitor's words become in the log: an arrival with the page they were on and what they say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.channel import Address, Arrival, Identity
from core.content import Content, File
from core.forms.check import as_mail, as_phone
from portal.chat.frames import About, Said


@dataclass(slots=True)
class Guest:
    """Who is talking. `proved` is what the site signed for them; `about` is what they say themselves, a claim."""

    address: Address
    language: str | None = None
    page: Mapping[str, str] = field(default_factory=dict)
    about: About = field(default_factory=About)
    name: str = ""
    proved: tuple[Identity, ...] = ()

    def identities(self, country: str | None) -> tuple[Identity, ...]:
        """What is proved, and what is claimed beside it."""
        said: list[tuple[Any, str | None]] = [
            ("email", as_mail(self.about.email) if self.about.email else None),
            ("phone", as_phone(self.about.phone, country) if self.about.phone else None),
        ]
        known = {identity.value for identity in self.proved}
        claims = [Identity(kind, value) for kind, value in said if value and value not in known]
        return (*self.proved, *claims)


def spoken(guest: Guest, said: Said, files: tuple[File, ...], country: str | None) -> Arrival:
    """A message, or a button pressed."""
    data: dict[str, Any] = {}
    if guest.page:
        data["page"] = dict(guest.page)
    if guest.about.more:
        data["about"] = dict(guest.about.more)
    return Arrival(
        address=guest.address,
        key=f"c:{said.id}",
        content=Content(text=said.text, files=files),
        choice=said.choice,
        name=guest.name or guest.about.name,
        language=guest.language,
        identities=guest.identities(country),
        data=data,
    )


def noted(guest: Guest, key: str, text: str, identities: tuple[Identity, ...], **data: Any) -> Arrival:
    """Something that joins the history and disturbs nobody; `text` is English and translatable, `data` fills it."""
    return Arrival(
        address=guest.address,
        key=key,
        kind="click",
        content=Content(text=text),
        name=guest.name or guest.about.name,
        language=guest.language,
        identities=identities,
        data={**data, "quiet": True},
    )
