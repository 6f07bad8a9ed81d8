"""What the cache answers, what it leaves to the sources, and what stands in for their failures."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from connectors.contract import Deleted, Filter
from connectors.errors import SourceThrottledError
from service.cache.freshness import UNLIMITED, Tolerance
from service.graph.rule import Rule
from service.usecases.answer.answering import Answer
from service.usecases.answer.requirement import NotCachedError, SourcesFailedError, SourcesTimedOutError
from service.usecases.request import Require

LONG = "a label of which the cache keeps one copy for all of the listings that show it " * 4


def _hops(answer: Answer) -> dict[str, int]:
    return {node: record["hop"] for node, record in answer.graph.nodes(data=True)}


def _outcomes(answer: Answer) -> dict[str, str]:
    return {report.source: report.outcome.value for report in answer.reports}


def _labels(answer: Answer) -> dict[str, str]:
    return {node: record["label"] for node, record in answer.graph.nodes(data=True)}


def _chain(site: Any, *names: str) -> None:
    for one, other in pairwise(names):
        site.line(one, other)


async def test_what_is_fresh_is_not_asked_for_again(stage: Any) -> None:
    """The second answer is the first one, without a call, and tells how old it is."""
    site = stage.source("s1", "n", describes=True)
    _chain(site, "n:t:a", "n:t:b", "n:t:c")
    site.labels |= {"n:t:a": "A", "n:t:b": LONG, "n:t:c": LONG + "c"}
    first = await stage.ask("n:t:a", hops=2)
    site.asked()
    stage.clock.passed += 30
    second = await stage.ask("n:t:a", hops=2)
    assert site.asked() == []
    assert second.spent.calls == 0
    assert second.reports[0].cached == 3
    assert second.reports[0].age == timedelta(seconds=30)
    assert list(second.graph.nodes(data=True)) == list(first.graph.nodes(data=True))
    assert list(second.graph.edges(data=True)) == list(first.graph.edges(data=True))
    assert _labels(second) == {"n:t:a": "A", "n:t:b": LONG, "n:t:c": LONG + "c"}


async def test_a_wider_listing_answers_a_narrower_question(stage: Any) -> None:
    """The plain listing of a source that filters upstream answers a filtered question."""
    site = stage.source("s1", "n", pushes=True)
    site.line("n:t:a", "n:t:b", created_at="2025-01-01T00:00:00+00:00")
    site.line("n:t:a", "n:t:c", created_at="2026-01-01T00:00:00+00:00")
    since = stage.clock.now() - timedelta(days=9)
    rule = Rule(filter=Filter(created_after=since, with_type=("t",)))
    filtered_first = await stage.ask("n:t:a", rule=rule)
    assert len(site.asked()) == 1
    # The narrow listing does not answer the wide question, but the wide one the narrow.
    await stage.ask("n:t:a")
    assert len(site.asked()) == 1
    stage.store.evict([key for key in stage.store._kept if key])
    await stage.ask("n:t:a")
    site.asked()
    filtered = await stage.ask("n:t:a", rule=rule)
    assert site.asked() == []
    assert _hops(filtered) == _hops(filtered_first) == {"n:t:a": 0, "n:t:c": 1}


async def test_known_absence_is_remembered_for_its_own_time(stage: Any) -> None:
    """Absent is served from the cache while it lasts, and asked for again after."""
    site = stage.source("s1", "n")
    site.absent.add("n:t:a")
    for seconds, calls in ((0, 1), (30, 0), (61, 1)):
        stage.clock.passed = seconds
        answer = await stage.ask("n:t:a", require=Require.NONE)
        assert (_outcomes(answer), answer.spent.calls) == ({"s1": "absent"}, calls)
        assert answer.seed_known is False


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (500, "unavailable: status 500"),
        (429, "throttled: status 429"),
        (418, "broken: "),
        ("slow", "timeout: "),
    ],
)
async def test_defect_14_stale_instead_of_failing_keeps_its_reason(
    stage: Any, fault: int | str, said: str
) -> None:
    """What is past its time stands in for a failure: outcome stale, complete, with the reason."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    await stage.ask("n:t:a")
    site.faults["n:t:a"] = fault
    stage.clock.passed += 16 * 60
    answer = await stage.ask("n:t:a")
    assert _hops(answer) == {"n:t:a": 0, "n:t:b": 1}
    assert _outcomes(answer) == {"s1": "stale"}
    assert answer.reports[0].detail.startswith(said)
    assert answer.reports[0].retry_after == (timedelta(seconds=7) if fault == 429 else None)
    assert answer.reports[0].cached == 1
    assert answer.complete
    assert answer.truncated == ()
    stage.clock.passed += 3600
    with pytest.raises((SourcesFailedError, SourcesTimedOutError)):
        await stage.ask("n:t:a")


