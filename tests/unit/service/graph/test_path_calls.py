"""What a search from both ends saves, in a world like those that upstreams show: few hubs, many leaves."""

from collections.abc import Mapping
from itertools import pairwise
from random import Random

import networkx as nx
import pytest

from connectors.model import Edge, NodeId, Outcome, undirected
from connectors.walk import Finding
from harness.reference import listing_of
from service.graph.asked import Told
from service.graph.budget import Budget
from service.graph.path import CHUNK, PathSearch
from service.graph.rule import Rule

SIZE = 2_000
AMPLE = Budget(max_nodes=50_000, max_edges=200_000, fan_out=10_000)
PAIRS = 40

World = Mapping[NodeId, list[Edge]]


@pytest.fixture(scope="module")
def world() -> World:
    """Give a scale-free world: each newcomer is related to two others, rather to those with many."""
    drawn = nx.barabasi_albert_graph(SIZE, 2, seed=3)
    nodes = [NodeId("n", None, "t", f"x{number}") for number in range(SIZE)]
    listed: dict[NodeId, list[Edge]] = {node: [] for node in nodes}
    for one, other in drawn.edges:
        edge = Edge(*undirected(nodes[one], nodes[other]), "r", directed=False)
        listed[edge.subject].append(edge)
        listed[edge.object].append(edge)
    return listed


def asks(world: World, seed: NodeId, target: NodeId, *, paths: int) -> tuple[int, list[list[NodeId]]]:
    """Search from both ends; give how many nodes were asked about and what was found."""
    search = PathSearch(
        seed,
        target,
        paths=paths,
        longest=None,
        rule=Rule(),
        budget=AMPLE,
        cost=lambda _: 1,
        tells_all=lambda _: True,
    )
    asked = 0
    while frontier := search.frontier():
        asked += len(frontier)
        told = {node: [Told("s", Finding(Outcome.OK, listing_of(node, world[node])))] for node in frontier}
        search.absorb(told)
    return asked, search.paths


def asks_from_one_end(world: World, seed: NodeId, target: NodeId) -> int:
    """Ask level by level, in chunks just as large and smallest first, until the target is shown."""
    asked: set[NodeId] = set()
    level = {seed}
    while True:
        ordered = sorted(level, key=str)
        for start in range(0, len(ordered), CHUNK):
            chunk = ordered[start : start + CHUNK]
            asked.update(chunk)
            if any(target in (edge.subject, edge.object) for node in chunk for edge in world[node]):
                return len(asked)
        level = {edge.other_end(node) for node in level for edge in world[node]} - asked


def pairs(world: World) -> list[tuple[NodeId, NodeId]]:
    """Give pairs of any two nodes, the same ones each time."""
    chosen = Random(5).sample(sorted(world, key=str), 2 * PAIRS)  # noqa: S311 - a test's choice
    return list(zip(chosen[::2], chosen[1::2], strict=True))


def test_two_ends_ask_for_far_less_than_one(world: World) -> None:
    """Over many pairs it takes less than a fifth of the questions to find a path as short."""
    graph = nx.Graph((edge.subject, edge.object) for edges in world.values() for edge in edges)
    both = one = 0
    for seed, target in pairs(world):
        asked, (path,) = asks(world, seed, target, paths=1)
        assert len(path) - 1 == nx.shortest_path_length(graph, seed, target)
        assert all(graph.has_edge(*step) for step in pairwise(path))
        both += asked
        one += asks_from_one_end(world, seed, target)
    print(f"questions for {PAIRS} pairs among {SIZE} nodes: {both} from both ends, {one} from one")  # noqa: T201 - the figure
    assert both * 5 < one


def test_many_paths_take_fewer_questions_than_one_from_one_end(world: World) -> None:
    """The sixteen shortest are found with less than it takes to find one from one end."""
    both = one = 0
    for seed, target in pairs(world)[:8]:
        asked, found = asks(world, seed, target, paths=16)
        assert len(found) == 16
        both += asked
        one += asks_from_one_end(world, seed, target)
    print(f"questions for 8 pairs, 16 paths each: {both} from both ends; one path from one end: {one}")  # noqa: T201 - the figure
    assert both < one
