"""One mail system for all tests of this folder; every test uses mailboxes of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from core.channel import Account
from tests.servers.mail import DOMAIN, PASSWORD, MailServer

MakeAccount = Callable[..., Account]


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailServer]:
    """dovecot and exim, running."""
    server = MailServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def address() -> str:
    """A mailbox nobody has used yet."""
    return f"box-{uuid4().hex[:12]}@{DOMAIN}"


@pytest.fixture
def make_account(mail_server: MailServer, address: str) -> MakeAccount:
    """Makes the account of that mailbox; keywords are further settings."""

    def make(**settings: Any) -> Account:
        password = settings.pop("password", PASSWORD)
        known = {
            "address": address,
            "imap_host": "127.0.0.1",
            "imap_port": mail_server.imap_port,
            "imap_security": "none",
            "smtp_host": "127.0.0.1",
            "smtp_port": mail_server.smtp_port,
            "smtp_security": "none",
        }
        return Account("email", "help", "Help", known | settings, {"password": password} if password else {})

    return make
