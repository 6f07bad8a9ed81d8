"""What may stand in a header."""

import pytest

from connectors.runtime.header import is_secret_text, unsendable


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\x00b", "a\tb", "", " a", "a ", "é"])
def test_an_unfit_value_is_named_and_not_quoted(value: str) -> None:
    """Control characters, empty values, outer spaces and non-ASCII are refused by header name."""
    assert unsendable((("x-fine", "yes"), ("x-evil", value))) == "x-evil"


def test_an_unfit_name_is_not_quoted_either() -> None:
    """A name with a line break is refused without being repeated."""
    assert unsendable((("x-a\r\nx-b", "1"),)) == "?"


def test_ordinary_headers_pass() -> None:
    """Values with inner spaces are what headers are made of."""
    assert unsendable((("authorization", "Bearer abc.def"), ("accept", "application/json"))) is None


@pytest.mark.parametrize(("value", "fit"), [("abc~+/=", True), ("", False), ("a b", False), ("a\n", False)])
def test_a_secret_is_visible_ascii(value: str, fit: bool) -> None:  # noqa: FBT001 - a table's column
    """A token or key has no space and no line end."""
    assert is_secret_text(value) is fit
