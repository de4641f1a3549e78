"""Whether bytes are a picture that may be shown in somebody's page. Nothing is decoded here: only headers are read.

A few hundred bytes can declare a picture of 65,535 by 65,535 points, for which a browser needs 17 GB. Such a one is
no picture for us, but a file to download. Nor is one whose size cannot be read: what is cut off is not shown either.

https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern, and of the sizes: PNG (RFC 2083), GIF89a, JPEG
(ITU-T T.81), WebP (RFC 9649).
"""

from __future__ import annotations

from collections.abc import Callable

MOST_POINTS = 100_000_000  # more than any phone's camera makes
LONGEST_SIDE = 32_767
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG's markers that tell a size
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))  # and those that nothing belongs to

Size = tuple[int, int]


def picture(data: bytes) -> str | None:
    """The type of a picture that every browser shows safely, and of bearable size; None for anything else."""
    for start, type, size in _KINDS:
        if data.startswith(start):
            wide, high = size(data) or (0, 0)
            bearable = 0 < wide <= LONGEST_SIDE and 0 < high <= LONGEST_SIDE and wide * high <= MOST_POINTS
            return type if bearable else None
    return None


def _png(data: bytes) -> Size | None:
    if data[12:16] != b"IHDR" or len(data) < 24:
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _gif(data: bytes) -> Size | None:
    if data[4:6] not in (b"7a", b"9a") or len(data) < 10:
        return None
    return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def _jpeg(data: bytes) -> Size | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return None


def _webp(data: bytes) -> Size | None:
    if data[8:12] != b"WEBP" or len(data) < 30:
        return None
    match data[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            sides = (data[26:28], data[28:30])
            wide, high = (int.from_bytes(side, "little") & 0x3FFF for side in sides)
            return wide, high
        case _:
            return None


_KINDS: tuple[tuple[bytes, str, Callable[[bytes], Size | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png", _png),
    (b"\xff\xd8\xff", "image/jpeg", _jpeg),
    (b"GIF8", "image/gif", _gif),
    (b"RIFF", "image/webp", _webp),
)
