"""The unasked nodes of one distance."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.model import NodeId
from service.graph.level import Level

NODES = [NodeId("n", None, "t", key) for key in "abcdef"]
COSTS = dict(zip(NODES, (3, 1, 2, 1, 3, 2), strict=True))
moves = st.lists(st.tuples(st.booleans(), st.sampled_from(NODES), st.integers(0, 7)), max_size=30)


@given(moves=moves)
def test_who_comes_and_goes_is_counted_priced_and_ordered(moves: list[tuple[bool, NodeId, int]]) -> None:
    """After any moves it is the set of those who are here, cheapest first; looking changes nothing."""
    level = Level(COSTS.__getitem__)
    here: set[NodeId] = set()
    for comes, node, count in moves:
        (level.add if comes else level.discard)(node)
        (here.add if comes else here.discard)(node)
        ordered = sorted(here, key=lambda each: (COSTS[each], str(each)))
        assert level.first(count) == level.first(count) == ordered[:count]
        assert (level.nodes, len(level), bool(level)) == (here, len(here), bool(here))
        assert level.price == sum(map(COSTS.__getitem__, here))
