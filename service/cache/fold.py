"""Writes a listing by columns: what many of its nodes and edges have in common is written once."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import chain, count
from operator import attrgetter
from typing import Any

from msgspec import Raw
from msgspec.msgpack import encode

from connectors.contract import UNFILTERED, Filter
from connectors.model import Edge, NodeFacts, NodeId, Selection
from connectors.walk import Listing
from service.cache.column import Packer
from service.cache.row import (
    APART,
    AS_KEY,
    LABELED,
    LISTED,
    OWN,
    UNLABELED,
    UNTOLD,
    BondRow,
    FilterRow,
    KindRow,
    ListingRow,
)
from service.cache.value import attribute_bytes, written_attributes, written_value

DIGEST_BYTES = 8
"""How many bytes name facts that are kept apart."""


class _Nodes:
    """The nodes of a listing by place, and what is told of them by kind."""

    def __init__(self) -> None:
        self.places: dict[NodeId, int] = {}
        self.kinds: dict[tuple[str, str | None, str, int, tuple[int, ...]], int] = {}
        self.order: list[int] = []
        self.keys: list[str] = []
        self.keys_by_kind: list[list[str]] = []
        self.digests: list[bytes] = []
        self.labels: list[str] = []
        self.urls: list[str | None] = []
        # By name, and whether the values are the nodes' own keys, which are not written twice.
        self.columns: dict[tuple[str, bool], int] = {}
        self.values: list[list[object]] = []
        self.shapes: dict[tuple[tuple[str, ...], int], tuple[int, ...]] = {}

    def place(self, node: NodeId) -> int:
        """Give the place of a node, the next one if it has none yet."""
        held = self.places.get(node)
        return self._add(node, UNTOLD) if held is None else held

    def tell_apart(self, node: NodeId, digest: bytes) -> None:
        """Put down a node whose facts are kept apart."""
        self.digests.append(digest)
        self._add(node, APART)

    def tell(self, facts: NodeFacts) -> None:
        """Put down what is told of a node; told of twice, it has two places."""
        key, label = facts.node.key, facts.label
        names, values = zip(*facts.attributes, strict=True) if facts.attributes else ((), ())
        own = values.index(key) if key in values else -1
        columns = self.shapes.get((names, own)) or self._shape(names, own)
        for column, value in zip(columns, values, strict=True):
            self.values[column].append(value)
        told = AS_KEY if label == key else UNLABELED if label is None else LABELED
        self._add(facts.node, told, columns)
        if label is not None and told == LABELED:
            self.labels.append(label)
        self.urls.append(facts.url)

    def _shape(self, names: tuple[str, ...], own: int) -> tuple[int, ...]:
        """Give the columns of attributes of these names, the value of one of which is the node's own key."""
        found = [
            self.columns.setdefault((name, place == own), len(self.columns))
            for place, name in enumerate(names)
        ]
        self.values += [[] for _ in range(len(self.columns) - len(self.values))]
        self.shapes[names, own] = tuple(found)
        return self.shapes[names, own]

    def _add(self, node: NodeId, told: int, columns: tuple[int, ...] = ()) -> int:
        place = len(self.order)
        self.places.setdefault(node, place)
        kind = (node.namespace, node.tenant, node.type, told, columns)
        number = self.kinds.setdefault(kind, len(self.kinds))
        if number == len(self.keys_by_kind):
            self.keys_by_kind.append([])
        self.order.append(number)
        self.keys.append(node.key)
        self.keys_by_kind[number].append(node.key)
        return place


