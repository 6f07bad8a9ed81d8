"""Free text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.observable.text import CASED_TEXT, TEXT, clean, lower_runes


@pytest.mark.parametrize(
    ("text", "lower"),
    [
        ("Doc Dropper Agent", "doc dropper agent"),
        ("\u0391\u03a3", "\u03b1\u03c3"),
        ("\u0130", "i"),
        ("ÄÖ", "äö"),
    ],
)
def test_each_character_is_lowered_by_itself(text: str, lower: str) -> None:
    """Neighbors make no difference, and no character becomes two."""
    assert lower_runes(text) == lower


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b\x1fc\x7f", "a b c "),
        ("a\tb\r\n\x0b\x0c\x85\u00a0\u2028", "a\tb\r\n\x0b\x0c\x85\u00a0\u2028"),
        ("e\u0301 \u200b\ue000\u00ad", "e     "),
        ("½ € √ 漢 ٣ «»", "½ € √ 漢 ٣ «»"),
    ],
)
def test_what_is_no_text_becomes_a_space(text: str, cleaned: str) -> None:
    """Letters, numbers, punctuation, symbols and white space stay; all else is a space each."""
    assert clean(text) == cleaned


@given(st.text())
def test_both_ways_of_cleaning_agree(text: str) -> None:
    """ASCII is cleaned by a shorter way to the same result."""
    ascii_part = "".join(filter(str.isascii, text))
    assert clean(ascii_part) == clean(f"{ascii_part}é")[:-1]


@pytest.mark.parametrize("text", ["", " \t\n", "\x00\x01", "\u200b", "x" * 65_537, "é" * 32_769])
def test_blank_and_endless_texts_are_refused(text: str) -> None:
    """A text needs something in it, and no more than 65 536 bytes."""
    assert not TEXT.fits(text)
    assert not CASED_TEXT.fits(text)


def test_case_is_kept_where_it_counts() -> None:
    """The two kinds of text differ in nothing but their case."""
    assert TEXT.spell("A\x00b") == "a b"
    assert CASED_TEXT.spell("A\x00b") == "A b"
