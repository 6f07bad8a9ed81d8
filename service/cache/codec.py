"""Listings to bytes and back, exactly.

What a source tells of a node is written into the listing while it is short; longer facts are split
off, to be kept once under a key of their own: a hub that a thousand listings name is not stored a
thousand times whole. Reading therefore has two steps: `decode_draft` says whose facts are still
wanted, `Draft.complete` fills them in.

What a caller can not mend is one error, `EntryError`: an unknown format, damaged bytes, facts that
are gone. Whoever reads counts it as a miss.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from msgspec import MsgspecError
from msgspec.msgpack import Decoder, Encoder, Ext

from connectors.contract import Filter
from connectors.errors import InvalidNodeIdError
from connectors.model import Address, Attributes, Edge, NodeFacts, NodeId, Selection, Value
from connectors.walk import Listing
from service.cache.frame import EntryError, pack, unpack
from service.cache.row import EdgeRow, FactsRow, FilterRow, ListingRow

_WIDE_INTEGER = 1
_SCALARS = frozenset({str, int, float, bool, type(None)})
_filter_parts = attrgetter(*(field.name for field in fields(Filter)))


@dataclass(frozen=True, slots=True)
class Apart:
    """Facts of a node that are kept apart; `digest` is that of their entry, 8 bytes."""

    node: NodeId
    digest: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """A listing as its entry holds it, whose longer facts are kept elsewhere.

    `listing.facts` are the short ones; `told` is all of them in order.
    """

    listing: Listing
    told: tuple[NodeFacts | Apart, ...]

    @property
    def wanted(self) -> tuple[Apart, ...]:
        """Give the facts that are kept apart."""
        return tuple(told for told in self.told if isinstance(told, Apart))

    def complete(self, blobs: Mapping[Apart, bytes | None]) -> Listing:
        """Fill in the facts kept apart; EntryError when one of them is missing or damaged."""
        if not self.wanted:
            return self.listing
        facts = tuple(
            decode_facts(blobs.get(told), node=told.node) if isinstance(told, Apart) else told
            for told in self.told
        )
        return replace(self.listing, facts=facts)


class _Table:
    """Gives each node, and the words that edges share, a place of its own."""

    def __init__(self) -> None:
        self.heads: dict[tuple[str, str | None, str], int] = {}
        self.nodes: dict[NodeId, int] = {}
        self.relations: dict[tuple[str, bool], int] = {}

    def node(self, node: NodeId) -> int:
        self.heads.setdefault((node.namespace, node.tenant, node.type), len(self.heads))
        return self.nodes.setdefault(node, len(self.nodes))

    def relation(self, edge: Edge) -> int:
        return self.relations.setdefault((edge.relation, edge.directed), len(self.relations))


def encode_listing(listing: Listing, *, inline_up_to: int = 64) -> tuple[bytes, dict[Apart, bytes]]:
    """Give the listing's entry, and the entries of the facts to be kept apart.

    Facts of up to `inline_up_to` bytes, encoded, stay in the listing. EntryError when a value has
    no exact written form (text with lone surrogates, lists nested beyond reason) or is too large.
    """
    try:
        return _encode_listing(listing, inline_up_to)
    except (UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise EntryError(f"the listing cannot be written down: {type(error).__name__}") from error


def decode_draft(blob: bytes) -> Draft:
    """Read a listing's entry; EntryError when it is none."""
    try:
        return _draft(_LISTING.decode(unpack(blob)))
    except (MsgspecError, InvalidNodeIdError, KeyError, ValueError, OverflowError, RecursionError) as error:
        raise EntryError(f"not a listing: {error}") from error


def decode_listing(blob: bytes, *, facts: Mapping[Apart, bytes | None]) -> Listing:
    """Read a listing whose facts kept apart are at hand; EntryError when anything is amiss."""
    return decode_draft(blob).complete(facts)


