"""API keys of this service's callers: made, hashed and verified, all pure.

A key is 256 random bits, so nobody can guess it from its hash however fast the hash is: a slow
password hash would only cost every request its milliseconds. The salt keeps two settings files
from showing that they hold the same key. A hash is written `blake2b-1.<salt>.<digest>`, both parts
base64url; the first word names the recipe, so that another one can live beside it later.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from hmac import compare_digest
from secrets import token_bytes, token_urlsafe

_RECIPE = "blake2b-1"
_KEY_BYTES = 32
_SALT_BYTES = blake2b.SALT_SIZE
_DIGEST_BYTES = 32
# 16 bytes are 22 characters of base64url, 32 are 43; nothing else may stand in their place.
_FORM = re.compile(re.escape(_RECIPE) + r"\.([\w-]{22})\.([\w-]{43})", re.ASCII)

# Two underscores would end the name inside an environment variable.
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")


def make_key() -> tuple[str, str]:
    """Make a new key and give it with its hash; the key itself is kept nowhere."""
    key = f"relgraph_{token_urlsafe(_KEY_BYTES)}"
    salt = token_bytes(_SALT_BYTES)
    return key, ".".join((_RECIPE, _encode(salt), _encode(_digest(key, salt=salt))))


def verify(key: str, key_hash: str) -> bool:
    """Tell whether `key` has this hash, in a time that does not depend on how nearly it has.

    A malformed hash fits no key.
    """
    parts = _FORM.fullmatch(key_hash)
    if parts is None:
        return False
    return compare_digest(_digest(key, salt=_decode(parts[1])), _decode(parts[2]))


def well_formed(key_hash: str) -> bool:
    """Tell whether a text is a hash as `make_key` writes them."""
    return _FORM.fullmatch(key_hash) is not None


def check_name(name: str) -> str:
    """Give the name back if a caller can have it; ValueError says what one looks like."""
    if not _NAME.fullmatch(name):
        raise ValueError("a caller's name is lower-case letters and digits, with - or _ between them")
    return name


def _digest(key: str, *, salt: bytes) -> bytes:
    # surrogatepass: a header may carry any bytes, and none of them may end in an exception.
    data = key.encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=_DIGEST_BYTES, salt=salt, person=b"relgraph-caller").digest()


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
