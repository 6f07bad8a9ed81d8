"""Merging what several sources assert: one edge per (subject, object, relation, directed, record).

Merging is commutative, associative and idempotent: whatever came first, twice or from elsewhere,
the merged edge is the same. Provenance accumulates, one entry per source; of what one source said
twice, the newest stays.
"""

from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from connectors.model import Attributes, Edge, NodeId

EdgeKey = tuple[NodeId, NodeId, str, bool, str | None]


# Named tuples, both: one of each is made for every relation that is told of, in a third of the time
# that a frozen dataclass takes.
class Assertion(NamedTuple):
    """One source's word for one edge, and when it was fetched."""

    source: str
    record: str | None
    fetched_at: datetime
    attributes: Attributes = ()
    created_at: datetime | None = None
    deleted_at: datetime | None = None
    deleted: bool = False


class MergedEdge(NamedTuple):
    """An edge with everybody's word for it, ascending by source."""

    key: EdgeKey
    provenance: tuple[Assertion, ...]

    @property
    def created_at(self) -> datetime | None:
        """Give the earliest time any source tells."""
        if len(self.provenance) == 1:
            return self.provenance[0].created_at
        return min((a.created_at for a in self.provenance if a.created_at is not None), default=None)

    @property
    def deleted(self) -> bool:
        """Tell whether every source says that it is deleted."""
        # One word is what most edges have: a generator for it takes three times as long.
        if len(self.provenance) == 1:
            return self.provenance[0].deleted
        return all(a.deleted for a in self.provenance)

    @property
    def deleted_at(self) -> datetime | None:
        """Give the latest deletion told, of an edge that is deleted."""
        if not self.deleted:
            return None
        return max((a.deleted_at for a in self.provenance if a.deleted_at is not None), default=None)

    @property
    def id(self) -> str:
        """Give a hash of what makes this edge this edge, 32 hexadecimal digits."""
        subject, object_, relation, directed, record = self.key
        ends = _framed(subject.text) + _framed(object_.text)
        told = _framed("" if record is None else f"={record}")
        return blake2b(ends + _framed_kind(relation, directed) + told, digest_size=16).hexdigest()


def edge_key(edge: Edge) -> EdgeKey:
    """Give what two assertions must share to be about one edge."""
    return (edge.subject, edge.object, edge.relation, edge.directed, edge.record)


def edge_order(key: EdgeKey) -> tuple[str, str, str, str]:
    """Give what the smallest of several edges is the smallest by: its texts."""
    subject, object_, relation, directed, record = key
    return subject.text, object_.text, relation, f"{directed:d}{record or ''}"


def assert_edge(edge: Edge, *, source: str, fetched_at: datetime) -> MergedEdge:
    """Give an edge that one source asserts, stamped with who said it and when."""
    word = Assertion(
        source, edge.record, fetched_at, edge.attributes, edge.created_at, edge.deleted_at, edge.deleted
    )
    return MergedEdge(edge_key(edge), (word,))


def merge_edges(one: MergedEdge, other: MergedEdge) -> MergedEdge:
    """Merge two words for the same edge; their keys must be equal."""
    if one.key != other.key:
        raise ValueError("only assertions about one edge can be merged")
    words = {word.source: word for word in one.provenance}
    for word in other.provenance:
        held = words.get(word.source)
        words[word.source] = word if held is None else max(held, word, key=_age)
    return MergedEdge(one.key, tuple(words[source] for source in sorted(words)))


def put_edge(pool: dict[EdgeKey, MergedEdge], edge: MergedEdge) -> None:
    """Put an edge among others, its words added to those that are there."""
    held = pool.setdefault(edge.key, edge)
    if held is not edge:
        pool[edge.key] = merge_edges(held, edge)


def _framed(text: str) -> bytes:
    """Give a text's bytes with their number in front: no two lists of texts are alike then."""
    data = text.encode()
    return len(data).to_bytes(4, "big") + data


@lru_cache(maxsize=256)
def _framed_kind(relation: str, directed: bool) -> bytes:  # noqa: FBT001 - a part of the edge's key
    # The same few for all edges there are.
    return _framed(relation) + _framed(str(directed))


def _age(word: Assertion) -> tuple[datetime, str]:
    # The text decides between two words of one instant: any order would do, as long as it is one.
    return word.fetched_at, repr(word)
