"""Things that are the same whoever speaks of them: their kinds, and one spelling for each.

A value of one of these kinds identifies its thing by itself, so its address names no source:
`observable:<kind>:<normalised value>`. Two feeds meet on one node without a crosswalk.
"""

from collections.abc import Mapping
from types import MappingProxyType

from connectors.errors import InvalidNodeIdError
from connectors.observable.digest import MD5, SHA1, SHA224, SHA256, SHA384, SHA512
from connectors.observable.email_address import EMAIL
from connectors.observable.form import Form
from connectors.observable.name import FQDN
from connectors.observable.network import CIDR, IP, MAC
from connectors.observable.number import INTEGER
from connectors.observable.text import TEXT
from connectors.observable.url import URL

__all__ = ["KINDS", "NAMESPACE", "Form", "normalise"]

NAMESPACE = "observable"

KINDS: Mapping[str, Form] = MappingProxyType(
    {
        "domain": FQDN,
        "hostname": FQDN,
        "ip": IP,
        "cidr": CIDR,
        "url": URL,
        "email-address": EMAIL,
        "mac-address": MAC,
        "asn": INTEGER,
        "cve": TEXT,
        "md5": MD5,
        "sha1": SHA1,
        "sha224": SHA224,
        "sha256": SHA256,
        "sha384": SHA384,
        "sha512": SHA512,
        "sha3-256": SHA256,
    }
)


def normalise(kind: str, value: str) -> str:
    """Give the one spelling of a value that a caller typed; it is never trimmed.

    InvalidNodeIdError when there is no such kind, or the value is none of it.
    """
    form = KINDS.get(kind)
    if form is None:
        raise InvalidNodeIdError(f"{kind!r} is no kind of observable; the kinds are {', '.join(KINDS)}")
    return form.normalise(value, kind=kind)
