"""Outcomes are ranked from worst to best, and say whether anything is missing."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.model import Outcome, worst

RANKED = list(Outcome)


@given(st.lists(st.sampled_from(RANKED), min_size=1))
def test_the_worst_is_the_first_declared(outcomes: list[Outcome]) -> None:
    """Of several outcomes, the one declared first counts, in whatever order they come."""
    assert RANKED.index(worst(outcomes)) == min(RANKED.index(one) for one in outcomes)


def test_of_none_the_worst_is_ok() -> None:
    """A source that was asked nothing did nothing wrong."""
    assert worst([]) is Outcome.OK


def test_denied_is_the_worst_and_ok_the_best() -> None:
    """What only the operator or caller can mend outranks what passes by itself."""
    assert (RANKED[0], RANKED[-1]) == (Outcome.DENIED, Outcome.OK)


def test_only_three_outcomes_miss_nothing() -> None:
    """Nothing is missing when a source answered, from the past too, or knows no such node."""
    assert {one for one in Outcome if one.whole} == {Outcome.OK, Outcome.ABSENT, Outcome.STALE}


def test_a_partial_answer_is_an_answer() -> None:
    """A source that holds something back did answer, though not in full."""
    assert {one for one in Outcome if one.answered and not one.whole} == {Outcome.PARTIAL}
