"""A listing comes back exactly as it was written, or not at all."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import msgpack

from connectors.contract import Filter
from connectors.model import Edge, NodeFacts, NodeId
from connectors.walk import Listing
from connectors.wire import Aspect
from harness.told import listings
from service.cache.codec import decode_draft, decode_facts, decode_listing, encode_listing
from service.cache.frame import EntryError, unpack
from service.cache.row import EdgeRow, FactsRow, FilterRow, ListingRow

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _hub(neighbors: int, *, describe: bool = False) -> Listing:
    seed = NodeId("autodesk-bim360-issue", "f0f4f36a-ac64-687f-b132-8efe04b22454", "issue", "seed")
    others = [replace(seed, key=f"{n:032x}") for n in range(neighbors)]
    told = tuple(NodeFacts(o, f"issue {o.key}", None, (("text", "x" * 80),)) for o in others)
    return Listing(
        seed,
        Aspect.RELATIONS,
        Filter(),
        NOW,
        tuple(Edge(seed, o, "related_to", directed=False, record=o.key, created_at=NOW) for o in others),
        told if describe else (),
    )


@settings(max_examples=150)
@given(listing=listings, inline_up_to=st.sampled_from([0, 16, 64, 10_000]))
def test_a_listing_comes_back_exactly(listing: Listing, inline_up_to: int) -> None:
    """Every value and its type survives, wherever the facts are kept."""
    blob, apart = encode_listing(listing, inline_up_to=inline_up_to)
    again = decode_listing(blob, facts=apart)
    assert again == listing
    assert repr(again) == repr(listing)


@pytest.mark.parametrize(
    "value", [2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**40, 1.0, 1, True, -0.0, float("inf"), (), ((),)]
)
def test_values_keep_their_type(value: object) -> None:
    """An integer of any size, a float and a truth value are told apart, and lists stay tuples."""
    node = NodeId("n", None, "t", "k")
    listing = Listing(
        node, Aspect.DESCRIPTION, Filter(), NOW, facts=(NodeFacts(node, attributes=(("v", value),)),)
    )
    again = decode_listing(encode_listing(listing)[0], facts={})
    assert repr(again.facts[0].attributes[0][1]) == repr(value)


def test_a_time_comes_back_as_the_same_instant() -> None:
    """A time in another zone is kept as its instant, in UTC, to the microsecond."""
    there = datetime(2026, 1, 1, 5, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=5)))
    again = decode_listing(encode_listing(replace(_hub(0), fetched_at=there))[0], facts={})
    assert again.fetched_at == there
    assert again.fetched_at.tzinfo is UTC


def test_long_facts_are_kept_apart_and_once() -> None:
    """A thousand relations to described neighbors hold no description; the nodes' own entries do."""
    listing = _hub(100, describe=True)
    blob, apart = encode_listing(listing)
    assert {each.node for each in apart} == {told.node for told in listing.facts}
    assert b"xxxx" not in unpack(blob)
    draft = decode_draft(blob)
    assert draft.listing == replace(listing, facts=())
    assert draft.wanted == tuple(apart)
    assert draft.complete(apart) == listing
    one, kept = listing.facts[0], draft.wanted[0]
    assert decode_facts(apart[kept], node=one.node) == one


def test_short_facts_stay_inline() -> None:
    """Facts of up to the threshold cost no second look-up."""
    listing = replace(_hub(1), facts=(NodeFacts(_hub(1).address, "short"),))
    blob, apart = encode_listing(listing)
    assert apart == {}
    assert decode_draft(blob).wanted == ()
    assert decode_draft(blob).complete({}) == listing


def test_tellings_of_a_node_do_not_overwrite_each_other() -> None:
    """Facts kept apart are found by what they say: each listing gets back its own, equal ones share."""
    listing = _hub(2, describe=True)
    blob, apart = encode_listing(listing)
    other = replace(listing, facts=(replace(listing.facts[0], label="renamed"), listing.facts[1]))
    other_blob, other_apart = encode_listing(other)
    assert len(apart | other_apart) == 3
    assert decode_listing(blob, facts=apart | other_apart) == listing
    assert decode_listing(other_blob, facts=apart | other_apart) == other


@pytest.mark.parametrize("blob", [None, b"", b"\x01", b"\x07abc"])
def test_a_listing_without_its_facts_is_a_miss(blob: bytes | None) -> None:
    """Facts that are gone or damaged make the whole listing an entry that cannot be used."""
    entry, apart = encode_listing(_hub(1, describe=True))
    with pytest.raises(EntryError):
        decode_listing(entry, facts=dict.fromkeys(apart, blob))


def test_a_relation_takes_few_bytes() -> None:
    """An address is written once: a hub of described Autodesk records stays small in the store."""
    blob, _ = encode_listing(_hub(1000))
    # A GUID is 16 bytes and comes twice (key and record); as text zstd presses it to about half.
    assert len(blob) / 1000 < 60
    # A small one has its words from the dictionary: half of it is the two GUIDs of each relation.
    small, _ = encode_listing(_hub(5))
    assert len(small) / 5 < 80


