"""Every outcome word, end to end: a real service, and sandboxes that misbehave on demand."""

import time
from email.utils import formatdate
from typing import Any

import pytest

from harness.asking import ANEW, Asker, node_of, source_of
from harness.board import Board
from harness.place import DOMAIN, EMEA, GIANT, ISSUE, MALWARE_HUB, NOBODY
from harness.settings import CONTAINER

FEEDS = {"2023": "feed", "2025": "feed25", "2026": "feed26"}
ACC: dict[str, Any] = {"sources": "acc"}


def recovered(asker: Asker, node: str, name: str, *, within: float) -> None:
    """Ask until the source is `ok` again; AssertionError when that takes too long."""
    end = time.monotonic() + within
    while True:
        told = source_of(asker.graph(node, sources=name, require="none", headers=ANEW), name)
        if told["outcome"] == "ok":
            return
        assert time.monotonic() < end, told
        time.sleep(0.1)


def test_ok_is_an_answer_even_an_empty_one(asker: Asker) -> None:
    """Relations, no relations, and a node that Autodesk has never heard of are all `ok` and complete."""
    stranger = f"autodesk-bim360-issue@{CONTAINER}:issue:00000000-0000-4000-8000-000000000000"
    for node, source in ((DOMAIN, "feed"), (ISSUE, "acc"), (stranger, "acc")):
        answer = asker.graph(node, sources=source)
        assert (source_of(answer, source)["outcome"], answer["graph"]["complete"]) == ("ok", True)
    assert answer["graph"]["seed_known"] is None


@pytest.mark.parametrize("dialect", FEEDS)
def test_absent_in_every_dialect(asker: Asker, feed: Board, dialect: str) -> None:
    """404, or 204 in dialect 2025, is `absent`: a 404 problem, or a complete answer of one node."""
    feed.turn(dialect=dialect)
    name = FEEDS[dialect]
    problem = asker.problem(NOBODY, sources=name)
    assert (problem["status"], problem["type"]) == (404, "/problems/unknown-node")
    answer = asker.graph(NOBODY, sources=name, require="none")
    assert source_of(answer, name)["outcome"] == "absent"
    assert (answer["graph"]["seed_known"], answer["graph"]["complete"]) == (False, True)
    assert [node["id"] for node in answer["nodes"]] == [NOBODY]


def test_no_content_is_absent_in_no_other_dialect(asker: Asker, feed: Board) -> None:
    """A 204 where only 404 means absent is no empty answer but `broken`."""
    feed.turn(dialect="2025")
    answer = asker.graph(NOBODY, sources="feed", require="none", headers=ANEW)
    assert source_of(answer, "feed")["outcome"] == "broken"


def test_a_known_node_without_relations_is_ok_where_the_list_is_absent(asker: Asker, feed: Board) -> None:
    """A node is absent only if every opening call says so: its description may know it."""
    island = feed.world()["landmarks"]["islands"][0]
    feed.turn(without_neighbors="absent")
    answer = asker.graph(f"threatwinds:entity:{island}", sources="feed", headers=ANEW)
    assert (source_of(answer, "feed")["outcome"], answer["graph"]["seed_known"]) == ("ok", True)


def test_partial_past_the_window_of_ten_thousand(asker: Asker) -> None:
    """A giant shows 10 000 of its 25 000 relations: `partial`, and at least so many."""
    budget: dict[str, Any] = {"max_nodes": 20_000, "max_edges": 20_000, "fan_out": 10_000}
    answer = asker.graph(GIANT, sources="feed", **budget)
    told = source_of(answer, "feed")
    assert (told["outcome"], answer["graph"]["complete"]) == ("partial", False)
    assert "10000" in told["detail"]
    assert node_of(answer, GIANT)["known_degree"] == {"value": 10_000, "relation": "gte"}
    assert (len(answer["nodes"]), len(answer["edges"])) == (10_001, 10_000)
    assert answer["graph"]["truncated"] == []


def test_partial_when_rows_vanish_between_pages(asker: Asker, feed: Board) -> None:
    """Fewer distinct rows than the list told of is `partial`, and is not cached."""
    feed.turn(shrinking=True)
    answer = asker.graph(MALWARE_HUB, sources="feed", fan_out=5000, max_nodes=5000, headers=ANEW)
    told = source_of(answer, "feed")
    assert (told["outcome"], answer["graph"]["complete"]) == ("partial", False)
    assert node_of(answer, MALWARE_HUB)["known_degree"]["relation"] == "gte"
    feed.turn(shrinking=False)
    answer = asker.graph(MALWARE_HUB, sources="feed", fan_out=5000, max_nodes=5000)
    assert (source_of(answer, "feed")["outcome"], len(answer["nodes"])) == ("ok", 2001)


def test_unsupported_where_there_are_no_selections(asker: Asker) -> None:
    """ThreatWinds cannot answer a selection: no call, the word `unsupported`, never an empty success."""
    answer = asker.graph("threatwinds:domain", sources="feed", require="none")
    told = source_of(answer, "feed")
    assert (told["outcome"], told["calls"], answer["graph"]["complete"]) == ("unsupported", 0, False)
    assert asker.problem("threatwinds:domain", sources="feed")["status"] == 502


