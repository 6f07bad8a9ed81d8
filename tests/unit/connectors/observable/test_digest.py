"""Hash values."""

import pytest

from connectors.errors import InvalidNodeIdError
from connectors.observable import normalise

LENGTHS = {
    "md5": (16, 32),
    "sha1": (40,),
    "sha224": (56,),
    "sha256": (64,),
    "sha384": (96,),
    "sha512": (128,),
    "sha3-256": (64,),
}


@pytest.mark.parametrize("kind", LENGTHS)
def test_digests_are_lower_case_of_their_length(kind: str) -> None:
    """Hexadecimal of the algorithm's length is accepted and lower-cased, any other length refused."""
    for length in range(130):
        if length in LENGTHS[kind]:
            assert normalise(kind, "A" * length) == "a" * length
        else:
            with pytest.raises(InvalidNodeIdError):
                normalise(kind, "A" * length)


@pytest.mark.parametrize("kind", LENGTHS)
def test_digests_are_hexadecimal(kind: str) -> None:
    """Other letters and other scripts' digits are refused."""
    for letter in ("g", "\u0661", "-"):
        with pytest.raises(InvalidNodeIdError):
            normalise(kind, letter * LENGTHS[kind][0])
