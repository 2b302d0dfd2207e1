"""Which internet addresses Easel connects to on behalf of members: those of the public internet alone."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

# Where clouds answer about a machine: Azure, and Oracle's 192.0.0.192 in a network that Python takes for global.
_METADATA = (ip_network("168.63.129.16"), ip_network("192.0.0.0/24"))
# The last 32 bits are an IPv4 address: IPv4-mapped, IPv4-compatible, and NAT64 (RFC 6052).
_WITH_IPV4 = tuple(IPv6Network(network) for network in ("::ffff:0:0/96", "::/96", "64:ff9b::/96"))
# NAT64 of a private network (RFC 8215).
_PRIVATE_NAT64 = ip_network("64:ff9b:1::/48")
_REFUSED = (*_METADATA, _PRIVATE_NAT64)


def is_public(text: str) -> bool:
    """Return whether an IPv4 or IPv6 address, with or without a zone, is one of the public internet.

    Refused are loopback, private, link-local and shared networks, multicast, reserved ranges, the addresses at which
    clouds answer about a machine, and IPv6 addresses that stand for one of these.
    """
    address = ip_address(text.partition("%")[0])
    inner = tuple(_embedded(address))
    return all(map(_is_global, inner or (address,)))


def _is_global(address: Address) -> bool:
    is_site_local = isinstance(address, IPv6Address) and address.is_site_local
    is_special = address.is_multicast or is_site_local or any(address in network for network in _REFUSED)
    return address.is_global and not is_special


def _embedded(address: Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that a packet to an IPv6 address may be sent on to."""
    if isinstance(address, IPv4Address):
        return
    if any(address in network for network in _WITH_IPV4) and int(address) > 1:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
