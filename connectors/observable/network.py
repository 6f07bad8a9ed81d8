"""IP addresses, networks and MAC addresses."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from connectors.observable.form import Form, anything
from connectors.observable.text import lower_runes

# Private is what RFC 1918 and RFC 4193 call private. Python's `is_private` also covers the
# documentation ranges and more, which the feeds accept.
_PRIVATE = tuple(ip_network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
_MAPPED_BITS = 96
_PREFIX = re.compile(r"[0-9]{1,3}")
_MAC = re.compile(r"([0-9A-F]{2})([:-])(?:[0-9A-F]{2}\2){4}[0-9A-F]{2}")


def _spell_ip(value: str) -> str | None:
    address = _parse_ip(value)
    return None if address is None else str(address)


def _parse_ip(value: str) -> IPv4Address | IPv6Address | None:
    if "%" in value:  # a zone means something on one machine only
        return None
    try:
        address = ip_address(value)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_global(value: str) -> bool:
    address = ip_address(value)
    special = address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
    return not special and not any(address in block for block in _PRIVATE)


def _spell_cidr(value: str) -> str | None:
    text, slash, prefix = value.partition("/")
    address = _parse_ip(text)
    if not slash or address is None or not _PREFIX.fullmatch(prefix):
        return None
    bits = int(prefix)
    if ":" in text and isinstance(address, IPv4Address):
        # A mapped IPv4 network: its prefix counts the 96 bits that are cut off.
        bits -= _MAPPED_BITS
    if not 0 <= bits <= address.max_prefixlen:
        return None
    return str(ip_network((address.packed, bits), strict=False))


def _is_global_network(value: str) -> bool:
    # Asked of the masked network, so that a normalised network is accepted again.
    return _is_global(value.partition("/")[0])


def _spell_mac(value: str) -> str | None:
    upper = value.upper()
    return upper.replace(":", "-") if _MAC.fullmatch(upper) else None


IP = Form(
    lambda value: _spell_ip(lower_runes(value)),
    _is_global,
    "an IP address that is not private, loopback, link-local, multicast or unspecified",
)
CIDR = Form(
    lambda value: _spell_cidr(lower_runes(value)),
    _is_global_network,
    "a network such as 8.8.8.0/24 whose address is not private, loopback, link-local, multicast "
    "or unspecified",
)
MAC = Form(_spell_mac, anything, "a MAC address such as 00-1A-2B-3C-4D-5E")
