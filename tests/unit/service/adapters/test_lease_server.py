"""The words of the leases' channel, as they are read."""

import pytest

from connectors.ports import Caller
from service.adapters.lease_server import Freed, Wanted, parse_word


def test_the_keys_of_a_word_are_those_that_were_taken() -> None:
    """A word names the leases by the keys on the server; who is told knows them by their own."""
    assert parse_word(b"freed rg1:lease:rg1:a rg1:lease:rg1:b") == Freed(["rg1:a", "rg1:b"])


def test_a_name_may_hold_anything() -> None:
    """Who waits is named as it is, blanks and all."""
    word = b"wanted 12ab 2.5 anna%20b%2F%C3%BC rg1:lease:rg1:a"
    assert parse_word(word) == Wanted("12ab", Caller("anna b/ü", 2.5), ["rg1:a"])


@pytest.mark.parametrize("word", [b"", b"\xff", b"later kind of word", b"wanted x heavy n k", b"wanted x"])
def test_what_cannot_be_read_is_no_word(word: bytes) -> None:
    """Another version's word, or none at all, is passed over."""
    assert parse_word(word) is None
