"""The shape of an entry's payload: msgpack arrays, what nodes and edges have in common written once each.

A listing is written by columns. Each of its nodes has a place: first those told of, in the order in which
that is told, then the others; `order` says of what kind each is. A column is a list of values, or the number
of one that is packed behind the payload, as `column` says. A column of nothing but None is an empty list.

The order of the fields is the format. Whoever changes it gives `frame` a new tag, so that entries
of the old format are read as unknown, not as nonsense.
"""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Raw, Struct

from connectors.contract import Deleted
from connectors.wire import Aspect

# Only beside lists: in msgspec 0.22 a bounded integer in a union with a fixed-length tuple makes a decoder
# that crashes the interpreter when garbage is collected.
Place = Annotated[int, Meta(ge=0)]
Index = int
Instant = Annotated[datetime, Meta(tz=True)]
Attributes = tuple[tuple[str, Any], ...]
Packed = int
Texts = list[str] | Packed
SomeTexts = list[str | None] | Packed
Instants = list[Instant | None] | Packed

LISTED = OWN = -1
"""In the place of a packed column: the values are in the payload; each value is its node's key."""
UNTOLD, APART, UNLABELED, AS_KEY, LABELED = range(5)
"""What is told of a kind's nodes: nothing; what is kept apart; facts without a label, with the node's key
as their label, or with a label of their own."""


class _Array(Struct, array_like=True, frozen=True, gc=False, forbid_unknown_fields=True):
    """Written as an array of exactly these fields."""


Scalar = str | int | float | bool | None
PlainValues = tuple[list[Scalar | tuple[Scalar, ...]] | Packed, ...]
AnyValues = tuple[list[Any] | Packed, ...]
"""The columns of attributes, as they nearly always are and as they may be: lists in lists, wide integers."""


class FilterRow(_Array, frozen=True):
    """A `Filter`, field by field."""

    deleted: Deleted
    created_after: Instant | None
    created_before: Instant | None
    with_namespace: tuple[str, ...]
    with_type: tuple[str, ...]
    with_key: str | None


class KindRow(_Array, frozen=True):
    """What some nodes have in common.

    `columns` are the places of its attributes among the listing's `names`. `keys` is the number of the
    packed column of the nodes' keys, `LISTED` where these stand among those of the listing.
    """

    namespace: str
    tenant: str | None
    type: str
    told: Place
    columns: tuple[Place, ...]
    keys: Packed


class BondRow(_Array, frozen=True):
    """What some edges have in common."""

    relation: str
    directed: bool
    deleted: bool
    attributes: Attributes


class FactsRow(_Array, frozen=True):
    """A `NodeFacts` without its node, as it is kept apart."""

    label: str | None
    url: str | None
    attributes: Attributes


class ListingRow(_Array, frozen=True):
    """A `Listing`.

    `address` is a place, or the three parts of a selection; `filter` is None where nothing was filtered.
    Without `subjects` and `objects` there are `edges` undirected ones, the smaller address first, from the
    node asked about to every other place in order. `bound` is empty where there is one bond. `names`
    are those of attributes, and `values` has a column for each; `OWN` where the value is the node's key.
    `counts` says how many values each packed one of these has.
    """

    address: Index | tuple[str, str | None, str | None]
    aspect: Aspect
    filter: FilterRow | None
    fetched_at: Instant
    kinds: tuple[KindRow, ...]
    order: list[Place]
    keys: list[str]
    edges: Place
    subjects: list[Place] | None
    objects: list[Place] | None
    bonds: tuple[BondRow, ...]
    bound: list[Place]
    records: SomeTexts
    created_at: Instants
    deleted_at: Instants
    labels: Texts
    urls: SomeTexts
    names: tuple[str, ...]
    counts: list[Place]
    values: Raw
    total: int | None
    capped: bool
    withheld: str | None
    absent: bool
    canonical: Index | None
