"""A page of an answer comes back exactly as it was written down, or not at all."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import msgpack

from connectors.contract import Filter, Want
from connectors.model import NodeId, Outcome
from connectors.walk import Finding, Listing, Trail
from connectors.wire import Aspect, Call
from harness.told import facts, filters, listings, nodes, selections, texts, times
from service.cache.frame import MAX_PAYLOAD_BYTES, EntryError, pack, unpack
from service.cache.sheet import Debt, Fact, Said, Sheet, decode_sheet, encode_sheet
from service.cache.trail import decode_trail, encode_trail

_NODE = NodeId("n", None, "t", "k")
_LISTING = Listing(_NODE, Aspect.RELATIONS, Filter(), datetime(2026, 1, 1, tzinfo=UTC))
_TRAIL = Trail(Want(), (_LISTING,), (), frozenset(), openings=1, absences=0)
_waits = st.none() | st.timedeltas(timedelta(0), timedelta(days=1))
_pairs = st.lists(st.tuples(texts, texts), max_size=2).map(tuple)
_digests = st.binary(min_size=12, max_size=12)


def _bare(listing: Listing) -> Listing:
    """Leave out what was told of nodes, which a sheet has among its facts."""
    return replace(listing, facts=())


said = st.builds(
    Said,
    texts,
    st.builds(
        Finding,
        st.sampled_from(Outcome),
        listings.map(_bare),
        st.none() | texts,
        _waits,
        st.none() | st.integers(100, 599),
    ),
)
calls = st.builds(
    Call,
    method=st.sampled_from(["GET", "POST"]),
    path=texts,
    nodes=st.lists(nodes | selections, max_size=2).map(tuple),
    query=_pairs,
    headers=_pairs,
    body=st.none() | st.binary(max_size=9),
    aspect=st.sampled_from(Aspect),
    opening=st.booleans(),
    memo=st.lists(texts, max_size=2).map(tuple),
)
trails = st.builds(
    Trail,
    want=st.builds(Want, st.sampled_from(Aspect), filters),
    listings=st.lists(listings, min_size=1, max_size=2).map(tuple),
    pending=st.lists(calls, max_size=2).map(tuple),
    made=st.frozensets(_digests, max_size=3),
    openings=st.integers(0, 9),
    absences=st.integers(0, 9),
)
_parts = {
    "rounds": st.lists(st.lists(said, max_size=2).map(tuple), max_size=3).map(tuple),
    "facts": st.lists(st.builds(Fact, texts, times, facts), max_size=2).map(tuple),
    "debts": st.lists(
        st.builds(Debt, texts, nodes, _digests, nodes | selections, times, st.sampled_from(Aspect)),
        max_size=2,
    ).map(tuple),
    "trails": st.lists(st.tuples(texts, trails), max_size=2).map(tuple),
    "fruitless": st.integers(0, 3),
    "sent": st.none() | st.dictionaries(_digests, _digests, max_size=3),
    "seeds": st.lists(texts, max_size=2).map(tuple),
    "verdicts": st.dictionaries(st.tuples(texts, st.none() | texts), st.booleans(), max_size=2),
    "again_at": st.none() | times,
}
sheets = st.builds(Sheet, **_parts)


def test_every_part_of_a_page_is_tried() -> None:
    """A part that is added to a page, or to what it is made of, is added to these tests."""
    assert {part.name for part in fields(Sheet)} == _parts.keys()
    assert [len(fields(kind)) for kind in (Said, Fact, Debt, Trail, Finding, Call)] == [2, 3, 6, 6, 5, 9]


@settings(max_examples=30, deadline=None)
@given(sheet=sheets)
def test_a_page_comes_back_exactly(sheet: Sheet) -> None:
    """Every round in its order, every fact, debt and trail, and every value with its type."""
    again = decode_sheet(encode_sheet(sheet))
    assert again == sheet
    assert _ordered(again) == _ordered(sheet)


def test_a_page_of_an_earlier_version_is_read() -> None:
    """One that was written before it was told from when on a source is worth asking."""
    sheet = Sheet(rounds=((),), seeds=("n:t:a",), again_at=_LISTING.fetched_at)
    *parts, last = msgpack.decode(unpack(encode_sheet(sheet)))
    assert last is not None
    assert decode_sheet(pack(msgpack.encode(parts))) == replace(sheet, again_at=None)


@settings(max_examples=30, deadline=None)
@given(trail=trails, cut=st.integers(0, 4000))
def test_a_trail_comes_back_exactly_by_itself(trail: Trail, cut: int) -> None:
    """With every listing and every call that is left; and of half of one nothing is read."""
    blob = encode_trail("feed", trail)
    assert decode_trail(blob) == trail
    with pytest.raises(EntryError):
        decode_trail(blob[: cut % len(blob)])


@settings(max_examples=10, deadline=None)
@given(sheet=sheets, cut=st.integers(0, 4000))
def test_a_page_that_ends_early_is_an_error(sheet: Sheet, cut: int) -> None:
    """Of half a page nothing is read: an answer never goes on from less than was said."""
    blob = encode_sheet(sheet)
    with pytest.raises(EntryError):
        decode_sheet(blob[: cut % len(blob)])


@settings(max_examples=40, deadline=None)
@given(sheet=sheets, place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_page_raises_nothing_else(sheet: Sheet, place: int, byte: int) -> None:
    """Whatever one byte is turned into, the reader gets a page or the one error."""
    blob = encode_sheet(sheet)
    place %= len(blob)
    try:
        decode_sheet(blob[:place] + bytes([byte]) + blob[place + 1 :])
    except EntryError:
        return


@given(blob=st.binary(max_size=200), tag=st.sampled_from([b"", b"\x01", b"\x02"]))
def test_any_bytes_raise_nothing_else(blob: bytes, tag: bytes) -> None:
    """Bytes from anywhere are a page or the one error."""
    try:
        decode_sheet(tag + blob)
    except EntryError:
        return


def test_what_utf_8_cannot_spell_is_not_written() -> None:
    """A half of a character in an upstream's words keeps the page from being written, and says so."""
    with pytest.raises(EntryError, match="cannot be written"):
        encode_sheet(Sheet((), trails=(("half a \ud83d", _TRAIL),)))
    with pytest.raises(EntryError, match="cannot be written"):
        encode_trail("half a \ud83d", _TRAIL)


def test_a_page_beyond_the_bound_is_not_written() -> None:
    """What could not be read back is refused when it is written."""
    call = Call("POST", "/", (), body=bytes(MAX_PAYLOAD_BYTES))
    with pytest.raises(EntryError, match="more than"):
        encode_sheet(Sheet((), trails=(("s", replace(_TRAIL, pending=(call,))),)))


def _ordered(sheet: Sheet) -> str:
    """Write a sheet so that 1, 1.0 and true differ; what was called has no order."""
    trails_ = tuple(
        (name, sorted(trail.made), replace(trail, made=frozenset())) for name, trail in sheet.trails
    )
    return repr((replace(sheet, trails=()), trails_))