@settings(max_examples=40)
@given(listing=listings, cut=st.integers(0, 400))
def test_a_cut_entry_is_an_error(listing: Listing, cut: int) -> None:
    """An entry that ends early is never read as a shorter listing."""
    blob, apart = encode_listing(listing, inline_up_to=10_000)
    with pytest.raises(EntryError):
        decode_listing(blob[: cut % len(blob)], facts=apart)


@given(listing=listings, place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_entry_raises_nothing_else(listing: Listing, place: int, byte: int) -> None:
    """Whatever one byte is turned into, the reader gets a listing or the one error."""
    blob, apart = encode_listing(listing)
    place %= len(blob)
    try:
        decode_listing(blob[:place] + bytes([byte]) + blob[place + 1 :], facts=apart)
    except EntryError:
        return


@given(blob=st.binary(max_size=200))
def test_any_bytes_raise_nothing_else(blob: bytes) -> None:
    """Bytes from anywhere are an entry or the one error."""
    for tag in (b"", b"\x01", b"\x02", encode_listing(_hub(9))[0][:5]):
        try:
            decode_draft(tag + blob)
        except EntryError:
            continue


def _row(**parts: object) -> bytes:
    plain = {
        "address": 0,
        "aspect": "relations",
        "filter": ["exclude", None, None, [], [], None],
        "fetched_at": NOW,
        "heads": [["n", None, "t"]],
        "nodes": [[0, "k"]],
        "relations": [["r", True]],
        "edges": [],
        "facts": [],
        "total": None,
        "capped": False,
        "withheld": None,
        "absent": False,
        "canonical": None,
    }
    return b"\x01" + msgpack.encode(list((plain | parts).values()))


EDGE = [0, 0, 0, None, None, None, False, []]


@pytest.mark.parametrize(
    "parts",
    [
        {"address": 1},
        {"address": -1},
        {"nodes": [[1, "k"]]},
        {"nodes": [[0, ""]]},
        {"nodes": [[-1, "k"]]},
        {"heads": [["", None, "t"]]},
        {"address": ["bad name", None, None]},
        {"edges": [[-1, *EDGE[1:]]]},
        {"edges": [[0, 0, 1, *EDGE[3:]]]},
        {"edges": [EDGE[:-1]]},
        {"edges": [[*EDGE, 1]]},
        {"edges": [[*EDGE[:-1], [["a", b"bytes"]]]]},
        {"edges": [[*EDGE[:-1], [["a", {"k": 1}]]]]},
        {"edges": [[*EDGE[:-1], [["a", [NOW]]]]]},
        {"edges": [[*EDGE[:-1], [["a", msgpack.Ext(9, b"x")]]]]},
        {"fetched_at": NOW.replace(tzinfo=None)},
        {"fetched_at": 7},
        {"aspect": "else"},
        {"canonical": 3},
        {"facts": [[5, None]]},
        {"more": 1},
    ],
)
def test_a_wrong_shape_is_an_error(parts: dict[str, object]) -> None:
    """An entry of which any part is not what the format says cannot be used."""
    assert decode_draft(_row()).listing.address == NodeId("n", None, "t", "k")
    assert len(decode_draft(_row(edges=[EDGE])).listing.edges) == 1
    with pytest.raises(EntryError):
        decode_draft(_row(**parts))


@pytest.mark.parametrize("label", ["\ud800", "lone \udfff"])
def test_text_that_is_no_unicode_is_not_written(label: str) -> None:
    """A lone surrogate has no UTF-8: the listing is not cached, and nothing else happens."""
    listing = _hub(1)
    with pytest.raises(EntryError, match="cannot be written"):
        encode_listing(replace(listing, withheld=label))


def test_bottomless_nesting_is_not_written() -> None:
    """Lists in lists without end are refused, not a crash."""
    value: tuple[object, ...] = ()
    for _ in range(100_000):
        value = (value,)
    listing = replace(_hub(1), facts=(NodeFacts(_hub(1).address, attributes=(("deep", value),)),))
    with pytest.raises(EntryError, match="cannot be written"):
        encode_listing(listing)


@pytest.mark.parametrize(
    ("shape", "row_shape", "apart"),
    [
        (Filter, FilterRow, set()),
        (Edge, EdgeRow, {"directed"}),
        # A listing's facts are its own: `asked` is of the page that told them.
        (NodeFacts, FactsRow, {"node", "asked"}),
        (Listing, ListingRow, set()),
    ],
)
def test_no_field_is_forgotten(shape: type, row_shape: type, apart: set[str]) -> None:
    """Each field of a cached value has its place in the format."""
    assert {field.name for field in fields(shape)} - set(row_shape.__struct_fields__) == apart
