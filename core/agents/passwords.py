"""Password hashes (Argon2id, RFC 9106), made two at a time in threads so that sign-ins stall nobody."""

from __future__ import annotations

import asyncio
import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.content import clean

# 19 MiB and two passes: about 20 ms; the OWASP minimum for Argon2id.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
SHORTEST = 10
LONGEST = 200


@lru_cache(maxsize=1)
def _turns(loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    return asyncio.Semaphore(2)


async def hashed(password: str) -> str:
    """The hash to store."""
    async with _turns(asyncio.get_running_loop()):
        return await asyncio.to_thread(_HASHER.hash, clean(password))


async def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one; takes as long when there is no such agent, so that the answer tells nothing."""
    async with _turns(asyncio.get_running_loop()):
        return await asyncio.to_thread(_verify, stored or _nobody(), clean(password)) and stored is not None


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _HASHER.hash(secrets.token_hex(16))


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def new_password() -> str:
    """A password to hand to a person: four groups of four letters and digits that cannot be confused."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
