"""IP addresses, networks and MAC addresses."""

import pytest

from connectors.errors import InvalidNodeIdError
from connectors.observable import normalise


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("2001:DB8:0:0:0:0:0:68", "2001:db8::68"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("::FFFF:808:808", "8.8.8.8"),
        ("192.0.2.1", "192.0.2.1"),
        ("100.64.0.1", "100.64.0.1"),
        ("255.255.255.255", "255.255.255.255"),
    ],
)
def test_addresses_have_one_spelling(typed: str, spelled: str) -> None:
    """IPv6 is compressed, mapped IPv4 is IPv4; documentation and carrier ranges are accepted."""
    assert normalise("ip", typed) == spelled


@pytest.mark.parametrize(
    "typed",
    [
        "10.0.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "fd00::1",
        "127.0.0.1",
        "::1",
        "169.254.1.1",
        "fe80::1",
        "224.0.0.1",
        "ff02::1",
        "0.0.0.0",  # noqa: S104 - an address to be refused, nothing listens on it
        "::",
        "::ffff:10.0.0.1",
        "2001:db8::1%eth0",
        "08.8.8.8",
        "8.8.8",
        "134744072",
        "٨.8.8.8",
        "",
    ],
)
def test_addresses_of_nobody_in_particular_are_refused(typed: str) -> None:
    """Private, loopback, link-local, multicast, unspecified and malformed addresses are refused."""
    with pytest.raises(InvalidNodeIdError):
        normalise("ip", typed)


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("8.8.8.8/24", "8.8.8.0/24"),
        ("2001:DB8::1/32", "2001:db8::/32"),
        ("::ffff:8.8.8.8/120", "8.8.8.0/24"),
        ("8.8.8.8/032", "8.8.8.8/32"),
    ],
)
def test_networks_are_masked(typed: str, spelled: str) -> None:
    """A network is spelled by its own address."""
    assert normalise("cidr", typed) == spelled


@pytest.mark.parametrize(
    "typed",
    [
        "8.8.8.8",
        "8.8.8.8/",
        "8.8.8.8/33",
        "8.8.8.0/255.255.255.0",
        "10.0.0.0/24",
        "10.0.0.0/0",
        "8.8.8.8/0",
        "::ffff:8.8.8.8/64",
        "not a CIDR",
    ],
)
def test_what_is_no_public_network_is_refused(typed: str) -> None:
    """Bare addresses, masks, and networks whose address would be refused, are refused."""
    with pytest.raises(InvalidNodeIdError):
        normalise("cidr", typed)


@pytest.mark.parametrize("typed", ["00-1a-2B-3c-4d-5e", "00:1a:2B:3c:4d:5e"])
def test_mac_addresses_have_hyphens(typed: str) -> None:
    """A MAC address is upper case with hyphens, however its pairs were separated."""
    assert normalise("mac-address", typed) == "00-1A-2B-3C-4D-5E"


@pytest.mark.parametrize(
    "typed", ["00-1A-2B-3C-4D", "00-1A:2B-3C-4D-5E", "001A2B3C4D5E", "0G-1A-2B-3C-4D-5E"]
)
def test_what_is_no_mac_address_is_refused(typed: str) -> None:
    """Too few pairs, mixed separators, none, or other letters are refused."""
    with pytest.raises(InvalidNodeIdError):
        normalise("mac-address", typed)
