"""Strategies for small worlds of relations, and for the rules and budgets they are expanded under."""

from datetime import timedelta

from hypothesis import strategies as st

from connectors.contract import Deleted, Filter
from connectors.model import Edge, Selection, undirected
from harness.reference import NODES, NOON, Row
from service.graph.budget import Budget
from service.graph.rule import Direction, Rule

HOUR = timedelta(hours=1)


@st.composite
def _edges(draw: st.DrawFn) -> Edge:
    ends = draw(st.sampled_from(NODES)), draw(st.sampled_from(NODES))
    directed = draw(st.booleans())
    subject, object_ = ends if directed else undirected(*ends)
    return Edge(
        subject,
        object_,
        draw(st.sampled_from(["r", "q"])),
        directed,
        record=draw(st.none() | st.sampled_from(["1", "2"])),
        created_at=draw(st.none() | st.integers(0, 4).map(lambda hours: NOON + hours * HOUR)),
        deleted=draw(st.integers(0, 3)) == 0,
    )


sources = st.sampled_from(["s1", "s2"])
symmetric = st.lists(st.builds(Row, sources, _edges()), max_size=14)
one_sided = st.lists(st.builds(Row, sources, _edges(), st.booleans(), st.booleans()), max_size=14)
some = st.sampled_from([(), ("m",), ("t",), ("m", "n"), ("t", "u")])
rules = st.builds(
    Rule,
    direction=st.sampled_from(Direction),
    relations=st.none() | st.sampled_from([frozenset({"r"}), frozenset({"r", "q"})]),
    filter=st.builds(
        Filter,
        deleted=st.sampled_from(Deleted),
        created_after=st.none() | st.just(NOON + HOUR),
        created_before=st.none() | st.just(NOON + 3 * HOUR),
        with_namespace=st.sampled_from([(), (), ("m",), ("m", "n")]),
        with_type=st.sampled_from([(), (), ("u",), ("t", "u")]),
        with_key=st.sampled_from([None, None, "a"]),
    ),
)
plain_rules = st.builds(Rule, direction=st.sampled_from(Direction))
hop_counts = st.integers(0, 4)
orders = st.integers(0, 99)
selections = st.sampled_from(
    [Selection("m", None, None), Selection("m", None, "t"), Selection("z", None, None)]
)
dense = st.lists(st.builds(Row, sources, _edges(), st.booleans(), st.booleans()), min_size=8, max_size=20)
budgets = st.builds(
    Budget, max_nodes=st.integers(1, 9), max_edges=st.integers(1, 9), fan_out=st.integers(1, 5)
)
