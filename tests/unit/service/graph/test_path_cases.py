"""The search for paths, one thing at a time."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import Filter
from connectors.model import Edge, NodeId, Outcome, Selection, undirected
from connectors.walk import Finding
from harness.reference import AMPLE, NOON, Row, listing_of
from harness.searching import find
from service.graph.asked import Degree, Told
from service.graph.budget import Budget
from service.graph.merge import edge_key
from service.graph.path import CHUNK, PathSearch
from service.graph.rule import Direction, Rule


def _node(key: str) -> NodeId:
    return NodeId("n", None, "t", key)


A, B, C, D, E, F = map(_node, "abcdef")


def _line(one: NodeId, other: NodeId, **rest: Any) -> Edge:
    return Edge(*undirected(one, other), "r", directed=False, **rest)


def _arrow(one: NodeId, other: NodeId, **rest: Any) -> Edge:
    return Edge(one, other, "r", directed=True, **rest)


def _rows(*edges: Edge) -> list[Row]:
    return [Row("s1", edge) for edge in edges]


def _told(node: NodeId, edges: Sequence[Edge], *, outcome: Outcome = Outcome.OK, **rest: Any) -> list[Told]:
    return [Told("s1", Finding(outcome, listing_of(node, edges, **rest)))]


def _search(seed: NodeId, target: NodeId, *, paths: int = 1, budget: Budget = AMPLE) -> PathSearch:
    return PathSearch(
        seed,
        target,
        paths=paths,
        longest=None,
        rule=Rule(),
        budget=budget,
        cost=lambda _: 1,
        tells_all=lambda _: True,
    )


def test_a_node_is_its_own_path() -> None:
    """Where the ends are one node nobody is asked, whatever loops it has."""
    search = _search(A, A, paths=3)
    assert search.frontier() == ()
    assert (search.verdict, search.paths, search.hop, search.edges) == ("found", [[A]], {A: 0}, {})
    assert search.expansion_of(A) == "boundary"
    assert search.degree_of(A) is None


def test_the_two_sides_meet_in_the_middle() -> None:
    """Of a line each end asks a part; where they meet is known from both sides and not asked."""
    world = _rows(_line(A, B), _line(B, C), _line(C, D), _line(D, E))
    # Where all is equal, forward is first.
    assert find(world, A, E).rounds == ((A,), (B,), (C,), (D,))
    searched = find(world, A, E, costs={B: 2, C: 3})
    assert searched.rounds == ((A,), (E,), (D,), (B,))
    search = searched.search
    assert search.paths == [[A, B, C, D, E]]
    assert search.hop == {A: 0, B: 1, C: 2, D: 3, E: 4}
    assert {node: search.expansion_of(node) for node in (B, C)} == {B: "complete", C: "boundary"}
    assert search.degree_of(B) == Degree(2, exact=True)
    assert search.degree_of(C) is None


def test_a_dear_hub_is_not_asked_when_the_other_side_is_cheap() -> None:
    """The cost of the nodes due decides, not how many hops a side has come."""
    world = _rows(_line(A, B), _line(B, C), _line(C, D), _line(D, E))
    assert find(world, A, E, costs={A: 50}).rounds == ((E,), (D,), (C,), (B,))
    assert find(world, A, E, costs={B: 50}).rounds == ((A,), (E,), (D,), (C,))


def test_no_path_leads_through_the_far_end() -> None:
    """What lies behind the target, or before the seed, is not asked about."""
    world = _rows(_line(A, B), _line(B, C), _line(A, E), _line(C, D))
    searched = find(world, B, C, paths=4)
    assert searched.search.paths == [[B, C]]
    assert D not in searched.asked[:2]
    assert searched.rounds == ((B,), (A,), (E,))


def test_a_side_at_its_end_means_that_there_is_no_path() -> None:
    """One question to each end is enough where one stands alone, however far the other side would go."""
    world = _rows(_line(B, C), _line(C, D))
    searched = find(world, A, B)
    assert searched.rounds == ((A,), (B,))
    assert (searched.search.verdict, searched.search.paths) == ("none", [])
    assert searched.search.hop == {A: 0}


@pytest.mark.parametrize("outcome", [Outcome.DENIED, Outcome.TIMEOUT, Outcome.OVER_BUDGET, Outcome.PARTIAL])
def test_after_trouble_the_other_side_goes_on(outcome: Outcome) -> None:
    """What the seed's source does not tell, its neighbors may; and if they do not, none is not said."""
    world = _rows(_line(A, B), _line(B, C), _line(C, D))
    searched = find(world, A, D, troubles={A: outcome})
    assert searched.search.paths == [[A, B, C, D]]
    assert searched.rounds == ((A,), (D,), (C,), (B,))
    lost = find(world, A, E, troubles={A: outcome, E: outcome}).search
    assert lost.verdict == "none_within_budget"
    word = "cut" if outcome.cut else "failed"
    assert searched.search.expansion_of(A) == lost.expansion_of(A) == word
    assert lost.degree_of(A) == Degree(0, exact=False)


