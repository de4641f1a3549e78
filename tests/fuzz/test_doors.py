"""A hub that is asked a thousand strange things answers each, and none with an error of its own."""

from __future__ import annotations

import pytest

from tests.fuzz.doors import Target, ask, one, target, wrong
from tests.fuzz.found import REQUESTS
from tests.fuzz.test_complete import AT_THE_DOORS, entered

ROUNDS = 6  # times every route is asked


@pytest.mark.filterwarnings(
    "ignore::aiohttp.BadContentDispositionHeader",  # aiohttp warns of what it is sent here, and goes on
    "ignore::aiohttp.BadContentDispositionParam",
)
async def test_no_route_falls_over_a_damaged_request(database_uri: str, database_name: str) -> None:
    findings: list[str] = []
    there: set[str] = set()
    async with target(database_uri, database_name) as asked:
        with entered(there):
            for number in range(ROUNDS):
                for method, pattern in asked.routes:
                    wanted, problem = await one(asked, method, pattern, f"{method} {pattern} {number}")
                    if problem:
                        findings.append(f"{method} {pattern} {problem}: {wanted[:1500]!r}")
        assert not findings, "\n\n".join(findings[:10])
        await _what_was_found(asked)
    assert there >= AT_THE_DOORS, f"never entered: {sorted(AT_THE_DOORS - there)}"


async def _what_was_found(asked: Target) -> None:
    """Each request that once was answered with an error of the hub's own."""
    for name, wanted in REQUESTS.items():
        whole = wanted.replace(b"SESSION", asked.cookie.encode()).replace(b"TOKEN", asked.csrf.encode())
        status, head = await ask(asked, whole)
        assert not wrong(asked, status, head), f"{name}: {head[:300]}"
        assert status in (*range(200, 304), *range(400, 430)), f"{name}: {status}"