def fold(listing: Listing, *, apart: Mapping[int, bytes]) -> tuple[ListingRow, bytes]:
    """Give the row of a listing, and its tail.

    `apart` has the digests of facts that are kept apart, of `DIGEST_BYTES` each, by their place in order.
    """
    nodes, packer = _Nodes(), Packer(listing.fetched_at)
    for place, facts in enumerate(listing.facts):
        if place in apart:
            nodes.tell_apart(facts.node, apart[place])
        else:
            nodes.tell(facts)
    address = listing.address
    asked = nodes.place(address) if isinstance(address, NodeId) else _selection_parts(address)
    ends = [(nodes.place(edge.subject), nodes.place(edge.object)) for edge in listing.edges]
    canonical = None if listing.canonical is None else nodes.place(listing.canonical)
    bonds, bound = _bonds(listing.edges)
    is_star = _is_star(listing.edges, ends, asked)
    packer.digests(nodes.digests)
    kinds = tuple(
        KindRow(*kind, LISTED if (number := packer.packed(keys)) is None else number)
        for kind, keys in zip(nodes.kinds, nodes.keys_by_kind, strict=True)
    )
    records = packer.column([edge.record for edge in listing.edges])
    created_at = packer.column([edge.created_at for edge in listing.edges])
    deleted_at = packer.column([edge.deleted_at for edge in listing.edges])
    labels, urls = packer.column(nodes.labels), packer.column(nodes.urls)
    values = [
        OWN if own else packer.values(each)
        for (_, own), each in zip(nodes.columns, nodes.values, strict=True)
    ]
    row = ListingRow(
        address=asked,
        aspect=listing.aspect,
        filter=None if listing.filter == UNFILTERED else FilterRow(*_filter_parts(listing.filter)),
        fetched_at=listing.fetched_at,
        kinds=kinds,
        order=nodes.order,
        keys=[key for key, kind in zip(nodes.keys, nodes.order, strict=True) if kinds[kind].keys == LISTED],
        edges=len(listing.edges),
        subjects=None if is_star else [subject for subject, _ in ends],
        objects=None if is_star else [object_ for _, object_ in ends],
        bonds=bonds,
        bound=bound if len(bonds) > 1 else [],
        records=records,
        created_at=created_at,
        deleted_at=deleted_at,
        labels=labels,
        urls=urls,
        names=tuple(name for name, _ in nodes.columns),
        counts=[
            len(each)
            for each, column in zip(nodes.values, values, strict=True)
            if isinstance(column, int) and column != OWN
        ],
        values=_written(values),
        total=listing.total,
        capped=listing.capped,
        withheld=listing.withheld,
        absent=listing.absent,
        canonical=canonical,
    )
    return row, bytes(packer.tail)


def _written(columns: Sequence[Any]) -> Raw:
    try:
        return Raw(encode(columns))
    except OverflowError:
        return Raw(
            encode([each if isinstance(each, int) else list(map(written_value, each)) for each in columns])
        )


def _bonds(edges: Sequence[Edge]) -> tuple[tuple[BondRow, ...], list[int]]:
    """Give what edges have in common, and which of it each has."""
    places: dict[object, int] = {}
    bonds: list[BondRow] = []
    bound: list[int] = []
    for edge in edges:
        told = attribute_bytes(edge.attributes) if edge.attributes else None
        place = places.setdefault((edge.relation, edge.directed, edge.deleted, told), len(places))
        if place == len(bonds):
            written = written_attributes(edge.attributes)
            bonds.append(BondRow(edge.relation, edge.directed, edge.deleted, written))
        bound.append(place)
    return tuple(bonds), bound


def _is_star(edges: Sequence[Edge], ends: Sequence[tuple[int, int]], asked: object) -> bool:
    """Tell whether the edges lead from the node asked about to all other places, one after the other."""
    if not isinstance(asked, int):
        return False
    others = chain(range(asked), count(asked + 1))
    return all(
        not edge.directed
        and pair in ((asked, other), (other, asked))
        and edge.subject.text <= edge.object.text
        for edge, pair, other in zip(edges, ends, others, strict=False)
    )


_filter_parts = attrgetter(*(field.name for field in fields(Filter)))
_selection_parts = attrgetter(*(field.name for field in fields(Selection)))
