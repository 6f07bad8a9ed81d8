"""From a request to its answer, over scripted upstreams: what is told, what is not, and why."""

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import networkx as nx
import pytest

from connectors.contract import Filter
from service.cache.freshness import Tolerance
from service.graph.budget import Budget
from service.graph.rule import Rule
from service.usecases.answer.answering import Answer
from service.usecases.answer.requirement import SourcesFailedError
from service.usecases.request import Require

AGAIN = Tolerance(max_age=timedelta(0))


def _hops(answer: Answer) -> dict[str, int]:
    return {node: record["hop"] for node, record in answer.graph.nodes(data=True)}


def _outcomes(answer: Answer) -> dict[str, str]:
    return {report.source: report.outcome.value for report in answer.reports}


def _chain(site: Any, *names: str) -> None:
    for one, other in pairwise(names):
        site.line(one, other)


async def test_an_answer_loads_into_networkx_with_all_it_tells(stage: Any) -> None:
    """The graph of an answer is node-link data: what is loaded again equals what was answered."""
    site = stage.source("s1", "n")
    _chain(site, "n:t:a", "n:t:b", "n:t:c")
    site.line("n:t:a", "n:t:b", record="2")
    answer = await stage.ask("n:t:a", hops=2)
    assert _hops(answer) == {"n:t:a": 0, "n:t:b": 1, "n:t:c": 2}
    assert answer.complete
    about = {"seed": str(answer.seed), "complete": answer.complete}
    data = nx.node_link_data(answer.graph, source="subject", target="object", key="id", edges="edges")
    loaded: Any = nx.node_link_graph(
        json.loads(json.dumps(data | {"graph": about})),
        directed=True,
        multigraph=True,
        source="subject",
        target="object",
        key="id",
        edges="edges",
    )
    assert loaded.graph == about
    assert set(loaded.edges(keys=True)) == set(answer.graph.edges(keys=True))
    assert {node: data["hop"] for node, data in loaded.nodes(data=True)} == _hops(answer)


@pytest.mark.parametrize(
    ("listed", "described", "outcome", "known"),
    [
        (True, True, "ok", True),
        (True, False, "ok", True),
        (False, True, "ok", True),
        (False, False, "absent", False),
    ],
)
async def test_a_seed_is_known_when_either_side_says_so(
    stage: Any,
    *,
    listed: bool,
    described: bool,
    outcome: str,
    known: bool,
) -> None:
    """Absent is only what neither the listing nor the description knows."""
    site = stage.source("s1", "n", describes=True)
    if listed:
        site.line("n:t:a", "n:t:b")
    else:
        site.absent.add("n:t:a")
    if described:
        site.labels["n:t:a"] = "A"
    answer = await stage.ask("n:t:a", require=Require.NONE)
    assert _outcomes(answer) == {"s1": outcome}
    assert answer.seed_known is known
    assert answer.complete


async def test_trouble_with_the_description_is_trouble_with_the_seed(stage: Any) -> None:
    """What was listed is there; the source, and the seed's expansion, say that a side is missing."""
    site = stage.source("s1", "n", describes=True)
    site.line("n:t:a", "n:t:b")
    site.faults["description n:t:a"] = 500
    answer = await stage.ask("n:t:a")
    assert _outcomes(answer) == {"s1": "unavailable"}
    assert _hops(answer) == {"n:t:a": 0, "n:t:b": 1}
    assert answer.graph.nodes["n:t:a"]["expansion"] == "failed"
    assert not answer.complete


async def test_a_seed_without_a_relation_may_or_may_not_be_known(stage: Any) -> None:
    """An empty listing is an answer: nobody said absent and nobody showed the node."""
    stage.source("s1", "n")
    answer = await stage.ask("n:t:a")
    assert answer.seed_known is None
    assert answer.complete
    assert _hops(answer) == {"n:t:a": 0}


async def test_no_hop_asks_for_the_description_alone(stage: Any) -> None:
    """With hops 0 a source that describes is not asked for relations, another only for a sign of life."""
    one, other = stage.source("s1", "n", describes=True), stage.source("s2", "n")
    one.labels["n:t:a"] = "A"
    other.line("n:t:a", "n:t:b")
    answer = await stage.ask("n:t:a", hops=0)
    assert [side for _, side, _ in one.journal] == ["description"]
    assert _hops(answer) == {"n:t:a": 0}
    assert answer.graph.number_of_edges() == 0
    assert answer.graph.nodes["n:t:a"]["expansion"] == "boundary"
    assert answer.seed_known is True
    assert answer.spent.hops == 0


