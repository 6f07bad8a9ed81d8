"""Tests of how long a shared cache may keep an answer: until its first source would be asked again."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.contract import Filter, Freshness
from connectors.model import NodeFacts, NodeId, Outcome
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.api.lifetime import lifetime_of
from service.usecases.answer.report import Report

SEED = NodeId("observable", None, "domain", "a.example")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
# The policy and the name are all that is read of a source.
SOURCES: Any = (
    SimpleNamespace(name="slow", freshness=Freshness(ttl=timedelta(seconds=900))),
    SimpleNamespace(
        name="quick", freshness=Freshness(timedelta(seconds=60), absent_ttl=timedelta(seconds=5))
    ),
)


def report(name: str, age: float | None, *, empty: bool = False) -> Report:
    """Give what a source did: it described the seed, or knew nothing of it."""
    facts = () if empty else (NodeFacts(SEED, label="a"),)
    made = Report(name, "threatwinds", age=None if age is None else timedelta(seconds=age))
    listing = Listing(SEED, Aspect.DESCRIPTION, Filter(), NOON, facts=facts)
    made.findings[SEED] = Finding(Outcome.OK, listing)
    return made


def seconds(*reports: Report, max_age: float | None = None) -> float:
    """Give how long an answer with these reports may be kept."""
    asked = None if max_age is None else timedelta(seconds=max_age)
    return lifetime_of(reports, sources=SOURCES, max_age=asked).total_seconds()


@pytest.mark.parametrize(
    ("reports", "max_age", "expected"),
    [
        ([report("slow", 0)], None, 900),
        ([report("slow", 100)], None, 800),
        ([report("slow", 899.5)], None, 0.5),
        ([report("slow", 1000)], None, 0),
        ([report("slow", 100), report("quick", 10)], None, 50),
        ([report("slow", 890), report("quick", 10)], None, 10),
        ([report("quick", 2, empty=True)], None, 3),
        ([report("quick", 2, empty=True), report("slow", 0)], None, 3),
        ([report("slow", 10)], 30, 20),
        ([report("slow", 10)], 0, 0),
        ([report("slow", 10)], 5000, 890),
        ([report("slow", None)], None, 0),
        ([report("slow", 10), report("quick", None)], None, 0),
        ([], None, 0),
    ],
)
def test_the_shortest_promise_counts(reports: list[Report], max_age: float | None, expected: float) -> None:
    """Over all sources, from the oldest data; what is known of nobody is kept by nobody."""
    assert seconds(*reports, max_age=max_age) == expected
