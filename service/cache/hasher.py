"""The keyed hash behind every cache key and every credential partition.

The key is the first of the operator's secret keys, so what lies in a store can be neither guessed
at nor linked by who reads it. What was fetched is looked up under that one only: after a rotation
the cache starts cold and the old entries age out, rather than every load being doubled for the sake
of one warm-up a year. What must outlive a rotation is hashed under the `others` as well: what a
cursor is bound to, and the markers of refused credentials.
"""

from binascii import b2a_base64
from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b

from msgspec import msgpack

from connectors.errors import ConfigurationError

Plain = str | bytes | int | datetime | tuple["Plain", ...] | None

_DIGEST_BYTES = 16


class Hasher:
    """Hashes plain values under the operator's first secret key; `others` do so under the rest, in order."""

    __slots__ = ("_keyed", "others")

    def __init__(self, secret_keys: Sequence[str]) -> None:
        """Derive the key; ConfigurationError when there is none to derive it from."""
        if not secret_keys or not secret_keys[0]:
            raise ConfigurationError(["secret_keys: at least one key is needed"])
        key = blake2b(secret_keys[0].encode(), digest_size=32, person=b"relgraph hasher").digest()
        # Copied for each hash: a short one takes 0.3 us so, and 0.5 us where it begins with the key.
        self._keyed = blake2b(digest_size=_DIGEST_BYTES, key=key)
        others = [other for other in dict.fromkeys(secret_keys) if other != secret_keys[0]]
        self.others: tuple[Hasher, ...] = tuple([Hasher([other]) for other in others])

    def digest(self, purpose: str, *parts: Plain) -> bytes:
        """Give 16 bytes that differ whenever the purpose or any part does.

        A msgpack array writes every part with its kind and length, so no two lists of parts have
        the same bytes; a time is its instant, whatever its zone.
        """
        begun = self._keyed.copy()
        begun.update(_ENCODER.encode((purpose, *parts)))
        return begun.digest()

    def text(self, purpose: str, *parts: Plain) -> str:
        """Give the digest as 22 characters of unpadded base64url."""
        written = b2a_base64(self.digest(purpose, *parts), newline=False)
        return written.translate(_URL_SAFE, b"=").decode("ascii")


_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_ENCODER = msgpack.Encoder()