def test_both_sides_in_trouble_is_no_none() -> None:
    """Two ends about which nobody tells anything end the search without a claim."""
    search = find([], A, B, troubles={A: Outcome.UNAVAILABLE, B: Outcome.UNAVAILABLE}).search
    assert (search.verdict, search.paths) == ("none_within_budget", [])


def test_no_longer_than_asked_for() -> None:
    """A path with more edges is not looked for, and that it is not found is no none."""
    world = _rows(_line(A, B), _line(B, C), _line(C, D))
    searched = find(world, A, D, longest=2)
    assert searched.rounds == ((A,), (B,))
    assert (searched.search.verdict, searched.search.paths) == ("none_within_budget", [])
    assert find(world, A, D, longest=3).search.paths == [[A, B, C, D]]
    assert find(world, A, D, longest=0).rounds == ()


def test_direction_and_other_end_are_judged_where_a_path_goes() -> None:
    """Backward from the target the same arcs are walked as forward: the filter binds where each leads."""
    world = _rows(_arrow(A, B), _arrow(B, C), _arrow(C, D))
    out, into = Rule(direction=Direction.OUT), Rule(direction=Direction.IN)
    assert find(world, A, D, rule=out).search.paths == [[A, B, C, D]]
    assert find(world, D, A, rule=into).search.paths == [[D, C, B, A]]
    assert find(world, D, A, rule=out).search.verdict == "none"
    other = NodeId("n", None, "u", "x")
    typed = _rows(_line(A, other), _line(other, B), _line(A, C), _line(C, D), _line(D, B))
    rule = Rule(filter=Filter(with_type=("t",)))
    assert find(typed, A, B, rule=rule).search.paths == [[A, C, D, B]]
    assert find(typed, other, B, rule=rule).search.paths == [[other, B]]


def test_only_edges_that_lead_the_way_of_the_path_are_given() -> None:
    """All parallel edges of a step, everybody's word for each; none that leads back, and no loop."""
    steps = [_arrow(A, B, record="1"), _arrow(A, B, record="2"), _arrow(B, A), _arrow(A, A)]
    world = [*_rows(*steps), Row("s2", steps[0])]
    search = find(world, A, B, rule=Rule(direction=Direction.OUT)).search
    told = {key[4]: [word.source for word in edge.provenance] for key, edge in search.edges.items()}
    assert told == {"1": ["s1", "s2"], "2": ["s1"]}


def test_a_word_that_the_rule_leaves_out_is_no_part_of_the_edge() -> None:
    """Of two sources that speak of an edge, one as deleted, the other's word alone is followed."""
    world = [Row("s1", _line(A, B)), Row("s2", _line(A, B, deleted=True))]
    (edge,) = find(world, A, B).search.edges.values()
    assert [word.source for word in edge.provenance] == ["s1"]


def test_a_relation_without_a_time_is_undecided_where_a_side_would_go_on() -> None:
    """It counts by source, keeps the degree a lower bound, and keeps `none` from being said."""
    rule = Rule(filter=Filter(created_after=NOON))
    search = find(_rows(_line(A, B)), A, B, rule=rule).search
    assert search.undecided == {"s1": {edge_key(_line(A, B))}}
    assert search.verdict == "none_within_budget"
    assert search.degree_of(A) == Degree(0, exact=False)
    # Going out, what leads to the seed could be no part of a path from it.
    outward = replace(rule, direction=Direction.OUT)
    search = find(_rows(_arrow(C, A)), A, B, rule=outward).search
    assert search.undecided == {}
    assert search.verdict == "none"


