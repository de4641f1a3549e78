"""Whole conversations, as they are read, on every channel they are written for."""

from pathlib import Path

import pytest

from tests.bot.conversation import channels_of, play

FOLDER = Path(__file__).parent / "scripts"
SCRIPTS = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.txt"))}


@pytest.mark.parametrize(
    ("name", "channel"),
    [(name, channel) for name, script in SCRIPTS.items() for channel in channels_of(script)],
)
async def test_conversation_goes_as_written(name: str, channel: str) -> None:
    await play(f"{name}.txt", SCRIPTS[name], channel)
