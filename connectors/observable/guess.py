"""Which kinds of observable a text may be a value of, by its shape.

The text is one thing without what surrounded it (`surrounding`, `refang`). How sure a guess is says
how often a text of that shape means it; 1 is kept for shapes that can mean nothing else.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from urllib.parse import unquote

from connectors.errors import InvalidNodeIdError
from connectors.observable import normalise
from connectors.observable.email_address import EMAIL
from connectors.observable.name import FQDN
from connectors.observable.network import IP
from connectors.observable.surrounding import split_label

# By the length in hexadecimal characters: SHA-256 is what 64 of them nearly always are.
_DIGESTS: Mapping[int, Sequence[tuple[str, float]]] = {
    16: (("md5", 0.4),),
    32: (("md5", 0.9),),
    40: (("sha1", 0.9),),
    56: (("sha224", 0.8),),
    64: (("sha256", 0.85), ("sha3-256", 0.3)),
    96: (("sha384", 0.8),),
    128: (("sha512", 0.8),),
}
_LABELS: Mapping[str, str] = {
    "ip": "ip", "ipv4": "ip", "ipv6": "ip", "ipaddress": "ip", "ipaddr": "ip", "srcip": "ip", "dstip": "ip",
    "cidr": "cidr", "network": "cidr", "subnet": "cidr", "iprange": "cidr",
    "domain": "domain", "domainname": "domain", "fqdn": "domain", "host": "hostname", "hostname": "hostname",
    "url": "url", "uri": "url", "email": "email-address", "emailaddress": "email-address",
    "mail": "email-address", "mac": "mac-address", "macaddress": "mac-address", "asn": "asn", "as": "asn",
    "cve": "cve", "md5": "md5", "sha1": "sha1", "sha224": "sha224", "sha256": "sha256", "sha384": "sha384",
    "sha512": "sha512", "sha3256": "sha3-256",
}  # fmt: skip
_LABELLED = 0.99
# Names of files end like names of hosts do; these endings are far more often a file's.
_FILE_ENDING = re.compile(
    r".*\.(?:bat|bin|bmp|cfg|conf|csv|dat|dll|docm?|docx|dwg|elf|eml|exe|gif|gz|html?|ifc|img|ini|iso|jar"
    r"|jpe?g|js|json|jsp|lnk|log|msi|nw[cd]|pdf|php|png|pptx?|ps|py|rar|rtf|rvt|svg|sys|tar|tmp|ts|txt|vbs"
    r"|xls[mx]?|xml|ya?ml|yml|zip)",
    re.IGNORECASE,
)
_LONGEST_NAME = 1024
_HEX = re.compile(r"(?:0x)?([0-9a-f]{12,128})", re.IGNORECASE)
_PAIRED_HEX = re.compile(r"[0-9a-f]{2}(?:[: ][0-9a-f]{2}){15,63}", re.IGNORECASE)
_MAC = re.compile(r"[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}", re.IGNORECASE)
_CISCO_MAC = re.compile(r"[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}", re.IGNORECASE)
_ASN = re.compile(r"ASN?[ :#-]?([0-9]{1,10})", re.IGNORECASE)
_CVE = re.compile(r"CVE[-_:\u2010-\u2014 ]{0,2}([0-9]{4})[-_\u2010-\u2014 ]([0-9]{4,19})", re.IGNORECASE)
# Possessive: a URL of any length with a blank at its end is given up at once.
_URL = re.compile(r"([a-z][a-z0-9+.-]{1,30})://([^\s/?#]++)\S*+", re.IGNORECASE)
_BARE_URL = re.compile(r"(?://)?([^\s/?#@:]++(?::[0-9]{1,5})?)[/?#]\S*+")
_PORT = re.compile(r"(.+):[0-9]{1,5}", re.DOTALL)
_MASKED = re.compile(r"[0-9.]{7,15}/[0-9.]{7,15}")
_WEB_SCHEMES = frozenset({"http", "https", "ftp", "ftps", "sftp", "ws", "wss"})
_SINGLE_HOST = ("/32", "/128")


@dataclass(frozen=True, slots=True)
class Sighting:
    """One kind that a text may be of, the normalised value, and how sure that is, above 0 up to 1."""

    kind: str
    value: str
    confidence: float


def sight(text: str) -> Sequence[Sighting]:
    """Give every kind the text may be of, the surest first; none when it has no known shape."""
    best: dict[tuple[str, str], float] = {}
    for kind, value, confidence in _read(text):
        try:
            found = kind, normalise(kind, value)
        except InvalidNodeIdError:
            continue
        best[found] = max(confidence, best.get(found, 0.0))
    ordered = sorted(best.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Sighting(*found, confidence) for found, confidence in ordered)


_Shape = tuple[str, str, float]


def _read(text: str) -> Iterator[_Shape]:
    yield from _read_url(text)
    if not text or len(text) > _LONGEST_NAME:
        return
    yield from _read_plain(text)
    if (parts := split_label(text)) is not None:
        label, value = parts
        word = re.sub(r"[^a-z0-9]", "", label.partition("(")[0].lower())
        if word in _LABELS:
            yield _LABELS[word], value, _LABELLED
            yield from _read_url(value)
            yield from _read_plain(value)


def _read_plain(text: str) -> Iterator[_Shape]:
    yield from _read_number(text)
    yield from _read_digest(text)
    yield from _read_email(text)
    yield from _read_host(text, sure=1.0)
    if (bare := _BARE_URL.fullmatch(text)) and any(_read_host(bare[1], sure=1.0)):
        rest = text.removeprefix("//")
        if not _is_network(rest) and not _MASKED.fullmatch(rest):
            yield "url", f"http://{rest}", 0.6
            yield "url", f"https://{rest}", 0.3
            yield from _read_host(bare[1], sure=0.5)


def _read_url(text: str) -> Iterator[_Shape]:
    match = _URL.fullmatch(text)
    if match is None:
        return
    host = match[2].rpartition("@")[2]
    if len(host) > _LONGEST_NAME:
        return
    # The address of a page may also stand for what the page shows, so it is never quite certain.
    yield "url", text, 0.9 if match[1].lower() in _WEB_SCHEMES else 0.7
    yield from _read_host(host, sure=0.3)


def _read_number(text: str) -> Iterator[_Shape]:
    if asn := _ASN.fullmatch(text):
        yield "asn", asn[1], 1.0
    if cve := _CVE.fullmatch(text):
        yield "cve", f"cve-{cve[1]}-{cve[2]}", 1.0
    if _MAC.fullmatch(text):
        yield "mac-address", text, 1.0
    elif _CISCO_MAC.fullmatch(text):
        yield "mac-address", _pair(text.replace(".", "")), 0.95
    if _is_network(text):
        yield "cidr", text, 1.0
        if text.endswith(_SINGLE_HOST):
            yield "ip", text.partition("/")[0], 0.5
    elif _MASKED.fullmatch(text):
        try:
            yield "cidr", str(IPv4Network(text, strict=False)), 0.95
        except ValueError:
            return


def _read_digest(text: str) -> Iterator[_Shape]:
    match = _HEX.fullmatch(text)
    digits = match[1] if match else re.sub("[: ]", "", text) if _PAIRED_HEX.fullmatch(text) else ""
    yield from ((kind, digits, confidence) for kind, confidence in _DIGESTS.get(len(digits), ()))
    if match and len(digits) == 12:  # noqa: PLR2004 - six pairs
        yield "mac-address", _pair(digits), 0.2 if digits.isdecimal() else 0.5


def _read_email(text: str) -> Iterator[_Shape]:
    address = text
    if text[:7].lower() == "mailto:":
        address = unquote(text[7:].partition("?")[0])
    domain = _to_ascii(address.rstrip(">").rpartition("@")[2])
    if "@" in address and FQDN.fits(domain) and EMAIL.fits(address):
        yield "email-address", address, 0.98
        yield "domain", domain, 0.2


def _read_host(text: str, *, sure: float) -> Iterator[_Shape]:
    """Read a name or an IP address, also with a port, in brackets or with a star for any label."""
    for host, share in ((text, 1.0), *(((port[1], 0.9),) if (port := _PORT.fullmatch(text)) else ())):
        literal = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if IP.fits(literal):
            yield "ip", literal, round(sure * share * (0.99 if ":" in literal else 0.97), 2)
            # A full IPv6 address may end in what looks like a port.
            return
        yield from _read_name(host.rstrip("."), sure=sure * share)


def _read_name(text: str, *, sure: float) -> Iterator[_Shape]:
    name = text.removeprefix("*").removeprefix(".")
    if name != text:
        sure *= 0.8
    name = _to_ascii(name)
    if FQDN.fits(name):
        share = 0.3 if _FILE_ENDING.fullmatch(name) else 0.95
        yield "domain", name, round(sure * share, 2)
        yield "hostname", name, round(sure * share * 0.6, 2)


def _to_ascii(name: str) -> str:
    """Give an international name in the form that DNS has; what cannot be written so stays."""
    if name.isascii() or len(name) > 253:  # noqa: PLR2004 - RFC 1035, the longest name
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _is_network(text: str) -> bool:
    address, slash, prefix = text.partition("/")
    return bool(slash) and prefix.isdecimal() and IP.spell(address) is not None


def _pair(digits: str) -> str:
    return "-".join(digits[start : start + 2] for start in range(0, 12, 2))
