"""Listings to bytes and back, exactly.

What a source tells of a node is written into the listing, unless it is long; longer facts are split
off, to be kept once under a key of their own: a hub that a thousand listings name is not stored a
thousand times whole. Reading therefore has two steps: `decode_draft` says whose facts are still
wanted, `Draft.complete` fills them in.

What a caller can not mend is one error, `EntryError`: an unknown format, damaged bytes, facts that
are gone. Whoever reads counts it as a miss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import repeat
from operator import attrgetter

from msgspec import MsgspecError
from msgspec.msgpack import Decoder, Encoder

from connectors.contract import UNFILTERED, Filter
from connectors.errors import InvalidNodeIdError
from connectors.model import Edge, NodeFacts, NodeId, Selection
from connectors.model.many import build, build_nodes
from connectors.walk import Listing
from service.cache.fold import DIGEST_BYTES, fold
from service.cache.frame import NOTHING_LEARNT, EntryError, Learnt, pack, pack_tailed, unpack, unpack_tailed
from service.cache.freshness import is_negative
from service.cache.row import FactsRow, FilterRow, ListingRow
from service.cache.unfold import Columns, unfold
from service.cache.value import attribute_bytes, read_attributes, read_extension, written_attributes

_UNREADABLE = (MsgspecError, InvalidNodeIdError, LookupError, ValueError, OverflowError, RecursionError)
_UNWRITABLE = (UnicodeEncodeError, OverflowError, RecursionError)


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
    told: Sequence[NodeFacts | Apart]

    @property
    def wanted(self) -> tuple[Apart, ...]:
        """Give the facts that are kept apart."""
        if len(self.told) == len(self.listing.facts):
            return ()
        return tuple(told for told in self.told if isinstance(told, Apart))

    @property
    def says_nothing(self) -> bool:
        """Tell whether it says only that there is nothing; what is kept apart is said too."""
        return is_negative(self.listing) and not self.wanted

    def complete(self, blobs: Mapping[Apart, bytes | None]) -> Listing:
        """Fill in the facts kept apart; EntryError when one of them is missing or damaged."""
        if not self.wanted:
            return self.listing
        facts = tuple(
            decode_facts(blobs.get(told), node=told.node) if isinstance(told, Apart) else told
            for told in self.told
        )
        return replace(self.listing, facts=facts)


def encode_listing(
    listing: Listing, *, inline_up_to: int = 64, learnt: Learnt | None = None
) -> tuple[bytes, dict[Apart, bytes]]:
    """Give the listing's entry, and the entries of the facts to be kept apart.

    Facts of up to `inline_up_to` bytes stay in the listing, which is pressed by what was
    `learnt`. EntryError when a value has no exact written form (text with lone surrogates, lists nested
    beyond reason) or is too large.
    """
    try:
        entries: dict[Apart, bytes] = {}
        digests: dict[int, bytes] = {}
        for number, facts in enumerate(listing.facts):
            if _size(facts) > inline_up_to:
                body = _ENCODER.encode(_facts_row(facts))
                digests[number] = blake2b(body, digest_size=DIGEST_BYTES).digest()
                # Alone each has its words within itself.
                entries[Apart(facts.node, digests[number])] = pack(body)
        row, tail = fold(listing, apart=digests)
        return pack_tailed(_ENCODER.encode(row), tail, learnt=learnt), entries
    except _UNWRITABLE as error:
        raise EntryError(f"the listing cannot be written down: {type(error).__name__}") from error


def decode_draft(
    blob: bytes, *, known: Mapping[bytes, Learnt] = NOTHING_LEARNT, names: dict[str, NodeId] | None = None
) -> Draft:
    """Read a listing's entry; EntryError when it is none, or pressed by a dictionary that is not `known`.

    Nodes that are among the `names`, by their texts, are taken from there; the others are put there.
    """
    try:
        return _draft(*decode_columns(blob, known=known), {} if names is None else names)
    except _UNREADABLE as error:
        raise EntryError(f"not a listing: {error}") from error


def decode_columns(
    blob: bytes, *, known: Mapping[bytes, Learnt] = NOTHING_LEARNT
) -> tuple[ListingRow, Columns]:
    """Read a listing's entry as far as its columns; for who trusts it: what is amiss raises `_UNREADABLE`."""
    payload, tail = unpack_tailed(blob, known=known)
    row = _LISTING.decode(payload)
    return row, unfold(row, tail)