async def test_stale_is_served_without_a_call_to_whoever_takes_it(stage: Any) -> None:
    """With max-stale an old answer is good enough, and is called stale."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    await stage.ask("n:t:a")
    site.asked()
    stage.clock.passed += 16 * 60
    answer = await stage.ask("n:t:a", tolerance=Tolerance(max_stale=UNLIMITED))
    assert (_outcomes(answer), site.asked()) == ({"s1": "stale"}, [])


async def test_a_listing_that_was_held_back_from_stays_partial_when_stale(stage: Any) -> None:
    """Old or new, what the source holds back is missing: partial is worse than stale."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    site.extras["n:t:a"] = {"withheld": "there is more"}
    await stage.ask("n:t:a")
    stage.clock.passed += 16 * 60
    site.faults["n:t:a"] = 500
    for tolerance in (Tolerance(), Tolerance(max_stale=UNLIMITED)):
        answer = await stage.ask("n:t:a", tolerance=tolerance)
        assert (_outcomes(answer), answer.complete) == ({"s1": "partial"}, False)
        assert answer.reports[0].detail == "there is more"


async def test_a_call_that_our_own_pace_held_back_is_not_counted(stage: Any) -> None:
    """What never went out is neither spent nor told as a call."""
    site = stage.source("s1", "n")
    site.held_back = SourceThrottledError("our own pace")
    answer = await stage.ask("n:t:a", require=Require.NONE)
    assert _outcomes(answer) == {"s1": "throttled"}
    assert (answer.spent.calls, answer.reports[0].calls) == (0, 0)


async def test_deleted_relations_are_a_question_of_their_own(stage: Any) -> None:
    """A listing without the deleted ones does not answer a question that includes them."""
    site = stage.source("s1", "n", pushes=True)
    site.line("n:t:a", "n:t:b")
    site.line("n:t:a", "n:t:c", deleted=True)
    wanted = {Deleted.EXCLUDE: {"b"}, Deleted.INCLUDE: {"b", "c"}, Deleted.ONLY: {"c"}}
    for _ in range(2):
        for deleted, keys in wanted.items():
            answer = await stage.ask("n:t:a", rule=Rule(filter=Filter(deleted=deleted)))
            assert set(answer.graph) == {"n:t:a"} | {f"n:t:{key}" for key in keys}
    assert len(site.asked()) == 3


async def test_max_age_asks_again(stage: Any) -> None:
    """What is older than the caller takes is fetched again, and kept for the others."""
    site = stage.source("s1", "n")
    await stage.ask("n:t:a")
    stage.clock.passed += 10
    site.line("n:t:a", "n:t:b")
    assert len((await stage.ask("n:t:a", tolerance=Tolerance(max_age=timedelta(seconds=11)))).graph) == 1
    assert len((await stage.ask("n:t:a", tolerance=Tolerance(max_age=timedelta(seconds=9)))).graph) == 2
    assert len((await stage.ask("n:t:a")).graph) == 2


async def test_only_cached_data_is_all_or_some_or_an_error(stage: Any) -> None:
    """Nothing cached is an error, something cached an answer; no call is ever made."""
    site = stage.source("s1", "n")
    _chain(site, "n:t:a", "n:t:b", "n:t:c")
    only = Tolerance(only_if_cached=True)
    with pytest.raises(NotCachedError):
        await stage.ask("n:t:a", tolerance=only)
    await stage.ask("n:t:a")
    site.asked()
    answer = await stage.ask("n:t:a", hops=2, tolerance=only)
    assert site.asked() == []
    assert _hops(answer) == {"n:t:a": 0, "n:t:b": 1}
    assert answer.reports[0].outcomes == {"unavailable": 1, "ok": 1}
    assert not answer.complete


async def test_defect_06_another_source_leaves_the_cache_of_the_others_as_it_is(stage: Any) -> None:
    """Registering a third source costs calls to the third only, and so does its going."""
    one, other = stage.source("s1", "n"), stage.source("s2", "n")
    await stage.ask("n:t:a")
    third = stage.source("s3", "n")
    for site in (one, other):
        site.asked()
    await stage.ask("n:t:a")
    assert (one.asked(), other.asked(), third.asked()) == ([], [], ["n:t:a"])
    del stage.sources[0]
    await stage.ask("n:t:a")
    assert (other.asked(), third.asked()) == ([], [])


@pytest.mark.parametrize("hops", [0, 1, 2, 4])
@pytest.mark.parametrize("warm", [False, True])
async def test_the_store_is_asked_once_per_hop_and_once_at_the_end(
    stage: Any, hops: int, *, warm: bool
) -> None:
    """However many nodes and sources: hops + 1 round trips at most, and one more per call to be made."""
    for name in ("s1", "s2"):
        site = stage.source(name, "n", describes=True)
        for one in "abcde":
            for other in "vwxyz":
                site.line(f"n:t:{one}", f"n:t:{other}")
        site.labels |= {f"n:t:{key}": LONG + key for key in "abcdevwxyz"}
    _chain(site, "n:t:a", "n:t:1", "n:t:2", "n:t:3", "n:t:4", "n:t:5")
    if warm:
        await stage.ask("n:t:a", hops=hops)
    stage.store.loads = 0
    answer = await stage.ask("n:t:a", hops=hops)
    assert stage.store.loads <= max(hops, 1) + 1 + answer.spent.calls
    assert answer.complete
    assert (answer.spent.calls == 0) is warm


