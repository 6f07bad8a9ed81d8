"""What nodes are called, and which sources are asked by which address."""

from itertools import pairwise
from typing import Any

import pytest

from service.usecases.answer.answering import Answer
from service.usecases.request import Identity


def _hops(answer: Answer) -> dict[str, int]:
    return {node: record["hop"] for node, record in answer.graph.nodes(data=True)}


def _outcomes(answer: Answer) -> dict[str, str]:
    return {report.source: report.outcome.value for report in answer.reports}


def _chain(site: Any, *names: str) -> None:
    for one, other in pairwise(names):
        site.line(one, other)


async def test_two_sources_meet_on_one_node(stage: Any) -> None:
    """What both tell of one neutral address is one node, told of by both."""
    one, other = stage.source("s1", "s1", "obs"), stage.source("s2", "s2", "obs")
    one.line("obs:domain:a", "obs:domain:b")
    other.line("obs:domain:a", "obs:domain:b")
    other.line("obs:domain:b", "s2:thing:c")
    answer = await stage.ask("s1:domain:a", hops=2)
    assert _hops(answer) == {"obs:domain:a": 0, "obs:domain:b": 1, "s2:thing:c": 2}
    record = answer.graph.nodes["obs:domain:b"]
    assert record["sources"] == ["s1", "s2"]
    forms = {f"{source}:{form}" for source in ("s1", "s2") for form in ("domain:b", "entity:domain-b")}
    assert set(record["aliases"]) == forms | {"a page", "a:section"}
    assert [report.edges for report in answer.reports] == [1, 2]


async def test_identity_off_merges_equal_addresses_only(stage: Any) -> None:
    """Each source's form of a neutral node is a node of its own, and facts stay with their form."""
    one, other = stage.source("s1", "s1", "obs"), stage.source("s2", "s2", "obs")
    plain = stage.source("s3", "obs")
    for site, label in ((one, "one"), (other, "two"), (plain, "three")):
        site.line("obs:domain:a", "obs:domain:b")
        site.labels["obs:domain:b"] = label
    answer = await stage.ask("s1:domain:a", hops=1, identity=Identity.OFF)
    assert str(answer.seed) == "s1:domain:a"
    told = {node: record["attributes"] for node, record in answer.graph.nodes(data=True)}
    assert told == {
        "s1:domain:a": {},
        "s1:domain:b": {"s1": {"note": "one"}},
        "s2:domain:b": {"s2": {"note": "two"}},
        "obs:domain:b": {"s3": {"note": "three"}},
    }
    exact = await stage.ask("s1:domain:a", hops=1)
    assert exact.graph.nodes["obs:domain:b"]["attributes"] == {
        "s1": {"note": "one"},
        "s2": {"note": "two"},
        "s3": {"note": "three"},
    }


async def test_identity_off_asks_each_source_by_its_own_form(stage: Any) -> None:
    """Of a form that one source uses only that source is asked; of the seed all are."""
    one, other = stage.source("s1", "s1", "obs"), stage.source("s2", "s2", "obs")
    _chain(one, "obs:domain:a", "obs:domain:b", "obs:domain:c")
    other.line("obs:domain:b", "obs:domain:z")
    answer = await stage.ask("obs:domain:a", hops=2, identity=Identity.OFF)
    assert _hops(answer) == {"obs:domain:a": 0, "s1:domain:b": 1, "s1:domain:c": 2}
    assert other.asked() == ["obs:domain:a"]
    assert answer.graph.nodes["s1:domain:b"]["aliases"] == [
        "a page",
        "a:section",
        "obs:domain:b",
        "s1:entity:domain-b",
    ]


@pytest.mark.parametrize("identity", Identity)
async def test_an_entity_is_resolved_by_its_description(stage: Any, identity: Identity) -> None:
    """The address of an entity becomes the value's, asked about once and then by all its sources."""
    one = stage.source("s1", "s1", "obs", describes=True)
    other = stage.source("s2", "obs")
    one.labels["s1:entity:domain-a"] = "A"
    one.extras["s1:entity:domain-a"] = {"canonical": "obs:domain:a"}
    one.line("obs:domain:a", "obs:domain:b")
    other.line("obs:domain:a", "obs:domain:c")
    for _ in range(2):
        answer = await stage.ask("s1:entity:domain-a", identity=identity)
        canonical = identity is not Identity.OFF
        assert str(answer.seed) == ("obs:domain:a" if canonical else "s1:entity:domain-a")
        assert answer.requested == "s1:entity:domain-a"
        assert answer.seed_known is True
        assert answer.graph.nodes[str(answer.seed)]["label"] == "A"
        far = {"obs:domain:c", "obs:domain:b" if canonical else "s1:domain:b"}
        assert set(answer.graph.nodes) == far | {str(answer.seed)}
    assert one.asked() == ["s1:entity:domain-a", "obs:domain:a"]
    assert other.asked() == ["obs:domain:a"]


async def test_an_entity_nobody_can_resolve_keeps_its_address(stage: Any) -> None:
    """When the description fails, the listing is asked for by the address as it stands."""
    site = stage.source("s1", "s1", "obs", describes=True)
    site.line("s1:entity:domain-a", "obs:domain:b")
    answer = await stage.ask("s1:entity:domain-a")
    assert str(answer.seed) == "s1:entity:domain-a"
    assert _outcomes(answer) == {"s1": "ok"}
    assert answer.graph.number_of_edges() == 1


async def test_identity_off_keeps_the_ends_of_an_undirected_edge_in_order(stage: Any) -> None:
    """The smaller name is the subject, whatever the canonical addresses were."""
    site = stage.source("s1", "s1", "obs")
    site.line("obs:domain:a", "p:t:x")
    answer = await stage.ask("obs:domain:a", identity=Identity.OFF)
    assert list(answer.graph.edges()) == [("obs:domain:a", "p:t:x")]
    answer = await stage.ask("s1:domain:a", identity=Identity.OFF)
    assert list(answer.graph.edges()) == [("p:t:x", "s1:domain:a")]


async def test_a_row_by_the_seeds_own_entity_is_the_seed(stage: Any) -> None:
    """A source that shows the seed by its native id shows the seed: a loop, and no second node."""
    site = stage.source("s1", "s1", "obs")
    site.line("obs:domain:a", "s1:entity:domain-a")
    site.labels["s1:entity:domain-a"] = "shown otherwise"
    answer = await stage.ask("obs:domain:a", hops=2)
    assert list(answer.graph.edges()) == [("obs:domain:a", "obs:domain:a")]
    assert answer.graph.nodes["obs:domain:a"]["attributes"] == {"s1": {"note": "shown otherwise"}}


async def test_a_node_that_no_source_accepts_is_shown_and_not_asked_about(stage: Any) -> None:
    """What a source shows and nobody owns is a node of the answer, with no known degree."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "foreign:t:x")
    site.labels["foreign:t:x"] = "from elsewhere"
    answer = await stage.ask("n:t:a", hops=3)
    record = answer.graph.nodes["foreign:t:x"]
    assert (record["label"], record["known_degree"]) == ("from elsewhere", None)
    assert site.asked() == ["n:t:a"]
    assert answer.complete
