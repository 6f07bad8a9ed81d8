"""Tests of JSON as it leaves."""

import json

from hypothesis import given
from hypothesis import strategies as st

from service.api.body import encode_json, encode_records
from service.graph.rows import Rows

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_every_value_becomes_utf8(value: object) -> None:
    """Whatever text is in it; only half characters are changed."""
    sent = json.loads(encode_json(value).decode("utf-8"))
    if json.dumps(value, ensure_ascii=False).isprintable():
        assert sent == value


def test_a_whole_character_stays_whole() -> None:
    """Two halves that belong together are one character, a lone one is replaced, in names too."""
    assert json.loads(encode_json({"\ud83d\ude00": ["\ud83d", ("a", "\ude00b")]})) == {
        "\N{GRINNING FACE}": ["\ufffd", ["a", "\ufffdb"]]
    }


@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=3), max_size=4))
def test_records_are_the_same_however_they_are_held(records: list[dict[str, object]]) -> None:
    """Written before or while they are read, whatever text is in them."""
    rows = Rows(len(records), write=lambda: iter(records))
    assert encode_records(rows) == encode_records(records) == encode_json(records)
