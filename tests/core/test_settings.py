"""Settings: where they come from, and what a wrong one says."""

from __future__ import annotations

import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path

import pytest

from core.errors import SetupError
from core.settings import PREFIX, Settings, secret_key

EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the developer's own."""
    for key in list(os.environ):
        if key.startswith(PREFIX):
            monkeypatch.delenv(key)
    monkeypatch.chdir(tmp_path)


def test_defaults_need_no_configuration(tmp_path: Path) -> None:
    settings = Settings.load()
    assert (settings.host, settings.port, settings.role) == ("127.0.0.1", 8080, "all")
    assert settings.data == tmp_path / "data"
    assert settings.private_mongodb
    assert settings.wants_sample_data
    assert settings.languages == ("en", "ru", "uk")
    assert settings.max_body == 10 * 1024 * 1024
    assert settings.crash_step is None


def test_command_line_wins_over_environment_over_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("SWITCHBOARD_PORT=1001\nSWITCHBOARD_HOST=10.0.0.1\nSWITCHBOARD_ROLE=web\nOTHER=1\n")
    monkeypatch.setenv("SWITCHBOARD_PORT", "1002")
    monkeypatch.setenv("SWITCHBOARD_HOST", "10.0.0.2")
    settings = Settings.load(port=1003, database=None)
    assert (settings.port, settings.host, settings.role, settings.database) == (1003, "10.0.0.2", "web", "switchboard")


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        ("ROLE", "Worker", "role", "worker"),
        ("LANGUAGES", "uk, en", "languages", ("uk", "en")),
        ("COUNTRY", "de", "country", "DE"),
        ("MAX_BODY", "2 MB", "max_body", 2 * 1024 * 1024),
        ("MAX_BODY", "65536", "max_body", 65536),
        ("TRUSTED_PROXIES", "10.1.2.3/8 ::1", "trusted_proxies", (ip_network("10.0.0.0/8"), ip_network("::1/128"))),
        ("PUBLIC_URL", "https://hub.example.org/", "public_url", "https://hub.example.org"),
        ("PUBLIC_URL", "", "public_url", None),
        ("SAMPLE_DATA", "no", "wants_sample_data", False),
        ("CRASH_AT", "deliver.sent:3", "crash_step", ("deliver.sent", 3)),
        ("CRASH_AT", "route", "crash_step", ("route", 1)),
        ("MONGODB_URI", "mongodb://db/", "wants_sample_data", False),
    ],
)
def test_values_are_read_as_people_write_them(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str, field: str, expected: object
) -> None:
    monkeypatch.setenv(PREFIX + key, value)
    assert getattr(Settings.load(), field) == expected


def test_everything_wrong_is_named_in_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("SWITCHBOARD_PROT=1\n")
    Path("taken").write_text("a file")
    wrong = {
        "PORT": "eighty",
        "ROLE": "boss",
        "DATA": "taken",
        "MONGODB_URI": "http://user:hunter2@db",
        "DATABASE": "a b",
        "MONGOD": "/nowhere/mongod",
        "PUBLIC_URL": "hub.example.org",
        "SECRET_KEY": "hunter2",
        "LANGUAGES": "en,tlh",
        "COUNTRY": "Ukraine",
        "TRUSTED_PROXIES": "everyone",
        "MAX_BODY": "a lot",
        "LOG_LEVEL": "loud",
        "SESSION_HOURS": "-1",
        "SAMPLE_DATA": "maybe",
        "CRASH_AT": "now!",
        "COLOUR": "red",
    }
    for key, value in wrong.items():
        monkeypatch.setenv(PREFIX + key, value)
    with pytest.raises(SetupError) as caught:
        Settings.load(concurrency=0)
    sentence = caught.value.sentence
    for key in wrong:
        assert f"{PREFIX}{key}: " in sentence
    assert "--concurrency: " in sentence
    assert "SWITCHBOARD_PROT: there is no such setting; did you mean SWITCHBOARD_PORT?" in sentence
    assert "hunter2" not in sentence
    assert ".env.example" in sentence


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"SWITCHBOARD_HOST=\xff\n"])
def test_an_unreadable_file_is_said_to_be_one(content: bytes) -> None:
    Path(".env").write_bytes(content)
    with pytest.raises(SetupError, match="cannot be read"):
        Settings.load()


def test_a_path_with_a_nul_byte_is_refused() -> None:
    with pytest.raises(SetupError, match="--data"):
        Settings.load(data="a\0b")


def test_an_unknown_override_is_refused() -> None:
    with pytest.raises(SetupError, match="prot"):
        Settings.load(prot=1)


def test_settings_are_frozen_and_show_no_secrets() -> None:
    settings = Settings.load(mongodb_uri="mongodb://u:hunter2@db/", secret_key="hunter2" * 9)
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]  # the point of the test
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings)


def test_the_secret_key_is_made_once_and_kept_private() -> None:
    settings = Settings.load()
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: secret_key(settings), range(16)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 32
    path = settings.data / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(settings.data.iterdir()) == [path]
    assert secret_key(Settings.load(secret_key="k" * 40)) == b"k" * 40


def test_a_secret_key_cut_short_is_refused_not_replaced() -> None:
    settings = Settings.load()
    settings.data.mkdir()
    (settings.data / "secret.key").write_text("abc")
    with pytest.raises(SetupError, match="cut short"):
        secret_key(settings)
    assert (settings.data / "secret.key").read_text() == "abc"


def test_the_example_file_describes_every_setting_with_its_default() -> None:
    shown = dict(re.findall(r"^#? ?SWITCHBOARD_([A-Z_]+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {key.lower() for key in shown} == set(Settings.model_fields)
    written = "".join(f"{PREFIX}{key}={value}\n" for key, value in shown.items())
    Path(".env").write_text(written, encoding="utf-8")
    assert Settings.load() == Settings.load(None)
