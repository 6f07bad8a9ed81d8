"""What asking about one node comes to, over all its sources."""

import pytest

from connectors.contract import Filter
from connectors.model import NodeId, Outcome
from connectors.walk import Finding
from harness.reference import listing_of
from service.graph.asked import Asked, Degree, Told
from service.graph.rule import Direction, Rule

A = NodeId("n", None, "t", "a")


def _asked(*outcomes: Outcome, rule: Rule | None = None, totals: tuple[int, ...] = ()) -> Asked:
    counts = (*totals, *[None] * len(outcomes))
    words = [
        Told(f"s{number}", Finding(outcome, listing_of(A, [], total=counts[number])))
        for number, outcome in enumerate(outcomes)
    ]
    return Asked.of(words, rule=rule or Rule())


@pytest.mark.parametrize(
    ("outcomes", "word", "whole"),
    [
        ([], "complete", True),
        ([Outcome.OK, Outcome.ABSENT, Outcome.STALE], "complete", True),
        ([Outcome.OK, Outcome.OVER_BUDGET], "cut", False),
        ([Outcome.TIMEOUT], "cut", False),
        ([Outcome.TIMEOUT, Outcome.BROKEN], "failed", False),
        ([Outcome.OK, Outcome.PARTIAL], "failed", False),
    ],
)
def test_a_node_is_known_as_wholly_as_its_worst_source_told(
    outcomes: list[Outcome],
    word: str,
    whole: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Trouble is `failed`, a spent budget `cut`, and so is a node cut by another budget."""
    asked = _asked(*outcomes)
    assert (asked.word(cut=False), asked.whole) == (word, whole)
    assert asked.word(cut=True) == ("failed" if word == "failed" else "cut")


def test_a_degree_is_what_is_known_or_what_a_source_says() -> None:
    """The larger of the two; exact only where nothing is missing and nothing in doubt."""
    asked = _asked(Outcome.OK, Outcome.OK, totals=(3, 5))
    assert asked.degree(4, sure=True) == Degree(5, exact=True)
    assert asked.degree(7, sure=True) == Degree(7, exact=True)
    assert asked.degree(7, sure=False) == Degree(7, exact=False)
    assert _asked(Outcome.PARTIAL).degree(1, sure=True) == Degree(1, exact=False)
    assert _asked().degree(0, sure=True) is None


@pytest.mark.parametrize("rule", [Rule(direction=Direction.IN), Rule(filter=Filter(with_key="x"))])
def test_what_a_source_says_counts_only_where_nothing_is_left_out(rule: Rule) -> None:
    """A total of all relations says nothing of those that the rule follows."""
    assert _asked(Outcome.OK, totals=(5,), rule=rule).total == 0
