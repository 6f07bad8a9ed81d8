"""What was told is kept by the node it may be followed from, until that node is expanded."""

from datetime import timedelta

from connectors.contract import Filter
from connectors.model import Edge, NodeId, Outcome, Selection
from connectors.walk import Finding
from harness.reference import NOON, listing_of
from service.graph.asked import Told
from service.graph.hearing import Hearing
from service.graph.merge import edge_key
from service.graph.rule import Direction, Rule

A, B, C = (NodeId("n", None, "t", key) for key in "abc")
SELECTED = Selection("n", None, "t")


def _word(address: NodeId | Selection, *edges: Edge, partial: frozenset[NodeId] = frozenset()) -> Told:
    return Told("s", Finding(Outcome.OK, listing_of(address, edges)), partial=partial)


def _taken(hearing: Hearing) -> dict[str, list[str]]:
    return {
        node: [name[2] for named in found.values() for name, _ in named] for node, found in hearing.take()
    }


def test_what_leads_nowhere_from_the_node_asked_is_kept_for_its_other_end() -> None:
    """It is given once, when that end is expanded, too."""
    hearing = Hearing(Rule(direction=Direction.OUT))
    away, hither = Edge(A, B, "away", directed=True), Edge(B, A, "hither", directed=True)
    assert hearing.hear(A, words=[_word(A, away, hither)]) == set()
    assert _taken(hearing) == {"n:t:a": ["away"]}
    hearing.hear(B, words=[_word(B)])
    assert _taken(hearing) == {"n:t:b": ["hither"]}
    assert _taken(hearing) == {}
    assert {node: len(each.seen) for node, each in hearing.expanded.items()} == {"n:t:a": 1, "n:t:b": 1}


def test_what_cannot_be_judged_is_nobodys_and_told() -> None:
    """A relation without a time, where a time is asked for."""
    hearing = Hearing(Rule(filter=Filter(created_after=NOON)))
    doubtful = Edge(A, B, "r", directed=False)
    told = Edge(A, C, "r", directed=False, created_at=NOON + timedelta(hours=1))
    hearing.hear(A, words=[_word(A, doubtful, told)])
    assert _taken(hearing) == {"n:t:a": ["r"]}
    assert hearing.undecided == {"s": {edge_key(doubtful)}}
    assert hearing.unsure == {"n:t:a"}


def test_a_plain_rule_leaves_only_what_is_deleted() -> None:
    """From either end alike, so nothing is kept for the other."""
    hearing = Hearing(Rule())
    gone, there = Edge(A, B, "gone", directed=False, deleted=True), Edge(B, A, "r", directed=True)
    hearing.hear(A, words=[_word(A, gone, there)])
    hearing.hear(B, words=[_word(B)])
    assert _taken(hearing) == {"n:t:a": ["r"], "n:t:b": []}


def test_a_selection_makes_members_and_asks_for_them() -> None:
    """All but those of which it cannot tell everything; how it ended is the selection's own."""
    hearing = Hearing(Rule())
    other = NodeId("n", None, "u", "x")
    edges = Edge(A, B, "r", directed=False), Edge(C, other, "r", directed=False)
    assert hearing.hear(SELECTED, words=[_word(SELECTED, *edges, partial=frozenset({C}))]) == {A, B, C}
    assert set(hearing.expanded) == {"n:t:a", "n:t:b"}
    assert [address for address, _ in hearing.asked()] == [SELECTED]
