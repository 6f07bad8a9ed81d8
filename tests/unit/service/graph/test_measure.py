"""Measures: small graphs by hand, any graph by formulae of another kind, and never by order."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.drawing import Drawn, draw, draw_large, parse_drawing
from service.graph.measure import Measure, is_light
from service.graph.ruler import Ruler
from service.graph.skeleton import Skeleton, sketch

quick = settings(max_examples=60, deadline=None)
drawings = st.lists(
    st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg"), st.booleans()), max_size=12
)


def _taken(measure: Measure, edges: Sequence[Drawn], nodes: str = "") -> dict[str, Any]:
    ids, skeleton = sketch(draw(edges, nodes=nodes))
    return dict(zip(ids, Ruler(skeleton).take(measure), strict=True))


def _by_hand(measure: Measure, drawing: str, nodes: str = "") -> dict[str, Any]:
    return _taken(measure, parse_drawing(drawing), nodes)


def _walks(edges: Sequence[Drawn]) -> Counter[tuple[str, str]]:
    """Count the ways to take one step: an undirected edge is two, unless it is a loop."""
    steps = [(one, other) for one, other, _ in edges]
    return Counter([*steps, *((b, a) for a, b, directed in edges if not directed and a != b)])


def _reached(edges: Sequence[Drawn], start: str) -> set[str]:
    found, grown = {start}, True
    while grown:
        more = {end for edge in edges for end in edge[:2] if found.intersection(edge[:2])} - found
        found, grown = found | more, bool(more)
    return found


def test_measures_are_named_as_in_the_contract() -> None:
    """There are five, under the names a caller asks for, the cheapest first."""
    assert list(Measure) == ["degree", "components", "pagerank", "communities", "betweenness"]


@pytest.mark.parametrize(
    ("drawing", "degrees"),
    [
        ("a>b", {"a": 1, "b": 1}),
        ("a-b", {"a": 1, "b": 1}),
        ("a>b a>b b>a a-b", {"a": 4, "b": 4}),
        ("a>a", {"a": 2}),
        ("a-a a-b", {"a": 3, "b": 1}),
    ],
)
def test_degree_counts_the_ends_of_edges(drawing: str, degrees: dict[str, int]) -> None:
    """Parallel edges count each, a loop twice, and direction is no matter."""
    assert _by_hand(Measure.DEGREE, drawing, "z") == {**degrees, "z": 0}


@quick
@given(edges=drawings)
def test_degree_is_what_networkx_counts_on_the_answer(edges: list[Drawn]) -> None:
    """Who loads the answer and asks networkx for the degree gets the same numbers."""
    graph = draw(edges)
    assert _taken(Measure.DEGREE, edges) == dict(graph.degree())


def test_components_hang_together_whichever_way_edges_point() -> None:
    """The largest is number 0; of equals the one with the smallest id comes first."""
    assert _by_hand(Measure.COMPONENTS, "b>a c>d e-f d>e g-g", "z") == {
        **dict.fromkeys("cdef", 0),
        **dict.fromkeys("ab", 1),
        "g": 2,
        "z": 3,
    }


@quick
@given(edges=drawings)
def test_a_component_is_what_can_be_reached(edges: list[Drawn]) -> None:
    """Two nodes share a number if and only if one reaches the other over edges either way."""
    numbers = _taken(Measure.COMPONENTS, edges, "abcdefg")
    for node in numbers:
        assert {other for other in numbers if numbers[other] == numbers[node]} == _reached(edges, node)


@pytest.mark.parametrize(
    ("drawing", "ranks"),
    [
        # From b, a dead end, chance leads on: a = 0.15/2 + 0.85 b/2, and a + b = 1.
        ("a>b", {"a": 0.5 / 1.425, "b": 0.925 / 1.425}),
        ("a-b", {"a": 0.5, "b": 0.5}),
        ("a>b b>a", {"a": 0.5, "b": 0.5}),
        # a is reached only by chance, 0.05 each time; b and c return to it.
        (
            "a>b a>b a>c b>a c>a",
            {"a": 0.9 / 1.85, "b": 0.05 + 0.85 * 0.6 / 1.85, "c": 0.05 + 0.85 * 0.3 / 1.85},
        ),
        # An undirected loop is one way to stay: half of a's steps, not two thirds.
        ("a-a a-b", {"a": 0.925 / 1.425, "b": 0.5 / 1.425}),
    ],
)
def test_pagerank_by_hand(drawing: str, ranks: dict[str, float]) -> None:
    """Directed edges lead one way, undirected ones both, and parallel ones draw more."""
    assert _by_hand(Measure.PAGERANK, drawing) == pytest.approx(ranks, abs=1e-11)


@quick
@given(edges=drawings)
def test_pagerank_solves_its_equations(edges: list[Drawn]) -> None:
    """The ranks are the solution of the linear system that defines them."""
    steps, nodes = _walks(edges), "abcdefg"
    chances = np.zeros((7, 7))
    for (row, start), (column, end) in product(enumerate(nodes), enumerate(nodes)):
        leaving = sum(times for (one, _), times in steps.items() if one == start)
        chances[column, row] = steps[start, end] / leaving if leaving else 1 / 7
    solved = np.linalg.solve(np.eye(7) - 0.85 * chances, np.full(7, 0.15 / 7))
    ranks = _taken(Measure.PAGERANK, edges, nodes)
    assert list(ranks.values()) == pytest.approx(solved.tolist(), abs=1e-10)


@pytest.mark.parametrize(
    ("drawing", "shares"),
    [
        ("a-b b-c", {"a": 0, "b": 1, "c": 0}),
        ("a>b b>c", {"a": 0, "b": 0.5, "c": 0}),
        ("a>b c>b", {"a": 0, "b": 0, "c": 0}),
        # Two ways round the square, each half of one pair of the three that others make, both ways.
        ("a-b b-c c-d d-a", dict.fromkeys("abcd", 1 / 6)),
        ("a-b", {"a": 0, "b": 0}),
    ],
)
def test_betweenness_by_hand(drawing: str, shares: dict[str, float]) -> None:
    """An undirected edge is walked both ways, and the share is of all ordered pairs of others."""
    assert _by_hand(Measure.BETWEENNESS, drawing) == pytest.approx(shares)


@quick
@given(edges=drawings)
def test_betweenness_counts_shortest_paths(edges: list[Drawn]) -> None:
    """The share of v is the sum of paths(s, v) * paths(v, t) / paths(s, t) over pairs it lies between."""
    nodes = sorted({end for edge in edges for end in edge[:2]})
    steps = {pair for pair in _walks(edges) if pair[0] != pair[1]}
    length = {(node, node): (0, 1) for node in nodes}
    for start in nodes:
        ring, far = {start: 1}, 0
        while ring := _next_ring(ring, steps, {end for one, end in length if one == start}):
            far += 1
            length |= {(start, end): (far, paths) for end, paths in ring.items()}
    shares = {}
    for middle in nodes:
        total = Fraction(0)
        for start, end in product(nodes, nodes):
            legs = [length.get(pair) for pair in pairwise((start, middle, end))]
            whole = length.get((start, end))
            if len({start, middle, end}) == 3 and whole and legs[0] and legs[1]:
                between = legs[0][0] + legs[1][0] == whole[0]
                total += Fraction(legs[0][1] * legs[1][1], whole[1]) * between
        shares[middle] = float(total / max(1, (len(nodes) - 1) * (len(nodes) - 2)))
    assert _taken(Measure.BETWEENNESS, edges) == pytest.approx(shares)


def _next_ring(ring: Mapping[str, int], steps: set[tuple[str, str]], seen: set[str]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for start, end in steps:
        if start in ring and end not in seen:
            found[end] += ring[start]
    return dict(found)


@quick
@given(edges=drawings)
def test_parallel_edges_and_loops_are_no_further_paths(edges: list[Drawn]) -> None:
    """Saying everything twice and adding loops leaves betweenness as it is."""
    more = [*edges, *edges, *((end, end, directed) for _, end, directed in edges)]
    assert _taken(Measure.BETWEENNESS, more) == _taken(Measure.BETWEENNESS, edges)


def test_communities_are_where_edges_are_dense() -> None:
    """Two triangles with one bridge are two communities, the one with the smaller id first."""
    assert _by_hand(Measure.COMMUNITIES, "d>e e-f f>d c-d a-b b>c a-c", "z") == {
        **dict.fromkeys("abc", 0),
        **dict.fromkeys("def", 1),
        "z": 2,
    }


def test_parallel_edges_bind_more() -> None:
    """In a square, the two pairs that have more to do with each other are the communities."""
    assert _by_hand(Measure.COMMUNITIES, "b>c c-b b-c a>d d>a d-a a-b c-d") == {
        **dict.fromkeys("ad", 0),
        **dict.fromkeys("bc", 1),
    }


@quick
@given(edges=drawings)
def test_communities_are_better_than_none(edges: list[Drawn]) -> None:
    """They lie within components, and their modularity is no less than every node's on its own."""
    numbers = _taken(Measure.COMMUNITIES, edges)
    for node, number in numbers.items():
        assert {other for other in numbers if numbers[other] == number} <= _reached(edges, node)
    apart = {node: place for place, node in enumerate(numbers)}
    assert _modularity(edges, numbers) >= _modularity(edges, apart)


