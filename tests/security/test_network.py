"""The hub connects to nothing private on an outsider's word: however it is written, and whatever a name server says."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_network
from typing import Any

import dns.asyncresolver
import dns.exception
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from channels.email.adapter import Email
from channels.email.tokens import post
from channels.telegram.adapter import Telegram
from core.abilities import GoesOut
from core.channel import Account
from core.errors import Rejected, RetryLater
from core.network import FORBIDDEN, Forbidden, Network
from tests.servers.nameserver import NameServer
from webhooks.fetch import Fetch

PRIVATE = (
    *("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "0.0.0.0", "0.1.2.3", "192.0.0.1", "198.18.0.1", "224.0.0.1"),  # noqa: S104 - nothing is bound here
    *("240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1"),
    *("::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1"),
    *("2002:7f00:1::", "2001:0:7f00:1::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "fec0::1"),
    *("ff02::1", "100::1", "2001:db8::1", "localhost", "2130706433", "0x7f000001", "127.1"),
)
PUBLIC = (
    *("1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"),
    *("64:ff9b::808:808",),
)


@pytest.mark.parametrize("address", PRIVATE)
def test_private(address: str) -> None:
    assert not Network().may_reach(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert Network().may_reach(address)


def test_what_the_operator_allows_is_allowed_and_nothing_beside_it() -> None:
    own = Network((ip_network("10.1.0.0/16"), ip_network("fd00::/8")))
    assert [own.may_reach(one) for one in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::1")] == [True] * 3
    assert [own.may_reach(one) for one in ("10.2.0.1", "127.0.0.1", "fe80::1", "::ffff:10.2.0.1")] == [False] * 4


def test_the_refusal_does_not_tell_what_is_there() -> None:
    told = set()
    for address in ("127.0.0.1", "10.0.0.1"):
        with pytest.raises(Forbidden) as caught:
            Network().socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 80)))
        told.add(str(caught.value))
    assert told == {FORBIDDEN}


class Listener:
    """A server on 127.0.0.1 and 127.0.0.2, the same port, that counts who came and where."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
        self.port = 0

    async def __aenter__(self) -> Listener:
        first = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = first.sockets[0].getsockname()[1]
        self._servers = [first, await asyncio.start_server(self._serve, "127.0.0.2", self.port)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came.append(writer.get_extra_info("sockname")[0])
        await reader.readuntil(b"\r\n\r\n")
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with Listener() as listener:
        yield listener


class Asks(AbstractResolver):
    """Names as one name server tells them."""

    def __init__(self, port: int) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        self._resolver.nameservers, self._resolver.port, self._resolver.cache = ["127.0.0.1"], port, None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found: list[ResolveResult] = []
        for kind, each in (("A", socket.AF_INET), ("AAAA", socket.AF_INET6)):
            try:
                answer = await self._resolver.resolve(host, kind, raise_on_no_answer=False)
            except dns.exception.DNSException:
                continue
            found += [_result(host, row.to_text(), port, each) for row in answer]
        if not found:
            raise OSError(None, "no such name")
        return found

    async def close(self) -> None:
        pass


def _result(name: str, address: str, port: int, family: int) -> ResolveResult:
    return ResolveResult(hostname=name, host=address, port=port, family=family, proto=0, flags=0)


WRITTEN = (
    "http://127.0.0.1:{}/",
    "http://localhost:{}/",
    "http://2130706433:{}/",
    "http://0x7f.1:{}/",
    "http://0177.0.0.1:{}/",
    "http://127.1:{}/",
    "http://[::ffff:127.0.0.1]:{}/",
    "http://0.0.0.0:{}/",
    "http://user:pass@127.0.0.1:{}/",
    "http://127。0。0。1:{}/",
)


@pytest.mark.parametrize("url", WRITTEN)
async def test_however_it_is_written_nobody_comes(listener: Listener, url: str) -> None:
    with pytest.raises((Rejected, RetryLater)) as caught:
        await Fetch(Network())(url.format(listener.port), {})
    assert listener.came == []
    assert str(listener.port) not in str(caught.value)


async def test_names_that_lead_inside_lead_nowhere(listener: Listener) -> None:
    async with NameServer(
        {
            ("inside.test", "A"): ["127.0.0.1"],
            ("both.test", "A"): ["127.0.0.1", "10.0.0.7", "127.0.0.2"],
            ("mapped.test", "AAAA"): ["::ffff:127.0.0.1"],
            ("meta.test", "A"): ["169.254.169.254"],
        }
    ) as names:
        for name in ("inside.test", "both.test", "mapped.test", "meta.test"):
            fetch = Fetch(Network(), resolver=Asks(names.port))
            with pytest.raises(Rejected, match="private network"):
                await fetch(f"http://{name}:{listener.port}/", {})
    assert listener.came == []


async def test_a_name_that_is_rebound_gains_nothing(listener: Listener) -> None:
    """127.0.0.2 stands for the public Internet here. What is checked is what is connected to, each time anew."""
    network = Network((ip_network("127.0.0.2/32"),))
    async with NameServer({("rebound.test", "A"): ["127.0.0.2"]}) as names:
        url = f"http://rebound.test:{listener.port}/"
        assert await Fetch(network, resolver=Asks(names.port))(url, {}) == b"hi"
        names.records["rebound.test", "A"] = ["127.0.0.1"]
        with pytest.raises(Rejected, match="private network"):
            await Fetch(network, resolver=Asks(names.port))(url, {})
        # One answer with both: the one that is allowed is used, the other never is.
        names.records["rebound.test", "A"] = ["127.0.0.1", "127.0.0.2"]
        for _ in range(4):
            assert await Fetch(network, resolver=Asks(names.port))(url, {}) == b"hi"
        assert names.asked["rebound.test", "A"] == 6  # nothing was looked up a second time between check and use
    assert set(listener.came) == {"127.0.0.2"}


async def test_a_redirect_is_not_followed(listener: Listener) -> None:
    listener.answer = (
        f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{listener.port}/\r\nContent-Length: 0\r\n\r\n".encode()
    )
    with pytest.raises(Rejected):
        await Fetch(Network((ip_network("127.0.0.2/32"),)))(f"http://127.0.0.2:{listener.port}/", {})
    assert listener.came == ["127.0.0.2"]


async def test_sign_in_services_and_bot_api_servers_are_held_to_it_too(listener: Listener) -> None:
    inside = f"http://127.0.0.1:{listener.port}"
    with pytest.raises(Rejected, match="private network"):
        await post(f"{inside}/token", {"client_secret": "s"}, Network())
    telegram = Telegram(
        Account("telegram", "bot", settings={"api_url": inside}, secrets={"token": "123456:" + "a" * 35})
    )
    telegram.within(Network())
    try:
        with pytest.raises(Rejected, match="private network"):
            await telegram.handshake(None)
    finally:
        await telegram.close()
    assert listener.came == []


def test_every_adapter_that_goes_out_can_be_told_where() -> None:
    adapters: Sequence[Any] = (Email(Account("email", "x")), Telegram(Account("telegram", "x")))
    assert all(isinstance(adapter, GoesOut) for adapter in adapters)