def encode_facts(facts: NodeFacts) -> bytes:
    """Give the entry of a node's facts; EntryError when a value has no exact written form."""
    try:
        return pack(_ENCODER.encode(_facts_row(facts)))
    except (UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise EntryError(f"the facts cannot be written down: {type(error).__name__}") from error


def decode_facts(blob: bytes | None, *, node: NodeId) -> NodeFacts:
    """Read the facts kept under a node's own key; EntryError when they are gone or damaged."""
    if blob is None:
        raise EntryError("facts that the listing refers to are gone")
    try:
        return _facts(node, _FACTS.decode(unpack(blob)))
    except (MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise EntryError(f"not facts: {error}") from error


def _encode_listing(listing: Listing, inline_up_to: int) -> tuple[bytes, dict[Apart, bytes]]:
    table = _Table()
    apart: dict[Apart, bytes] = {}
    facts: list[tuple[int, FactsRow | bytes]] = []
    address = listing.address
    place = table.node(address) if isinstance(address, NodeId) else _selection_parts(address)
    edges = tuple(_edge_row(edge, table) for edge in listing.edges)
    for told in listing.facts:
        short = _facts_row(told)
        body = _ENCODER.encode(short)
        if len(body) <= inline_up_to:
            facts.append((table.node(told.node), short))
            continue
        kept = Apart(told.node, blake2b(body, digest_size=8).digest())
        # As a rule too short to be pressed: unfolding each by the dictionary takes longer than it saves.
        apart[kept] = pack(body)
        facts.append((table.node(told.node), kept.digest))
    row = ListingRow(
        address=place,
        aspect=listing.aspect,
        filter=FilterRow(*_filter_parts(listing.filter)),
        fetched_at=listing.fetched_at,
        edges=edges,
        facts=tuple(facts),
        total=listing.total,
        capped=listing.capped,
        withheld=listing.withheld,
        absent=listing.absent,
        canonical=None if listing.canonical is None else table.node(listing.canonical),
        # Last: by now the tables hold every node and relation there is.
        heads=tuple(table.heads),
        nodes=tuple((table.heads[n.namespace, n.tenant, n.type], n.key) for n in table.nodes),
        relations=tuple(table.relations),
    )
    return pack(_ENCODER.encode(row), by_words=True), apart


def _edge_row(edge: Edge, table: _Table) -> EdgeRow:
    return EdgeRow(
        subject=table.node(edge.subject),
        object=table.node(edge.object),
        relation=table.relation(edge),
        record=edge.record,
        created_at=edge.created_at,
        deleted_at=edge.deleted_at,
        deleted=edge.deleted,
        attributes=_written(edge.attributes),
    )


def _draft(row: ListingRow) -> Draft:
    # By place in a dict, where -1 is no place; in a list it would be the last one.
    heads = dict(enumerate(row.heads))
    nodes = {place: NodeId(*heads[head], key) for place, (head, key) in enumerate(row.nodes)}
    relations = dict(enumerate(row.relations))
    told = tuple(
        Apart(nodes[place], facts) if isinstance(facts, bytes) else _facts(nodes[place], facts)
        for place, facts in row.facts
    )
    address: Address = nodes[row.address] if isinstance(row.address, int) else Selection(*row.address)
    listing = Listing(
        address=address,
        aspect=row.aspect,
        filter=Filter(*_filter_row_parts(row.filter)),
        fetched_at=row.fetched_at,
        edges=tuple(_edge(edge, nodes, relations) for edge in row.edges),
        facts=tuple(facts for facts in told if isinstance(facts, NodeFacts)),
        total=row.total,
        capped=row.capped,
        withheld=row.withheld,
        absent=row.absent,
        canonical=None if row.canonical is None else nodes[row.canonical],
    )
    return Draft(listing, told)


def _edge(row: EdgeRow, nodes: dict[int, NodeId], relations: dict[int, tuple[str, bool]]) -> Edge:
    relation, directed = relations[row.relation]
    return Edge(
        nodes[row.subject],
        nodes[row.object],
        relation,
        directed,
        row.record,
        row.created_at,
        row.deleted_at,
        row.deleted,
        _read(row.attributes),
    )


def _facts_row(facts: NodeFacts) -> FactsRow:
    return FactsRow(facts.label, facts.url, _written(facts.attributes))


def _facts(node: NodeId, row: FactsRow) -> NodeFacts:
    return NodeFacts(node, row.label, row.url, _read(row.attributes))


def _written(attributes: Attributes) -> Attributes:
    return tuple((name, _written_value(value)) for name, value in attributes) if attributes else ()


def _written_value(value: Any) -> Any:
    if type(value) is tuple:
        return tuple(_written_value(item) for item in value)
    # JSON knows integers of any size, msgpack up to 64 bits: wider ones go as an extension.
    if type(value) is int and not -(1 << 63) <= value < 1 << 64:
        return Ext(_WIDE_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
    return value


def _read(attributes: tuple[tuple[str, Any], ...]) -> Attributes:
    return tuple((name, _read_value(value)) for name, value in attributes) if attributes else ()


def _read_value(value: Any) -> Value:
    if type(value) in _SCALARS:
        return value  # type: ignore[no-any-return] # just looked
    if type(value) is list:
        return tuple(_read_value(item) for item in value)
    raise EntryError(f"an attribute cannot be a {type(value).__name__}")


def _read_extension(code: int, data: memoryview) -> int:
    if code != _WIDE_INTEGER:
        raise EntryError(f"unknown extension {code}")
    return int.from_bytes(data, "big", signed=True)


_selection_parts = attrgetter(*(field.name for field in fields(Selection)))
_filter_row_parts = attrgetter(*FilterRow.__struct_fields__)
_ENCODER = Encoder()
_LISTING = Decoder(ListingRow, ext_hook=_read_extension)
_FACTS = Decoder(FactsRow, ext_hook=_read_extension)
