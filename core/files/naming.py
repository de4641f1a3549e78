"""What a file from outside may be called: shown, in a header, and saved on any system, it is nothing but a name."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 120  # characters
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z)")


def named(name: str) -> str:
    """`name` without folders, control characters, hidden direction marks and what file systems refuse; may be empty."""
    name = name if len(name) <= 2000 else name[:1000] + name[-1000:]
    name = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    name = "".join(
        "_" if c in '<>:"|?*' else c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")
    )
    name = unicodedata.normalize("NFC", name)  # once nothing stands between a letter and its accent any more
    name = " ".join(name.split()).strip(". ")
    name = f"_{name}" if _RESERVED.match(name) else name
    if len(name) > MAX_NAME:
        stem, dot, extension = name.rpartition(".")
        name = (
            f"{stem[: MAX_NAME - len(extension) - 1]}.{extension}" if dot and len(extension) <= 10 else name[:MAX_NAME]
        ).rstrip(". ")
    return name
