"""A crosswalk as bytes: there and back, in chunks, and never another's rows."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cache import crosswalk
from service.cache.crosswalk import (
    CHUNK_BYTES,
    MANIFEST_KEY,
    Manifest,
    WrittenRow,
    decode_manifest,
    decode_rows,
    encode_manifest,
    encode_rows,
)
from service.cache.frame import EntryError, pack

MANIFEST = Manifest("v1", "d", 3, 2, datetime(2026, 1, 1, 12, tzinfo=UTC))
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
rows = st.builds(
    WrittenRow,
    address=text,
    same_as=text,
    source=text,
    confidence=st.floats(0, 1),
    visibility=st.lists(text, max_size=2).map(tuple),
)


@given(st.lists(rows, max_size=8), st.randoms())
def test_rows_come_back_sorted_and_once(table: list[WrittenRow], random: object) -> None:
    """What is read is the set of what was written, and order and repetition change no byte."""
    digest, count, chunks = encode_rows(table)
    assert decode_rows(chunks, digest=digest) == tuple(sorted(set(table)))
    assert count == len(set(table))
    assert encode_rows([*reversed(table), *table]) == (digest, count, chunks)


def test_many_rows_are_several_chunks() -> None:
    """More than a chunk holds is cut, and put together again."""
    table = [WrittenRow(f"n:t:{n}", "x" * 60_000, "cmdb", 1.0) for n in range(150)]
    digest, count, chunks = encode_rows(table)
    assert (count, len(chunks)) == (150, 150 * 60_000 // CHUNK_BYTES + 1)
    assert set(decode_rows(chunks, digest=digest)) == set(table)
    for wrong in (chunks[:-1], chunks[1:], chunks[::-1]):
        with pytest.raises(EntryError, match="not those"):
            decode_rows(wrong, digest=digest)


def test_a_manifest_comes_back_and_names_its_chunks() -> None:
    """Its keys are its own version's, below the one fixed key."""
    assert decode_manifest(encode_manifest(MANIFEST)) == MANIFEST
    assert MANIFEST.keys == (f"{MANIFEST_KEY}:v1:0", f"{MANIFEST_KEY}:v1:1")
    assert MANIFEST_KEY == "rg1:crosswalk"


@pytest.mark.parametrize("blob", [b"", b"nonsense", pack(b"nonsense"), pack(b"\x91\xa1x"), pack(b"")])
def test_a_manifest_of_another_format_is_refused(blob: bytes) -> None:
    """What is no manifest is one error, whatever is wrong with it."""
    with pytest.raises(EntryError):
        decode_manifest(blob)


def test_rows_of_another_format_are_refused() -> None:
    """Even with the right digest, what is no table of rows is an error."""
    payload = b"\x91\x01"
    with pytest.raises(EntryError, match="not what a crosswalk is kept as"):
        decode_rows([pack(payload)], digest=crosswalk._digest(payload))
