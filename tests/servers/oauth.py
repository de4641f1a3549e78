"""An authorisation server on a socket: token, device and introspection endpoints as RFC 6749, 7636 and 8628 have them.

    async with AuthorisationServer() as server:
        server.refresh_tokens["r1"] = "help@example.test"     # who signed in

`asked` holds every form that came to the token endpoint. Access tokens last `life` seconds; with `rotates` each use of
a refresh token replaces it. `away` answers the next requests with that status.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from itertools import count

from aiohttp import web

CLIENT, SECRET = "client-1", "client-secret"


class AuthorisationServer:
    """The server; `url` is its beginning. `patience` is how often a device is told to ask again."""

    def __init__(self, *, life: float = 3600, rotates: bool = False, patience: int = 0) -> None:
        self.life, self.rotates, self.patience = life, rotates, patience
        self.refresh_tokens: dict[str, str] = {}
        self.access_tokens: dict[str, str] = {}
        self.codes: dict[str, tuple[str, str, str]] = {}  # code → who, challenge, redirect_uri
        self.own = ""  # whom the client itself acts for
        self.asked: list[Mapping[str, str]] = []
        self.away: list[int] = []
        self.declines = False
        self._numbers = count(1)

    async def __aenter__(self) -> AuthorisationServer:
        app = web.Application()
        app.router.add_post("/token", self._token)
        app.router.add_post("/device", self._device)
        app.router.add_get("/tokeninfo", self._info)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def settings(self) -> dict[str, str]:
        """An account's settings for this server."""
        return {"oauth_provider": "other", "oauth_client_id": CLIENT, "oauth_token_url": f"{self.url}/token"}

    def forget(self) -> None:
        """No access token given so far is good any more."""
        self.access_tokens.clear()

    def allow(self, who: str, challenge: str, redirect: str) -> str:
        """A person has agreed in the browser: the code they get."""
        code = f"code-{next(self._numbers)}"
        self.codes[code] = (who, challenge, redirect)
        return code

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        if self.away:
            return web.Response(status=self.away.pop(0))
        if form.get("client_id") != CLIENT or form.get("client_secret", SECRET) != SECRET:
            return _error("invalid_client")
        match form.get("grant_type"):
            case "refresh_token":
                used = form["refresh_token"]
                who = self.refresh_tokens.get(used, "")
                if who and self.rotates:
                    del self.refresh_tokens[used]
                return self._given(who, new=self.rotates) if who else _error("invalid_grant", "Token was revoked.")
            case "client_credentials" if form.get("client_secret") and form.get("scope"):
                return self._given(self.own, new=None)
            case "authorization_code":
                who, challenge, redirect = self.codes.pop(form["code"], ("", "", ""))
                digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
                proved = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
                if not (who and proved and redirect == form.get("redirect_uri")):
                    return _error("invalid_grant")
                return self._given(who, new=True)
            case "urn:ietf:params:oauth:grant-type:device_code" if form.get("device_code") == "device-1":
                if self.declines:
                    return _error("access_denied")
                self.patience -= 1
                return _error("authorization_pending") if self.patience >= 0 else self._given(self.own, new=True)
        return _error("unsupported_grant_type")

    def _given(self, who: str, *, new: bool | None) -> web.Response:
        access = f"access-{next(self._numbers)}"
        self.access_tokens[access] = who
        answer: dict[str, object] = {"access_token": access, "token_type": "Bearer", "expires_in": self.life}
        if new:
            refresh = f"refresh-{next(self._numbers)}"
            self.refresh_tokens[refresh] = who
            answer["refresh_token"] = refresh
        return web.json_response(answer)

    async def _device(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("client_id") != CLIENT or not form.get("scope"):
            return _error("invalid_client")
        return web.json_response(
            {
                "device_code": "device-1",
                "user_code": "ABCD-EFGH",
                "verification_uri": f"{self.url}/enter",
                "expires_in": 60,
                "interval": 0,
            }
        )

    async def _info(self, request: web.Request) -> web.Response:
        who = self.access_tokens.get(request.query.get("access_token", ""))
        return web.json_response({"email": who}) if who else web.json_response({"error": "invalid_token"}, status=401)


def _error(code: str, description: str = "") -> web.Response:
    return web.json_response({"error": code, "error_description": description}, status=400)