def test_fan_out_is_kept_per_way() -> None:
    """What leads to a node takes no room from where it leads; what is left out is told, and no none."""
    budget = replace(AMPLE, fan_out=1)
    crowd = [_arrow(_node(f"in{number}"), A) for number in range(3)]
    search = find(_rows(*crowd, _arrow(A, B)), A, B, rule=Rule(direction=Direction.OUT), budget=budget).search
    assert search.paths == [[A, B]]
    assert search.truncated == set()
    assert search.expansion_of(A) == "complete"
    search = find(_rows(_line(A, B), _line(A, C)), A, D, budget=budget, troubles={D: Outcome.DENIED}).search
    assert search.truncated == {"fan_out"}
    assert search.verdict == "none_within_budget"
    assert search.expansion_of(A) == "cut"
    assert search.degree_of(A) == Degree(2, exact=True)


def test_a_path_that_does_not_fit_is_left_out() -> None:
    """Found but too large for the answer is none within the budget, and the budget is named."""
    world = _rows(_line(A, B), _line(B, C), _line(A, D), _line(D, E), _line(E, C))
    search = find(world, A, C, paths=2, budget=replace(AMPLE, max_nodes=4)).search
    assert search.paths == [[A, B, C]]
    assert search.truncated == {"max_nodes"}
    search = find(world, A, C, budget=replace(AMPLE, max_edges=1)).search
    assert (search.verdict, search.paths, search.hop) == ("none_within_budget", [], {A: 0})
    assert search.truncated == {"max_edges"}


def test_for_one_path_a_level_is_asked_in_chunks_and_left_when_it_is_found() -> None:
    """Cheapest first, then by address; the rest of the level is not asked."""
    hubs = [_node(f"hub{number:03}") for number in range(3 * CHUNK)]
    world = _rows(*(_line(A, hub) for hub in hubs), _line(hubs[CHUNK + 1], B))
    dear = dict.fromkeys(hubs[:5], 2)
    world += _rows(_line(B, C), _line(C, D))
    costs = dear | {D: 10_000, B: 10_000, C: 10_000}
    searched = find(world, A, B, costs=costs)
    cheap = hubs[5:] + hubs[:5]
    assert searched.rounds == ((A,), tuple(cheap[:CHUNK]))
    assert searched.search.paths == [[A, hubs[CHUNK + 1], B]]
    # For two paths the whole level is of use.
    assert searched.rounds != find(world, A, B, paths=2, costs=costs).rounds
    assert len(find(world, A, B, paths=2, costs=costs).rounds[1]) == 3 * CHUNK


def test_when_the_calls_are_spent_the_rest_of_a_level_is_asked_at_once() -> None:
    """The cache may know the rest, and there is nothing left to save."""
    hubs = [_node(f"hub{number:03}") for number in range(3 * CHUNK)]
    world = _rows(*(_line(A, hub) for hub in hubs))
    troubles = {hubs[0]: Outcome.OVER_BUDGET}
    searched = find(world, A, B, costs={B: 10_000}, troubles=troubles)
    assert [len(frontier) for frontier in searched.rounds] == [1, CHUNK, 2 * CHUNK, 1]


def test_an_edge_found_late_shortens_the_way() -> None:
    """What only a node behind tells of a node before it counts as soon as it is told."""
    world = _rows(_line(A, B), _line(B, C), _line(C, D), _line(D, E), _line(E, F))
    world.append(Row("s1", _line(A, E), subject_lists=False))
    searched = find(world, A, F, costs={F: 9})
    assert searched.search.paths == [[A, E, F]]


def test_both_ends_may_be_told_of_before_they_are_asked_for() -> None:
    """What is absorbed beside the frontier counts as asked; a selection is no end of a path."""
    search = _search(A, B)
    line = _line(A, B)
    search.absorb({B: _told(B, [line]), Selection("n", None, None): _told(A, [_line(A, C)])})
    assert search.frontier() == ()
    assert search.paths == [[A, B]]


def test_what_a_source_says_it_has_is_the_known_degree() -> None:
    """A source that shows part of its relations tells how many there are."""
    search = _search(A, B)
    search.absorb({A: _told(A, [_line(A, B)], outcome=Outcome.PARTIAL, total=70)})
    assert search.degree_of(A) == Degree(70, exact=False)


def test_a_node_that_no_source_can_be_asked_about_has_no_degree() -> None:
    """Without anybody to ask there is nothing missing and nothing counted, and of an end nothing claimed."""
    search = _search(A, B)
    search.absorb({A: []})
    assert search.degree_of(A) is None
    assert search.expansion_of(A) == "complete"
    assert search.frontier() == (B,)
    search.absorb({B: _told(B, [])})
    assert (search.frontier(), search.verdict) == ((), "none_within_budget")