def _modularity(edges: Sequence[Drawn], numbers: Mapping[str, int]) -> Fraction:
    """Share of edges within groups, less what chance would put there with these degrees."""
    total = Fraction(0)
    for group in set(numbers.values()):
        inside = [[numbers[end] == group for end in edge[:2]] for edge in edges]
        total += Fraction(sum(map(all, inside)), len(edges))
        total -= Fraction(sum(map(sum, inside)), 2 * len(edges)) ** 2
    return total


@quick
@given(edges=drawings, data=st.data())
def test_the_order_of_insertion_is_no_matter(edges: list[Drawn], data: st.DataObject) -> None:
    """The same graph, its nodes and edges in another order, has the same numbers to the last digit."""
    nodes = data.draw(st.permutations("abcdefg"))
    shuffled = data.draw(st.permutations(edges))
    turned = [
        (b, a, False) if not directed and data.draw(st.booleans()) else (a, b, directed)
        for a, b, directed in shuffled
    ]
    for measure in Measure:
        assert _taken(measure, turned, "".join(nodes)) == _taken(measure, edges, "abcdefg")


@quick
@given(edges=drawings)
def test_groups_are_numbered_by_size_then_smallest_id(edges: list[Drawn]) -> None:
    """Numbers are 0 and on without a gap, never a larger group after a smaller one."""
    for measure in (Measure.COMPONENTS, Measure.COMMUNITIES):
        groups: dict[int, list[str]] = {}
        for node, number in _taken(measure, edges).items():
            groups.setdefault(number, []).append(node)
        assert sorted(groups) == list(range(len(groups)))
        ranked = [(-len(groups[number]), min(groups[number])) for number in sorted(groups)]
        assert ranked == sorted(ranked)


