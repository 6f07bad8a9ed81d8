"""Merging what several sources assert: one edge per (subject, object, relation, directed, record).

Merging is commutative, associative and idempotent: whatever came first, twice or from elsewhere,
the merged edge is the same. Provenance accumulates, one entry per source; of what one source said
twice, the newest stays.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from connectors.model import Attributes, Edge, NodeId

EdgeKey = tuple[NodeId, NodeId, str, bool, str | None]


@dataclass(frozen=True, slots=True)
class Assertion:
    """One source's word for one edge, and when it was fetched."""

    source: str
    record: str | None
    fetched_at: datetime
    attributes: Attributes = ()
    created_at: datetime | None = None
    deleted_at: datetime | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class MergedEdge:
    """An edge with everybody's word for it, ascending by source."""

    key: EdgeKey
    provenance: tuple[Assertion, ...]

    @property
    def created_at(self) -> datetime | None:
        """Give the earliest time any source tells."""
        return min((a.created_at for a in self.provenance if a.created_at is not None), default=None)

    @property
    def deleted(self) -> bool:
        """Tell whether every source says that it is deleted."""
        return all(a.deleted for a in self.provenance)

    @property
    def deleted_at(self) -> datetime | None:
        """Give the latest deletion told, of an edge that is deleted."""
        times = [a.deleted_at for a in self.provenance if a.deleted_at is not None]
        return max(times, default=None) if self.deleted else None

    @property
    def id(self) -> str:
        """Give a hash of what makes this edge this edge, 32 hexadecimal digits."""
        subject, object_, relation, directed, record = self.key
        parts = (str(subject), str(object_), relation, str(directed), "" if record is None else f"={record}")
        texts = [part.encode() for part in parts]
        return blake2b(
            b"".join([len(text).to_bytes(4, "big") + text for text in texts]), digest_size=16
        ).hexdigest()


def edge_key(edge: Edge) -> EdgeKey:
    """Give what two assertions must share to be about one edge."""
    return (edge.subject, edge.object, edge.relation, edge.directed, edge.record)


def edge_order(key: EdgeKey) -> tuple[str, str, str, str]:
    """Give what the smallest of several edges is the smallest by: its texts."""
    subject, object_, relation, directed, record = key
    return str(subject), str(object_), relation, f"{directed:d}{record or ''}"


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
    held = pool.get(edge.key)
    pool[edge.key] = edge if held is None else merge_edges(held, edge)


def _age(word: Assertion) -> tuple[datetime, str]:
    # The text decides between two words of one instant: any order would do, as long as it is one.
    return word.fetched_at, repr(word)
