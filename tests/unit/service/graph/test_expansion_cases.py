"""The breadth-first machine, one thing at a time."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from connectors.contract import Filter
from connectors.model import Edge, NodeId, Outcome, Selection, undirected
from connectors.walk import Finding
from harness.reference import AMPLE, NOON, Row, expand, listing_of, tell
from service.graph.budget import Budget
from service.graph.expansion import Degree, Expansion, Told
from service.graph.merge import edge_key
from service.graph.rule import Direction, Rule

HOUR = timedelta(hours=1)
A, B, C, D = (NodeId("n", None, "t", key) for key in "abcd")


def _line(one: NodeId, other: NodeId, **rest: Any) -> Edge:
    return Edge(*undirected(one, other), "r", directed=False, **rest)


def test_an_edge_found_late_brings_nodes_nearer_and_makes_them_due() -> None:
    """C lists the seed, which does not list C: with B's help C is found at 2, and is then at 1."""
    world = [
        Row("s1", _line(A, B)),
        Row("s1", _line(B, C)),
        Row("s1", _line(A, C), subject_lists=False),
        Row("s1", _line(C, D)),
    ]
    far = expand(world, A, hops=3)
    assert far.hop == {A: 0, B: 1, C: 1, D: 2}
    # With two hops C lies at the boundary and nobody asks it, so its word for A stays unknown.
    assert expand(world, A, hops=2).hop == {A: 0, B: 1, C: 2}


def test_an_edge_found_late_brings_nearer_what_lies_behind() -> None:
    """What was held by a long way, and expanded already, comes nearer with the node before it."""
    e, f = (NodeId("n", None, "t", key) for key in "ef")
    world = [
        *(Row("s1", _line(*pair)) for pair in ((A, B), (B, C), (C, D), (D, e), (D, f))),
        Row("s1", _line(A, e), subject_lists=False),
    ]
    assert expand(world, A, hops=4).hop == {A: 0, B: 1, C: 2, D: 3, e: 4, f: 4}
    assert expand(world, A, hops=5).hop == {A: 0, B: 1, C: 2, D: 2, e: 1, f: 3}


def test_a_later_word_for_an_edge_is_added_to_it() -> None:
    """What another source tells of an edge only when its other end is asked joins its provenance."""
    world = [Row("s1", _line(A, B)), Row("s2", _line(A, B), subject_lists=False)]
    edge = expand(world, A, hops=2).edges[edge_key(_line(A, B))]
    assert [word.source for word in edge.provenance] == ["s1", "s2"]


def test_after_a_cut_of_edges_nothing_more_is_asked() -> None:
    """No room for an edge ends the expansion, though nodes are due."""
    told = Finding(Outcome.OK, listing_of(A, [_line(A, B), _line(A, C)]))
    expansion = _absorb(told, hops=2, budget=replace(AMPLE, max_edges=1))
    assert expansion.hop == {A: 0, B: 1}
    assert expansion.truncated == {"max_edges"}
    assert expansion.frontier() == ()


def test_the_nearest_are_asked_first() -> None:
    """When a late edge leaves nodes of two hops due, the frontier is the nearer ones alone."""
    x, y = (NodeId("n", None, "t", key) for key in "xy")
    world = [
        *(Row("s1", _line(*pair)) for pair in ((A, B), (B, C), (B, x), (C, D), (x, y))),
        Row("s1", _line(A, C), subject_lists=False),
    ]
    expansion = Expansion(A, hops=4, rule=Rule(), budget=AMPLE)
    frontiers = []
    while frontier := expansion.frontier():
        frontiers.append(frontier)
        expansion.absorb({node: tell(world, node, shuffle=Random(0)) for node in frontier})  # noqa: S311 - a test's
    assert frontiers == [(A,), (B,), (C, x), (D,), (y,)]


