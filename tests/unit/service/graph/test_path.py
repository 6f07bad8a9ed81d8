"""The search for paths against all simple paths by brute force, and against its budget."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.model import NodeId, Outcome
from harness.reference import AMPLE, NODES, Row, allowed_arcs
from harness.rows import budgets, dense, one_sided, orders, plain_rules, rules, symmetric
from harness.searching import Searched, doubted, find, simple_paths, told_arcs, walked
from service.graph.budget import Budget
from service.graph.rule import Rule

SEED, *OTHERS = NODES
counts = st.integers(1, 16)
longests = st.none() | st.integers(0, 5)
targets = st.sampled_from(NODES)
costs = st.dictionaries(st.sampled_from(NODES), st.integers(1, 9))
some_rules = plain_rules | rules
many = one_sided | dense
both_list = many.map(lambda world: [replace(row, subject_lists=True, object_lists=True) for row in world])
troubles = st.dictionaries(
    st.sampled_from(NODES),
    st.sampled_from([Outcome.TIMEOUT, Outcome.OVER_BUDGET, Outcome.DENIED, Outcome.PARTIAL]),
    min_size=1,
    max_size=4,
)


def _steps(paths: list[list[NodeId]]) -> set[tuple[NodeId, NodeId]]:
    return {step for path in paths for step in pairwise(path)}


@settings(max_examples=100, deadline=None)
@given(
    world=symmetric | both_list,
    target=targets,
    rule=some_rules,
    paths=counts,
    longest=longests,
    costs=costs,
    order=orders,
)
def test_the_paths_are_the_first_of_all_simple_paths(
    *,
    world: list[Row],
    target: NodeId,
    rule: Rule,
    paths: int,
    longest: int | None,
    costs: dict[NodeId, int],
    order: int,
) -> None:
    """By length, then by text; with every parallel edge that leads the way they go, and no other."""
    searched = find(world, SEED, target, paths=paths, longest=longest, rule=rule, costs=costs, order=order)
    search = searched.search
    graph = allowed_arcs(world, rule)
    every = simple_paths(graph, SEED, target, longest=longest)
    assert search.paths == every[:paths]
    steps = _steps(search.paths)
    assert search.edges.keys() == {key for start, end, key in graph.edges(keys=True) if (start, end) in steps}
    assert search.hop == walked(search, rule=rule)
    if every:
        assert (search.verdict, search.truncated) == ("found", set())
    elif search.verdict == "none":
        assert not simple_paths(graph, SEED, target)
        assert not search.truncated
        assert not search.undecided
    else:
        # Where nothing else is missing it is told what to raise.
        assert search.verdict == "none_within_budget"
        assert search.truncated <= ({"hops"} if longest is not None else set())
        assert search.truncated or (search.undecided and doubted(world, rule=rule))


@settings(max_examples=60, deadline=None)
@given(world=one_sided | many, target=targets, rule=some_rules, paths=counts, costs=costs, order=orders)
def test_what_only_one_end_lists_is_found_from_that_end(
    *, world: list[Row], target: NodeId, rule: Rule, paths: int, costs: dict[NodeId, int], order: int
) -> None:
    """No worse than what both ends list allows, the first of what was told, and never beside the truth."""
    searched = find(world, SEED, target, paths=paths, rule=rule, costs=costs, order=order)
    found = searched.search.paths
    told = simple_paths(told_arcs(world, searched.asked, rule=rule), SEED, target)
    assert [len(path) for path in found] == [len(path) for path in told[:paths]]
    assert found == told[:paths]
    by_both = [row for row in world if row.subject_lists and row.object_lists]
    sure = simple_paths(allowed_arcs(by_both, rule), SEED, target)[:paths]
    assert len(found) >= len(sure)
    assert all(len(path) <= len(known) for path, known in zip(found, sure, strict=False))
    truth = simple_paths(allowed_arcs(world, rule), SEED, target)
    assert all(path in truth for path in found)
    if searched.search.verdict == "none":
        assert not found
        assert not sure


@settings(max_examples=60, deadline=None)
@given(
    world=many,
    target=targets,
    rule=some_rules,
    paths=counts,
    longest=longests,
    budget=budgets,
    costs=costs,
    order=orders,
)
def test_the_order_of_what_was_told_is_nothing(
    *,
    world: list[Row],
    target: NodeId,
    rule: Rule,
    paths: int,
    longest: int | None,
    budget: Budget,
    costs: dict[NodeId, int],
    order: int,
) -> None:
    """Questions, paths, edges, words and cuts are the same however addresses, sources and rows come."""

    def seen(order: int) -> tuple[Any, ...]:
        searched = find(
            world,
            SEED,
            target,
            paths=paths,
            longest=longest,
            rule=rule,
            budget=budget,
            costs=costs,
            order=order,
        )
        search = searched.search
        words = {node: (search.expansion_of(node), search.degree_of(node)) for node in search.hop}
        edges = {key: repr(edge) for key, edge in search.edges.items()}
        answer = (search.paths, search.verdict, search.hop, search.truncated, dict(search.undecided))
        return searched.rounds, edges, words, answer

    assert seen(order) == seen(order + 1)


@settings(max_examples=80, deadline=None)
@given(world=many, target=targets, rule=some_rules, paths=counts, budget=budgets)
def test_never_over_budget_and_every_path_is_whole(
    *, world: list[Row], target: NodeId, rule: Rule, paths: int, budget: Budget
) -> None:
    """No cap is passed, a cut is told, what is there can be walked, and no path there is is denied."""
    searched = find(world, SEED, target, paths=paths, rule=rule, budget=budget)
    search = searched.search
    assert len(search.hop) <= budget.max_nodes
    assert len(search.edges) <= budget.max_edges
    assert search.hop == walked(search, rule=rule)
    assert search.hop.keys() == {SEED}.union(*search.paths)
    graph = told_arcs(world, searched.asked, rule=rule, fan_out=budget.fan_out)
    known = simple_paths(graph, SEED, target)[:paths]
    assert [path for path in known if path in search.paths] == search.paths
    edges = {key for start, end, key in graph.edges(keys=True) if (start, end) in _steps(search.paths)}
    assert search.edges.keys() <= edges
    caps = {"max_nodes", "max_edges"}
    assert bool(search.truncated & caps) == (search.paths != known or search.edges.keys() != edges)
    assert (search.verdict == "found") == bool(search.paths)
    if search.verdict == "none":
        by_both = [row for row in world if row.subject_lists and row.object_lists]
        assert not simple_paths(allowed_arcs(by_both, rule), SEED, target)
    if search.paths:
        steps = nx.DiGraph(graph).subgraph(search.hop)
        assert all(nx.is_path(steps, path) for path in search.paths)
    if "fan_out" not in search.truncated:
        whole = find(world, SEED, target, paths=paths, rule=rule)
        assert whole.rounds == searched.rounds


@settings(max_examples=60, deadline=None)
@given(world=both_list, target=st.sampled_from(OTHERS), paths=counts, troubles=troubles, order=orders)
def test_trouble_on_the_way_never_makes_for_a_none(
    *, world: list[Row], target: NodeId, paths: int, troubles: dict[NodeId, Outcome], order: int
) -> None:
    """No path there is is denied, none is invented, and the search goes on with the others due."""
    searched = find(world, SEED, target, paths=paths, troubles=troubles, order=order)
    search = searched.search
    graph = allowed_arcs(world, Rule())
    every = simple_paths(graph, SEED, target)
    assert search.verdict != "none" or not every
    assert all(path in every for path in search.paths)
    heard = [node for node in searched.asked if node not in troubles]
    known = simple_paths(told_arcs(world, heard, rule=Rule()), SEED, target)
    assert search.paths == known[:paths]
    if not known:
        all_told = _one_side_told_all(searched, graph, target, troubles)
        sure = all_told and set(troubles).isdisjoint(searched.asked)
        assert search.verdict == ("none" if sure else "none_within_budget")
        assert not sure or {SEED, target} <= set(searched.asked)
        # Whoever was told of without trouble has been asked, as long as it could have helped.
        assert all_told or _reached(searched, troubles, world, target) <= set(searched.asked)


def _one_side_told_all(
    searched: Searched, graph: Any, target: NodeId, troubles: dict[NodeId, Outcome]
) -> bool:
    """Tell whether a side was asked to its end without any trouble."""
    sides = []
    for origin, end, step in ((SEED, target, graph), (target, SEED, graph.reverse())):
        passable = step.subgraph(set(step) - {end})
        sides.append({origin} | (nx.descendants(passable, origin) if origin in passable else set()))
    return any(side <= set(searched.asked) and side.isdisjoint(troubles) for side in sides)


@settings(max_examples=60, deadline=None)
@given(world=both_list, target=st.sampled_from(OTHERS), paths=counts, costs=costs)
def test_no_round_is_asked_that_could_show_nothing_wanted(
    *, world: list[Row], target: NodeId, paths: int, costs: dict[NodeId, int]
) -> None:
    """Before the last round the paths wanted were not certain, and the cheaper side is always next."""
    searched = find(world, SEED, target, paths=paths, costs=costs)
    graph = nx.DiGraph(allowed_arcs(world, Rule()))
    graph.add_nodes_from(NODES)
    sides = [
        _layers(graph.subgraph(set(graph) - {target}), SEED),
        _layers(graph.subgraph(set(graph) - {SEED}).reverse(), target),
    ]
    asked: set[NodeId] = set()
    for frontier in searched.rounds:
        due = [next((layer for layer in layers if layer - asked), set()) - asked for layers in sides]
        radii = [
            next((hop for hop, layer in enumerate(layers) if layer - asked), len(layers)) for layers in sides
        ]
        if not all(due):
            # That side has told of every path; only the other's end may still be asked what it says.
            assert frontier == searched.rounds[-1] == ((target,) if due[1] else (SEED,))
            assert asked.isdisjoint(frontier)
            assert searched.search.verdict == "none"
            continue
        known = simple_paths(allowed_arcs(world, Rule()), SEED, target, longest=sum(radii))
        assert len(known) < paths
        prices = [(sum(costs.get(node, 1) for node in nodes), len(nodes)) for nodes in due]
        assert set(frontier) == (due[0] if prices[0] <= prices[1] else due[1])
        asked.update(frontier)


def _reached(
    searched: Searched, troubles: dict[NodeId, Outcome], world: list[Row], target: NodeId
) -> set[NodeId]:
    """Give who can be come to from either end over what was told."""
    told = told_arcs(world, [node for node in searched.asked if node not in troubles], rule=Rule())
    told.add_nodes_from([SEED, target])
    return {SEED, target} | nx.descendants(told, SEED) | nx.ancestors(told, target)


def _layers(graph: Any, origin: NodeId) -> list[set[NodeId]]:
    return [set(layer) for layer in nx.bfs_layers(graph, [origin])]


def test_the_ample_budget_is_ample() -> None:
    """The worlds above are smaller than the budget they are searched with."""
    assert AMPLE.fan_out > len(NODES)
