"""The letters of the corpus that were written by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.core.visible.programs import Case


def letters(name: str) -> list[Case]:
    """The cases in `name`.toml; without `expected`, the whole mail is expected."""
    table = tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))
    return [
        Case(
            row["name"],
            row["mail"],
            row.get("expected", row["mail"]).strip("\n"),
            row.get("subject", "Re: Order 4711"),
        )
        for row in table["case"]
    ]
