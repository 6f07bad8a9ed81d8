"""Encryption under rotating keys, for one purpose each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import ConfigurationError
from service.adapters.cipher import Cipher, UnreadableError

CIPHER = Cipher(["first key"])


@given(data=st.binary(max_size=300), purpose=st.text(max_size=20))
def test_what_is_encrypted_comes_back(data: bytes, purpose: str) -> None:
    """Any bytes survive, for any purpose."""
    assert CIPHER.decrypt(CIPHER.encrypt(data, purpose=purpose), purpose=purpose) == data


def test_nothing_shows() -> None:
    """The data is not in the ciphertext, and twice the same gives two ciphertexts."""
    one, other = (CIPHER.encrypt(b"CANARY-1", purpose="cursor") for _ in range(2))
    assert b"CANARY" not in one
    assert one != other


def test_every_key_decrypts_and_the_first_encrypts() -> None:
    """After a rotation old data is read, new data is written under the new key."""
    rotated = Cipher(["new key", "first key"])
    assert rotated.decrypt(CIPHER.encrypt(b"old", purpose="vault"), purpose="vault") == b"old"
    assert Cipher(["new key"]).decrypt(rotated.encrypt(b"x", purpose="vault"), purpose="vault") == b"x"


@pytest.mark.parametrize(
    ("secret_keys", "purpose"), [(["another key"], "vault"), (["first key"], "cursor"), (["first key"], "")]
)
def test_another_key_or_purpose_reads_nothing(secret_keys: list[str], purpose: str) -> None:
    """What was written for one purpose under one key is no use for another."""
    sealed = CIPHER.encrypt(b"data", purpose="vault")
    with pytest.raises(UnreadableError):
        Cipher(secret_keys).decrypt(sealed, purpose=purpose)


@given(place=st.integers(0, 200), flip=st.integers(1, 255))
def test_altered_bytes_are_refused(place: int, flip: int) -> None:
    """Whatever byte is changed, the one error follows."""
    sealed = bytearray(CIPHER.encrypt(b"some data", purpose="vault"))
    sealed[place % len(sealed)] ^= flip
    try:
        # base64 has spare bits in its last character: such a change alters nothing.
        assert CIPHER.decrypt(bytes(sealed), purpose="vault") == b"some data"
    except UnreadableError:
        return


def test_the_last_byte_of_the_seal_counts() -> None:
    """A ciphertext cut short or garbled is refused."""
    sealed = CIPHER.encrypt(b"some data", purpose="vault")
    for broken in (sealed[:-5], b"", b"!!!", sealed[:40] + b"A" * 8 + sealed[48:]):
        with pytest.raises(UnreadableError):
            CIPHER.decrypt(broken, purpose="vault")


@pytest.mark.parametrize("secret_keys", [[], [""], ["key", ""]])
def test_there_is_no_cipher_without_keys(secret_keys: list[str]) -> None:
    """No key, or an empty one among them, is the operator's mistake."""
    with pytest.raises(ConfigurationError, match="secret_keys"):
        Cipher(secret_keys)
