"""The breadth-first machine against networkx's own distances, and against its budget."""

from dataclasses import replace
from itertools import chain
from typing import Any

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.model import Address, Edge, Selection
from harness.reference import AMPLE, NODES, Expected, Row, allowed_arcs, expand, search
from harness.rows import (
    budgets,
    dense,
    hop_counts,
    one_sided,
    orders,
    plain_rules,
    rules,
    selections,
    symmetric,
)
from service.graph.budget import Budget
from service.graph.expansion import Expansion
from service.graph.merge import edge_key
from service.graph.rule import Rule


def _check(expansion: Expansion, expected: Expected) -> None:
    assert expansion.hop == expected.hop
    assert expansion.edges.keys() == expected.edges
    assert {name: keys for name, keys in expansion.undecided.items() if keys} == expected.undecided
    assert expansion.truncated == set()
    for node, hop in expected.hop.items():
        assert expansion.expansion_of(node) == ("complete" if hop < expansion.hops else "boundary")
    for node, value in expected.degree.items():
        degree = expansion.degree_of(node)
        assert degree is not None
        assert degree.value == value


@settings(max_examples=80, deadline=None)
@given(world=symmetric, rule=rules, hops=hop_counts)
def test_defect_11_hops_are_the_distances_of_the_filtered_graph(
    world: list[Row], rule: Rule, hops: int
) -> None:
    """Nodes are those within `hops` of one plain breadth-first search over all allowed arcs."""
    expansion = expand(world, NODES[0], hops=hops, rule=rule)
    graph = allowed_arcs(world, rule)
    graph.add_node(NODES[0])
    lengths: Any = nx.single_source_shortest_path_length(graph, NODES[0], cutoff=hops)
    assert expansion.hop == dict(lengths)
    near = [node for node, hop in lengths.items() if hop < hops]
    assert expansion.edges.keys() == {key for _, _, key in graph.edges(near, keys=True)}


@settings(max_examples=80, deadline=None)
@given(world=one_sided, rule=plain_rules | rules, hops=hop_counts, order=orders)
def test_defect_11_what_only_one_end_lists_still_counts_for_both(
    world: list[Row], rule: Rule, hops: int, order: int
) -> None:
    """An edge that one end leaves out is found late and shortens: hops, edges, degrees are exact."""
    expansion = expand(world, NODES[0], hops=hops, rule=rule, order=order)
    _check(expansion, search(world, NODES[0], hops=hops, rule=rule))


@settings(max_examples=80, deadline=None)
@given(world=one_sided, rule=rules, hops=hop_counts, selection=selections, order=orders)
def test_members_of_a_selection_are_where_it_starts(
    world: list[Row], rule: Rule, hops: int, selection: Selection, order: int
) -> None:
    """Hop 0 is every member with a relation that is followed; the rest is as from one node."""
    expansion = expand(world, selection, hops=hops, rule=rule, order=order)
    _check(expansion, search(world, selection, hops=hops, rule=rule))


@settings(max_examples=80, deadline=None)
@given(
    world=dense,
    rule=plain_rules | rules,
    hops=hop_counts,
    budget=budgets,
    seed=st.sampled_from(NODES[:1]) | selections,
    order=orders,
)
def test_the_order_of_what_was_told_is_nothing(
    *, world: list[Row], rule: Rule, hops: int, budget: Budget, seed: Address, order: int
) -> None:
    """Nodes, edges, hops, cuts and words are the same however addresses, sources and rows come."""

    def seen(order: int) -> tuple[Any, ...]:
        expansion = expand(world, seed, hops=hops, rule=rule, budget=budget, order=order)
        words = {node: (expansion.expansion_of(node), expansion.degree_of(node)) for node in expansion.hop}
        edges = {key: repr(edge) for key, edge in expansion.edges.items()}
        return expansion.hop, edges, words, expansion.truncated, dict(expansion.undecided)

    assert seen(order) == seen(order + 1)


