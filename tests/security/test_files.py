"""Names, types and pictures from outside, at the doors that take files: nothing but a name, never run, never decoded."""

# ruff: noqa: E501 - a row of hostile names is easier to compare on few long lines

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import pytest

from core.content import File, clean
from core.files.naming import MAX_NAME, named
from core.files.picture import LONGEST_SIDE, MOST_POINTS, picture
from core.forms.submission import read_submission
from portal.chat.files import sniffed
from tests.house_rules import files
from tests.making import a_png
from tests.security.test_walk import Chatting
from tests.security.world import World, asked

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("walk")]

NAMES = (
    "../../etc/passwd", "..\\..\\windows\\system.ini", "C:\\autoexec.bat", "/etc/shadow", "a\x00.png", "\x00", "", ".", "..",
    "gnp\u202eexe.scr", "\u2066\u2069\u200f.txt", "a\r\nSet-Cookie: x=1", "a\r\n\r\n<script>alert(1)</script>", "a\u2028b\u2029",
    'a"; filename="b.exe', "a'b`c$(id).txt", "a;b=c", "CON", "nul.txt", "COM1.log", "aux .txt", "x" * 10_000,
    "x" * 10_000 + ".pdf", "я" * 10_000, "%2e%2e%2fetc", "<img src=x onerror=alert(1)>.png", "\x1b[2J\x1b[31m.txt", "\ud800.png",
    "a:b|c?d*e", ".htaccess", "...", "a. . .", " \t ", "{{7*7}}", "={cmd}", "\u0085\u009b31m",
)  # fmt: skip
UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f/\\<>:\"|?*\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def nothing_but_a_name(name: str) -> None:
    assert name
    assert not UNWANTED.search(name), repr(name)
    assert len(name) <= MAX_NAME
    assert name.strip(". ") == name
    assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)", name)


def from_a_form(name: str) -> File:
    told = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")[:499].encode("utf-8", "replace")
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="' + told + b'"\r\n\r\n'
    sent = read_submission(head + b"x\r\n--b--\r\n", {"content-type": "multipart/form-data; boundary=b"})
    return sent.files[0]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:20]))
async def test_what_a_file_is_called_is_nothing_but_a_name(name: str) -> None:
    nothing_but_a_name(sniffed(name, "text/plain", b"x").name)
    if name:  # a part without a name is no file
        nothing_but_a_name(from_a_form(name).name)
    assert named(named(clean(name))) == named(clean(name))


async def test_it_stays_one_on_its_way_out(world: World) -> None:
    """Uploaded under each name, fetched again: one header, of one line, which says download and names nothing else."""
    ann = Chatting(world)
    await ann.says()
    receipts = []
    for name in NAMES[:18]:
        headers = {"Authorization": f"Bearer {ann.token}", "X-Site": "site", "Content-Type": "text/html",
                   "X-File-Name": quote(name.encode("utf-8", "replace")[:3000], safe="")}  # fmt: skip
        async with world.client.post(f"{world.hub.url}/chat/files", headers=headers, data=b"<script>") as response:
            assert response.status == 200, name
            receipts.append((await response.json())["file"])
    for n in range(0, len(receipts), 5):
        await ann.says({"type": "message", "id": f"names-{n:05}", "text": "", "files": receipts[n : n + 5]})
    found = [
        file for frame in await ann.says() for entry in frame.get("history", ()) for file in entry.get("files", ())
    ]
    assert len(found) == len(receipts)
    for file in found:
        nothing_but_a_name(file["name"])
        status, _, answer = await asked(world, "GET", file["url"])
        assert status == 200
        inert(answer)
        assert re.fullmatch(r"attachment; filename\*=UTF-8''[\w.~%-]+", answer["Content-Disposition"], re.ASCII)
        nothing_but_a_name(unquote(answer["Content-Disposition"].partition("''")[2]))


def inert(headers: Any) -> None:
    policy_ = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy_
    assert "sandbox" in policy_
    assert "allow-" not in policy_
    assert headers["X-Content-Type-Options"] == "nosniff"


def webp(wide: int, high: int) -> bytes:
    size = (wide - 1).to_bytes(3, "little") + (high - 1).to_bytes(3, "little")
    return b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00" + size


def gif(wide: int, high: int) -> bytes:
    return b"GIF89a" + wide.to_bytes(2, "little") + high.to_bytes(2, "little") + b"\x00\x00\x00"


def jpeg(wide: int, high: int) -> bytes:
    frame = b"\xff\xc0\x00\x11\x08" + high.to_bytes(2, "big") + wide.to_bytes(2, "big") + b"\x03" + bytes(9)
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(9) + b"\xff\xff\xfe\x00\x04hi" + frame


