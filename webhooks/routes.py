"""Every URL of the doors and of the health pages."""

from __future__ import annotations

from aiohttp import web

from webhooks.answers import answered
from webhooks.doors import Doors
from webhooks.health import Health
from webhooks.needs import Needs


def routes(needs: Needs) -> list[web.AbstractRouteDef]:
    """The doors and the health pages."""
    doors = Doors(needs)
    return [
        web.post("/webhooks/{channel}/{account}", answered(doors.receive)),
        # Mail providers' doors come with their adapters; until then a clear no.
        web.post("/webhooks/email/{account}/{provider}", answered(doors.no_such_door)),
        *health(needs),
    ]


def health(needs: Needs) -> list[web.AbstractRouteDef]:
    """The health pages alone: all that a worker without pages serves."""
    pages = Health(needs)
    return [
        web.get("/healthz", pages.alive),
        web.get("/readyz", pages.ready),
        web.get("/metrics", pages.metrics),
    ]
