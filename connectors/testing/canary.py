"""Made-up secrets that are recognised wherever they turn up, also in other writing."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2s
from typing import Any
from urllib.parse import quote

_CANARY = re.compile(r"canary[0-9a-f]{24}")


def canary(name: str) -> str:
    """Make the secret called `name`: the same at every call, unlike any other, letters and digits."""
    return f"canary{blake2s(name.encode(), digest_size=12).hexdigest()}"


def canaries_in(value: Any) -> frozenset[str]:
    """Find every canary in a settings table, however deep."""
    if isinstance(value, str):
        return frozenset(_CANARY.findall(value))
    if isinstance(value, Mapping):
        return canaries_in([*value.keys(), *value.values()])
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return frozenset().union(*(canaries_in(item) for item in value))
    return frozenset()


def leaked(shown: str | bytes, canaries: Iterable[str]) -> frozenset[str]:
    """Give the canaries that can be read back from `shown`: plain, reversed, hex or base64."""
    text = shown if isinstance(shown, bytes) else shown.encode("utf-8", "backslashreplace")
    lowered = text.lower()
    return frozenset(
        secret
        for secret in canaries
        if any(writing in lowered for writing in _plain(secret)) or any(w in text for w in _base64(secret))
    )


def _plain(secret: str) -> tuple[bytes, ...]:
    coded = secret.encode("ascii")
    return coded, coded[::-1], coded.hex().encode("ascii"), quote(secret).encode("ascii")


def _base64(secret: str) -> Iterator[bytes]:
    # Where the secret starts within the coded text shifts its letters: three writings, edges cut off.
    for shift in range(3):
        coded = b64encode(b"\0" * shift + secret.encode("ascii"))
        yield coded[4 if shift else 0 : -4]
