"""What an address of a database may say of its own."""

from __future__ import annotations

import socket

import pytest

from core.database import Database
from core.errors import CannotStore


@pytest.mark.parametrize("option", ["timeoutMS=200", "retryReads=true&timeoutms=200"])
async def test_the_patience_an_address_names_counts(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        uri = f"mongodb://127.0.0.1:{mute.getsockname()[1]}/?{option}"
        database = Database.connect(uri, "test", timeout=3600)
        with pytest.raises(CannotStore):
            await database.ping()
        await database.close()
