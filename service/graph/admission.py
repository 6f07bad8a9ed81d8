"""What of the newly found fits the budget: the smallest addresses, hop by hop, whatever the timing.

Edges between nodes already held come first, then each new node in ascending order with its edges,
so that what is dropped is always the largest. A new node none of whose edges fits is not admitted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.model import NodeId
from service.graph.merge import EdgeKey, MergedEdge

Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Admission:
    """Which edges and nodes come in, which edges stay out, and which budgets kept them out."""

    nodes: tuple[NodeId, ...]
    edges: tuple[MergedEdge, ...]
    refused: tuple[EdgeKey, ...]
    truncated: frozenset[str]


def admit(
    pool: Mapping[EdgeKey, MergedEdge],
    places: Mapping[NodeId, Place],
    *,
    standing: frozenset[NodeId],
    node_room: int,
    edge_room: int,
) -> Admission:
    """Choose from `pool`, the found edges that are not held yet.

    `places` gives every new node its hop and address text, which is the order they come in;
    `standing` are new nodes that need no edge (members of a selection). Any end of an edge without
    a place is a node already held.
    """
    truncated = set()
    ordered = sorted(places, key=places.__getitem__)
    chosen = set(ordered[:node_room])
    if len(chosen) < len(ordered):
        truncated.add("max_nodes")

    ranked: list[tuple[Place, tuple[str, str, str, str], EdgeKey]] = []
    refused: list[EdgeKey] = []
    for key in pool:
        ends = [places[end] for end in key[:2] if end in places]
        if all(end in chosen for end in key[:2] if end in places):
            ranked.append((max(ends, default=(-1, "")), _text(key), key))
        else:
            refused.append(key)
    ranked.sort()
    if len(ranked) > edge_room:
        truncated.add("max_edges")
        refused.extend(key for _, _, key in ranked[edge_room:])
    taken = [key for _, _, key in ranked[:edge_room]]

    joined = standing.union(*(key[:2] for key in taken)) if taken else standing
    return Admission(
        nodes=tuple(node for node in ordered if node in chosen and node in joined),
        edges=tuple(pool[key] for key in taken),
        refused=tuple(refused),
        truncated=frozenset(truncated),
    )


def _text(key: EdgeKey) -> tuple[str, str, str, str]:
    subject, object_, relation, directed, record = key
    return str(subject), str(object_), relation, f"{directed:d}{record or ''}"
