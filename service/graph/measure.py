"""Which measures there are and what each is, on the skeleton of the returned graph.

They are taken in `service.graph.ruler`. What an undirected edge, a parallel edge and a loop mean to each:

- `degree`: the ends of edges at the node, as networkx counts them: every parallel edge counts, a
  loop counts twice, and the direction is no matter.
- `components`: the parts that hang together when every edge may be walked both ways.
- `pagerank`: where one is who follows edges at random. An edge is followed from subject to object, an
  undirected one both ways (a loop, which is its own way back, once); of parallel edges each is a
  choice of its own, so two of them draw twice.
- `communities`: Louvain's, over the undirected view: each edge between two nodes, whichever way it
  points, binds them once more.
- `betweenness`: the share of shortest paths between others that lead through the node, 0 to 1. An
  undirected edge may be walked both ways. Parallel edges are one step, not several paths.

Components and communities are numbered from 0 by size, the largest first, and by smallest id among
equals. The same graph gives the same numbers whatever the order its nodes and edges came in: all is
computed on nodes numbered by id and on edges sorted.
"""

from collections.abc import Mapping
from enum import StrEnum

from service.graph.skeleton import Skeleton

Number = int | float


class Measure(StrEnum):
    """The measures there are, the cheapest first."""

    DEGREE = "degree"
    COMPONENTS = "components"
    PAGERANK = "pagerank"
    COMMUNITIES = "communities"
    BETWEENNESS = "betweenness"


# The most nodes and edges together with which a measure takes 2 ms, see ADR 0021. PageRank imports
# numpy and scipy: a quarter of a second, and 40 MB. Louvain's method has not always come to an end,
# on graphs of any size: https://github.com/networkx/networkx/pull/8757
_LIGHT: Mapping[Measure, int] = {Measure.DEGREE: 1000, Measure.COMPONENTS: 1000, Measure.BETWEENNESS: 100}


def is_light(measure: Measure, *, skeleton: Skeleton) -> bool:
    """Tell whether the measure is sure to take no more than a few milliseconds."""
    return skeleton.extent <= _LIGHT.get(measure, 0)