@settings(max_examples=80, deadline=None)
@given(
    world=dense,
    rule=plain_rules | rules,
    hops=hop_counts,
    budget=budgets,
    seed=st.sampled_from(NODES[:1]) | selections,
)
def test_never_over_budget_and_a_hop_is_the_distance_within_what_is_there(
    world: list[Row], rule: Rule, hops: int, budget: Budget, seed: Address
) -> None:
    """No cap is passed, a cut is told, and `hop` can be walked on the edges of the answer itself."""
    expansion = expand(world, seed, hops=hops, rule=rule, budget=budget)
    assert len(expansion.hop) <= budget.max_nodes
    assert len(expansion.edges) <= budget.max_edges
    assert all(end in expansion.hop for key in expansion.edges for end in key[:2])

    rows = [
        Row(word.source, Edge(*key, word.created_at, deleted=word.deleted))
        for key, edge in expansion.edges.items()
        for word in edge.provenance
    ]
    graph = allowed_arcs(rows, rule)
    starts = [node for node, hop in expansion.hop.items() if hop == 0]
    graph.add_nodes_from(starts)
    layers = enumerate(nx.bfs_layers(graph, starts)) if starts else ()
    walked = {node: distance for distance, layer in layers for node in layer}
    assert {node: walked[node] for node in expansion.hop} == expansion.hop

    whole = search(world, seed, hops=hops, rule=rule)
    if not expansion.truncated:
        assert expansion.hop == whole.hop
        assert expansion.edges.keys() == whole.edges
    for node in expansion.hop:
        # Whatever says that it is complete has all relations it lists in the answer.
        if expansion.expansion_of(node) == "complete":
            listed = allowed_arcs([row for row in world if row.listed_by(node)], rule)
            if node in listed:
                assert {key for _, _, key in listed.edges(node, keys=True)} <= expansion.edges.keys()


@settings(max_examples=80, deadline=None)
@given(world=symmetric, hops=hop_counts, most=st.integers(1, 8))
def test_a_cut_keeps_the_smallest_addresses_hop_by_hop(world: list[Row], hops: int, most: int) -> None:
    """Of all nodes by hop and address the first `max_nodes` are kept, and no other."""
    whole = expand(world, NODES[0], hops=hops)
    cut = expand(world, NODES[0], hops=hops, budget=replace(AMPLE, max_nodes=most))
    ordered = sorted(whole.hop, key=lambda node: (whole.hop[node], str(node)))
    assert cut.hop == {node: whole.hop[node] for node in ordered[:most]}
    assert cut.truncated == ({"max_nodes"} if len(ordered) > most else set())


@settings(max_examples=80, deadline=None)
@given(world=symmetric, most=st.integers(1, 4))
def test_fan_out_keeps_the_smallest_neighbors_of_each_source(world: list[Row], most: int) -> None:
    """Of one node each source's smallest neighbors are followed, with all their parallel edges."""
    seed = NODES[0]
    expansion = expand(world, seed, hops=1, budget=replace(AMPLE, fan_out=most))
    kept = set()
    cut = False
    for source in ("s1", "s2"):
        edges = [row.edge for row in world if row.source == source and row.listed_by(seed)]
        allowed = [edge for edge in edges if not edge.deleted]
        neighbors = sorted({edge.other_end(seed) for edge in allowed}, key=str)
        kept |= {edge_key(edge) for edge in allowed if edge.other_end(seed) in neighbors[:most]}
        cut = cut or len(neighbors) > most
    assert expansion.edges.keys() == kept
    assert expansion.truncated == ({"fan_out"} if cut else set())
    assert expansion.expansion_of(seed) == ("cut" if cut else "complete")


@settings(max_examples=80, deadline=None)
@given(
    world=st.lists(symmetric, min_size=1, max_size=2).map(lambda worlds: list(chain(*worlds))),
    rule=rules.filter(lambda rule: rule.filter.binds_other_end),
    hops=st.integers(2, 4),
    budget=budgets | st.builds(Budget, st.just(999), st.just(999), st.integers(1, 2)),
)
def test_a_source_that_filters_itself_changes_nothing(
    world: list[Row], rule: Rule, hops: int, budget: Budget
) -> None:
    """What is kept is the same whether a listing shows what its node is not led along, or does not."""

    def seen(*, filtering: bool) -> tuple[Any, ...]:
        expansion = expand(world, NODES[0], hops=hops, rule=rule, budget=budget, filtering=filtering)
        words = {node: expansion.expansion_of(node) for node in expansion.hop}
        return expansion.hop, expansion.edges.keys(), words, expansion.truncated

    assert seen(filtering=True) == seen(filtering=False)