async def test_facts_kept_apart_are_put_together_in_the_next_round(stage: Any) -> None:
    """What a cached listing refers to is read with the next hop's questions, or at the end."""
    site = stage.source("s1", "n")
    _chain(site, "n:t:a", "n:t:b", "n:t:c")
    site.labels |= {f"n:t:{key}": LONG + key for key in "abc"}
    await stage.ask("n:t:a", hops=2)
    stage.store.loads = 0
    answer = await stage.ask("n:t:a", hops=2)
    assert _labels(answer) == {f"n:t:{key}": LONG + key for key in "abc"}
    assert stage.store.loads == 3
    assert answer.spent.calls == 0


async def test_facts_that_were_evicted_are_fetched_again(stage: Any) -> None:
    """A listing whose facts are gone is asked for once more; what it tells is in the answer."""
    site = stage.source("s1", "n", describes=True)
    site.line("n:t:a", "n:t:b")
    site.labels |= {"n:t:b": LONG}
    await stage.ask("n:t:a")
    site.asked()
    before = set(stage.store._kept)
    for key in before:
        value = stage.store._kept[key]
        stage.store.evict([key])
        answer = await stage.ask("n:t:a")
        assert _labels(answer)["n:t:b"] == LONG
        assert answer.complete
        stage.store._kept.setdefault(key, value)


async def test_a_description_whose_facts_were_evicted_is_fetched_again(stage: Any) -> None:
    """Facts that only the description told are mended by asking for the description."""
    site = stage.source("s1", "n", describes=True)
    site.labels["n:t:a"] = LONG
    await stage.ask("n:t:a", hops=0)
    assert [side for _, side, _ in site.journal] == ["description"]
    site.asked()
    facts_first = next(iter(stage.store._kept))
    stage.store.evict([facts_first])
    answer = await stage.ask("n:t:a", hops=0)
    assert _labels(answer) == {"n:t:a": LONG}
    assert [side for _, side, _ in site.journal] == ["description"]


async def test_facts_that_can_not_be_fetched_again_are_not_passed_over(stage: Any) -> None:
    """When the source fails the repair, the source says so and the answer is not complete."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    site.labels["n:t:b"] = LONG
    await stage.ask("n:t:a")
    stage.store.evict([next(iter(stage.store._kept))])
    site.faults["n:t:a"] = 500
    answer = await stage.ask("n:t:a")
    assert _outcomes(answer) == {"s1": "unavailable"}
    assert _hops(answer) == {"n:t:a": 0, "n:t:b": 1}
    assert not answer.complete


@pytest.mark.parametrize(("evicted", "outcome"), [(False, "stale"), (True, "unavailable")])
async def test_a_stale_listing_stands_in_only_while_its_facts_are_there(
    stage: Any, *, evicted: bool, outcome: str
) -> None:
    """What has lost the attributes of its neighbors is no answer to pass off as merely old."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    site.labels["n:t:b"] = LONG
    await stage.ask("n:t:a")
    if evicted:
        stage.store.evict([next(iter(stage.store._kept))])
    stage.clock.passed += 30 * 60
    site.faults["n:t:a"] = 500
    answer = await stage.ask("n:t:a", require=Require.NONE)
    assert _outcomes(answer) == {"s1": outcome}
    assert answer.complete is not evicted


async def test_without_its_store_the_service_answers_and_says_so(stage: Any) -> None:
    """A store that is down costs calls and nothing else."""
    site = stage.source("s1", "n")
    _chain(site, "n:t:a", "n:t:b", "n:t:c")
    stage.store.broken = True
    for _ in range(2):
        answer = await stage.ask("n:t:a", hops=2)
        assert (answer.complete, answer.store_down, answer.spent.calls) == (True, True, 2)
    stage.store.broken = False
    assert (await stage.ask("n:t:a", hops=2)).store_down is False


async def test_two_callers_at_the_same_time_see_each_their_own(stage: Any) -> None:
    """At once or after one another, what one credential fetched is nobody else's."""
    site = stage.source("s1", "n", by_caller=True)
    site.line("n:t:a", "n:t:b")
    answers = await asyncio.gather(*(stage.ask("n:t:a", as_=token) for token in ("one", "two")))
    assert [len(answer.graph) for answer in answers] == [2, 2]
    assert sorted(caller for caller, _, _ in site.journal) == ["one", "two"]
    site.asked()
    site.faults["n:t:a"] = 500
    assert _outcomes(await stage.ask("n:t:a", as_="one")) == {"s1": "ok"}
    with pytest.raises(SourcesFailedError):
        await stage.ask("n:t:a", as_="three")
