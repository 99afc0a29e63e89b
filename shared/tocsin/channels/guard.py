"""Where a webhook may go: the public internet over TLS, and nowhere inside.

The address comes from a person, and the notifier stands where the instance metadata, other
functions and private networks may be in reach. So the name is resolved here, every address it has
must be public, and the connection goes to the address that was looked at: a name that resolves
differently a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tocsin.errors import MessageRefused, SendFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

type Resolve = Callable[[str, int], Sequence[str]]

_HTTPS_PORT, _HTTP_PORT = 443, 80


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: `address` is an IP address, `host` the name its certificate must bear."""

    tls: bool
    host: str
    address: str
    port: int
    path: str


def addresses_of(host: str, port: int) -> Sequence[str]:
    """Every address of the name.

    Raises:
        SendFailed: the name cannot be resolved now.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SendFailed("the webhook's name cannot be resolved") from error
    return [str(entry[4][0]) for entry in found]


def checked(url: str, *, inside: bool, resolve: Resolve = addresses_of) -> Target:
    """Where the webhook goes; `inside` lets plain http and private addresses pass.

    Raises:
        MessageRefused: it is no address that may be called.
        SendFailed: the name cannot be resolved now.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise MessageRefused("the webhook's address cannot be read") from error
    tls = parts.scheme == "https"
    if not host or parts.username or parts.password or parts.scheme not in {"https", "http"}:
        raise MessageRefused("the webhook's address cannot be called")
    if not tls and not inside:
        raise MessageRefused("a webhook has to be https")
    port = port or (_HTTPS_PORT if tls else _HTTP_PORT)
    addresses = resolve(host, port)
    if not addresses or not (inside or all(map(_public, addresses))):
        raise MessageRefused("the webhook's address is not public")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(tls=tls, host=host, address=addresses[0], port=port, path=path)


def _public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        whole = address.ipv4_mapped or address.sixtofour
        if whole is not None:
            return _open(whole)
        if not all(map(_open, _embedded(address))):
            return False
    return _open(address)


def _open(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast


def _embedded(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses that a translator or a tunnel reaches under an IPv6 one.

    NAT64 (RFC 6052 and 8215), IPv4-compatible and -translated (RFC 4291, 2765), ISATAP (RFC 5214)
    and Teredo (RFC 4380) have it in the last 32 bits or beside them.
    """
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in net for net in _TRANSLATED) or int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        yield last
    if address.teredo is not None:
        yield from address.teredo


_TRANSLATED = tuple(
    ipaddress.IPv6Network(net)
    for net in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")
)
_ISATAP = (0x00005EFE, 0x02005EFE)