def test_the_room_for_edges_is_that_of_all_rounds() -> None:
    """What an earlier hop has brought counts against the cap of a later one."""
    world = [Row("s1", _line(*pair)) for pair in ((A, B), (A, C), (B, D), (C, D))]
    expansion = expand(world, A, hops=2, budget=replace(AMPLE, max_edges=3))
    assert {key[:2] for key in expansion.edges} == {(A, B), (A, C), (B, D)}
    assert expansion.truncated == {"max_edges"}
    assert [expansion.expansion_of(node) for node in (A, B, C, D)] == [
        "complete",
        "complete",
        "cut",
        "boundary",
    ]


def test_an_incoming_edge_that_only_its_subject_lists_is_followed() -> None:
    """Going in, an edge told by its subject leads from its object, once both are expanded."""
    told = Edge(C, A, "owns", directed=True)
    world = [
        Row("s1", _line(A, B)),
        Row("s1", _line(B, C)),
        Row("s1", told, subject_lists=True, object_lists=False),
    ]
    expansion = expand(world, A, hops=3, rule=Rule(direction=Direction.IN))
    assert expansion.hop == {A: 0, B: 1, C: 1}
    assert edge_key(told) in expansion.edges


def test_an_incoming_edge_without_a_time_is_undecided_where_it_would_be_followed() -> None:
    """What its subject tells and only its object could follow counts once the object is expanded."""
    told = Edge(B, A, "owns", directed=True)
    world = [
        Row("s1", _line(A, B, created_at=NOON + HOUR)),
        Row("s2", told, subject_lists=True, object_lists=False),
    ]
    rule = Rule(direction=Direction.IN, filter=Filter(created_after=NOON))
    expansion = expand(world, A, hops=2, rule=rule)
    assert expansion.undecided == {"s2": {edge_key(told)}}
    assert expansion.degree_of(A) == Degree(1, exact=False)
    assert expansion.degree_of(B) == Degree(1, exact=True)


def _absorb(*findings: Finding, hops: int = 1, rule: Rule | None = None, budget: Budget = AMPLE) -> Expansion:
    expansion = Expansion(A, hops=hops, rule=rule or Rule(), budget=budget)
    expansion.absorb({A: [Told(f"s{n}", finding) for n, finding in enumerate(findings)]})
    return expansion


