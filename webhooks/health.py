"""The health pages: alive (the process answers), ready (it can work), metrics (Prometheus)."""

from __future__ import annotations

import asyncio

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core.errors import SwitchboardError
from webhooks.answers import refusal
from webhooks.needs import Needs

PATIENCE = 5.0


class Health:
    """The three pages."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs

    async def alive(self, request: web.Request) -> web.Response:
        """GET /healthz: 200 while this process answers at all. Restart it when it does not."""
        return web.json_response({"alive": True})

    async def ready(self, request: web.Request) -> web.Response:
        """GET /readyz: 200 when work can be done here, else 503 with the reason. Send no traffic until then."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._needs.ready()
        except TimeoutError:
            return refusal(503, "not_ready", "The database takes too long to answer.", after=5)
        except SwitchboardError as error:
            return refusal(503, error.code, error.sentence, after=5)
        return web.json_response({"ready": True})

    async def metrics(self, request: web.Request) -> web.Response:
        """GET /metrics, in the text format of Prometheus."""
        return web.Response(
            body=generate_latest(self._needs.registry),
            headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"},
        )
