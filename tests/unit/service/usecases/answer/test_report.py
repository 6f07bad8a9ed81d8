"""The account of one source: the worst of its outcomes, and whose words go with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Filter
from connectors.model import Address, NodeFacts, NodeId, Outcome, worst
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.usecases.answer.report import Report, combined

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _node(n: int) -> NodeId:
    return NodeId("n", None, "t", str(n))


def _finding(outcome: Outcome, detail: str | None = None, wait: int | None = None, **listing: Any) -> Finding:
    told = Listing(_node(0), Aspect.RELATIONS, Filter(), NOON, **listing)
    return Finding(outcome, told, detail, None if wait is None else timedelta(seconds=wait))


def _report(*findings: Finding) -> Report:
    told: dict[Address, Finding] = {_node(n): finding for n, finding in enumerate(findings)}
    return Report("s", "kind", findings=told)


@given(outcomes=st.lists(st.sampled_from(Outcome), max_size=9))
def test_the_worst_is_told_and_all_are_counted(outcomes: list[Outcome]) -> None:
    """One word for the source, and how many addresses ended how, the worst first."""
    report = _report(*map(_finding, outcomes))
    assert report.outcome is worst(outcomes)
    assert report.outcomes == {
        outcome.value: outcomes.count(outcome) for outcome in sorted(set(outcomes), key=list(Outcome).index)
    }
    assert report.answered is any(outcome.answered for outcome in outcomes)


def test_the_words_are_those_of_the_worst_outcome_and_the_smallest_address() -> None:
    """Other outcomes' words, and the absence of words, do not count."""
    report = _report(
        _finding(Outcome.STALE, "old"),
        _finding(Outcome.DENIED),
        _finding(Outcome.DENIED, "second"),
        _finding(Outcome.DENIED, "first"),
    )
    assert report.detail == "second"
    assert _report(_finding(Outcome.OK)).detail is None
    assert _report().detail is None


def test_the_longest_wait_is_told() -> None:
    """Whoever waits that long may ask about everything again."""
    waits = [None, 3, 9, 5]
    assert _report(*(_finding(Outcome.THROTTLED, wait=wait) for wait in waits)).retry_after == timedelta(
        seconds=9
    )
    assert _report(_finding(Outcome.THROTTLED)).retry_after is None


def test_the_age_is_that_of_the_oldest_thing_told() -> None:
    """What told nothing has no age; what came before trouble was told all the same."""
    report = Report("s", "kind")
    report.note(_finding(Outcome.UNAVAILABLE), now=NOON + timedelta(hours=9))
    assert (report.age, report.replied, report.answered) == (None, False, False)
    for seconds in (5, 9, 7):
        report.note(_finding(Outcome.OK), now=NOON + timedelta(seconds=seconds))
    assert (report.age, report.replied) == (timedelta(seconds=9), True)
    half = Report("s", "kind")
    half.note(_finding(Outcome.TIMEOUT, facts=(NodeFacts(_node(1)),)), now=NOON)
    assert (half.answered, half.age) == (True, timedelta(0))


@pytest.mark.parametrize(
    ("sides", "outcome"),
    [
        ([Outcome.ABSENT, Outcome.ABSENT], Outcome.ABSENT),
        ([Outcome.ABSENT, Outcome.OK], Outcome.OK),
        ([Outcome.ABSENT, Outcome.STALE], Outcome.STALE),
        ([Outcome.OK, Outcome.DENIED], Outcome.DENIED),
        ([Outcome.ABSENT, Outcome.TIMEOUT], Outcome.TIMEOUT),
        ([], Outcome.OK),
    ],
)
def test_two_sides_make_one_outcome(sides: list[Outcome], outcome: Outcome) -> None:
    """Absent is a node only if every side says so; any trouble is the node's trouble."""
    assert combined(sides) is outcome
    assert combined(reversed(sides)) is outcome
