"""The search for paths where it is not known that both ends of a relation list it."""

from collections.abc import Collection
from dataclasses import replace

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.model import Edge, NodeId, Outcome, undirected
from harness.reference import NODES, Row, allowed_arcs, search
from harness.rows import dense, one_sided, orders, plain_rules, rules
from harness.searching import ask_page, find, simple_paths
from service.graph.rule import Rule

SEED, *OTHERS = NODES
A, B, C, D, E, F, G = (NodeId("n", None, "t", key) for key in "abcdefg")
ALL = frozenset({A, B, C, D, E, F, G})
ENDLESS = 99

worlds = one_sided | dense
targets = st.sampled_from(OTHERS)
costs = st.dictionaries(st.sampled_from(NODES), st.integers(1, 9))
some_rules = plain_rules | rules


def _lists(lister: NodeId, *others: NodeId) -> list[Row]:
    """Give relations of which only the first node tells."""
    rows = []
    for other in others:
        edge = Edge(*undirected(lister, other), "r", directed=False)
        by_subject = edge.subject == lister
        rows.append(Row("s1", edge, subject_lists=by_subject, object_lists=not by_subject))
    return rows


def _both(*pairs: tuple[NodeId, NodeId]) -> list[Row]:
    return [Row("s1", Edge(*undirected(*pair), "r", directed=False)) for pair in pairs]


def _shown(world: list[Row], target: NodeId, *, hops: int, rule: Rule) -> "nx.MultiDiGraph[NodeId]":
    """Give what the target lists, and all nodes nearer than `hops` that are not behind it; by networkx."""
    asked = {target}
    while True:
        graph = allowed_arcs([row for row in world if any(map(row.listed_by, asked))], rule)
        graph.add_node(SEED)
        before = graph.subgraph(set(graph) - {target})
        near = nx.single_source_shortest_path_length(before, SEED, cutoff=hops - 1) if hops else {}
        if set(near) <= asked:
            return graph
        asked |= set(near)


def _as_promised(world: list[Row], reticent: Collection[NodeId]) -> list[Row]:
    """Let everybody list all relations but those who are known not to."""
    return [
        replace(
            row,
            subject_lists=row.subject_lists or row.edge.subject not in reticent,
            object_lists=row.object_lists or row.edge.object not in reticent,
        )
        for row in world
    ]


@settings(max_examples=150, deadline=None)
@given(world=worlds, target=targets, rule=some_rules, costs=costs, order=orders)
def test_no_expansion_from_the_seed_shows_a_shorter_path(
    *, world: list[Row], target: NodeId, rule: Rule, costs: dict[NodeId, int], order: int
) -> None:
    """An expansion by one hop less than the path has does not show its end; without one none does."""
    found = find(world, SEED, target, rule=rule, costs=costs, reticent=NODES, order=order).search
    if found.verdict == "found":
        (path,) = found.paths
        assert path in simple_paths(allowed_arcs(world, rule), SEED, target)
        if len(path) > 2:
            assert target not in search(world, SEED, hops=len(path) - 2, rule=rule).hop
    else:
        assert target not in search(world, SEED, hops=ENDLESS, rule=rule).hop


@settings(max_examples=150, deadline=None)
@given(
    world=worlds,
    target=targets,
    rule=some_rules,
    paths=st.integers(1, 16),
    longest=st.none() | st.integers(1, 5),
    reticent=st.sets(st.sampled_from(NODES)),
    costs=costs,
    order=orders,
)
def test_paths_are_as_short_as_what_is_told_on_the_way_allows(
    *,
    world: list[Row],
    target: NodeId,
    rule: Rule,
    paths: int,
    longest: int | None,
    reticent: set[NodeId],
    costs: dict[NodeId, int],
    order: int,
) -> None:
    """None longer than its like among those that the target and the nodes nearer than its end tell of."""
    world = _as_promised(world, reticent)
    found = find(
        world,
        SEED,
        target,
        paths=paths,
        longest=longest,
        rule=rule,
        costs=costs,
        reticent=reticent,
        order=order,
    ).search
    hops = longest or ENDLESS
    if len(found.paths) == paths:
        hops = len(found.paths[-1]) - (2 if paths == 1 else 1)
    known = simple_paths(_shown(world, target, hops=hops, rule=rule), SEED, target, longest=hops)[:paths]
    assert len(found.paths) >= len(known)
    assert all(len(path) <= len(like) for path, like in zip(found.paths, known, strict=False))
    truth = simple_paths(allowed_arcs(world, rule), SEED, target, longest=longest)
    assert all(path in truth for path in found.paths)
    if not found.paths and not found.undecided:
        assert (found.verdict, found.truncated) in [("none", set()), ("none_within_budget", {"hops"})]


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.ABSENT])
def test_a_target_that_lists_nothing_is_found_where_another_lists_it(outcome: Outcome) -> None:
    """That its side has come to its end proves nothing: the seed's goes on, to where the target is listed."""
    world = [*_both((A, C), (A, D)), *_lists(D, B)]
    searched = find(world, A, B, reticent=ALL, troubles={B: outcome})
    assert searched.search.paths == [[A, D, B]]
    assert searched.rounds == ((A,), (B,), (C, D))
    # It is missed where the target is believed to list all there is.
    assert find(world, A, B).search.verdict == "none"