async def test_a_selection_starts_from_its_members(stage: Any) -> None:
    """Members are hop 0; a source that owns the namespace and has no selections says unsupported."""
    site = stage.source("s1", "n", selects=True)
    stage.source("s2", "n")
    _chain(site, "n:t:a", "n:u:b", "n:u:c")
    answer = await stage.ask("n:t", hops=2)
    assert _hops(answer) == {"n:t:a": 0, "n:u:b": 1, "n:u:c": 2}
    assert _outcomes(answer) == {"s1": "ok", "s2": "unsupported"}
    assert answer.reports[1].outcomes == {"unsupported": 1, "ok": 1}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(401, "denied"), (403, "denied"), (429, "throttled"), (500, "unavailable"), (418, "broken")],
)
async def test_defect_03_each_failure_has_its_own_word(stage: Any, status: int, outcome: str) -> None:
    """A reply that is no success is never an empty success, and the answer is not complete."""
    bad, good = stage.source("s1", "n"), stage.source("s2", "n")
    bad.faults["n:t:a"] = status
    good.line("n:t:a", "n:t:b")
    answer = await stage.ask("n:t:a")
    assert _outcomes(answer) == {"s1": outcome, "s2": "ok"}
    assert str(status) in answer.reports[0].detail
    assert not answer.complete
    assert answer.graph.nodes["n:t:a"]["expansion"] == "failed"
    assert answer.graph.nodes["n:t:a"]["known_degree"] == {"value": 1, "relation": "gte"}
    with pytest.raises(SourcesFailedError):
        await stage.ask("n:t:a", sources=("s1",))


@pytest.mark.parametrize("status", [401, 403, 429, 500, 418])
async def test_defect_01_a_failure_is_never_kept(stage: Any, status: int) -> None:
    """What failed once is asked again, and the recovered source's data is seen at once."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    site.faults["n:t:a"] = status
    failed = await stage.ask("n:t:a", require=Require.NONE)
    assert failed.graph.number_of_edges() == 0
    site.faults.clear()
    stage.clock.passed += 1
    answer = await stage.ask("n:t:a")
    assert _outcomes(answer) == {"s1": "ok"}
    assert answer.graph.number_of_edges() == 1


async def test_defect_02_a_timeout_keeps_what_came(stage: Any) -> None:
    """A slow source says timeout; what the fast one told is in the answer."""
    slow, fast = stage.source("s1", "n"), stage.source("s2", "n")
    slow.faults["n:t:a"] = "slow"
    slow.line("n:t:a", "n:t:z")
    _chain(fast, "n:t:a", "n:t:b")
    answer = await stage.ask("n:t:a", budget=Budget(timeout=timedelta(seconds=1)))
    assert _hops(answer) == {"n:t:a": 0, "n:t:b": 1}
    assert _outcomes(answer) == {"s1": "timeout", "s2": "ok"}
    assert answer.truncated == ("timeout",)
    assert not answer.complete
    assert answer.graph.nodes["n:t:a"]["expansion"] == "cut"
    slow.faults.clear()
    assert len((await stage.ask("n:t:a")).graph) == 3


async def test_a_spent_allowance_cuts_and_says_so(stage: Any) -> None:
    """With fewer calls than needed the rest is over budget, retries counted, never more calls."""
    site = stage.source("s1", "n")
    _chain(site, *(f"n:t:{key}" for key in "abcdef"))
    answer = await stage.ask("n:t:a", hops=5, budget=Budget(max_calls=2))
    assert len(site.asked()) == 2 == answer.spent.calls == answer.reports[0].calls
    assert _hops(answer) == {"n:t:a": 0, "n:t:b": 1, "n:t:c": 2}
    assert answer.truncated == ("max_calls",)
    assert answer.reports[0].outcomes == {"over_budget": 1, "ok": 2}
    assert answer.graph.nodes["n:t:c"]["expansion"] == "cut"


async def test_the_wait_a_source_asks_for_is_told(stage: Any) -> None:
    """Throttled, and for how long."""
    site = stage.source("s1", "n")
    site.faults["n:t:a"] = 429
    answer = await stage.ask("n:t:a", require=Require.NONE)
    assert answer.reports[0].retry_after == timedelta(seconds=7)


async def test_a_filter_that_cannot_judge_leaves_the_answer_incomplete(stage: Any) -> None:
    """Relations without a time are undecided under a time filter: left out, counted, not complete."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    site.line("n:t:a", "n:t:c", created_at="2026-01-01T00:00:00+00:00")
    rule = Rule(filter=Filter(created_after=stage.clock.now() - timedelta(days=9)))
    answer = await stage.ask("n:t:a", rule=rule)
    assert _hops(answer) == {"n:t:a": 0, "n:t:c": 1}
    assert answer.reports[0].undecided == 1
    assert not answer.complete


