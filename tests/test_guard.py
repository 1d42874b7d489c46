"""Which network addresses may be connected to."""

import pytest

from crawler.guard import networks, refusal


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
        "nonsense",
    ],
)
def test_private_addresses_are_refused(address):
    assert refusal(address, ())


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_public_addresses_pass(address):
    assert refusal(address, ()) == ""


@pytest.mark.parametrize("address", ["127.1.0.5", "::ffff:127.1.0.5"])
def test_what_the_settings_name_passes_and_nothing_beside_it(address):
    allowed = networks(("127.1.0.0/16",))
    assert refusal(address, allowed) == ""
    assert refusal("127.254.169.254", allowed)
