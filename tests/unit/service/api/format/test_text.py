"""Tests of text that a format cannot hold or a person cannot see."""

import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.hostile import TEXTS
from harness.written import restore
from service.api.format.text import (
    encode_text,
    show_forbidden,
    show_unseen,
    show_unseen_line,
    show_unseen_mermaid,
)

WRITERS = [show_forbidden, show_unseen, show_unseen_line, show_unseen_mermaid]
# Underscores, hexadecimal digits and controls next to one another are where an escape could go wrong.
TEXT = st.text(st.sampled_from("_x0041FfAa\x00\x1b\x9b\u202e\t\r\n \ufffe\ufb02") | st.characters())


@pytest.mark.parametrize("write", WRITERS)
@given(text=TEXT)
def test_nothing_is_lost(write: Callable[[str], str], text: str) -> None:
    """The documented way back gives what was there, of any text."""
    assert restore(write(text)) == text


@pytest.mark.parametrize(
    "text", ["plain", "snake_case", "_x", "_x12", "x0041_", "a_xyz_", "\N{GRINNING FACE}", "שלום"]
)
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    """Nobody's ordinary text is changed."""
    assert {write(text) for write in WRITERS} == {text}


@given(text=TEXT)
def test_no_control_character_is_left(text: str) -> None:
    """Neither a terminal's nor the direction of text changes; a cell keeps tabs and line ends."""
    line = show_unseen_line(text)
    assert [each for each in line if unicodedata.category(each) in {"Cc", "Zl", "Zp"}] == []
    assert re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", line) is None
    cell = show_unseen(text)
    assert {each for each in cell if unicodedata.category(each) == "Cc"} <= {"\t", "\n", "\r"}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_text_becomes_utf8(text: str) -> None:
    """Half a character becomes U+FFFD, as it does in JSON; all else is as it was."""
    mended = encode_text(text).decode("utf-8")
    assert mended == text or set(mended) - set(text) <= {"\ufffd", "\N{GRINNING FACE}"}
