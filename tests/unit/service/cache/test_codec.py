"""A listing comes back exactly as it was written, or not at all."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.msgpack import Ext, encode

from connectors.contract import Filter
from connectors.model import Edge, NodeFacts, NodeId, undirected
from connectors.walk import Listing
from connectors.wire import Aspect
from harness.told import listings
from service.cache.codec import decode_draft, decode_facts, decode_listing, encode_facts, encode_listing
from service.cache.frame import EntryError, pack, pack_tailed, unpack
from service.cache.row import (
    APART,
    AS_KEY,
    LABELED,
    LISTED,
    UNTOLD,
    BondRow,
    FactsRow,
    FilterRow,
    ListingRow,
)

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


def test_listings_read_by_one_table_share_their_nodes() -> None:
    """Wherever a node is named, by an address, an edge or facts, it is the one that was read first."""
    listing, names = _hub(3, describe=True), dict[str, NodeId]()
    blob, _ = encode_listing(listing, inline_up_to=1000)
    one, other = (decode_draft(blob, names=names).listing for _ in range(2))
    assert one == other == listing
    for read in (one, other):
        told = [read.address, *(end for edge in read.edges for end in (edge.subject, edge.object))]
        told += [facts.node for facts in read.facts]
        assert all(node is names[str(node)] for node in told)


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


def _row(tail: bytes = b"", **parts: object) -> bytes:
    plain = {
        "address": 0,
        "aspect": "relations",
        "filter": None,
        "fetched_at": NOW,
        "kinds": [["n", None, "t", UNTOLD, [], LISTED]],
        "order": [0],
        "keys": ["k"],
        "edges": 0,
        "subjects": [],
        "objects": [],
        "bonds": [["r", True, False, []]],
        "bound": [],
        "records": [],
        "created_at": [],
        "deleted_at": [],
        "labels": [],
        "urls": [],
        "names": [],
        "counts": [],
        "values": [],
        "total": None,
        "capped": False,
        "withheld": None,
        "absent": False,
        "canonical": None,
    }
    assert tuple(plain) == ListingRow.__struct_fields__
    return pack_tailed(encode(list((plain | parts).values())), tail)


LOOP = {"edges": 1, "subjects": [0], "objects": [0]}
TOLD = {"kinds": [["n", None, "t", AS_KEY, [0], LISTED]], "names": ["a"]}


@pytest.mark.parametrize(
    "parts",
    [
        {"address": 1},
        {"address": -1},
        {"address": ["bad name", None, None]},
        {"kinds": []},
        {"kinds": [["", None, "t", UNTOLD, [], LISTED]]},
        {"kinds": [["n", None, "t", UNTOLD, [0], LISTED]]},
        {"kinds": [["n", None, "t", UNTOLD, [], 64]]},
        {"kinds": [["n", None, "t", APART, [], LISTED]]},
        {"kinds": [["n", None, "t", LABELED, [], LISTED]]},
        {"order": [1]},
        {"order": [-1]},
        {"order": [0, 0]},
        {"keys": [""]},
        {"keys": []},
        {"edges": 1},
        {"edges": 1, "subjects": None, "objects": None},
        LOOP | {"subjects": [-1]},
        LOOP | {"objects": [1]},
        LOOP | {"objects": [0, 0]},
        LOOP | {"bonds": []},
        LOOP | {"bound": [1]},
        LOOP | {"bound": [0, 0]},
        LOOP | {"bonds": [["r", True, False, [["a", b"bytes"]]]]},
        LOOP | {"bonds": [["r", True, False, [["a", {"k": 1}]]]]},
        LOOP | {"bonds": [["r", True, False, [["a", Ext(9, b"x")]]]]},
        LOOP | {"records": ["a", "b"]},
        LOOP | {"records": 64 * 4},
        LOOP | {"records": 3},
        LOOP | {"created_at": 0},
        LOOP | {"created_at": 9 * 4 + 3, "tail": bytes(9)},
        LOOP | {"created_at": 7 * 4 + 3, "tail": b"\xff" * 7},
        LOOP | {"records": 3 * 4 + 1, "tail": bytes(3)},
        TOLD | {"values": [[]]},
        TOLD | {"values": [[b"bytes"]]},
        TOLD | {"values": [[{"k": 1}]]},
        TOLD | {"values": [[[NOW]]]},
        TOLD | {"values": [[Ext(9, b"x")]]},
        TOLD | {"values": [64 * 4], "counts": [1]},
        TOLD | {"values": [64 * 4], "tail": bytes(64)},
        TOLD | {"values": []},
        TOLD | {"values": [["x"]], "urls": ["a", "b"]},
        {"fetched_at": NOW.replace(tzinfo=None)},
        {"fetched_at": 7},
        {"aspect": "else"},
        {"canonical": 3},
        {"more": 1},
    ],
)
def test_a_wrong_shape_is_an_error(parts: dict[str, Any]) -> None:
    """An entry of which any part is not what the format says cannot be used."""
    assert decode_draft(_row()).listing.address == NodeId("n", None, "t", "k")
    assert len(decode_draft(_row(**LOOP)).listing.edges) == 1
    assert decode_draft(_row(**TOLD, values=[["x"]])).listing.facts[0].attributes == (("a", "x"),)
    with pytest.raises(EntryError):
        decode_draft(_row(**parts))


def test_an_entry_of_an_older_format_is_a_miss() -> None:
    """What an earlier version wrote, a frame without a tail, is refused by its tag."""
    older = ["0", "relations", ["exclude", None, None, [], [], None], NOW, [["n", None, "t"]], [[0, "k"]]]
    for by_words in (False, True):
        with pytest.raises(EntryError, match="format tag"):
            decode_draft(pack(encode(older), by_words=by_words))


def test_what_looks_random_is_packed_and_comes_back_exactly() -> None:
    """Digests, hosts and times take their bytes, and what only looks like one stays text."""
    host, digest, time = "198.51.100.7", "0af1" * 16, "2023-02-09T13:09:37.876303Z"
    odd = ["198.51.100.007", "198.51.100.777", digest.upper(), f"{digest}0", time.replace("Z", "z")]
    seed = NodeId("observable", None, "domain", "a.example")
    told = [
        NodeFacts(NodeId("observable", None, "ip", value), value, None, (("at", time), ("is", value)))
        for value in (host, "203.0.113.9", digest, digest[::-1], *odd)
    ]
    listing = Listing(seed, Aspect.RELATIONS, Filter(), NOW, facts=tuple(told))
    blob, _ = encode_listing(listing, inline_up_to=10_000)
    assert decode_draft(blob).listing == listing
    plain = Listing(seed, Aspect.RELATIONS, Filter(), NOW, facts=tuple(told[:4]))
    split = [encode_listing(replace(plain, facts=plain.facts[at : at + 2]))[0] for at in (0, 2)]
    assert all(text not in unpack(split[0]) for text in (host.encode(), time.encode()))
    assert digest.encode() not in unpack(split[1])


@pytest.mark.parametrize(
    "values",
    [
        ("a" * 64, "b" * 32),
        ("b" * 32, "a" * 64),
        ("a" * 64, "b" * 32, "c" * 96),
        ("1.2.3.4", "1.2.3"),
        ("1.2.3.4", "1.2.3.4.5"),
        ("2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00.000001Z"),
    ],
)
def test_a_column_that_only_begins_like_one_that_is_packed_comes_back_exactly(
    values: tuple[str, ...],
) -> None:
    """Whether as keys, labels, records or attributes: what does not fit the first value stays as it is."""
    hub = _hub(len(values))
    nodes = [NodeId("n", None, "t", value) for value in values]
    listing = replace(
        hub,
        edges=tuple(
            Edge(hub.address, node, "r", directed=True, record=value)
            for node, value in zip(nodes, values, strict=True)
        ),
        facts=tuple(
            NodeFacts(node, f"{value[:4]}{value}", value, (("v", f"0{value}"), ("w", value)))
            for node, value in zip(nodes, values, strict=True)
        ),
    )
    assert decode_listing(encode_listing(listing, inline_up_to=1000)[0], facts={}) == listing


@pytest.mark.parametrize("directed", [False, True])
def test_a_star_has_its_edges_back(*, directed: bool) -> None:
    """The places of the ends go unwritten only where they follow from the order of the nodes."""
    seed, *others = (NodeId("n", None, "t", key) for key in "mazbk")
    ways = [(seed, other) if directed else undirected(seed, other) for other in others]
    edges = [Edge(*ends, "r", directed) for ends in ways]
    listing = Listing(seed, Aspect.RELATIONS, Filter(), NOW)
    for some in (edges, edges[::-1], edges[:1] * 2, [*edges, Edge(seed, seed, "r", directed)]):
        told = replace(listing, edges=tuple(some))
        assert decode_draft(encode_listing(told)[0]).listing == told


@pytest.mark.parametrize("label", ["\ud800", "lone \udfff"])
def test_text_that_is_no_unicode_is_not_written(label: str) -> None:
    """A lone surrogate has no UTF-8: the listing is not cached, and nothing else happens."""
    listing = _hub(1)
    with pytest.raises(EntryError, match="cannot be written"):
        encode_listing(replace(listing, withheld=label))
    with pytest.raises(EntryError, match="cannot be written"):
        encode_facts(NodeFacts(_hub(1).edges[0].subject, label))


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
        # Its ends and its record are columns by other names, and what edges have in common is a bond's.
        (Edge, ListingRow, {"subject", "object", "record", *BondRow.__struct_fields__}),
        # A listing's facts are its own: `asked` is of the page that told them.
        (NodeFacts, FactsRow, {"node", "asked"}),
        # What is told of nodes is by columns, too.
        (Listing, ListingRow, {"facts"}),
    ],
)
def test_no_field_is_forgotten(shape: type, row_shape: type, apart: set[str]) -> None:
    """Each field of a cached value has its place in the format."""
    assert {field.name for field in fields(shape)} - set(row_shape.__struct_fields__) == apart