@pytest.mark.parametrize("form", ["seconds", "date", "untold"])
def test_throttled_by_429(asker: Asker, construction: Board, form: str) -> None:
    """A 429 is `throttled`, with the wait in either form, and ours is the next to wait."""
    told = {
        "seconds": {"Retry-After": "1"},
        "date": {"Retry-After": formatdate(time.time() + 4, usegmt=True)},
    }
    construction.fault({"status": 429, "headers": told.get(form, {})})
    reply = asker.reply(ISSUE, **ACC, headers=ANEW)
    assert reply.status_code == 502
    source = source_of(reply.json(), "acc")
    assert source["outcome"] == "throttled"
    waits: dict[str, set[int | None]] = {"seconds": {1}, "date": {1, 2, 3, 4}, "untold": {None}}
    wanted = waits[form]
    assert source["retry_after_seconds"] in wanted
    assert reply.headers.get("Retry-After") in {wait and str(wait) for wait in wanted}
    construction.fault()
    recovered(asker, ISSUE, "acc", within=15)


@pytest.mark.parametrize("dialect", FEEDS)
def test_throttled_in_every_dialect_of_threatwinds(asker: Asker, feed: Board, dialect: str) -> None:
    """The 403 of 2023 and 2025 that means too many requests is told from a refusal by its words."""
    feed.turn(dialect=dialect, requests_per_minute=0)
    name = FEEDS[dialect]
    # The sandbox of 2026 would tell us to wait a whole minute.
    if dialect == "2026":
        feed.fault({"status": 429, "headers": {"Retry-After": "1"}})
    answer = asker.graph(DOMAIN, sources=name, require="none", headers=ANEW)
    assert source_of(answer, name)["outcome"] == "throttled"
    feed.reset(dialect=dialect)
    recovered(asker, DOMAIN, name, within=15)


@pytest.mark.parametrize(
    ("account", "code"),
    [
        ("sandbox-bearer-nobody-issued", "AUTH-006"),
        ("sandbox-bearer-of-ines-without-scope", "AUTH-010"),
        ("sandbox-bearer-of-an-app-without-this-api", "AUTH-001"),
        ("sandbox-bearer-of-otto", "Forbidden"),
    ],
)
def test_denied_in_all_shapes(asker: Asker, account: str, code: str) -> None:
    """401, the gateway's 403 and the service's are `denied`; the detail says which."""
    sent = {"Upstream-Credentials": f'own="Bearer {account}"'}
    problem = asker.problem(ISSUE, sources="own", headers=sent)
    told = source_of(problem, "own")
    assert (problem["status"], told["outcome"]) == (502, "denied")
    assert code in told["detail"]
    assert account not in str(problem)


def test_denied_for_the_wrong_region_or_an_unknown_container(asker: Asker, construction: Board) -> None:
    """A container of another region, and a 404 or 403 for a container, have a word of their own each."""
    node = f"autodesk-bim360-issue@{EMEA}:issue:00000000-0000-4000-8000-000000000000"
    assert source_of(asker.problem(node, sources="emea"), "emea")["outcome"] == "denied"
    construction.fault({"status": 404})
    answer = asker.graph(ISSUE, **ACC, require="none", headers=ANEW)
    assert source_of(answer, "acc")["outcome"] == "absent"


@pytest.mark.parametrize(("status", "outcome"), [(401, "denied"), (403, "denied")])
def test_denied_by_threatwinds(asker: Asker, feed: Board, status: int, outcome: str) -> None:
    """A plain 401 or 403 of a feed is `denied`, with its status and error id."""
    feed.fault({"status": status})
    told = source_of(asker.problem(DOMAIN, sources="feed25", headers=ANEW), "feed25")
    assert told["outcome"] == outcome
    assert f"status {status}" in told["detail"]


def test_no_credential(asker: Asker, construction: Board) -> None:
    """A source that takes the caller's credential and got none says so, without a call."""
    problem = asker.problem(ISSUE, sources="own")
    assert source_of(problem, "own")["outcome"] == "no_credential"
    assert construction.calls() == []
    answer = asker.graph(ISSUE, sources="own,acc", headers=ANEW)
    assert source_of(answer, "own")["outcome"] == "no_credential"
    assert (source_of(answer, "acc")["outcome"], answer["graph"]["complete"]) == ("ok", False)


def test_over_budget(asker: Asker, feed: Board) -> None:
    """When the calls allowed are spent the answer keeps what was read and names the parameter."""
    answer = asker.graph(MALWARE_HUB, sources="feed", max_calls=2, fan_out=5000, max_nodes=5000, headers=ANEW)
    told = source_of(answer, "feed")
    assert (told["outcome"], told["calls"], len(feed.calls())) == ("over_budget", 2, 2)
    assert answer["graph"]["truncated"] == ["max_calls"]
    assert answer["graph"]["complete"] is False
    assert node_of(answer, MALWARE_HUB)["expansion"] == "cut"
    assert len(answer["edges"]) == 1000
