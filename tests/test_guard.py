"""Which network addresses may be connected to."""

import asyncio
import socket
from threading import Event

import pytest

from crawler.guard import networks, refusal, resolved


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a00:1",
        "192.0.0.192",
        "192.0.0.10",
        "168.63.129.16",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:a9fe:a9:fe00::",
        "::127.0.0.1",
        "::a9fe:a9fe",
        "::ffff:0:127.0.0.1",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
        "fec0::1",
        "::",
        "nonsense",
    ],
)
def test_private_addresses_are_refused(address):
    assert refusal(address, ())


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "2606:2800:220:1:248:1893:25c8:1946",
        "64:ff9b::5db8:d822",
        "2002:5db8:d822::1",
        "::ffff:93.184.216.34",
    ],
)
def test_public_addresses_pass(address):
    assert refusal(address, ()) == ""


@pytest.mark.parametrize("address", ["127.1.0.5", "::ffff:127.1.0.5"])
def test_what_the_settings_name_passes_and_nothing_beside_it(address):
    allowed = networks(("127.1.0.0/16",))
    assert refusal(address, allowed) == ""
    assert refusal("127.254.169.254", allowed)


def test_a_name_has_its_addresses():
    assert "127.0.0.1" in asyncio.run(resolved("localhost", 80))


def test_a_name_without_address_says_so(monkeypatch):
    def unknown(*args, **options):
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(OSError):
        asyncio.run(resolved("nobody.invalid", 80))


def test_nobody_waits_at_the_end_for_a_resolver_that_hangs(monkeypatch):
    """The event loop would join its own threads; this test would not end before the resolver does."""
    ended = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: ended.wait(20))

    async def impatient():
        async with asyncio.timeout(0.01):
            await resolved("news.example", 80)

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
    assert not ended.is_set()
    ended.set()
