"""When a search may say that there is no path, and what it names where it may not."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import Filter
from connectors.model import Edge, NodeId, Outcome, undirected
from harness.reference import AMPLE, NOON, Row
from harness.searching import find
from service.graph.merge import edge_key
from service.graph.rule import Direction, Rule

A, B, C, D, E, F = (NodeId("n", None, "t", key) for key in "abcdef")
LOST = [outcome for outcome in Outcome if not outcome.whole]


def _line(one: NodeId, other: NodeId, **rest: Any) -> Edge:
    return Edge(*undirected(one, other), "r", directed=False, **rest)


def _rows(*pairs: tuple[NodeId, NodeId]) -> list[Row]:
    return [Row("s1", _line(*pair)) for pair in pairs]


def _only_listed_by(lister: NodeId, other: NodeId) -> Row:
    edge = _line(lister, other)
    by_subject = edge.subject == lister
    return Row("s1", edge, subject_lists=by_subject, object_lists=not by_subject)


def test_the_other_end_has_its_say_before_there_is_none() -> None:
    """A side at its end asks the other end once, and no other node of the other side."""
    world = _rows((A, C), (B, D), (D, E))
    searched = find(world, A, B, costs={B: 50})
    assert searched.rounds == ((A,), (C,), (B,))
    assert (searched.search.verdict, searched.search.truncated) == ("none", set())
    turned = find(world, B, A, costs={B: 50})
    assert (turned.rounds, turned.search.verdict) == (((A,), (C,), (B,)), "none")


def test_what_only_the_other_end_lists_is_found() -> None:
    """The last question may show that there is a path after all."""
    world = [*_rows((A, C)), _only_listed_by(B, C)]
    searched = find(world, A, B, costs={B: 50})
    assert searched.rounds == ((A,), (C,), (B,))
    assert (searched.search.verdict, searched.search.paths) == ("found", [[A, C, B]])


@pytest.mark.parametrize("outcome", LOST)
def test_an_end_in_trouble_is_no_none(outcome: Outcome) -> None:
    """Whatever keeps the other end from telling keeps `none` from being said; nobody else is asked."""
    searched = find(_rows((B, D)), A, B, troubles={B: outcome})
    assert searched.rounds == ((A,), (B,))
    assert searched.search.verdict == "none_within_budget"


@pytest.mark.parametrize("outcome", LOST)
def test_anybody_in_trouble_is_no_none(outcome: Outcome) -> None:
    """A node of the side that did not come to its end counts as well."""
    world = _rows((B, D), (D, E), (A, F))
    costs = {A: 3, F: 9, E: 20}
    searched = find(world, A, B, costs=costs, troubles={D: outcome})
    assert searched.rounds == ((B,), (D,), (A,), (F,))
    assert searched.search.verdict == "none_within_budget"
    assert searched.search.truncated == set()
    assert find(world, A, B, costs=costs).search.verdict == "none"


def test_an_undecided_relation_or_a_cut_fan_out_on_either_side_is_no_none() -> None:
    """What was left out, or could not be judged, may be the path."""
    rule = Rule(filter=Filter(created_after=NOON))
    world = [Row("s1", _line(B, D))]
    search = find(world, A, B, rule=rule).search
    assert (search.verdict, dict(search.undecided)) == ("none_within_budget", {"s1": {edge_key(_line(B, D))}})
    search = find(_rows((B, C), (B, D)), A, B, budget=replace(AMPLE, fan_out=1)).search
    assert (search.verdict, search.truncated) == ("none_within_budget", {"fan_out"})


def test_what_is_cut_where_no_path_could_go_is_not_missing() -> None:
    """Going out, those whom the target leads to are none of the search's business."""
    world = [Row("s1", Edge(B, end, "r", directed=True)) for end in (C, D)]
    rule = Rule(direction=Direction.OUT)
    search = find(world, A, B, rule=rule, budget=replace(AMPLE, fan_out=1)).search
    assert (search.verdict, search.truncated) == ("none", set())


def test_the_bound_on_the_steps_is_named_where_it_ended_the_search() -> None:
    """Without a path and with somebody left to ask, `hops` is what to raise."""
    world = _rows((A, B), (B, C), (C, D), (D, E))
    for longest in (0, 1, 2, 3):
        search = find(world, A, E, longest=longest).search
        assert (search.verdict, search.truncated) == ("none_within_budget", {"hops"})
    search = find(world, A, E, longest=4).search
    assert (search.verdict, search.truncated) == ("found", set())


def test_the_bound_is_not_named_where_there_is_a_path_or_none() -> None:
    """Fewer paths than wanted are no cut by it, and where a side came to its end it changed nothing."""
    world = _rows((A, B), (A, C), (C, D), (D, B), (E, F))
    search = find(world, A, B, paths=2, longest=2).search
    assert (search.paths, search.truncated) == ([[A, B]], set())
    assert find(world, A, E, longest=6).search.verdict == "none"
    assert find(world, A, E, longest=6).search.truncated == set()


def test_a_path_known_to_be_too_long_names_the_bound() -> None:
    """Also where a side came to its end: there is a path, and more steps would show it."""
    world = _rows((A, B), (B, C), (C, D))
    search = find(world, A, D, longest=2, costs={D: 9, C: 9}).search
    assert (search.verdict, search.truncated) == ("none_within_budget", {"hops"})
    known = find([*_rows((A, B), (B, C)), _only_listed_by(C, D)], A, D, longest=3, paths=2)
    assert known.search.paths == [[A, B, C, D]]


def test_in_trouble_alone_the_bound_is_not_named() -> None:
    """Where nobody is left to ask, more steps would not help."""
    search = find([], A, B, longest=5, troubles={A: Outcome.DENIED, B: Outcome.DENIED}).search
    assert (search.verdict, search.truncated) == ("none_within_budget", set())


def test_a_path_that_does_not_fit_names_what_it_does_not_fit() -> None:
    """Not the steps: it has as few as allowed."""
    search = find(_rows((A, B), (B, C)), A, C, longest=2, budget=replace(AMPLE, max_nodes=2)).search
    assert (search.verdict, search.truncated) == ("none_within_budget", {"max_nodes"})
