"""The shape of an entry's payload: msgpack arrays, their nodes and words written once each.

The order of the fields is the format. Whoever changes it gives `frame` a new tag, so that entries
of the old format are read as unknown, not as nonsense.
"""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from connectors.contract import Deleted
from connectors.wire import Aspect

# Bounds are checked where an index is used: in msgspec 0.22 an integer with `Meta(ge=0)` in a union
# with a fixed-length tuple makes a decoder that crashes the interpreter when garbage is collected.
Index = int
Instant = Annotated[datetime, Meta(tz=True)]
Attributes = tuple[tuple[str, Any], ...]


class _Array(Struct, array_like=True, frozen=True, gc=False, forbid_unknown_fields=True):
    """Written as an array of exactly these fields."""


class FilterRow(_Array, frozen=True):
    """A `Filter`, field by field."""

    deleted: Deleted
    created_after: Instant | None
    created_before: Instant | None
    with_namespace: tuple[str, ...]
    with_type: tuple[str, ...]
    with_key: str | None


class EdgeRow(_Array, frozen=True):
    """An `Edge`; its nodes and its relation by their place in the listing's tables."""

    subject: Index
    object: Index
    relation: Index
    record: str | None
    created_at: Instant | None
    deleted_at: Instant | None
    deleted: bool
    attributes: Attributes


class FactsRow(_Array, frozen=True):
    """A `NodeFacts` without its node."""

    label: str | None
    url: str | None
    attributes: Attributes


class ListingRow(_Array, frozen=True):
    """A `Listing`.

    `heads` are the (namespace, tenant, type) that nodes begin with, `nodes` name a head and a key.
    `address` is a node's place, or the three parts of a selection. Facts are a node's place and
    what is told of it, or the digest of that where it is kept apart, under a key of its own.
    """

    address: Index | tuple[str, str | None, str | None]
    aspect: Aspect
    filter: FilterRow
    fetched_at: Instant
    heads: tuple[tuple[str, str | None, str], ...]
    nodes: tuple[tuple[Index, str], ...]
    relations: tuple[tuple[str, bool], ...]
    edges: tuple[EdgeRow, ...]
    facts: tuple[tuple[Index, FactsRow | bytes], ...]
    total: int | None
    capped: bool
    withheld: str | None
    absent: bool
    canonical: Index | None
