"""Pages of an expansion: together they are what an unlimited budget gives, and nothing comes twice."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.model import Address, NodeId, Outcome
from connectors.walk import Finding
from harness.reference import AMPLE, NODES, Row, expand, listing_of, tell
from harness.rows import budgets, dense, hop_counts, plain_rules, rules, selections
from service.graph.budget import Budget
from service.graph.expansion import Expansion, Told
from service.graph.rule import Rule

_TROUBLE = (Outcome.OVER_BUDGET, Outcome.TIMEOUT, Outcome.UNAVAILABLE, Outcome.THROTTLED, Outcome.BROKEN)
seeds = st.sampled_from([(NODES[0],), (NODES[0], NODES[5]), tuple(NODES)]) | selections.map(
    lambda one: (one,)
)


def _disturbed(words: Sequence[Told], dice: Random, *, often: float) -> list[Told]:
    """Let some sources fail half-way: what they have told by then is told."""
    told = []
    for word in words:
        if dice.random() < often:
            listing = word.finding.listing
            half = listing_of(listing.address, listing.edges[: len(listing.edges) // 2])
            told.append(Told(word.source, Finding(dice.choice(_TROUBLE), half)))
        else:
            told.append(word)
    return told


def _page(expansion: Expansion, world: Sequence[Row], dice: Random, *, often: float) -> bool:
    """Expand until the page is at its end; tell whether a budget left work undone."""
    late = False
    while frontier := expansion.frontier():
        told = {
            address: _disturbed(tell(world, address, shuffle=dice), dice, often=often) for address in frontier
        }
        late |= any(word.finding.outcome.cut for words in told.values() for word in words)
        expansion.absorb(told)
    return late or bool(expansion.truncated)


@settings(max_examples=80, deadline=None)
@given(
    world=dense,
    rule=plain_rules | rules,
    hops=hop_counts,
    budget=budgets,
    addresses=seeds,
    order=st.integers(0, 999),
    often=st.sampled_from([0, 0, 0.3, 0.7]),
)
def test_the_pages_together_are_the_answer_at_once(
    *,
    world: list[Row],
    rule: Rule,
    hops: int,
    budget: Budget,
    addresses: tuple[Address, ...],
    order: int,
    often: float,
) -> None:
    """Whatever cuts and fails at first, the union has the nodes, edges, hops and words of one answer."""
    dice = Random(order)  # noqa: S311 - a test's dice
    paged = Expansion(*addresses, hops=hops, rule=rule, budget=budget)
    undone = _page(paged, world, dice, often=often)
    nodes, edges = set(paged.hop), set(paged.edges)
    pages = 1
    while undone:
        paged.turn()
        # Nothing fails for ever: what is tested here is what becomes of it afterwards.
        undone = _page(paged, world, dice, often=often if pages < 4 else 0)
        assert len(paged.hop) - len(nodes) <= budget.max_nodes
        assert len(paged.edges) - len(edges) <= budget.max_edges
        assert nodes <= paged.hop.keys(), "nothing is taken back"
        assert edges <= paged.edges.keys(), "nothing is taken back"
        assert all(end in paged.hop for key in paged.edges for end in key[:2])
        moved = len(paged.hop) > len(nodes) or len(paged.edges) > len(edges)
        assert moved or pages < 8 or not undone, "a page that is not the last brings something"
        nodes, edges = set(paged.hop), set(paged.edges)
        pages += 1
    # What failed where no budget had cut anything is asked again on the next page only.
    paged.turn()
    while _page(paged, world, dice, often=0):
        paged.turn()
    whole = Expansion(*addresses, hops=hops, rule=rule, budget=AMPLE)
    _page(whole, world, Random(0), often=0)  # noqa: S311 - a test's dice
    assert paged.hop == whole.hop
    assert {key: repr(edge) for key, edge in paged.edges.items()} == {
        key: repr(edge) for key, edge in whole.edges.items()
    }
    assert {node: (paged.expansion_of(node), paged.degree_of(node)) for node in paged.hop} == {
        node: (whole.expansion_of(node), whole.degree_of(node)) for node in whole.hop
    }
    assert dict(paged.undecided) == dict(whole.undecided)


@settings(max_examples=60, deadline=None)
@given(world=dense, rule=rules, hops=hop_counts, addresses=st.permutations(NODES).map(lambda all_: all_[:3]))
def test_several_seeds_are_one_expansion(
    world: list[Row], rule: Rule, hops: int, addresses: list[NodeId]
) -> None:
    """A node's hop is its distance from the nearest seed, and the order of the seeds is nothing."""
    together = Expansion(*addresses, hops=hops, rule=rule, budget=AMPLE)
    _page(together, world, Random(0), often=0)  # noqa: S311 - a test's dice
    alone = [expand(world, seed, hops=hops, rule=rule).hop for seed in addresses] if hops else []
    for hop in alone:
        assert all(together.hop[node] <= distance for node, distance in hop.items())
    assert {node for node, hop in together.hop.items() if hop == 0} == set(addresses)
    turned = Expansion(*reversed(addresses), hops=hops, rule=rule, budget=AMPLE)
    _page(turned, world, Random(1), often=0)  # noqa: S311 - a test's dice
    assert turned.hop == together.hop
    assert turned.edges == together.edges


def test_seeds_over_the_budget_come_on_later_pages() -> None:
    """Of several seeds the smallest come first; none is lost and none comes twice."""
    expansion = Expansion(*NODES, hops=0, rule=Rule(), budget=replace(AMPLE, max_nodes=3))
    ordered = sorted(NODES, key=str)
    pages = [list(expansion.hop)]
    while expansion.truncated:
        before = set(expansion.hop)
        expansion.turn()
        pages.append([node for node in expansion.hop if node not in before])
    assert pages == [ordered[:3], ordered[3:6], ordered[6:]]


def test_a_dead_source_does_not_keep_the_living_from_being_asked() -> None:
    """What failed is asked again last, once a page."""
    expansion = Expansion(NODES[0], NODES[1], hops=1, rule=Rule(), budget=AMPLE)
    dead = Told("s1", Finding(Outcome.UNAVAILABLE, listing_of(NODES[0], ())))
    late = Told("s1", Finding(Outcome.OVER_BUDGET, listing_of(NODES[1], ())))
    assert expansion.frontier() == (NODES[0], NODES[1])
    expansion.absorb({NODES[0]: [dead], NODES[1]: [late]})
    assert expansion.frontier() == ()
    expansion.turn()
    assert expansion.frontier() == (NODES[1],)
    expansion.absorb({NODES[1]: [Told("s1", Finding(Outcome.OK, listing_of(NODES[1], ())))]})
    assert expansion.frontier() == (NODES[0],)
    expansion.absorb({NODES[0]: [dead]})
    assert expansion.frontier() == ()
    assert expansion.expansion_of(NODES[0]) == "failed"