@pytest.mark.parametrize(
    ("outcomes", "word", "exact"),
    [
        ([Outcome.OK], "complete", True),
        ([Outcome.OK, Outcome.ABSENT, Outcome.STALE], "complete", True),
        ([Outcome.OK, Outcome.OVER_BUDGET], "cut", False),
        ([Outcome.TIMEOUT], "cut", False),
        ([Outcome.TIMEOUT, Outcome.THROTTLED], "failed", False),
        ([Outcome.OK, Outcome.DENIED], "failed", False),
        ([Outcome.PARTIAL], "failed", False),
        ([Outcome.UNSUPPORTED], "failed", False),
    ],
)
def test_a_word_for_how_far_a_node_was_expanded(outcomes: list[Outcome], word: str, exact: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A source's trouble is `failed`, a spent budget `cut`; the degree is then a lower bound."""
    expansion = _absorb(*(Finding(outcome, listing_of(A, [_line(A, B)])) for outcome in outcomes))
    assert expansion.expansion_of(A) == word
    assert expansion.degree_of(A) == Degree(1, exact=exact)
    assert expansion.expansion_of(B) == "boundary"
    assert expansion.degree_of(B) is None


def test_what_a_cap_leaves_unasked_is_cut() -> None:
    """After a cut nothing more is expanded, and nodes that were due say so."""
    expansion = _absorb(
        Finding(Outcome.OK, listing_of(A, [_line(A, B), _line(A, C)])),
        hops=2,
        budget=replace(AMPLE, max_nodes=2),
    )
    assert expansion.frontier() == ()
    assert {node: expansion.expansion_of(node) for node in expansion.hop} == {A: "cut", B: "cut"}
    assert expansion.degree_of(A) == Degree(2, exact=True)


def test_a_node_nobody_can_be_asked_about_has_no_known_degree() -> None:
    """Without a source to ask there is nothing to wait for and nothing to count."""
    expansion = _absorb()
    assert expansion.expansion_of(A) == "complete"
    assert expansion.degree_of(A) is None


@pytest.mark.parametrize(
    ("rule", "value"),
    [(Rule(), 70), (Rule(direction=Direction.OUT), 1), (Rule(filter=Filter(with_type=("t",))), 1)],
)
def test_what_a_source_says_it_has_counts_where_nothing_is_left_out(rule: Rule, value: int) -> None:
    """A total is a known degree only when the rule would leave none of it out."""
    partial = Finding(Outcome.PARTIAL, listing_of(A, [_line(A, B)], total=70))
    assert _absorb(partial, rule=rule).degree_of(A) == Degree(value, exact=False)


def test_a_degree_counts_what_a_neighbor_tells_and_the_node_does_not() -> None:
    """The known degree is never less than the relations the answer shows of a node."""
    world = [Row("s1", _line(A, B), object_lists=False), Row("s1", _line(B, C))]
    assert expand(world, A, hops=2).degree_of(B) == Degree(2, exact=True)


def test_an_undecided_relation_makes_a_degree_a_lower_bound() -> None:
    """What the rule could not judge may be one more."""
    whole = Finding(Outcome.OK, listing_of(A, [_line(A, B, created_at=NOON + HOUR), _line(A, C)]))
    expansion = _absorb(whole, rule=Rule(filter=Filter(created_after=NOON)))
    assert expansion.degree_of(A) == Degree(1, exact=False)
    assert expansion.undecided == {"s0": {edge_key(_line(A, C))}}


def test_sources_that_tell_the_same_edge_share_it() -> None:
    """One edge with the word of each; the fan-out of one source is not the other's."""
    one = Finding(Outcome.OK, listing_of(A, [_line(A, C), _line(A, B)]))
    other = Finding(Outcome.OK, listing_of(A, [_line(A, C)]))
    expansion = _absorb(one, other, budget=replace(AMPLE, fan_out=1))
    told = {key[1]: [word.source for word in edge.provenance] for key, edge in expansion.edges.items()}
    assert told == {B: ["s0"], C: ["s1"]}
    both = _absorb(one, other)
    assert [word.source for word in both.edges[edge_key(_line(A, C))].provenance] == ["s0", "s1"]


def test_a_hub_is_taken_in_in_linear_time() -> None:
    """Twenty thousand relations of one node cost one look each, not one at all the others."""
    looks = 0

    class Counting(dict[NodeId, int]):
        """The hops, counting how often they are looked at."""

        def __getitem__(self, node: NodeId) -> int:
            nonlocal looks
            looks += 1
            return super().__getitem__(node)

    many = [_line(A, NodeId("n", None, "t", f"x{n}")) for n in range(20_000)]
    expansion = Expansion(
        A, hops=2, rule=Rule(), budget=Budget(max_nodes=50_000, max_edges=50_000, fan_out=50_000)
    )
    expansion.hop = Counting(expansion.hop)
    expansion.absorb({A: [Told("s", Finding(Outcome.OK, listing_of(A, many)))]})
    assert len(expansion.edges) == 20_000
    assert looks <= 10 * 20_000


@pytest.mark.parametrize("filtering", [True, False])
def test_a_neighbor_that_the_fan_out_kept_out_stays_out_whoever_tells_of_it(filtering: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """C's listing may show its relation to the seed, which C itself is not led along, or leave it out."""
    seed = NodeId("n", None, "u", "seed")
    world = [Row("s1", _line(*ends)) for ends in ((seed, B), (seed, C), (B, C), (C, D))]
    rule, budget = Rule(filter=Filter(with_type=("t",))), replace(AMPLE, fan_out=1)
    expansion = expand(world, seed, hops=3, rule=rule, budget=budget, filtering=filtering)
    assert expansion.hop == {seed: 0, B: 1, C: 2}
    assert expansion.edges.keys() == {edge_key(_line(seed, B)), edge_key(_line(B, C))}
    assert (expansion.expansion_of(seed), expansion.truncated) == ("cut", {"fan_out"})


def test_without_hops_a_selection_is_its_members_and_nothing_is_cut() -> None:
    """Hop 0 holds the members alone, whatever the fan-out; relations are not part of the answer."""
    chosen = Selection("n", None, "t")
    other = NodeId("n", None, "u", "x")
    edges = [_line(A, B), _line(A, C), _line(A, other)]
    expansion = Expansion(chosen, hops=0, rule=Rule(), budget=replace(AMPLE, fan_out=1))
    assert expansion.frontier() == (chosen,)
    expansion.absorb({chosen: [Told("s", Finding(Outcome.OK, listing_of(chosen, edges)))]})
    assert expansion.hop == {A: 0, B: 0, C: 0}
    assert expansion.edges == {}
    assert expansion.truncated == set()
    assert {expansion.expansion_of(node) for node in expansion.hop} == {"boundary"}


def test_a_member_that_finds_no_room_is_no_part_of_the_answer() -> None:
    """Members over `max_nodes` leave nothing behind."""
    chosen = Selection("n", None, "t")
    expansion = Expansion(chosen, hops=1, rule=Rule(), budget=replace(AMPLE, max_nodes=1))
    expansion.absorb({chosen: [Told("s", Finding(Outcome.OK, listing_of(chosen, [_line(A, B)])))]})
    assert expansion.hop == {A: 0}
    assert expansion.edges == {}
    assert expansion.expansion_of(A) == "cut"
    assert expansion.degree_of(B) is None
    assert expansion.frontier() == ()


def test_where_a_directed_edge_leads_is_a_member_too() -> None:
    """A member that is only led to, and leads nowhere itself, is at hop 0 like the others."""
    chosen = Selection("n", None, "t")
    expansion = Expansion(chosen, hops=2, rule=Rule(direction=Direction.OUT), budget=AMPLE)
    told = Finding(Outcome.OK, listing_of(chosen, [Edge(A, B, "r", directed=True)]))
    expansion.absorb({chosen: [Told("s", told)]})
    assert expansion.hop == {A: 0, B: 0}
    assert expansion.frontier() == ()


def test_what_fits_to_the_last_place_is_not_cut() -> None:
    """A budget of exactly what there is gives the same as an ample one, and one less does not."""
    world = [Row("s1", _line(*pair)) for pair in ((A, B), (A, C), (B, D), (C, D))]
    ample = expand(world, A, hops=2)
    exact = expand(world, A, hops=2, budget=replace(AMPLE, max_nodes=4, max_edges=4))
    assert (exact.hop, exact.edges, exact.truncated) == (ample.hop, ample.edges, set())
    assert expand(world, A, hops=2, budget=replace(AMPLE, max_nodes=3)).truncated == {"max_nodes"}
    assert expand(world, A, hops=2, budget=replace(AMPLE, max_edges=3)).truncated == {"max_edges"}


def test_edges_are_given_in_the_order_in_which_they_came_in() -> None:
    """Whoever has seen so many of them asks for those after."""
    world = [Row("s1", _line(*pair)) for pair in ((A, B), (B, C), (C, D))]
    expansion = expand(world, A, hops=3)
    assert [edge.key[:2] for edge in expansion.merged(after=1)] == [(B, C), (C, D)]
    assert (expansion.size, expansion.before) == ((4, 3), (0, 0))
    assert sorted(expansion.ends()) == [("n:t:a", "n:t:b"), ("n:t:b", "n:t:c"), ("n:t:c", "n:t:d")]
    assert all(expansion.holds(edge) for edge in expansion.merged())
