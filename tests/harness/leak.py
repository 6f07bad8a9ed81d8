"""Looks for secrets in what a service shows or leaves behind, also in other writing."""

import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from service.cache.frame import EntryError, unpack


def find_leaks(shown: bytes | str, *, secrets: Mapping[str, str]) -> set[str]:
    """Give the names of the secrets that can be read out of `shown`: plain, quoted, hex or base64."""
    data = shown if isinstance(shown, bytes) else shown.encode("utf-8", "backslashreplace")
    return {name for name, secret in secrets.items() if any(each in data for each in _writings(secret))}


def unpacked(value: bytes) -> bytes:
    """Give a stored value together with what it holds once its frame and its compression are undone."""
    try:
        inner = unpack(value)
    except EntryError:
        inner = b""
    try:
        inflated = zlib.decompress(value)
    except zlib.error:
        inflated = b""
    return b"\n".join((value, inner, inflated))


def _writings(secret: str) -> Iterator[bytes]:
    plain = secret.encode()
    yield plain
    yield plain.hex().encode()
    yield plain.hex().upper().encode()
    yield quote(secret, safe="").encode()
    # Where the secret starts within a longer coded text shifts its letters; the edges are cut off.
    for shift in range(3):
        coded = b64encode(b"\0" * shift + plain)[4:-4]
        yield coded
        yield coded.replace(b"+", b"-").replace(b"/", b"_")