def decode_listing(blob: bytes, *, facts: Mapping[Apart, bytes | None]) -> Listing:
    """Read a listing whose facts kept apart are at hand; EntryError when anything is amiss."""
    return decode_draft(blob).complete(facts)


def encode_facts(facts: NodeFacts) -> bytes:
    """Give the entry of a node's facts; EntryError when a value has no exact written form."""
    try:
        return pack(_ENCODER.encode(_facts_row(facts)))
    except _UNWRITABLE as error:
        raise EntryError(f"the facts cannot be written down: {type(error).__name__}") from error


def decode_facts(blob: bytes | None, *, node: NodeId) -> NodeFacts:
    """Read the facts kept under a node's own key; EntryError when they are gone or damaged."""
    if blob is None:
        raise EntryError("facts that the listing refers to are gone")
    try:
        row = _FACTS.decode(unpack(blob))
        return NodeFacts(node, row.label, row.url, read_attributes(row.attributes))
    except _UNREADABLE as error:
        raise EntryError(f"not facts: {error}") from error


def _size(facts: NodeFacts) -> int:
    """Give how many bytes of text and attributes there are, about."""
    return len(facts.label or "") + len(facts.url or "") + len(attribute_bytes(facts.attributes))


def _facts_row(facts: NodeFacts) -> FactsRow:
    return FactsRow(facts.label, facts.url, written_attributes(facts.attributes))


def _draft(row: ListingRow, columns: Columns, names: dict[str, NodeId]) -> Draft:
    # One and the same for all listings: a large answer names each of its nodes several times.
    made = build_nodes(columns.heads, columns.keys, columns.texts)
    nodes = list(map(names.setdefault, columns.texts, made))
    told = nodes[: len(columns.digests)]
    at_hand = told
    if len(columns.labels) < len(told):
        at_hand = [node for node, digest in zip(told, columns.digests, strict=True) if digest is None]
    facts = build(
        NodeFacts, len(at_hand), at_hand, columns.labels, columns.urls, columns.attributes, repeat(None)
    )
    listing = Listing(
        address=nodes[row.address] if isinstance(row.address, int) else Selection(*row.address),
        aspect=row.aspect,
        filter=UNFILTERED if row.filter is None else Filter(*_filter_row_parts(row.filter)),
        fetched_at=row.fetched_at,
        edges=tuple(_edges(row.edges, nodes, columns)),
        facts=tuple(facts),
        total=row.total,
        capped=row.capped,
        withheld=row.withheld,
        absent=row.absent,
        canonical=None if row.canonical is None else nodes[row.canonical],
    )
    if at_hand is told:
        return Draft(listing, facts)
    ready = iter(facts)
    every = [
        next(ready) if digest is None else Apart(node, digest)
        for node, digest in zip(told, columns.digests, strict=True)
    ]
    return Draft(listing, every)


def _edges(count: int, nodes: Sequence[NodeId], columns: Columns) -> list[Edge]:
    if not count:
        return []
    relations, directions, deletions, attributes = zip(*columns.bonds, strict=True)
    return build(
        Edge,
        count,
        map(nodes.__getitem__, columns.subjects),
        map(nodes.__getitem__, columns.objects),
        relations,
        directions,
        columns.records,
        columns.created_at,
        columns.deleted_at,
        deletions,
        attributes,
    )


_filter_row_parts = attrgetter(*FilterRow.__struct_fields__)
_ENCODER = Encoder()
_LISTING = Decoder(ListingRow, ext_hook=read_extension)
_FACTS = Decoder(FactsRow, ext_hook=read_extension)
