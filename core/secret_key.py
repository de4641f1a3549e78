"""A change of the secret key: the former ones that are still believed, and a new one in the data folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from core.errors import SetupError
from core.settings import Settings, secret_key

OLD_KEYS = "secret.key.old"


def old_secret_keys(settings: Settings) -> list[str]:
    """The former secret keys that are still believed: the setting, and `secret.key.old` in the data folder, by line."""
    listed = [key.get_secret_value() for key in settings.secret_keys_old]
    path = settings.data / OLD_KEYS
    if settings.secret_key is None and path.is_file():
        listed += [line.strip() for line in path.read_text(encoding="ascii", errors="replace").splitlines()]
    return [key for key in listed if len(key) >= 32]


def begin_new_key(settings: Settings) -> None:
    """Make a new key in the data folder; the present one is listed as former before. Raises SetupError, OSError.

    Killed anywhere in between, the hub starts with one of the two and knows the other.
    """
    if settings.secret_key is not None:
        raise SetupError(
            "The key is set by SWITCHBOARD_SECRET_KEY: put a new one there, and the present one into "
            "SWITCHBOARD_SECRET_KEYS_OLD."
        )
    present = secret_key(settings).decode()
    path, listed = settings.data / "secret.key", old_secret_keys(settings)
    _replaced(settings.data / OLD_KEYS, "\n".join([present, *(key for key in listed if key != present)]) + "\n")
    _replaced(path, secrets.token_hex(32) + "\n")


def _replaced(path: Path, text: str) -> None:
    """Write `path` (mode 600) so that it is there as it was or as it is to be, and durably."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
