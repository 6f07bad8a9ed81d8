"""Ways to spoil a body."""

import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.mangle import BOMB_MEBIBYTES, bomb_body, huge_body, spoil, with_wrong_types

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(value=PLAIN)
def test_a_wrong_type_is_another_type(value: object) -> None:
    """No plain value keeps its JSON type."""
    assert type(with_wrong_types(value)) is not type(value)


@given(value=JSON)
def test_wrong_types_and_missing_fields_are_still_json(value: object) -> None:
    """Only `truncated` breaks the syntax."""
    body = json.dumps(value).encode()
    for how in ("wrong_types", "missing_fields"):
        json.loads(spoil(body, how=how))


def test_missing_fields_keeps_the_skeleton() -> None:
    """Objects and lists stay, plain values in objects go, plain values in lists stay."""
    body = b'{"a": 1, "rows": [{"id": "x", "in": {"b": true}}], "names": ["n"]}'
    assert json.loads(spoil(body, how="missing_fields")) == {"rows": [{"in": {}}], "names": ["n"]}


@pytest.mark.parametrize(("body", "how"), [(b'{"a": 1}', "truncated"), (b"<html>ab", "wrong_types")])
def test_truncated_is_half(body: bytes, how: str) -> None:
    """A truncated body is its first half, and so is whatever cannot be spoilt in a finer way."""
    assert spoil(body, how=how) == body[:4]


def test_the_bomb_is_small_and_inflates_without_end() -> None:
    """The gzip bomb is a valid stream that grows at least five hundredfold."""
    bomb = bomb_body()
    with gzip.open(io.BytesIO(bomb)) as stream:
        assert stream.read(1 << 22) == b" " * (1 << 22)
    assert len(bomb) * 500 < BOMB_MEBIBYTES << 20


def test_huge_is_a_hundred_megabytes_of_valid_json() -> None:
    """The huge body is made piece by piece and ends in an empty object."""
    size = 0
    last = b""
    for last in huge_body():
        size += len(last)
    assert size > 100_000_000
    assert last == b"{}"
