"""Facts and relations are values: equal when they say the same, and fit for a set."""

from connectors.model import NodeFacts, NodeId, Relation


def test_equal_facts_are_one() -> None:
    """Two tellings of the same facts, lists included, fall together in a set."""
    node = NodeId("a", None, "b", "c")
    told = [NodeFacts(node, "C", None, (("tags", ("x", "y")), ("size", 1))) for _ in range(2)]
    assert len(set(told)) == 1


def test_relations_differ_by_direction() -> None:
    """The same word with and without a direction are two relations."""
    assert len({Relation("knows", directed=True), Relation("knows", directed=False)}) == 2
