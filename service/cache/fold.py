"""Writes a listing by columns: what many of its nodes and edges have in common is written once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import chain, count
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import Raw
from msgspec.msgpack import encode

from connectors.contract import Filter
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

_NO_FILTER = Filter()
DIGEST_BYTES = 8
"""How many bytes name facts that are kept apart."""


_Head = tuple[str, str | None, str]


class _Kind(NamedTuple):
    """What some nodes of a listing have in common, their keys, and where the values told of each go."""

    number: int
    head: _Head
    told: int
    columns: tuple[int, ...]
    values: tuple[list[object], ...]
    keys: list[str]


class _Nodes:
    """The nodes of a listing by place, and what is told of them by kind."""

    def __init__(self) -> None:
        # By texts, whose hash and comparison are the interpreter's own.
        self.places: dict[str, int] = {}
        self.kinds: list[_Kind] = []
        self.order: list[int] = []
        self.keys: list[str] = []
        self.digests: list[bytes] = []
        self.labels: list[str] = []
        self.urls: list[str | None] = []
        # By name, and whether the values are the nodes' own keys, which are not written twice.
        self.columns: dict[tuple[str, bool], int] = {}
        self.values: list[list[object]] = []
        self._found: dict[tuple[_Head, int, tuple[str, ...], int], _Kind] = {}

    def tell(self, every: Sequence[NodeFacts], *, apart: Mapping[int, bytes]) -> None:
        """Put down what is told of nodes, in order; told of twice, one has two places."""
        for number, (node, label, url, attributes) in enumerate(map(_told_parts, every)):
            key: str = node.key
            if number in apart:
                self.digests.append(apart[number])
                self._add(node, self._kind(_head_of(node), APART))
                continue
            names, values = zip(*attributes, strict=True) if attributes else ((), ())
            own = values.index(key) if key in values else -1
            if label == key:
                told = AS_KEY
            elif label is None:
                told = UNLABELED
            else:
                told = LABELED
                self.labels.append(label)
            kind = self._kind(_head_of(node), told, names, own)
            for column, value in zip(kind.values, values, strict=True):
                column.append(value)
            self.urls.append(url)
            self._add(node, kind)

    def ends(self, edges: Iterable[Edge]) -> tuple[list[int], list[int]]:
        """Give the places of all subjects and of all objects; a node that has none yet gets the next one."""
        places = self.places
        ends = [
            places[node.text] if node.text in places else self.place(node)
            for edge in edges
            for node in (edge.subject, edge.object)
        ]
        return ends[::2], ends[1::2]

    def place(self, node: NodeId) -> int:
        """Give the place of a node, the next one if it has none yet."""
        held = self.places.get(node.text)
        if held is None:
            held = len(self.order)
            self._add(node, self._kind(_head_of(node), UNTOLD))
        return held

    def _kind(self, head: _Head, told: int, names: tuple[str, ...] = (), own: int = -1) -> _Kind:
        """Give the kind of a node of which this is told; the value of the attribute at `own` is its key."""
        found = self._found.get((head, told, names, own))
        if found is None:
            columns = self._columns(names, own) if names else ()
            values = tuple([self.values[column] for column in columns])
            found = self._found[head, told, names, own] = _Kind(
                len(self.kinds), head, told, columns, values, []
            )
            self.kinds.append(found)
        return found

    def _columns(self, names: tuple[str, ...], own: int) -> tuple[int, ...]:
        """Give the columns of attributes of these names, the value of one of which is the node's own key."""
        columns = self.columns
        found = [columns.setdefault((name, at == own), len(columns)) for at, name in enumerate(names)]
        self.values += [[] for _ in range(len(columns) - len(self.values))]
        return tuple(found)

    def _add(self, node: NodeId, kind: _Kind) -> None:
        self.places.setdefault(node.text, len(self.order))
        self.order.append(kind.number)
        self.keys.append(node.key)
        kind.keys.append(node.key)


def fold(listing: Listing, *, apart: Mapping[int, bytes]) -> tuple[ListingRow, bytes]:
    """Give the row of a listing, and its tail.

    `apart` has the digests of facts that are kept apart, of `DIGEST_BYTES` each, by their place in order.
    """
    nodes, packer = _Nodes(), Packer(listing.fetched_at)
    nodes.tell(listing.facts, apart=apart)
    address = listing.address
    asked = nodes.place(address) if isinstance(address, NodeId) else _selection_parts(address)
    subjects, objects = nodes.ends(listing.edges)
    canonical = None if listing.canonical is None else nodes.place(listing.canonical)
    bonds, bound = _bonds(listing.edges)
    is_star = _is_star(listing.edges, subjects, objects, asked)
    packer.digests(nodes.digests)
    kinds = tuple(
        KindRow(
            *kind.head,
            kind.told,
            kind.columns,
            LISTED if (number := packer.packed(kind.keys)) is None else number,
        )
        for kind in nodes.kinds
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
        filter=None if listing.filter == _NO_FILTER else FilterRow(*_filter_parts(listing.filter)),
        fetched_at=listing.fetched_at,
        kinds=kinds,
        order=nodes.order,
        keys=[key for key, kind in zip(nodes.keys, nodes.order, strict=True) if kinds[kind].keys == LISTED],
        edges=len(listing.edges),
        subjects=None if is_star else subjects,
        objects=None if is_star else objects,
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


def _is_star(edges: Sequence[Edge], subjects: Sequence[int], objects: Sequence[int], asked: object) -> bool:
    """Tell whether the edges lead from the node asked about to all other places, one after the other."""
    if not isinstance(asked, int):
        return False
    others = chain(range(asked), count(asked + 1))
    return all(
        not edge.directed
        and asked in (subject, object_)
        and subject + object_ == asked + other
        and edge.subject.text <= edge.object.text
        for edge, subject, object_, other in zip(edges, subjects, objects, others, strict=False)
    )


_head_of = attrgetter("namespace", "tenant", "type")
_told_parts = attrgetter("node", "label", "url", "attributes")
_filter_parts = attrgetter(*(field.name for field in fields(Filter)))
_selection_parts = attrgetter(*(field.name for field in fields(Selection)))
