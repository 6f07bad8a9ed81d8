"""Tests of the worlds that are measured: their shape, and that they are the sandbox's kind."""

from itertools import chain

import networkx as nx
import pytest

from bench.dice import dice
from bench.world.shape import draw_pairs
from bench.world.spread import Spread
from bench.world.threatwinds import build_world
from connectors.wire import Aspect


def test_there_are_exactly_as_many_pairs_as_wanted() -> None:
    """None is there twice, in either order, and nothing is related to itself."""
    pairs = draw_pairs(300, pairs=3_000, rng=dice(1))
    assert len(pairs) == len({frozenset(pair) for pair in pairs}) == 3_000
    assert all(one != other for one, other in pairs)


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_an_answer_is_reckoned_as_networkx_would(hops: int) -> None:
    """Its edges are those of everybody nearer than the last hop, and its levels are the distances."""
    pairs = draw_pairs(200, pairs=400, rng=dice(2))
    spread, graph = Spread(200, pairs), nx.Graph(pairs)
    distance = nx.single_source_shortest_path_length(graph, 7, cutoff=hops)
    levels = spread.levels(7, hops=hops)
    assert {node: hop for hop, level in enumerate(levels) for node in level} == distance
    near = {node for node, hop in distance.items() if hop < hops}
    assert spread.edges(7, hops=hops) == len({frozenset(edge) for edge in graph.edges(near)})
    assert spread.asked(7, hops=hops) == len(near)


def test_seeds_are_of_the_size_that_is_asked_for() -> None:
    """As many as wanted, no two the same; where there are not so many, it says so."""
    spread = Spread(200, draw_pairs(200, pairs=1_000, rng=dice(3)))
    seeds = spread.seeds(hops=1, edges=(5, 15), count=20, rng=dice(4))
    assert len(set(seeds)) == 20
    assert all(5 <= spread.edges(seed, hops=1) <= 15 for seed in seeds)
    with pytest.raises(ValueError, match="of 500 seeds"):
        spread.seeds(hops=1, edges=(5, 15), count=500, rng=dice(4))


def test_a_world_lists_as_many_relations_as_it_says() -> None:
    """Each node tells of its relations and of itself, twenty relations on average."""
    world = build_world(size=600)
    told = list(chain(world.told(Aspect.RELATIONS), world.told(Aspect.DESCRIPTION)))
    assert [each.node for each in told] == [*world.nodes, *world.nodes]
    assert sum(map(len, world.spread.around)) == 600 * 20
