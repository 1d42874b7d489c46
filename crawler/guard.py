"""Which network addresses a name has, and which may be connected to: nothing private, unless the settings name it.

A name on a hostile page may resolve to the machine itself or to a cloud's metadata service, so the address that is
connected to is judged, not the text of the URL.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Thread

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Refused(Exception):
    """No connection may be made; the text says why."""


# Written out, because what Python calls global differs from version to version. These are refused besides: protocol
# assignments (192.0.0.9 and .10 among them, which no web server has), the metadata service of a cloud that has a public
# address, site-local addresses (RFC 3879), and the local-use prefix of NAT64 whatever it leads to.
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24"
        " 192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
        " ::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10"
        " ff00::/8".split(),
    )
)
# The IPv6 prefixes that carry an IPv4 address in their last 32 bits: mapped, compatible, translated (SIIT), NAT64.
_CARRIERS = tuple(
    map(ip_network, ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/96")),
)
_SIX_TO_FOUR, _TEREDO = ip_network("2002::/16"), ip_network("2001::/32")


async def resolved(host: str, port: int) -> list[str]:
    """The numeric addresses of a name, the preferred one first. Raises OSError and UnicodeError.

    A resolver may hang, and nothing can stop it: it is asked in a thread that nobody waits for at the end, which the
    threads of the event loop are.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def tell(found: list[str], error: Exception | None) -> None:
        if answer.done():
            return
        if error:
            answer.set_exception(error)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: list[str] = []
        error: Exception | None = None
        try:
            found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except Exception as failure:  # Whatever it is belongs to who asked; in this thread nobody would see it.
            error = failure
        # Nobody listens any more once the loop is closed.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, found, error)

    Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    return await answer


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
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not address.is_multicast


def _inside(address: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to (mapped, compatible, translated, 6to4, NAT64, Teredo), or itself."""
    if isinstance(address, IPv4Address):
        return address
    number = int(address)
    # `::` and `::1` are addresses of their own.
    if number > 1 and any(address in network for network in _CARRIERS):
        return IPv4Address(number & 0xFFFFFFFF)
    if address in _SIX_TO_FOUR:
        return IPv4Address(number >> 80 & 0xFFFFFFFF)
    if address in _TEREDO:
        return IPv4Address(~number & 0xFFFFFFFF)
    return address


async def judged(host: str, allowed: Sequence[Network]) -> None:
    """Raises Refused when a name that a proxy is to ask has an address that may not be connected to."""
    try:
        found = await resolved(host, 0)
    except (OSError, UnicodeError):
        return  # Behind a proxy there may be no name server; then the proxy knows better.
    reason = next(filter(None, (refusal(address, allowed) for address in found)), "")
    if reason:
        raise Refused(reason)


async def first_address(host: str, seconds: float) -> str:
    """The address that a name leads to first, "" where none is found within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            return next(iter(await resolved(host, 80)), "")
    except (OSError, UnicodeError, TimeoutError):
        return ""
