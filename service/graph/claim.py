"""What was told of the edges of one answer, kept as it was told and merged when it is looked at.

An answer looks its edges up by the thousand. Here they go by texts, whose hashes and comparisons take
a fifth of the time of an address's; and nothing is made of an edge that a budget may yet keep out.
"""

from collections.abc import Iterable, Sequence

from connectors.model import Edge
from service.graph.asked import Told
from service.graph.merge import Assertion, MergedEdge, edge_key, newest

EdgeName = tuple[str, str, str, bool, str | None]
"""The key of an edge, with the texts of its ends."""
Claim = tuple[Edge, Told]
"""An edge as one source asserts it, and the word in which it was told."""
Claims = tuple[Claim, ...]
"""What all sources assert of one edge: one claim of each, in any order."""
Pool = dict[EdgeName, Claims]
Named = tuple[EdgeName, Claim]


def name_edges(edges: Iterable[Edge], *, word: Told) -> list[Named]:
    """Give the claims that a word makes of these edges, by name, in their order."""
    return [
        ((edge.subject.text, edge.object.text, edge.relation, edge.directed, edge.record), (edge, word))
        for edge in edges
    ]


def other_end(name: EdgeName, node: str) -> str:
    """Give the end that is not `node`; of a loop, the node itself."""
    return name[1] if name[0] == node else name[0]


def put_claims(pool: Pool, named: Iterable[Named]) -> None:
    """Put claims among others."""
    for name, claim in named:
        held = pool.get(name)
        pool[name] = (claim,) if held is None else join_claims(held, (claim,))


def join_claims(one: Claims, other: Claims) -> Claims:
    """Give the claims of both about one edge; of what one source says twice, the newest stays."""
    joined = {word.source: (edge, word) for edge, word in one}
    for claim in other:
        held = joined.get(claim[1].source)
        joined[claim[1].source] = claim if held is None else _newer(held, claim)
    return tuple(joined.values())


def merge_claims(claims: Claims) -> MergedEdge:
    """Give the edge with everybody's word for it."""
    words: Sequence[Claim] = claims
    if len(claims) > 1:
        words = sorted(claims, key=lambda claim: claim[1].source)
    return MergedEdge(edge_key(claims[0][0]), tuple([_assertion(*claim) for claim in words]))


def _newer(one: Claim, other: Claim) -> Claim:
    """Choose as `merge_edges` does; nearly always both ends of a relation have listed the same."""
    at, later = one[1].finding.listing.fetched_at, other[1].finding.listing.fetched_at
    if at != later:
        return one if at > later else other
    first, second = _assertion(*one), _assertion(*other)
    return one if newest(first, second) is first else other


def _assertion(edge: Edge, word: Told) -> Assertion:
    return Assertion(
        word.source,
        edge.record,
        word.finding.listing.fetched_at,
        edge.attributes,
        edge.created_at,
        edge.deleted_at,
        edge.deleted,
    )
