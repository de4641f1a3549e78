"""Reply to a customer, now or later, or write a private note."""

from __future__ import annotations

import asyncio
import mimetypes
from typing import Any

from aiohttp import web
from aiohttp.web_request import FileField
from multidict import MultiDictProxy

from core.channel import Content, File, clean
from core.ids import new_id
from core.interactions.interaction import MAX_TEXT
from inbox.moments import chosen
from inbox.page import done
from inbox.visit import Visit, text_field

MOST_FILES = 20
KINDS = {"image": "image", "audio": "audio", "video": "video"}


async def post(visit: Visit) -> web.StreamResponse:
    """What the composer sends: `text`, `file`…, `mode` (reply or note), `address`, `later`, `then` (resolve), `key`."""
    form = await visit.form()
    id = visit.request.match_info["id"]
    text = text_field(form, "text", MAX_TEXT).strip()
    key = text_field(form, "key", 60) or new_id()
    back = f"/inbox/c/{id}"
    if text_field(form, "mode") == "note":
        await visit.needs.desk.note(visit.agent, id, text, key=key)
        return done(visit, "noted", back)
    resolve = text_field(form, "then") == "resolve"
    later = text_field(form, "later")
    await visit.needs.desk.reply(
        visit.agent,
        id,
        Content(text=text, files=await _files(visit, form)),
        key=key,
        due_at=chosen(later, visit.request.cookies.get("zone")) if later else None,
        address=text_field(form, "address") or None,
        resolve=resolve,
    )
    undo = (f"/inbox/c/{id}/reopen", dict[str, str]()) if resolve else None
    return done(visit, "planned" if later else "sent_resolved" if resolve else "sent", back, undo)


async def _files(visit: Visit, form: MultiDictProxy[Any]) -> tuple[File, ...]:
    """The attached files, kept before the reply that names them."""
    kept = []
    for upload in form.getall("file", [])[:MOST_FILES]:
        if not isinstance(upload, FileField) or not upload.filename:
            continue
        data = await asyncio.to_thread(upload.file.read)
        name = clean(upload.filename).replace("\\", "/").rsplit("/", 1)[-1][:255] or "file"
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
