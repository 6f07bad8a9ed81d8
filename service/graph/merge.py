"""Merging what several sources assert: one edge per (subject, object, relation, directed, record).

Merging is commutative, associative and idempotent: whatever came first, twice or from elsewhere,
the merged edge is the same. Provenance accumulates, one entry per source; of what one source said
twice, the newest stays.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from operator import add, attrgetter
from struct import Struct
from typing import NamedTuple

from connectors.model import Attributes, Edge, NodeId

EdgeKey = tuple[NodeId, NodeId, str, bool, str | None]
_UNFED = blake2b(digest_size=16)
_SIZE = Struct(">I")


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
        return edge_id(subject.text, object_.text, relation, directed, record, frames=Frames())


class Frames(dict[str, bytes]):
    """The bytes of texts with their number in front: no two lists of texts are alike then.

    Each is made once, since every node is an end of several edges.
    """

    def fill(self, texts: Sequence[str]) -> None:
        """Make those of many texts: all of them by each step, in half the time."""
        encoded = list(map(str.encode, texts))
        self.update(zip(texts, map(add, map(_SIZE.pack, map(len, encoded)), encoded), strict=True))

    def __missing__(self, text: str) -> bytes:
        """Make a text's."""
        framed = self[text] = _framed(text)
        return framed


def edge_id(
    subject: str,
    object_: str,
    relation: str,
    directed: bool,  # noqa: FBT001 - the parts of an edge's key, in their order
    record: str | None,
    *,
    frames: Frames,
) -> str:
    """Give a hash of what makes an edge this edge, 32 hexadecimal digits."""
    told = _NOTHING if record is None else _framed(f"={record}")
    # Copied, it costs half of what making a new one does.
    digest = _UNFED.copy()
    digest.update(frames[subject] + frames[object_] + _bond(relation, directed) + told)
    return digest.hexdigest()


# A few are those of all edges.
@lru_cache(maxsize=1024)
def _bond(relation: str, directed: bool) -> bytes:  # noqa: FBT001 - as above
    return _framed(relation) + _framed(str(directed))


def _framed(text: str) -> bytes:
    data = text.encode()
    return _SIZE.pack(len(data)) + data


_NOTHING = _framed("")


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
        words[word.source] = word if held is None else newest(held, word)
    return MergedEdge(one.key, tuple(words[source] for source in sorted(words)))


def newest(one: Assertion, other: Assertion) -> Assertion:
    """Choose between two words of one source for one edge: the later one, whatever came first."""
    if one.fetched_at != other.fetched_at:
        return max(one, other, key=attrgetter("fetched_at"))
    if one == other and not one.attributes:
        return one
    # The text decides between two words of one instant: any order would do, as long as it is one.
    # 1, 1.0 and True are equal, and told apart.
    return max(one, other, key=repr)
