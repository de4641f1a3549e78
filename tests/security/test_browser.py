"""In a real browser: a script that somebody planted does not run, and pages as they are break no policy of theirs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser import browsing, page_of
from tests.security.world import World, asked

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("walk")]

PLANTED = """() => {
  document.body.insertAdjacentHTML("beforeend", `<img src=x onerror="window.ran = 'handler'">
    <a id=link href="javascript:window.ran='link'">x</a>
    <iframe srcdoc="<script>parent.ran='frame'</scr` + `ipt>"></iframe>
    <style>body { display: none }</style>`);
  const script = document.createElement("script");
  script.textContent = "window.ran = 'inline'";
  document.body.append(script);
  const ours = document.createElement("script");
  ours.src = "/chat/widget.js?planted";
  ours.onload = () => { window.ran = "a file of ours without the nonce"; };
  document.body.append(ours);
  document.getElementById("link").click();
}"""


async def test_what_is_planted_does_not_run_and_what_is_ours_is_never_reported(world: World) -> None:
    cookies = {cookie.key: cookie.value for cookie in world.ada.session.cookie_jar}
    session: Any = [{"name": name, "value": value, "url": world.hub.url} for name, value in cookies.items()]
    pages = ["/inbox/", world.real("/inbox/c/{id}"), "/inbox/leads", "/forms/contact", "/demo", world.link("track")]
    async with browsing() as browser:
        said: list[str] = []
        context, page = await page_of(browser, said)
        await context.add_cookies(session)
        for path in pages:
            await page.goto(world.hub.url + path, wait_until="load")
            await page.wait_for_function("document.readyState === 'complete'")
            assert not [line for line in said if "Content Security Policy" in line], (path, said)
            await page.evaluate(PLANTED)
            await page.wait_for_function("performance.now() > 0")
            # Everything planted was refused, and told so; nothing of it ran.
            refused = [line for line in said if re.search("Content Security Policy", line)]
            assert len(refused) >= 3, (path, said)
            assert await page.evaluate("window.ran") is None, path
            assert await page.evaluate("getComputedStyle(document.body).display") != "none", path
            said.clear()
        await context.close()


async def test_a_mail_is_shown_in_a_frame_that_can_do_nothing(world: World) -> None:
    status, _, headers = await asked(world, "GET", world.real("/inbox/mail/{id}"), world.ada)
    policy = headers["Content-Security-Policy"]
    assert status == 200
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "img-src data:;" in policy, "pictures from elsewhere only when they are asked for"
    _, _, headers = await asked(world, "GET", world.real("/inbox/mail/{id}") + "?pictures=1", world.ada)
    assert "https:" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
