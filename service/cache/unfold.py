"""Reads a listing's columns: an entry's nodes, what is told of them, and its edges, each as plain values.

Nothing of the model is made here, so who only looks at an entry pays for no more.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, compress, repeat
from operator import add, mul
from typing import Any, NamedTuple

from connectors.model import Attributes
from connectors.model.ids import head_of
from service.cache.column import Tail
from service.cache.fold import DIGEST_BYTES
from service.cache.frame import EntryError
from service.cache.row import APART, AS_KEY, LABELED, LISTED, OWN, UNTOLD, ListingRow
from service.cache.value import read_attributes, read_columns

Head = tuple[str, str | None, str]
Bond = tuple[str, bool, bool, Attributes]


class Columns(NamedTuple):
    """What a listing holds.

    By place: `heads`, the (namespace, tenant, type) of the nodes, their `keys`, and the `texts` of their
    addresses. The first `len(digests)` places are told of: of those without a digest `labels`, `urls` and
    `attributes` say what, one after the other; the facts of the others are kept apart, under their digests.
    By edge: the places of its ends, its bond (relation, directed, deleted, attributes), record and times.
    """

    heads: Sequence[Head]
    keys: Sequence[str]
    texts: Sequence[str]
    digests: Sequence[bytes | None]
    labels: Sequence[str | None]
    urls: Sequence[str | None]
    attributes: Sequence[Attributes]
    subjects: Sequence[int]
    objects: Sequence[int]
    bonds: Sequence[Bond]
    records: Sequence[str | None]
    created_at: Sequence[Any]
    deleted_at: Sequence[Any]


def unfold(row: ListingRow, tail: bytes) -> Columns:
    """Give the columns of a row and its tail.

    EntryError or another ValueError, LookupError, MsgspecError, or the InvalidNodeIdError of an address
    that is none, when they do not fit together.
    """
    reader, kinds, order = Tail(tail, row.fetched_at), row.kinds, row.order
    # A node of no kind is a LookupError.
    sizes = [0] * len(kinds)
    for number in order:
        sizes[number] += 1
    # In a list -1 would be the last place.
    if any(isinstance(place, int) and place < 0 for place in (row.address, row.canonical)):
        raise EntryError("a node has no place")
    ways = [kind.told for kind in map(kinds.__getitem__, order) if kind.told != UNTOLD]
    digests = _digests(ways, reader)
    keys = _keys(row, sizes, reader)
    records = reader.texts(row.records, row.edges)
    created_at = reader.instants(row.created_at, row.edges)
    deleted_at = reader.instants(row.deleted_at, row.edges)
    labels = _labels(row, ways, keys, reader)
    urls = reader.texts(row.urls, len(labels))
    attributes = _attributes(row, keys, sizes, reader)
    heads = [(kind.namespace, kind.tenant, kind.type) for kind in kinds]
    starts = [head_of(*head) for head in heads]
    texts = list(map(add, map(starts.__getitem__, order), keys))
    return Columns(
        list(map(heads.__getitem__, order)), keys, texts,
        digests, labels, urls, attributes,
        *_ends(row, texts), _bonds(row), records, created_at, deleted_at,
    )  # fmt: skip


def _keys(row: ListingRow, sizes: Sequence[int], reader: Tail) -> list[str]:
    """Give the key of each place."""
    listed = iter(row.keys)
    packed = [
        listed if kind.keys == LISTED else iter(reader.texts(kind.keys, size))
        for kind, size in zip(row.kinds, sizes, strict=True)
    ]
    keys = list(map(next, map(packed.__getitem__, row.order)))
    if len(keys) != len(row.order):
        raise EntryError("a node has no key")
    return keys


def _digests(ways: Sequence[int], reader: Tail) -> list[bytes | None]:
    """Give the digests of what is kept apart; None where what is told is at hand."""
    if APART not in ways:
        return [None] * len(ways)
    digests = reader.digests(ways.count(APART), width=DIGEST_BYTES)
    return [next(digests) if way == APART else None for way in ways]


def _labels(row: ListingRow, ways: Sequence[int], keys: Sequence[str], reader: Tail) -> list[str | None]:
    own = reader.texts(row.labels, ways.count(LABELED))
    if None in own:
        raise EntryError("a label is missing")
    left = iter(own)
    return [
        key if way == AS_KEY else next(left) if way == LABELED else None
        for way, key in zip(ways, keys, strict=False)
        if way != APART
    ]


def _attributes(row: ListingRow, keys: Sequence[str], sizes: Sequence[int], reader: Tail) -> list[Attributes]:
    """Give the attributes of each place that is told of."""
    columns, counts = read_columns(row.values), iter(row.counts)
    # Whose key is the value of one of its attributes takes it from here, where it is once for each of them.
    owned = {place for place, column in enumerate(columns) if column == OWN}
    has_own = [not owned.isdisjoint(kind.columns) for kind in row.kinds]
    own = compress(keys, map(has_own.__getitem__, row.order))
    pairs = [
        zip(repeat(name), own if place in owned else reader.values(column, counts), strict=False)
        for place, (name, column) in enumerate(zip(row.names, columns, strict=True))
    ]
    told = [kind.told not in (UNTOLD, APART) for kind in row.kinds]
    # Kinds share their columns: whose turn it is takes the next pair of each of its own.
    dealing: list[Iterator[Attributes]] = [
        zip(*map(pairs.__getitem__, kind.columns), strict=False) if kind.columns else repeat(())
        for kind in row.kinds
    ]
    turns = compress(row.order, map(told.__getitem__, row.order))
    attributes = list(map(next, map(dealing.__getitem__, turns)))
    wanted = map(len, [kind.columns for kind in row.kinds])
    if sum(map(len, attributes)) != sum(map(mul, sizes, wanted)):
        raise EntryError("an attribute has no value")
    return attributes


def _ends(row: ListingRow, texts: Sequence[str]) -> tuple[Sequence[int], Sequence[int]]:
    """Give the places of the edges' subjects and objects."""
    if row.subjects is not None and row.objects is not None:
        if len(row.subjects) != row.edges or len(row.objects) != row.edges:
            raise EntryError("an edge has no end")
        return row.subjects, row.objects
    asked = row.address
    if not isinstance(asked, int) or not row.edges < len(texts):
        raise EntryError("an edge has no end")
    own = texts[asked]
    others = list(chain(range(asked), range(asked + 1, len(texts))))[: row.edges]
    first = [own <= texts[other] for other in others]
    return (
        [asked if own_first else other for own_first, other in zip(first, others, strict=True)],
        [other if own_first else asked for own_first, other in zip(first, others, strict=True)],
    )


def _bonds(row: ListingRow) -> Sequence[Bond]:
    bonds = [
        (bond.relation, bond.directed, bond.deleted, read_attributes(bond.attributes)) for bond in row.bonds
    ]
    if not row.bound:
        return [bonds[0]] * row.edges if row.edges else []
    if len(row.bound) != row.edges:
        raise EntryError("an edge has no bond")
    return list(map(bonds.__getitem__, row.bound))
