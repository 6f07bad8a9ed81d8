"""The shortest simple paths over known arcs, in their order and without blowing up."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from itertools import islice
from random import Random

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.model import NodeId
from service.graph.route import Path, Routes

SMALL = [NodeId("n", None, "t", key) for key in ("a", "b", "b b", "B", "c", "é", "z")]
arcs = st.lists(st.tuples(st.sampled_from(SMALL), st.sampled_from(SMALL)), max_size=30)


class Steps(dict[NodeId, set[NodeId]]):
    """Arcs that count how many of them are looked at."""

    looks = 0

    def get(self, node: NodeId, default: Collection[NodeId] = ()) -> Collection[NodeId]:  # type: ignore[override]
        """Give where the arcs of a node lead."""
        found = super().get(node, default)
        self.looks += len(found)
        return found


def routes(
    pairs: Collection[tuple[NodeId, NodeId]], *, longest: int | None = None
) -> tuple[Steps, Iterator[Path]]:
    """Give the paths from the first to the last of the small nodes, or of any numbered ones."""
    nodes = sorted({node for pair in pairs for node in pair}, key=str)
    seed, target = (SMALL[0], SMALL[-1]) if set(nodes) <= set(SMALL) else (nodes[0], nodes[-1])
    steps = Steps()
    for start, end in pairs:
        steps.setdefault(start, set()).add(end)
    graph = nx.DiGraph(pairs)
    graph.add_nodes_from([seed, target])
    remaining = nx.single_source_shortest_path_length(graph.reverse(), target)
    return steps, iter(Routes(seed, target, steps=steps, remaining=remaining, longest=longest))


@settings(max_examples=150, deadline=None)
@given(pairs=arcs, longest=st.none() | st.integers(0, 6))
def test_all_simple_paths_come_in_order(pairs: list[tuple[NodeId, NodeId]], longest: int | None) -> None:
    """Every simple path, each once, shorter ones first, those of one length by their texts."""
    graph = nx.DiGraph(pairs)
    graph.add_nodes_from(SMALL)
    every = [tuple(path) for path in nx.all_simple_paths(graph, SMALL[0], SMALL[-1], cutoff=longest)]
    every.sort(key=lambda path: (len(path), [str(node) for node in path]))
    assert list(routes(pairs, longest=longest)[1]) == every


def _numbered(count: int) -> list[NodeId]:
    return [NodeId("n", None, "t", f"{number:04}") for number in range(count)]


def test_sixteen_paths_of_a_dense_graph_look_at_a_fraction_of_it() -> None:
    """Of 20 000 arcs between 2 000 nodes, less than a fifth is looked at."""
    nodes = _numbered(2_000)
    drawn = Random(1)  # noqa: S311 - a test's choice
    pairs = [(drawn.choice(nodes), drawn.choice(nodes)) for _ in range(20_000)]
    steps, found = routes(pairs)
    assert len(list(islice(found, 16))) == 16
    assert steps.looks < 4_000


def test_a_ladder_does_not_blow_up() -> None:
    """Of 2 to the power of 300 paths the first sixteen cost what sixteen cost, and are the first."""
    rungs = 300
    nodes = _numbered(3 * rungs + 1)
    pairs = []
    for rung in range(rungs):
        start, one, other, end = nodes[3 * rung : 3 * rung + 4]
        pairs += [(start, one), (start, other), (one, end), (other, end)]
    steps, found = routes(pairs)
    first = list(islice(found, 16))
    assert len(set(first)) == 16
    assert {len(path) for path in first} == {2 * rungs + 1}
    # By their texts: those that differ late come first, counting up in twos.
    lower = [[f"{path[2 * rung + 1].key}" == f"{3 * rung + 2:04}" for rung in range(rungs)] for path in first]
    assert [sum(2**place for place, is_lower in enumerate(reversed(each)) if is_lower) for each in lower] == [
        *range(16)
    ]
    assert steps.looks < 2 * len(pairs)


def test_a_trap_is_searched_once_and_not_by_every_way_through_it() -> None:
    """Nodes that lead to the target only over where a path has been are each left after one look."""
    # The clique leads on to nowhere but back to the one node before it.
    nodes = _numbered(40)
    seed, gate, *clique, target = nodes
    pairs = [(seed, gate), (gate, target), *((gate, one) for one in clique), *((one, gate) for one in clique)]
    pairs += [(one, other) for one in clique for other in clique if one != other]
    steps, found = routes(pairs)
    assert list(found) == [(seed, gate, target)]
    assert steps.looks < 3 * len(pairs)


def test_what_leads_nowhere_is_not_gone_into() -> None:
    """A branch without a way to the target costs no search."""
    nodes = _numbered(1_000)
    seed, *branch, target = nodes
    joints = defaultdict(list)
    for number, node in enumerate(branch):
        joints[node].append(branch[(number + 1) % len(branch)])
    pairs = [
        (seed, target),
        (seed, branch[0]),
        *((one, each) for one, ends in joints.items() for each in ends),
    ]
    steps, found = routes(pairs)
    assert list(found) == [(seed, target)]
    assert steps.looks < 10
