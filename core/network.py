"""Which machines the hub connects to on somebody's word: those of the public Internet, and what its operator allows.

An address is looked at when the socket for it is made, after names were resolved and for each try and redirect anew.
So what is connected to is what was checked, whatever a name server answers next (DNS rebinding), and however an address
was written (`2130706433`, `0x7f.1`, `[::ffff:10.0.0.1]`).
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Networks = Sequence[IPv4Network | IPv6Network]
FORBIDDEN = (
    "This address is in a private network, where the hub goes only if SWITCHBOARD_PRIVATE_NETWORKS in the settings of "
    "the hub names that network."
)
_UNICAST = ip_network("2000::/3")  # all that is handed out to machines on the net (RFC 4291)
# Carries IPv4 addresses inside (RFC 6052); beside 6to4 and Teredo, which `ipaddress` knows.
_NAT64 = ip_network("64:ff9b::/96")


class Forbidden(OSError):
    """There the hub does not connect to. Says the same for every address, so that it tells nobody what a name hides."""

    def __init__(self) -> None:
        super().__init__(FORBIDDEN)


class Network:
    """Where connections may go; `own` are private networks that the operator allows."""

    def __init__(self, own: Networks = ()) -> None:
        self._own = tuple(own)

    def may_reach(self, address: str) -> bool:
        """Whether an IP address is public or allowed. Never for what is no address at all."""
        try:
            ip = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        return all(any(one in network for network in self._own) or _public(one) for one in _meant(ip))

    def socket(self, resolved: tuple[Any, ...]) -> socket.socket:
        """A socket for one address as `getaddrinfo` tells it: (family, type, protocol, name, address). Or Forbidden."""
        family, type, protocol, _, address = resolved
        if not self.may_reach(str(address[0])):
            raise Forbidden
        return socket.socket(family, type, protocol)


# Without a hub around it (a test, a tool), an adapter goes wherever it is told.
ANYWHERE = Network((ip_network("0.0.0.0/0"), ip_network("::/0")))


def _public(ip: IPv4Address | IPv6Address) -> bool:
    unicast = isinstance(ip, IPv4Address) or ip in _UNICAST
    return ip.is_global and unicast and not ip.is_multicast


def _meant(ip: IPv4Address | IPv6Address) -> Sequence[IPv4Address | IPv6Address]:
    """Every address a connection to `ip` would lead to: IPv6 has ways to write and to tunnel those of IPv4."""
    if isinstance(ip, IPv4Address):
        return (ip,)
    if ip.ipv4_mapped is not None:
        return (ip.ipv4_mapped,)
    if ip in _NAT64:
        return (IPv4Address(int(ip) & 0xFFFFFFFF),)
    tunnelled = [one for one in (ip.sixtofour, *(ip.teredo or ())) if one is not None]
    return (ip, *tunnelled)
