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
        web.post("/webhooks/{channel}/{account}/{provider}", answered(doors.provided)),
        # Mailgun sends the mail as it came only to an address that ends so.
        web.post("/webhooks/{channel}/{account}/{provider}/mime", answered(doors.provided)),
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
