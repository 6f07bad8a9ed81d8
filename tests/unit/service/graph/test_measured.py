"""What the measures say in an answer: numbers at the nodes, and how far to trust them."""

from copy import deepcopy

import pytest

from service.graph.measure import Measure
from service.graph.measured import Measured, count_unexpanded, write_measures

NODES = [
    {"id": "b", "hop": 0, "expansion": "complete"},
    {"id": "a", "hop": 1, "expansion": "boundary"},
]
MEASURED = Measured(
    asked=(Measure.PAGERANK, Measure.BETWEENNESS, Measure.DEGREE),
    ids=("a", "b"),
    values={Measure.DEGREE: [1, 3], Measure.PAGERANK: [0.25, 0.75]},
    unexpanded={"boundary": 1, "cut": 0, "failed": 0},
)


def test_the_answer_says_what_finished_and_what_misleads() -> None:
    """Every measure asked is named, in the caller's order, with the nodes that go on beyond the answer."""
    doubts = {"boundary": 1, "cut": 0, "failed": 0}
    record = MEASURED.record()
    assert list(record) == ["pagerank", "betweenness", "degree"]
    assert record == {
        "pagerank": {"finished": True, **doubts},
        "betweenness": {"finished": False, **doubts},
        "degree": {"finished": True, **doubts},
    }
    assert {type(name) for name in record} == {str}


def test_nodes_carry_what_finished() -> None:
    """The records stay in their order, each with its own numbers, without what did not finish."""
    assert write_measures(MEASURED, nodes=NODES) == [
        {"id": "b", "hop": 0, "expansion": "complete", "measures": {"pagerank": 0.75, "degree": 3}},
        {"id": "a", "hop": 1, "expansion": "boundary", "measures": {"pagerank": 0.25, "degree": 1}},
    ]


def test_records_given_stay_as_they_are() -> None:
    """Records may be shared: what is written is a copy."""
    before = deepcopy(NODES)
    written = write_measures(MEASURED, nodes=NODES)
    written[0]["measures"]["degree"] = -1
    assert before == NODES


def test_a_node_that_was_not_measured_is_a_mistake() -> None:
    """A record of another graph is refused rather than left without numbers."""
    with pytest.raises(KeyError, match="elsewhere"):
        write_measures(MEASURED, nodes=[{"id": "elsewhere"}])


def test_nodes_that_are_not_complete_are_counted() -> None:
    """Each way of not being complete has its count, also when it is none."""
    words = ["boundary", "complete", "failed", "boundary"]
    assert count_unexpanded([{"expansion": word} for word in words]) == {
        "boundary": 2,
        "cut": 0,
        "failed": 1,
    }
