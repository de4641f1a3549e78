"""A phone number as people give it, made E.164."""

from __future__ import annotations

import phonenumbers

from bot.talk import Talk


def given_phone(talk: Talk) -> str:
    """The phone in what was just said: shared as a contact, or typed in any way; empty when there is none."""
    for identity in talk.turn.message.identities if talk.heard.contact else ():
        if identity.kind == "phone":
            return identity.value
    return next((phone for typed in talk.heard.given.phones if (phone := e164(typed, talk.settings.country))), "")


def known_phone(talk: Talk) -> str:
    """The phone the channel vouches for, else what the customer told before; empty when there is none."""
    phones = [one for one in talk.turn.person.identities if one.kind == "phone"]
    return next((one.value for one in sorted(phones, key=lambda one: not one.verified)), "")


def e164(typed: str, country: str) -> str:
    """`+380501112233`; empty when it is no number that can be called."""
    try:
        number = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def shown(phone: str) -> str:
    """`+380 50 111 2233`, as it is read."""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
