"""Encryption under the operator's secret keys: the first one encrypts, every one decrypts.

Each key text becomes a Fernet key (AES-128-CBC with HMAC-SHA256) by HKDF-SHA256. The purpose is
part of the derivation, so what was written for one purpose cannot be passed off under another.
https://cryptography.io/en/latest/fernet/
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connectors.errors import ConfigurationError


class UnreadableError(ValueError):
    """Bytes were not written for this purpose under any of the operator's keys, or were altered."""


class Cipher:
    """Encrypts and decrypts bytes for a purpose."""

    __slots__ = ("_secret_keys",)

    def __init__(self, secret_keys: Sequence[str]) -> None:
        """Keep the keys; ConfigurationError when there is none, or an empty one."""
        if not secret_keys or not all(secret_keys):
            raise ConfigurationError(["secret_keys: at least one key is needed, and none may be empty"])
        self._secret_keys = tuple(key.encode() for key in secret_keys)

    def encrypt(self, data: bytes, *, purpose: str) -> bytes:
        """Give ciphertext as base64url text in bytes: 4/3 of the data and about 80 more."""
        return self._fernet(purpose).encrypt(data)

    def decrypt(self, token: bytes, *, purpose: str) -> bytes:
        """Give back what `encrypt` was given for the same purpose; else UnreadableError."""
        try:
            return self._fernet(purpose).decrypt(token)
        except InvalidToken:
            raise UnreadableError("not written for this purpose under any of the secret keys") from None

    def _fernet(self, purpose: str) -> MultiFernet:
        return MultiFernet([Fernet(_derive(secret, purpose)) for secret in self._secret_keys])


def _derive(secret: bytes, purpose: str) -> bytes:
    # No salt: every worker must derive the same key, and the purpose keeps the uses apart.
    # https://www.rfc-editor.org/rfc/rfc5869#section-3.1
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"relgraph cipher " + purpose.encode())
    return urlsafe_b64encode(derivation.derive(secret))
