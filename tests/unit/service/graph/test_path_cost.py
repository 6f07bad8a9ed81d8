"""What a search costs this process: as much more as it is told more, and nothing for what it knows.

Costs are compared with each other in one run, never with a clock's figure: on a busy machine every
figure is another one, while the ratio of two stays about the same. The factor between a cost that
grows with what is told and one that grows with its square is 4 here, so half of that leaves room.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from time import process_time

import pytest

from connectors.model import Edge, NodeId, Outcome, undirected
from connectors.walk import Finding
from harness.costs import uncollected
from harness.reference import listing_of
from service.graph.asked import Told
from service.graph.budget import Budget
from service.graph.path import PathSearch
from service.graph.rule import Rule

AMPLE = Budget(max_nodes=50_000, max_edges=200_000, fan_out=10_000)
SEED, TARGET, APART = (NodeId("n", None, "end", key) for key in "abc")
TRIES = 3

Listed = Mapping[NodeId, list[Edge]]


def _nodes(count: int) -> list[NodeId]:
    return [NodeId("n", None, "t", f"{number:05}") for number in range(count)]


def _world(*pairs: tuple[NodeId, NodeId]) -> Listed:
    listed: dict[NodeId, list[Edge]] = {}
    for pair in pairs:
        edge = Edge(*undirected(*pair), "r", directed=False)
        for end in pair:
            listed.setdefault(end, []).append(edge)
    return listed


def star(count: int) -> Listed:
    """Give a seed with so many neighbors, which lead nowhere."""
    return _world(*((SEED, node) for node in _nodes(count)), (TARGET, APART))


def bush(count: int) -> Listed:
    """Give a seed with the root of a tree of so many nodes."""
    nodes = _nodes(count)
    pairs = ((nodes[(number - 1) // 3], nodes[number]) for number in range(1, count))
    return _world((SEED, nodes[0]), *pairs, (TARGET, APART))


def chain(count: int) -> Listed:
    """Give a chain of so many nodes from the seed to the target."""
    nodes = [SEED, *_nodes(count), TARGET]
    return _world(*pairwise(nodes))


def hubs(count: int) -> Listed:
    """Give two ends with so many common neighbors."""
    return _world(*((end, node) for end in (SEED, TARGET) for node in _nodes(count)))


def _spent(listed: Listed, *, paths: int, troubled: bool) -> float:
    """Give the seconds that one search takes, without those of who tells it."""

    def cost(node: NodeId) -> int:
        return 10**6 if node in (TARGET, APART) and APART in listed else 1

    search = PathSearch(
        SEED,
        TARGET,
        paths=paths,
        longest=None,
        rule=Rule(),
        budget=AMPLE,
        cost=cost,
        tells_all=lambda _: True,
    )
    outcome = Outcome.DENIED if troubled else Outcome.OK
    seconds = 0.0
    while frontier := search.frontier():
        told = {
            node: [
                Told(
                    "s",
                    Finding(
                        outcome if node.type == "t" else Outcome.OK, listing_of(node, listed.get(node, []))
                    ),
                )
            ]
            for node in frontier
        }
        begun = process_time()
        search.absorb(told)
        seconds += process_time() - begun
    return seconds


@pytest.mark.parametrize("troubled", [False, True])
@pytest.mark.parametrize(
    ("world", "size", "paths"),
    [(star, 800, 1), (bush, 800, 1), (bush, 800, 16), (chain, 300, 1), (hubs, 800, 1), (hubs, 800, 16)],
)
def test_a_search_costs_in_proportion_to_what_it_is_told(
    world: Callable[[int], Listed],
    size: int,
    paths: int,
    *,
    troubled: bool,
) -> None:
    """Four times as many nodes take at most ten times as long, told wholly or not."""
    small, large = world(size), world(4 * size)
    # The least of a few tries is what it costs, the rest is what else the machine did meanwhile.
    with uncollected():
        least = [
            min(_spent(listed, paths=paths, troubled=troubled) for _ in range(TRIES))
            for listed in (small, large)
        ]
    assert least[1] <= 10 * least[0]
