"""Seals cursors under the operator's secret keys."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from service.adapters.cipher import Cipher

_PURPOSE = "cursor"
# Fernet's own bytes and what a cursor holds make some 200 characters; nothing longer is one.
_MOST_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class CursorSeal:
    """The `Seal` of cursors: unpadded base64url text."""

    cipher: Cipher

    def close(self, data: bytes) -> str:
        """Give text that only this service can open."""
        return self.cipher.encrypt(data, purpose=_PURPOSE).rstrip(b"=").decode("ascii")

    def open(self, text: str) -> bytes | None:
        """Give what `close` was given; None for anything else."""
        if not text.isascii() or "=" in text or len(text) > _MOST_CHARACTERS:
            return None
        token = text.encode() + b"=" * (-len(text) % 4)
        try:
            # Python's decoder passes over foreign characters and spare bits; only what was given counts.
            # https://docs.python.org/3/library/base64.html#base64.b64decode
            if urlsafe_b64encode(urlsafe_b64decode(token)) != token:
                return None
            return self.cipher.decrypt(token, purpose=_PURPOSE)
        except ValueError:
            return None