@pytest.mark.parametrize("measure", Measure)
def test_no_graph_is_too_small(measure: Measure) -> None:
    """No node has no numbers, and one node alone has one."""
    assert Ruler(Skeleton(0, (), ())).take(measure) == []
    (number,) = Ruler(Skeleton(1, (), ())).take(measure)
    assert number == (1 if measure is Measure.PAGERANK else 0)


def test_a_skeleton_numbers_nodes_by_id() -> None:
    """Directed edges are arcs, undirected ones lines, parallel ones and loops all there."""
    ids, skeleton = sketch(draw(parse_drawing("c>a a-c a-c b>b"), nodes="z"))
    assert ids == ("a", "b", "c", "z")
    assert skeleton.size == 4
    assert sorted(skeleton.arcs) == [(1, 1), (2, 0)]
    assert sorted(skeleton.lines) == [(0, 2), (0, 2)]
    assert skeleton.extent == 8


def test_pagerank_and_louvain_are_never_light() -> None:
    """The one needs a library that the service does without, the other may take long on any graph."""
    _, small = sketch(draw(parse_drawing("a-b")))
    _, large = sketch(draw_large(nodes=500, edges=2000))
    light = {measure for measure in Measure if is_light(measure, skeleton=small)}
    assert light == {Measure.DEGREE, Measure.COMPONENTS, Measure.BETWEENNESS}
    assert not any(is_light(measure, skeleton=large) for measure in Measure)


def test_light_measures_load_no_scipy() -> None:
    """A process that takes every light measure has imported neither numpy nor scipy."""
    program = (
        "import sys\n"
        "from service.graph.measure import Measure, is_light\n"
        "from service.graph.ruler import Ruler\n"
        "from service.graph.skeleton import Skeleton\n"
        "from service.usecases.answer.measuring import Measuring\n"
        "one = Skeleton(3, ((0, 1), (1, 2)), ((0, 2),))\n"
        "[Ruler(one).take(m) for m in Measure if is_light(m, skeleton=one)]\n"
        "print(sorted({'numpy', 'scipy'} & set(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert ran.stdout.strip() == "[]"


def test_pagerank_is_networkxs_on_the_graph_with_both_ways_spelled_out() -> None:
    """The numbers are those of networkx's own function, given every undirected edge as two."""
    graph = draw_large(nodes=40, edges=160)
    spelled: Any = nx.MultiDiGraph()
    spelled.add_nodes_from(graph)
    for subject, object_, record in graph.edges(data=True):
        spelled.add_edge(subject, object_)
        if not record["directed"] and subject != object_:
            spelled.add_edge(object_, subject)
    ids, skeleton = sketch(graph)
    ranks = dict(zip(ids, Ruler(skeleton).take(Measure.PAGERANK), strict=True))
    assert ranks == pytest.approx(nx.pagerank(spelled, tol=1e-14, max_iter=500), abs=1e-11)