async def test_a_source_that_holds_back_is_partial_every_time(stage: Any) -> None:
    """Partial when fetched and partial from the cache, with the source's own words."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    site.extras["n:t:a"] = {"withheld": "there is more than it shows"}
    for calls in (1, 0):
        answer = await stage.ask("n:t:a")
        assert (_outcomes(answer), answer.spent.calls) == ({"s1": "partial"}, calls)
        assert answer.reports[0].detail == "there is more than it shows"
        assert not answer.complete


async def test_a_source_that_shows_less_than_it_tells_of_is_not_kept(stage: Any) -> None:
    """A listing that misses rows is partial and is asked for again."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    site.extras["n:t:a"] = {"total": 3}
    for _ in range(2):
        answer = await stage.ask("n:t:a")
        assert (_outcomes(answer), answer.spent.calls) == ({"s1": "partial"}, 1)
        assert answer.graph.nodes["n:t:a"]["known_degree"] == {"value": 3, "relation": "gte"}


async def test_without_a_credential_a_source_is_not_asked(stage: Any) -> None:
    """A caller's source without the caller's credential says so, and nothing of its cache is read."""
    mine, other = stage.source("s1", "n", by_caller=True), stage.source("s2", "n")
    mine.line("n:t:a", "n:t:b")
    other.line("n:t:a", "n:t:c")
    await stage.ask("n:t:a", as_="token")
    mine.asked()
    answer = await stage.ask("n:t:a")
    assert _outcomes(answer) == {"s1": "no_credential", "s2": "ok"}
    assert _hops(answer) == {"n:t:a": 0, "n:t:c": 1}
    assert mine.asked() == []
    with pytest.raises(SourcesFailedError):
        await stage.ask("n:t:a", sources=("s1",))


async def test_defect_13_as_many_answers_as_questions(stage: Any) -> None:
    """Of a batch every node has its own listing and outcome, in whatever order they were asked."""
    site = stage.source("s1", "n", batch_size=3)
    for key in "bcdefgh":
        site.line("n:t:a", f"n:t:{key}")
        site.line(f"n:t:{key}", f"n:t:{key}2")
    answer = await stage.ask("n:t:a", hops=2)
    assert [len(addresses.split(" ")) for _, _, addresses in site.journal] == [1, 3, 3, 1]
    assert _hops(answer) == {"n:t:a": 0} | {f"n:t:{k}": 1 for k in "bcdefgh"} | {
        f"n:t:{k}2": 2 for k in "bcdefgh"
    }
    assert answer.reports[0].outcomes == {"ok": 8}
    site.asked()
    # What a batch told of a node answers a question about that node alone.
    alone = await stage.ask("n:t:c")
    assert site.asked() == []
    assert set(_hops(alone)) == {"n:t:a", "n:t:c", "n:t:c2"}


async def test_a_batch_that_fails_fails_its_own_nodes_only(stage: Any) -> None:
    """Each node of the failed batch says so; those of another are whole."""
    site = stage.source("s1", "n", batch_size=2)
    for key in "bcdef":
        site.line("n:t:a", f"n:t:{key}")
    site.faults["n:t:d n:t:e"] = 500
    answer = await stage.ask("n:t:a", hops=2)
    words = {node[-1]: record["expansion"] for node, record in answer.graph.nodes(data=True)}
    assert words == dict.fromkeys("abcf", "complete") | dict.fromkeys("de", "failed")
    assert answer.reports[0].outcomes == {"unavailable": 2, "ok": 4}


async def test_batches_keep_to_one_tenant(stage: Any) -> None:
    """Nodes of two tenants never share a call."""
    site = stage.source("s1", "n", tenants=("t1", "t2"), batch_size=9)
    for tenant in ("t1", "t2"):
        for key in "bc":
            site.line("n@t1:t:a", f"n@{tenant}:t:{key}")
    await stage.ask("n@t1:t:a", hops=2)
    assert [addresses for _, _, addresses in site.journal] == [
        "n@t1:t:a",
        "n@t1:t:b n@t1:t:c",
        "n@t2:t:b n@t2:t:c",
    ]
