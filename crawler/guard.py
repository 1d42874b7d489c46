"""Which network addresses may be connected to: nothing private, unless the settings name it. Pure.

A name on a hostile page may resolve to the machine itself or to a cloud's metadata service, so the address that is
connected to is judged, not the text of the URL.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """The networks of the setting `allow_networks`; `10.0.0.1/8` is read as `10.0.0.0/8`. Raises ValueError."""
    return tuple(ip_network(name, strict=False) for name in names)


def refusal(address: str, allowed: Sequence[Network]) -> str:
    """Why `address` (numeric) must not be connected to, or "" when it may be."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return f"`{address}` is no network address"
    reached = _inside(found)
    if _is_public(reached) or any(reached in network for network in allowed):
        return ""
    return f"the address {reached} is not public; allow it with the setting `allow_networks`"


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


def _inside(address: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to (mapped, 6to4, NAT64), or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
