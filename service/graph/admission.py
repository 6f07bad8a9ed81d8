"""What of the newly found fits the budget: the smallest addresses, hop by hop, whatever the timing.

Edges between nodes already held come first, then each new node in ascending order with its edges,
so that what is dropped is always the largest. A new node none of whose edges fits is not admitted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.model import NodeId
from service.graph.merge import EdgeKey, MergedEdge, edge_order

Place = tuple[int, str]
# Between nodes already held: before every new node.
_HELD: Place = (-1, "")


@dataclass(frozen=True, slots=True)
class Admission:
    """Which edges and nodes come in, which stay out, and which budgets kept them out.

    `refused` are edges, `left` nodes that need none, both in the order in which they would come in.
    """

    nodes: tuple[NodeId, ...]
    edges: tuple[MergedEdge, ...]
    refused: tuple[EdgeKey, ...]
    left: tuple[NodeId, ...]
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
    ordered = [node for node, _ in sorted(places.items(), key=lambda placed: placed[1])]
    chosen = set(ordered[:node_room])
    if len(chosen) < len(ordered):
        truncated.add("max_nodes")

    taken: list[MergedEdge] = []
    refused: list[EdgeKey] = []
    whole = len(chosen) == len(places)
    for edge in sorted(pool.values(), key=lambda edge: (_place(edge.key, places), edge_order(edge.key))):
        fits = whole or all(end in chosen for end in edge.key[:2] if end in places)
        if fits and len(taken) == edge_room:
            truncated.add("max_edges")
            fits = False
        if fits:
            taken.append(edge)
        else:
            refused.append(edge.key)

    joined = standing.union(*(edge.key[:2] for edge in taken)) if taken else standing
    nodes = tuple(node for node in ordered if node in chosen and node in joined)
    return Admission(
        nodes=nodes,
        edges=tuple(taken),
        refused=tuple(refused),
        left=tuple(node for node in ordered if node in standing and node not in chosen),
        truncated=frozenset(truncated),
    )


def _place(key: EdgeKey, places: Mapping[NodeId, Place]) -> Place:
    one, other = places.get(key[0], _HELD), places.get(key[1], _HELD)
    return max(one, other)
