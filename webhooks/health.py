"""The health pages: alive (the process answers), ready (it can work), metrics (Prometheus)."""

from __future__ import annotations

import asyncio
import hmac

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

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
        """GET /metrics, in the text format of Prometheus: for who has the token, where one is set; else only for the
        operator's own network.
        """
        token = self._needs.metrics_token
        shown = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if token and not hmac.compare_digest(shown, b"Bearer " + token.encode()):
            refused = refusal(401, "token", "Show the token of SWITCHBOARD_METRICS_TOKEN.")
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        if not token and not self._needs.near(request):
            return refusal(403, "not_here", "The metrics are for this hub's own network. See SWITCHBOARD_METRICS_FROM.")
        return web.Response(
            body=await self._needs.metrics(),
            headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"},
        )
