"""Why addresses are one node: every assertion and every computed form, and only when it is asked for."""

from datetime import timedelta
from typing import Any

import pytest

from harness.asserting import load_rows, row
from harness.toy import NOON
from service.graph.budget import Budget
from service.usecases.answer.answering import Answer
from service.usecases.request import Identity

ASSERTED = Identity.ASSERTED


def _same_as(answer: Answer, address: str) -> list[tuple[Any, ...]]:
    (node,) = [node for node in answer.page.records.nodes if node["id"] == address]
    fields = ("address", "same_as", "rule", "source", "confidence")
    return [tuple(each[name] for name in fields) for each in node["same_as"]]


@pytest.fixture
def site(stage: Any) -> Any:
    """Give a site of things and one of neutral addresses, which the crosswalk joins."""
    stage.source("acc", "acc").line("acc:doc:1", "acc:doc:2")
    site = stage.source("feed", "feed", "obs")
    site.line("obs:domain:a", "feed:threat:x")
    return site


async def test_every_address_of_a_node_is_accounted_for(stage: Any, site: Any) -> None:
    """Asserted ones by who says so and how surely, computed ones by their rule, seen from every member."""
    await load_rows(stage, [row("obs:domain:a", "acc:doc:1", source="jane", sure=0.4)])
    answer = await stage.ask("obs:domain:a", identity=ASSERTED, explain=True)
    assert _same_as(answer, "acc:doc:1") == [
        ("acc:doc:1", "obs:domain:a", "asserted", "jane", 0.4),
        ("feed:domain:a", "obs:domain:a", "observable", "feed", 1.0),
        ("feed:entity:domain-a", "obs:domain:a", "native_id", "feed", 1.0),
        ("obs:domain:a", "acc:doc:1", "asserted", "jane", 0.4),
    ]
    assert _same_as(answer, "acc:doc:2") == []
    assert answer.extra["identity"] == {"mode": "asserted", "merged": 1, "inside": 0}
    assert site.asked() == ["obs:domain:a"]


async def test_each_assertion_is_kept(stage: Any, site: Any) -> None:
    """Two who say the same, one who says it twice with another confidence, and a way round a ring."""
    rows = [
        row("obs:domain:a", "acc:doc:1", source="jane", sure=0.4),
        row("acc:doc:1", "obs:domain:a", source="jane", sure=0.8),
        row("obs:domain:a", "acc:doc:1", source="cmdb", sure=1.0),
        row("acc:doc:9", "acc:doc:1"),
        row("obs:domain:a", "acc:doc:9"),
    ]
    site.line("acc:doc:9", "obs:domain:a")
    for order in (rows, rows[::-1]):
        await load_rows(stage, order)
        answer = await stage.ask("obs:domain:a", identity=ASSERTED, explain=True)
        told = [each for each in _same_as(answer, "acc:doc:1") if each[2] == "asserted"]
        assert told == [
            ("acc:doc:1", "acc:doc:9", "asserted", "cmdb", 0.9),
            ("acc:doc:1", "obs:domain:a", "asserted", "jane", 0.4),
            ("acc:doc:1", "obs:domain:a", "asserted", "jane", 0.8),
            ("acc:doc:1", "obs:domain:a", "asserted", "cmdb", 1.0),
            ("acc:doc:9", "acc:doc:1", "asserted", "cmdb", 0.9),
            ("acc:doc:9", "obs:domain:a", "asserted", "cmdb", 0.9),
            ("obs:domain:a", "acc:doc:1", "asserted", "jane", 0.4),
            ("obs:domain:a", "acc:doc:1", "asserted", "jane", 0.8),
            ("obs:domain:a", "acc:doc:1", "asserted", "cmdb", 1.0),
            ("obs:domain:a", "acc:doc:9", "asserted", "cmdb", 0.9),
        ]
        assert answer.extra["identity"]["inside"] == 1


async def test_when_is_when_it_was_loaded_or_told(stage: Any, site: Any) -> None:
    """An assertion is as old as its load, a computed form as what its source told of the node, if it did."""
    await load_rows(stage, [row("obs:domain:a", "acc:doc:1")])
    stage.clock.passed += 60
    for label, told in ((None, None), ("A", (NOON + timedelta(minutes=61)).isoformat())):
        if label is not None:
            site.labels["obs:domain:a"] = label
            stage.clock.passed += 3600
        answer = await stage.ask("obs:domain:a", identity=ASSERTED, explain=True)
        times = {each["rule"]: each["at"] for each in answer.graph.nodes["acc:doc:1"]["same_as"]}
        assert times["asserted"] == "2026-01-01T12:00:00Z"
        assert times["observable"] == (None if told is None else told.replace("+00:00", "Z"))


async def test_exact_explains_what_is_computed_and_no_assertion(stage: Any, site: Any) -> None:
    """A loaded crosswalk is no evidence for an answer that did not use it."""
    await load_rows(stage, [row("obs:domain:a", "acc:doc:1")])
    answer = await stage.ask("obs:domain:a", explain=True)
    assert [each[:3] for each in _same_as(answer, "obs:domain:a")] == [
        ("feed:domain:a", "obs:domain:a", "observable"),
        ("feed:entity:domain-a", "obs:domain:a", "native_id"),
    ]
    assert answer.extra["identity"] == {"mode": "exact", "merged": 1, "inside": 0}
    assert site.asked() == ["obs:domain:a"]


@pytest.mark.parametrize("identity", Identity)
async def test_nothing_is_explained_unasked(stage: Any, site: Any, identity: Identity) -> None:
    """Without `explain` an answer has no trace of evidence."""
    await load_rows(stage, [row("obs:domain:a", "acc:doc:1")])
    answer = await stage.ask("obs:domain:a", identity=identity)
    assert answer.extra == {}
    assert all("same_as" not in node for node in answer.page.records.nodes)
    assert site.asked() == ["obs:domain:a"]


async def test_what_comes_with_a_later_page_is_explained_there(stage: Any, site: Any) -> None:
    """Evidence is part of a node's record, and comes with it."""
    for letter in "bcd":
        site.line("obs:domain:a", f"obs:domain:{letter}")
    await load_rows(stage, [row("obs:domain:d", "acc:doc:1")])
    asked: dict[str, Any] = {"identity": ASSERTED, "explain": True, "budget": Budget(max_nodes=2)}
    first = await stage.ask("obs:domain:a", **asked)
    assert _same_as(first, "acc:doc:1")[0][:2] == ("acc:doc:1", "obs:domain:d")
    second = await stage.ask("obs:domain:a", **asked, cursor=first.next_cursor)
    assert [each[2] for each in _same_as(second, "obs:domain:b")] == ["observable", "native_id"]
