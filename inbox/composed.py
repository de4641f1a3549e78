"""What the composer sent, as content: words, files and pictures in their place, and who else gets a copy."""

from __future__ import annotations

import asyncio
import mimetypes
import re
from collections.abc import Collection
from typing import Any

from aiohttp.web_request import FileField
from multidict import MultiDictProxy

from core.channel import Address, Capabilities
from core.content import Content, File, clean
from core.errors import Invalid
from core.files.naming import named
from core.interactions.interaction import MAX_TEXT
from core.letter import in_place, without_marks
from core.said import Said
from inbox.visit import Visit, text_field

MOST_FILES = 20
MOST_COPIES = 50
KINDS = {"image": "image", "audio": "audio", "video": "video"}
# RFC 5322 section 3.4.1 as people write it; the adapter looks again before it sends.
_OUT = r"\s<>@,;:\\\"()\[\]\x00-\x20\x7f\ufffd"
_MAIL = re.compile(rf"[^{_OUT}]{{1,64}}@[^{_OUT}]{{1,250}}\.[^{_OUT}.]{{2,63}}")


async def composed(visit: Visit, form: MultiDictProxy[Any], to: str) -> Content:
    """The content of the posted form for the address `to`. Raises Invalid for a copy that cannot be sent."""
    can = visit.needs.able.get(to.partition(":")[0], Capabilities())
    text = text_field(form, "text", MAX_TEXT).strip()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    if text_field(form, "cc", 10_000).strip() or text_field(form, "bcc", 10_000).strip():
        known = {*await own_addresses(visit), Address.of(to).person.lower()}
        cc = copies(text_field(form, "cc", 10_000), known, "cc")
        bcc = copies(text_field(form, "bcc", 10_000), {*known, *cc}, "bcc")
    files = await stored(visit, form)
    html, placed = in_place(text, files) if can.html else (None, files)
    return Content(
        text=text if html else without_marks(text, files),
        html=html,
        subject=" ".join(text_field(form, "subject", 900).split()) or None,
        files=placed,
        cc=cc,
        bcc=bcc,
    )


def copies(text: str, but: Collection[str], field: str) -> tuple[str, ...]:
    """The mail addresses in `text`, each once, without those in `but`; names around them are left out."""
    found: dict[str, None] = {}
    for piece in re.split(r"[,;\n]", text):
        written = piece.strip()
        if not written:
            continue
        angle = re.search(r"<([^<>]{3,320})>\s*$", written)
        address = (angle[1] if angle else written).strip().lower()
        if not _MAIL.fullmatch(address):
            # “Koval, Olena <olena@…>”: a name may hold a comma, so a piece without any @ belongs to the next one.
            if "@" not in written and "<" in text:
                continue
            raise Invalid(Said("“{address}” is not a mail address.", address=written[:100]), field=field)
        if address not in but:
            found[address] = None
    if len(found) > MOST_COPIES:
        raise Invalid(Said("At most {limit} people can get a copy.", limit=MOST_COPIES), field=field)
    return tuple(found)


def mail_address(text: str) -> str:
    """The one mail address in `text`, normalised. Raises Invalid."""
    found = copies(text, (), "to")
    if len(found) != 1:
        raise Invalid("Write one mail address, like name@example.org.", field="to")
    local, _, domain = found[0].rpartition("@")
    try:  # as the DNS writes it: the form under which the answer will come
        return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return found[0]


async def own_addresses(visit: Visit) -> set[str]:
    """The addresses of our own lines: they get no copies of what they send."""
    accounts = await visit.needs.accounts.all()
    return {str(account.settings["address"]).strip().lower() for account in accounts if account.settings.get("address")}


async def stored(visit: Visit, form: MultiDictProxy[Any]) -> tuple[File, ...]:
    """The attached files, kept before the reply that names them."""
    kept = []
    for upload in form.getall("file", [])[:MOST_FILES]:
        if not isinstance(upload, FileField) or not upload.filename:
            continue
        data = await asyncio.to_thread(upload.file.read)
        name = named(clean(upload.filename)) or "file"
        # The browser's word for the type is as good as the name's; neither is believed when the file is shown.
        type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        kept.append(
            File(
                name=name,
                type=type,
                size=len(data),
                kind=KINDS.get(type.split("/")[0], "document"),
                sha256=await visit.needs.files.put(data),
            )
        )
    return tuple(kept)
