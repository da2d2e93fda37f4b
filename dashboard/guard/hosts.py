"""Which host names the server answers to, and which pages may speak to it.

A browser that was led here by a foreign name (DNS rebinding) names that host; a page of another site
that speaks to the server names its origin. Neither can be told from the address that a request comes
from, so both are lists.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

_PORT = {"http": 80, "https": 443}
_ADDRESS = re.compile(
    r"(?P<name>[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{0,5}))?"
)


@dataclass(frozen=True)
class HostPort:
    """A host as a browser names it.

    Attributes:
        name: Its name in lower case, without the dot that may end it; IPv6 in brackets.
        port: Its port, or None where none is named.
    """

    name: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return what ``host[:port]`` names, or None if it is no such thing."""
        match = _ADDRESS.fullmatch(text.lower())
        if match is None:
            return None
        return cls(match["name"].removesuffix("."), int(match["port"]) if match["port"] else None)

    @property
    def is_local(self) -> bool:
        """Whether it is this computer, as seen from itself."""
        return self.name == "localhost" or is_loopback(self.name.strip("[]"))


class Hosts:
    """The host names that the server answers to.

    This computer's own names count at any port, since a tunnel may end at another one.

    Args:
        allowed: ``host[:port]`` of further addresses that visitors type. Without a port: that of the
            server, and those that browsers leave out (80 and 443).
        port: Port of the server.
    """

    def __init__(self, allowed: Sequence[str], *, port: int) -> None:
        self._port = port
        self._allowed = [address for text in allowed if (address := HostPort.parse(text))]
        self._names = {address.name for address in self._allowed}

    def answers(self, host: str) -> bool:
        """Tell whether a request with this ``Host`` is answered, at any port: proxies change it."""
        address = HostPort.parse(host)
        return address is not None and (address.is_local or address.name in self._names)

    def admits(self, origin: str, host: str) -> bool:
        """Tell whether a page of this ``Origin`` may speak to the server as this ``Host``."""
        scheme, found, rest = origin.partition("://")
        page = HostPort.parse(rest)
        if not found or scheme not in _PORT or page is None:
            return False
        port = page.port or _PORT[scheme]
        if any(page.name == other.name and port in self._ports(other) for other in self._allowed):
            return True
        named = HostPort.parse(host)
        if not page.is_local or named is None or not named.is_local:
            return False
        return port in (self._port, named.port or _PORT[scheme])

    def _ports(self, address: HostPort) -> tuple[int, ...]:
        return (address.port,) if address.port else (self._port, *_PORT.values())


def plain_address(text: str) -> str:
    """Return an IP address as it is written most plainly: IPv4 as such, IPv6 without an interface.

    What listens for both kinds at once writes IPv4 as ``::ffff:192.0.2.1`` (RFC 4291).

    Raises:
        ValueError: if it is no IP address.
    """
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(address)))


@lru_cache(10_000)
def address_block(text: str) -> str:
    """Return what a client can hardly change of its address: all of IPv4, the /64 of IPv6.

    What is no address is returned as it is.
    """
    try:
        address = plain_address(text)
    except ValueError:
        return text
    if ":" not in address:
        return address
    return str(ipaddress.IPv6Network((address, 64), strict=False))


def is_loopback(text: str) -> bool:
    """Tell whether an IP address is this computer's own."""
    try:
        return ipaddress.ip_address(plain_address(text)).is_loopback
    except ValueError:
        return False
