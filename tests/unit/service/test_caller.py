"""API keys of callers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.caller import check_name, make_key, verify, well_formed


def test_a_key_fits_its_own_hash_and_no_other() -> None:
    """A made key verifies against its hash and against nobody else's."""
    key, key_hash = make_key()
    other, other_hash = make_key()
    assert verify(key, key_hash)
    assert not verify(other, key_hash)
    assert not verify(key, other_hash)


def test_a_key_is_256_random_bits_and_no_part_of_its_hash() -> None:
    """A key is long enough that nobody guesses it, and its hash does not show it."""
    key, key_hash = make_key()
    assert len(key.removeprefix("relgraph_")) >= 43
    assert key.removeprefix("relgraph_") not in key_hash


def test_a_hash_names_its_recipe_and_never_comes_twice() -> None:
    """The text begins with the recipe's name, so that another can follow; the salt is new each time."""
    hashes = {make_key()[1] for _ in range(20)}
    assert len(hashes) == 20
    assert all(text.startswith("blake2b-1.") and well_formed(text) for text in hashes)


@given(st.text())
def test_no_text_opens_a_door_made_for_another(key: str) -> None:
    """Whatever a caller sends, lone surrogates included, is answered no and never with an error."""
    assert not verify(key, _HASH)


@given(st.text())
def test_a_malformed_hash_fits_no_key(key_hash: str) -> None:
    """A hash of another form verifies nothing, and says that it is malformed."""
    assert not verify(_KEY, key_hash)
    assert not well_formed(key_hash)


@pytest.mark.parametrize("flaw", ["x", ".", " ", "\n"])
def test_a_hash_with_something_behind_it_is_malformed(flaw: str) -> None:
    """The whole text has to be the hash."""
    assert not well_formed(_HASH + flaw)


@pytest.mark.parametrize("name", ["", "Dashboard", "9lives", "a b", "a__b", "_a", "a-", "ä"])
def test_a_name_that_no_variable_could_carry_is_refused(name: str) -> None:
    """A caller's name fits into a TOML table and an environment variable alike."""
    with pytest.raises(ValueError, match="lower-case letters and digits"):
        check_name(name)


@pytest.mark.parametrize("name", ["dashboard", "a", "night-watch", "team_2"])
def test_a_plain_name_is_given_back(name: str) -> None:
    """A right name is the result."""
    assert check_name(name) == name


_KEY, _HASH = make_key()
