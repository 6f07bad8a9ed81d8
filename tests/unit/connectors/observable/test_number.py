"""Whole numbers."""

import pytest

from connectors.errors import InvalidNodeIdError
from connectors.observable import normalise


@pytest.mark.parametrize(
    ("typed", "spelled"), [("15169", "15169"), ("+015169", "15169"), ("-0", "0"), (str(-(2**63)),) * 2]
)
def test_numbers_are_decimal_text(typed: str, spelled: str) -> None:
    """A sign and leading zeros that say nothing are dropped."""
    assert normalise("asn", typed) == spelled


@pytest.mark.parametrize("typed", ["", "AS15169", "1.0", "1e3", "1_000", "\u0661", str(2**63), "9" * 5000])
def test_what_is_no_64_bit_number_is_refused(typed: str) -> None:
    """Other notations, and more than 64 bits, are refused."""
    with pytest.raises(InvalidNodeIdError):
        normalise("asn", typed)