HTML = b"<script>alert(1)</script>"
GOOD = {a_png(): "image/png", gif(2, 2): "image/gif", jpeg(4000, 3000): "image/jpeg", webp(8000, 6000): "image/webp"}
BOMBS = (
    a_png(65535, 65535), a_png(2**31 - 1, 1), a_png(1, 2**31), a_png(0, 5), a_png(20_000, 20_000), gif(65535, 65535),
    gif(0, 0), jpeg(65535, 65535), jpeg(65500, 2), webp(2**24, 2**24), webp(16_383, 16_383),
    a_png()[:20], gif(2, 2)[:9], jpeg(2, 2)[:24], webp(2, 2)[:25], b"\x89PNG\r\n\x1a\n", b"GIF8", b"\xff\xd8\xff" + b"\xff" * 5000,
    b"\xff\xd8\xff\xe0\x00\x00" * 3000, b"GIF89a" + HTML[:0], b"RIFFxxxxWEBPVP9 " + bytes(40),
)  # fmt: skip
LIES = (
    HTML, b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)' width='65535' height='65535'/>", b"%PDF-1.7", b"MZ",
    b"GIF8<script>alert(1)</script>", b"\x89PNG" + HTML, b"BM" + bytes(50), b"\x00\x00\x01\x00" + bytes(50),
    b"RIFF\x00\x00\x00\x00WAVE" + bytes(40), b"<?xml version='1.0'?><svg/>", b"",
)  # fmt: skip


async def test_a_picture_is_what_begins_like_one_and_is_of_bearable_size() -> None:
    for data, type in GOOD.items():
        assert picture(data) == picture(data + HTML) == type  # what hangs on behind is shown by nobody
    assert picture(a_png(LONGEST_SIDE, 1))
    assert picture(a_png(10_000, MOST_POINTS // 10_000))
    for data in (*BOMBS, *LIES):
        assert picture(data) is None, data[:40]
        assert sniffed("a.png", "image/png", data).kind == "document"
        assert not sniffed("a.png", "image/png", data).type.startswith("image/")


async def test_at_the_doors_all_else_is_a_download(world: World) -> None:
    """By the chat's own link and by the inbox's, whatever the file claims to be; a picture with HTML in it stays one."""
    polyglot = a_png() + HTML
    ann = Chatting(world)
    await ann.says()
    for n, data in enumerate((polyglot, *BOMBS[:3], BOMBS[5], *LIES[:6])):
        headers = {"Authorization": f"Bearer {ann.token}", "X-Site": "site", "Content-Type": "image/png"}
        async with world.client.post(f"{world.hub.url}/chat/files", headers=headers, data=data) as response:
            receipt = (await response.json())["file"]
        heard = await ann.says({"type": "message", "id": f"lies-{n:05}", "text": "", "files": [receipt]})
        (entry,) = [frame["entry"] for frame in heard if frame["type"] == "ack"]
        kept = await world.hub.parts.stores.interactions.get(entry)
        assert kept is not None
        told = [one for frame in await ann.says() for one in frame.get("history", ()) if one["id"] == entry]
        links = [told[0]["files"][0]["url"], f"/inbox/files/{kept.content.files[0].sha256}?entry={entry}"]
        for url, desk in zip(links, (None, world.maria), strict=True):
            status, _, answer = await asked(world, "GET", url, desk)
            assert status == 200
            inert(answer)
            shown = answer["Content-Type"] == "image/png" and answer["Content-Disposition"].startswith("inline")
            download = answer["Content-Type"] == "application/octet-stream"
            assert shown if data is polyglot else download, data[:30]
            assert download == answer["Content-Disposition"].startswith("attachment")


DECODERS = {"PIL", "cv2", "imageio", "wand", "pyvips", "cairosvg", "numpy", "zipfile", "tarfile", "gzip", "bz2", "lzma"}
# Written, not read: our own scripts, and a person's data. What comes in packed is unpacked by aiohttp, which counts.
WRITERS = {"portal/chat/script.py", "switchboard/design/assets.py", "switchboard/commands/export.py"}


def _imported() -> Iterator[tuple[str, str]]:
    for file in files():
        if file.ours:
            for line in re.findall(r"^\s*(?:import|from) (\w+)", file.text, re.MULTILINE):
                yield file.path, line


async def test_nothing_here_decodes_a_picture_or_unpacks_an_archive() -> None:
    assert [(path, name) for path, name in _imported() if name in DECODERS and path not in WRITERS] == []
