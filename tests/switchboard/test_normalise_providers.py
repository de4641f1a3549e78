"""`switchboard normalise email --provider`: what a provider sent, saved to a file, as the door would read it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.channels.email.providers import test_mailgun as mailgun
from tests.channels.email.providers import test_postmark as postmark
from tests.channels.email.providers.made import body


def test_a_saved_request_is_read_as_the_provider_s(tmp_path: Path) -> None:
    files = {"mail.json": body(postmark.MAIL), "broken.json": b"{"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    first, broken = run(tmp_path, "--provider", "postmark", *files)
    assert first["events"][0]["address"] == "email:example:ann@example.org"
    assert first["events"][0]["content"]["files"][0]["name"] == "order.pdf"
    assert broken["code"] == "not_this_format"
    (tmp_path / "form").write_bytes(mailgun.WHOLE)
    for header in ((), ("--header", f"Content-Type: {mailgun.WHOLE_HEADERS['content-type']}")):
        (told,) = run(tmp_path, "--provider", "mailgun", *header, "form")
        assert told["events"][0]["content"]["subject"] == "Order"
    (unknown,) = run(tmp_path, "--provider", "pigeon", "mail.json")
    assert "pigeon" in unknown["error"]


def run(folder: Path, *arguments: str) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-m", "switchboard", "normalise", "email", *arguments],
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