def test_a_longer_path_is_not_the_shortest_before_the_seeds_side_has_gone_on() -> None:
    """Both sides meet on a path of four steps; of one with three only the seed's side is told."""
    world = [*_both((A, C), (C, D), (D, E), (E, B), (A, F)), *_lists(F, G), *_lists(G, B)]
    assert find(world, A, B, costs={F: 50}).search.paths == [[A, C, D, E, B]]
    assert find(world, A, B, costs={F: 50}, reticent=ALL).search.paths == [[A, F, G, B]]


def test_where_all_tell_all_on_the_targets_side_its_end_is_proof() -> None:
    """Two questions are enough, whatever the seed's side may hide; nobody before the target is reticent."""
    world = [*_both((A, C), (C, D), (D, E))]
    searched = find(world, A, B, reticent={A, C, D, E}, costs={C: 9})
    assert searched.rounds == ((A,), (B,))
    assert searched.search.verdict == "none"
    assert find(world, A, B, reticent=ALL, costs={C: 9}).rounds == ((A,), (B,), (C,), (D,), (E,))


def test_a_target_is_asked_for_what_nobody_else_lists() -> None:
    """A relation that only the target lists makes a path shorter than the one that the seed's side found."""
    world = [*_both((A, C), (C, D)), *_lists(D, B), *_lists(B, C)]
    searched = find(world, A, B, reticent=ALL, costs={B: 99})
    assert searched.rounds == ((A,), (C,), (D,), (B,))
    assert searched.search.paths == [[A, C, B]]
    # Nothing is shorter than one step.
    assert find(_lists(A, B), A, B, reticent=ALL, costs={B: 99}).rounds == ((A,),)


@pytest.mark.parametrize("reticent", [{A, C, D}, {C}, {C, D}], ids=["all others", "one", "two"])
def test_a_target_that_lists_all_is_asked_where_another_may_not(reticent: set[NodeId]) -> None:
    """What it lists has to be heard, too, before a path is the shortest."""
    world = [*_both((A, C), (C, D)), *_lists(D, B), *_lists(B, C)]
    assert find(world, A, B, reticent=reticent, costs={B: 99}).search.paths == [[A, C, B]]


def test_a_target_is_asked_before_there_are_no_more_paths() -> None:
    """The seed's side has come to its end, with a path, and may list less than there is."""
    world = [*_lists(A, B, C), *_lists(B, C)]
    searched = find(world, A, B, paths=2, reticent={A, C}).search
    assert searched.paths == [[A, B], [A, C, B]]


def test_the_seeds_side_is_not_asked_beyond_the_proof() -> None:
    """With a path of three known, who is two steps away could not tell of a shorter one."""
    world = [*_both((A, C), (C, D), (D, B), (A, E), (E, F)), *_lists(F, G)]
    searched = find(world, A, B, reticent=ALL, costs={D: 9})
    assert searched.search.paths == [[A, C, D, B]]
    assert searched.rounds == ((A,), (B,), (C, E))


def test_a_proof_that_a_page_has_no_calls_for_is_gone_on_with_on_the_next() -> None:
    """The path is told at once; what the seed's side could not be asked is due when the page turns."""
    world = [*_both((A, C), (C, D), (D, E), (E, B), (A, F)), *_lists(F, G), *_lists(G, B)]
    costs = {F: 50, G: 50}
    cut = find(world, A, B, costs=costs, reticent=ALL, troubles={F: Outcome.OVER_BUDGET}).search
    assert (cut.paths, cut.expansion_of(A)) == ([[A, C, D, E, B]], "complete")
    cut.turn()
    assert ask_page(cut, world, troubles={}) == ((F,), (G,))
    assert cut.paths == [[A, F, G, B]]


def test_both_ends_are_presumed_to_list_as_long_as_all_agree() -> None:
    """As many questions as with a promise, and the same path; the evidence is what both ends have told."""
    world = _both((A, B), (B, C), (C, D), (D, E), (A, F), (F, G))
    presumed = find(world, A, E, reticent=ALL, presumes=True)
    assert presumed.search.paths == [[A, B, C, D, E]]
    assert presumed.rounds == find(world, A, E).rounds
    assert len(find(world, A, E, reticent=ALL).asked) > len(presumed.asked)


def test_one_relation_that_one_end_keeps_to_itself_ends_the_presumption() -> None:
    """From then on it is as where it is known that an end may not list all it has."""
    mutual = _both((A, B), (B, C), (C, D), (D, E)) + _lists(B, E)
    told_once = _both((A, B), (B, C), (D, E)) + _lists(D, C) + _lists(B, E)
    paths = [
        find(world, A, E, reticent=ALL, presumes=True, costs={B: 9}).search.paths
        for world in (mutual, told_once)
    ]
    assert paths == [[[A, B, C, D, E]], [[A, B, E]]]


def test_a_target_that_lists_nothing_is_looked_for_until_something_speaks_for_it() -> None:
    """That nothing is told of it says nothing before others are seen to list what is told of them."""
    dear = {B: 9, C: 9, E: 9}
    world = _both((A, B), (A, C)) + _lists(C, D)
    assert find(world, A, D, reticent=ALL, presumes=True, costs=dear).search.paths == [[A, C, D]]
    alone = find(_both((A, B), (B, C), (C, E)), A, D, reticent=ALL, presumes=True, costs=dear)
    assert (alone.search.verdict, set(alone.asked)) == ("none", {A, B, D})


def test_where_only_one_end_ever_lists_nothing_is_presumed() -> None:
    """The seed's side is asked to its end before it is said that there is none."""
    world = _lists(A, B) + _lists(B, C) + _lists(C, E)
    found = find(world, A, D, reticent=ALL, presumes=True)
    assert (found.search.verdict, set(found.asked)) == ("none", {A, B, C, D, E})
