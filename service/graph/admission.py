"""What of the newly found fits the budget: the smallest addresses, hop by hop, whatever the timing.

Edges between nodes already held come first, then each new node in ascending order with its edges,
so that what is dropped is always the largest. A new node none of whose edges fits is not admitted.
Where all of it fits there is nothing to choose, and nobody has to ask here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from connectors.model import NodeId

# Nodes by their addresses, or by the texts of these.
End = TypeVar("End", NodeId, str)
E = TypeVar("E")
_Key = tuple[End, End, str, bool, str | None]
Place = tuple[int, str]
# Between nodes already held: before every new node.
_HELD: Place = (-1, "")


@dataclass(frozen=True, slots=True)
class Admission(Generic[End, E]):
    """Which edges and nodes come in, which stay out, and which budgets kept them out.

    `refused` are edges, `left` nodes that need none, both in the order in which they would come in.
    """

    nodes: tuple[End, ...]
    edges: tuple[E, ...]
    refused: "tuple[_Key[End], ...]"
    left: tuple[End, ...]
    truncated: frozenset[str]


def admit(
    pool: "Mapping[_Key[End], E]",
    places: Mapping[End, Place],
    *,
    standing: frozenset[End],
    node_room: int,
    edge_room: int,
) -> Admission[End, E]:
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

    taken: list[_Key[End]] = []
    refused: list[_Key[End]] = []
    whole = len(chosen) == len(places)
    for key in sorted(pool, key=lambda key: (_place(key, places), _order(key))):
        fits = whole or all(end in chosen for end in key[:2] if end in places)
        if fits and len(taken) == edge_room:
            truncated.add("max_edges")
            fits = False
        (taken if fits else refused).append(key)

    joined = standing.union(*(key[:2] for key in taken)) if taken else standing
    return Admission(
        nodes=tuple(node for node in ordered if node in chosen and node in joined),
        edges=tuple(pool[key] for key in taken),
        refused=tuple(refused),
        left=tuple(node for node in ordered if node in standing and node not in chosen),
        truncated=frozenset(truncated),
    )


def _place(key: "_Key[End]", places: Mapping[End, Place]) -> Place:
    one, other = places.get(key[0], _HELD), places.get(key[1], _HELD)
    return max(one, other)


def _order(key: "_Key[End]") -> tuple[str, str, str, str]:
    # As `edge_order`, for ends that may be texts already.
    subject, object_, relation, directed, record = key
    return str(subject), str(object_), relation, f"{directed:d}{record or ''}"
