"""What an operator enters for mail that comes in directly, and what a wrong entry is answered with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from channels.email.direct.recipients import Recipients
from core.channel import Account
from core.errors import SetupError
from core.settings import Settings, dns_server
from switchboard.maildoor import plan_of, wanted
from tests.running import running_hub
from tests.servers.tls import Certificate


def load(**values: object) -> Settings:
    return Settings.load(None, **values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("smtp_listen", "25"),
        ("smtp_listen", "0.0.0.0:smtp"),
        ("smtp_listen", "0.0.0.0:70000"),
        ("smtp_listen", "/run/smtp.sock"),
        ("lmtp_listen", "nowhere"),
        ("smtp_name", "mx example"),
        ("smtp_name", "-mx.example.org"),
        ("smtp_tls_key", "/there/is/no/such/file"),
        ("smtp_max_mail", "1 GB"),
        ("dns_servers", "dns.example.org"),
        ("dns_servers", "127.0.0.1:0"),
    ],
)
def test_wrong_settings_are_named(name: str, value: str) -> None:
    with pytest.raises(
        SetupError, match=f"--{name.replace('_', '-')}: must|--smtp-tls-key: there is no|--smtp-max-mail"
    ):
        load(**{name: value})


def test_settings_as_they_are_entered(tmp_path: Path) -> None:
    made = Certificate(tmp_path)
    settings = load(
        smtp_listen="0.0.0.0:25, [::]:25", lmtp_listen="/run/switchboard/lmtp.sock", public_url="https://hub.example.org",
        smtp_tls_certificate=made.certificate, smtp_tls_key=made.key, dns_servers="127.0.0.1,[::1]:5353",
        smtp_max_mail="20 MB",
    )  # fmt: skip
    plan = plan_of(settings)
    assert plan.smtp == ("0.0.0.0:25", "[::]:25")
    assert plan.name == "hub.example.org"
    assert plan.dns == (("127.0.0.1", 53), ("::1", 5353))
    assert plan.limits.mail == 20 * 1024**2
    assert dns_server("2001:db8::1") == ("2001:db8::1", 53)
    assert wanted(settings)
    assert not wanted(load(smtp_listen="0.0.0.0:25", role="worker"))
    assert not wanted(load())
    with pytest.raises(SetupError, match="belong together"):
        plan_of(load(smtp_listen="0.0.0.0:25", smtp_tls_key=made.key))


async def test_a_hub_that_cannot_listen_says_so(database_uri: str, database_name: str, tmp_path: Path) -> None:
    there = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = there.sockets[0].getsockname()[1]
    (tmp_path / "key.pem").write_text("no key")
    try:
        with pytest.raises(SetupError, match=rf"Mail cannot be taken in at 127.0.0.1:{port}"):
            async with running_hub(database_uri, database_name, sample_data=False, smtp_listen=f"127.0.0.1:{port}"):
                pass
    finally:
        there.close()
    bad = {"smtp_tls_certificate": tmp_path / "key.pem", "smtp_tls_key": tmp_path / "key.pem"}
    with pytest.raises(SetupError, match="The certificate for mail cannot be used"):
        async with running_hub(database_uri, database_name, sample_data=False, smtp_listen="127.0.0.1:0", **bad):
            pass


async def test_accounts_are_asked_for_once_a_second() -> None:
    asked: list[int] = []

    async def accounts() -> list[Account]:
        asked.append(1)
        plain = ("help@shop.test", "shop+x@shop.test", "shop@shop.test", "help@shop.test", "")
        return [Account("email", f"line{n}", "", {"address": one}) for n, one in enumerate(plain)]

    ours = Recipients(accounts)
    found = {
        to: getattr(await ours.account(to), "name", None)
        for to in (
            "help@shop.test",
            "shop+x+y@shop.test",
            "shop+z@shop.test",
            "shop+x@shop.test",
            "unknown@invalid",
            "",
        )
    }
    assert found == {
        "help@shop.test": "line0", "shop+x+y@shop.test": "line1", "shop+z@shop.test": "line2",
        "shop+x@shop.test": "line1", "unknown@invalid": None, "": None,
    }  # fmt: skip
    assert len(asked) == 1
