"""Campaign links in what we send, with a mark that names the message: so its reader is known when they follow one.

The mark is sealed, tells nobody's address, and opens nothing: whoever has it can do no more than visit the page. It is
left out where a message goes to several people, and where it would make it too long for the channel.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32hexencode
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from core.channel import Capabilities
from core.content import Content, Mark
from core.signing import genuine

PARAMETER = "p"
_TOKEN = re.compile(r"([0-9a-v]{20})([0-9a-v]{24})")


class PersonalLinks:
    """Makes and reads the marks. `key` is for this purpose alone."""

    def __init__(self, key: str, public_url: str) -> None:
        self._key = key
        base = re.escape(public_url.rstrip("/"))
        # A link of ours, with parameters it may have; behind it nothing that would make it another address.
        self._link = re.compile(rf"{base}/go/[a-z0-9][a-z0-9_-]{{0,49}}(?![\w/-])(\?[^\s\"'<>#()]*[\w=])?")

    def token(self, entry_id: str) -> str:
        """The mark of the message `entry_id`."""
        return f"{entry_id}{_seal(entry_id, self._key)}"

    def message(self, token: str) -> str | None:
        """The id of the message a mark was made for; None when it is not one of ours."""
        match = _TOKEN.fullmatch(token)
        return match[1] if match and genuine(self._key, match[2], partial(_seal, match[1])) else None

    def into(self, content: Content, entry_id: str, able: Capabilities) -> Content:
        """`content` with the mark of `entry_id` in each campaign link."""
        if content.cc or content.bcc or "/go/" not in content.text + (content.html or ""):
            return content
        token = self.token(entry_id)
        text, added = self._text(content.text, token)
        most = able.max_caption if content.files else able.max_text
        if most and len(text.encode("utf-16-le")) // 2 > most:
            return content
        html = self._link.sub(lambda found: _with(found, token, "&amp;"), content.html) if content.html else None
        marks = tuple(self._moved(mark, added, token) for mark in content.marks)
        return replace(content, text=text, html=html, marks=marks)

    def _text(self, text: str, token: str) -> tuple[str, list[tuple[int, int]]]:
        """The text, and where how many characters were put into the old one."""
        added = [(found.end(), len(_with(found, token, "&")) - len(found[0])) for found in self._link.finditer(text)]
        return self._link.sub(lambda found: _with(found, token, "&"), text), added

    def _moved(self, mark: Mark, added: Iterable[tuple[int, int]], token: str) -> Mark:
        start, end = mark.start, mark.start + mark.length
        for at, length in added:
            start += length if at <= mark.start else 0
            end += length if at <= mark.start + mark.length and at > mark.start else 0
            end += length if at <= mark.start else 0
        value = self._link.sub(lambda found: _with(found, token, "&"), mark.value) if mark.value else mark.value
        return replace(mark, start=start, length=end - start, value=value)


def _with(found: re.Match[str], token: str, joint: str) -> str:
    return f"{found[0]}{joint if found[1] else '?'}{PARAMETER}={token}"


def _seal(entry_id: str, key: str) -> str:
    return b32hexencode(hmac.new(key.encode(), entry_id.encode(), hashlib.sha256).digest()[:15]).decode().lower()
