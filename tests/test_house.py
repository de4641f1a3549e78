"""The house keeps its rules: run over the whole tree, and each over an example that keeps it and one that does not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests import house_rules
from tests.house_rules import ROOMS, ROOT, RULES, File, Rule, files
from tests.servers.ports import free_port

# The tree is read once for all of them.
pytestmark = pytest.mark.xdist_group("house")

# rule: ((path, an example that keeps it), (path, one that does not))
EXAMPLES: dict[Rule, tuple[tuple[str, str], tuple[str, str]]] = {
    house_rules.environment_only_in_settings: (
        ("core/settings.py", "import os\nHOME = os.environ['HOME']"),
        ("core/send.py", "import os\nHOME = os.environ['HOME']"),
    ),
    house_rules.no_naive_datetimes: (
        ("core/a.py", "datetime.now(UTC); datetime.now(tz=UTC); datetime.fromtimestamp(1, UTC)"),
        ("core/a.py", "datetime.datetime.now()"),
    ),
    house_rules.one_time_for_all: (
        ("inbox/a.py", "clock.now(); conversation.now(); datetime.fromtimestamp(1, UTC)"),
        ("inbox/a.py", "datetime.now(UTC)"),
    ),
    house_rules.no_channel_named_outside_adapters: (
        ("core/a.py", "if channel == other.channel or not capabilities.buttons: pass"),
        ("core/a.py", "if address.channel in ('email', 'sms'): pass"),
    ),
    house_rules.driver_only_in_stores: (
        ("core/orders/store.py", "from pymongo import ReturnDocument"),
        ("core/orders/order.py", "from bson.objectid import ObjectId"),
    ),
    house_rules.each_library_in_its_place: (
        ("channels/telegram/send.py", "import aiogram.types"),
        ("channels/webform.py", "from aiohttp import web"),
    ),
    house_rules.no_drawers: (("core/send.py", ""), ("core/orders/utils.py", "")),
    house_rules.folders_say_what_belongs_there: (
        ("core/__init__.py", '"""The domain: what a message is."""'),
        ("core/__init__.py", '"""Placeholder."""'),
    ),
    house_rules.imports_stand_at_the_top: (
        ("switchboard/cli.py", "def serve():\n    from core import settings"),
        ("core/send.py", "async def send():\n    from core import deliver"),
    ),
    house_rules.exemptions_have_a_reason: (
        ("core/a.py", "x = y  # noqa: S603 - the operator chose it\nz = x  # type: ignore[arg-type]  # it is checked"),
        ("core/a.py", "x = y  # type: ignore[arg-type]"),
    ),
    house_rules.nothing_of_ours_is_patched: (
        ("tests/a.py", "import sys\nmonkeypatch.setattr(sys, 'path', [])"),
        ("tests/a.py", "from core import send\nmonkeypatch.setattr(send, 'enter', None)"),
    ),
    house_rules.secrets_are_compared_in_constant_time: (
        ("core/a.py", "ok = hmac.compare_digest(token, given); empty = token == '' or password is None"),
        ("core/a.py", "ok = account.secret == given"),
    ),
    house_rules.files_are_short: (("core/a.py", "\n" * 300), ("core/a.py", "\n" * 500)),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    broken = [complaint for file in files() for complaint in rule(file)]
    assert not broken, f"{rule.__doc__}\n" + "\n".join(broken)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_tells_good_from_bad(rule: Rule) -> None:
    good, bad = EXAMPLES[rule]
    assert list(rule(File(*good))) == []
    assert list(rule(File(*bad))) != []


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        (house_rules.environment_only_in_settings, "from os import getenv"),
        (house_rules.no_naive_datetimes, "datetime.utcnow()"),
        (house_rules.no_naive_datetimes, "datetime.fromtimestamp(1)"),
        (house_rules.no_naive_datetimes, "date.today()"),
        (house_rules.one_time_for_all, "datetime.datetime.now(tz=UTC)"),
        (house_rules.no_channel_named_outside_adapters, "if 'telegram' != channel: pass"),
        (house_rules.no_channel_named_outside_adapters, "match channel:\n    case 'email': pass"),
        (house_rules.driver_only_in_stores, "import motor.motor_asyncio"),
        (house_rules.each_library_in_its_place, "import aiogram"),
        (house_rules.each_library_in_its_place, "import imap_tools"),
        (house_rules.each_library_in_its_place, "import aiohttp"),
        (house_rules.exemptions_have_a_reason, "x = y  # noqa"),
        (house_rules.exemptions_have_a_reason, "x = y  # noqa: S603"),
    ],
)
def test_the_rule_sees_other_ways_to_break_it(rule: Rule, bad: str) -> None:
    assert list(rule(File("core/a.py", bad))) != []


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for room in (*ROOMS, "tests") for path in (ROOT / room).rglob("*.py")}
    assert [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_files_pin_with_hashes_and_name_no_index(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.findall(r"://|--(?:extra-)?index-url|--find-links|--trusted-host", text)
    pins = re.split(r"\n(?=\S)", text.strip())
    assert len(pins) > 30
    unpinned = [pin.splitlines()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin]
    assert unpinned == []


def test_the_lock_files_agree() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    runtime, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in runtime} == runtime


def test_no_file_names_a_place_on_the_machine_it_was_written_on() -> None:
    shown = re.compile(r"(?<![\w.])/(?:work|root|home)/[a-z]")
    written = {".py", ".md", ".sh", ".toml", ".yaml", ".html", ".js", ".css", ".lock", ".example", ""}
    tops = [top for top in ROOT.iterdir() if not top.name.startswith(".") and top.name not in {"data", "build", "dist"}]
    tops += [ROOT / ".ci", ROOT / ".env.example"]
    paths = [path for top in tops for path in (top.rglob("*") if top.is_dir() else [top])]
    texts = [path for path in paths if path.suffix in written and path.is_file() and path != Path(__file__)]
    found = [path for path in texts if shown.search(path.read_text(encoding="utf-8", errors="replace"))]
    assert found == []


# ------------------------------------------------------------------------------------ what is imported when

RUN = "import sys; from switchboard.cli import main; sys.exit(main())"


def imported(importtime: str) -> set[str]:
    """The packages in what `python -X importtime` wrote."""
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in importtime.splitlines() if "|" in line}


def test_help_is_quick_because_it_imports_little() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", RUN, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "serve" in done.stdout
    heavy = {"aiogram", "aiohttp", "pydantic", "pydantic_settings", "motor", "pymongo", "babel", "cryptography"}
    assert imported(done.stderr) & heavy == set()


def test_a_web_hub_never_imports_aiogram(tmp_path: Path, database_uri: str, database_name: str) -> None:
    port = free_port()
    trace = tmp_path / "trace"
    options = ["--role", "web", "--port", str(port), "--data", str(tmp_path), "--mongodb-uri", database_uri]
    with trace.open("wb") as out:
        hub = subprocess.Popen(
            [sys.executable, "-X", "importtime", "-c", RUN, "serve", *options],
            cwd=tmp_path,
            env={**os.environ, "SWITCHBOARD_DATABASE": database_name, "PYTHONPATH": str(ROOT)},
            stderr=out,
            stdout=subprocess.DEVNULL,
        )
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                    break
            except OSError:
                assert hub.poll() is None, trace.read_text()[-2000:]
                assert time.monotonic() < deadline, trace.read_text()[-2000:]
                time.sleep(0.1)
    finally:
        hub.terminate()
        hub.wait(20)
    modules = imported(trace.read_text(errors="replace"))
    assert "motor" in modules
    assert "aiogram" not in modules


def test_what_belongs_together_runs_in_one_process(request: pytest.FixtureRequest) -> None:
    """What loads the whole machine stays in one process of a parallel run: it disturbs itself, and all the others."""
    parallel = hasattr(request.config, "workerinput")
    assert request.node.nodeid.endswith("@house") == parallel
