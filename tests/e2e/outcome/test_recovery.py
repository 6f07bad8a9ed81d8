"""Failures in part, failures that end, and upstreams that never come to an end."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.asking import ANEW, Asker, ids_of, node_of, source_of
from harness.board import Board
from harness.place import DOCUMENT_HUB, DOMAIN, DROPPER, DROPPER_ID, ISSUE, MALWARE_HUB, THREAT
from harness.plain import client_of
from harness.process import Process, start_service
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings

FAILURES: tuple[dict[str, Any], ...] = (
    {"status": 500},
    {"status": 429},
    {"status": 401},
    {"status": 403},
    {"malformed": "html"},
    {"malformed": "truncated"},
    {"drop": "midway"},
    {"latency_seconds": 20},
)


@pytest.fixture
def asker(tmp_path: Path, threatwinds_sandbox: Process, autodesk_sandbox: Process) -> Iterator[Asker]:
    """Give a client of a service whose cache is empty."""
    sources = {"feed": threatwinds(threatwinds_sandbox.url), "acc": autodesk(autodesk_sandbox.url)}
    config = write_settings(
        tmp_path / "relgraph.toml", redis_url="embedded", store_timeout="5s", sources=sources
    )
    process = start_service(config)
    with client_of(process.url, timeout=30) as client:
        yield Asker(client)
    process.end()


def test_require_decides_between_an_answer_and_an_error(
    asker: Asker, feed: Board, construction: Board
) -> None:
    """`none` is always 200; `some` fails when nobody answered, `complete` when anything is missing."""
    construction.fault({"status": 500})
    for require, status in (("none", 200), ("some", 502), ("complete", 502)):
        reply = asker.reply(ISSUE, require=require)
        assert (reply.status_code, require) == (status, require)
        assert reply.headers["Cache-Control"] == "no-store"
    feed.fault({"match": DROPPER_ID, "status": 500})
    for require, status in (("none", 200), ("some", 200), ("complete", 502)):
        assert asker.reply(THREAT, hops=2, require=require).status_code == status
    assert asker.reply(DOMAIN, require="complete", hops=1).status_code == 200
    assert asker.reply(THREAT, require="complete", max_nodes=2).status_code == 502
    feed.fault({"latency_seconds": 20})
    assert asker.reply(MALWARE_HUB, require="complete", timeout=0.2).status_code == 504


def test_only_cached_data_may_be_asked_for(asker: Asker, feed: Board) -> None:
    """With nothing cached it is 504 not-cached without a call; what is cached is an answer."""
    cached = {"Cache-Control": "only-if-cached"}
    problem = asker.problem(DOMAIN, headers=cached)
    assert (problem["status"], problem["type"]) == (504, "/problems/not-cached")
    assert feed.calls() == []
    asker.graph(DOMAIN)
    feed.forget()
    answer = asker.graph(DOMAIN, headers=cached)
    assert (len(answer["edges"]), answer["graph"]["complete"]) == (1, True)
    assert asker.graph(DOMAIN, headers=cached, hops=2)["graph"]["complete"] is False
    assert feed.calls() == []


def test_nothing_of_a_failure_is_cached(asker: Asker, feed: Board, construction: Board) -> None:
    """After each kind of failure nothing is in the cache, and the next answer sees the data, whole."""
    chain = feed.world()["landmarks"]["chains"][0]
    rows = construction.world()["containers"][CONTAINER]["relationships"]
    busy = Counter(_address(end) for row in rows if not row["isDeleted"] for end in row["entities"])
    for number, rule in enumerate(FAILURES):
        # Every failure meets nodes that were never asked about: nothing stale can stand in.
        issue = sorted(node for node, count in busy.items() if count == 3)[number]
        wanted = {f"threatwinds:entity:{chain[number]}": 1 if number in {0, 7} else 2, issue: 3}
        feed.fault(rule)
        construction.fault(rule)
        for node in wanted:
            assert asker.reply(node, timeout=0.5).status_code in {502, 504}, rule
            cached = asker.problem(node, headers={"Cache-Control": "only-if-cached, max-stale"})
            assert cached["type"] == "/problems/not-cached", rule
        feed.fault()
        construction.fault()
        for node, count in wanted.items():
            answer = asker.graph(node)
            assert (answer["graph"]["complete"], len(answer["edges"])) == (True, count), rule


def test_one_failing_node_leaves_the_rest(asker: Asker, feed: Board) -> None:
    """At hop 2 one node fails: it says so, the others are whole, and the answer is not complete."""
    whole = asker.graph(THREAT, hops=2)
    feed.fault({"match": f"{DROPPER_ID}/relations", "status": 500})
    reply = asker.reply(THREAT, hops=2, headers=ANEW)
    answer = reply.json()
    told = source_of(answer, "feed")
    neighbors = sum(node["hop"] == 1 for node in whole["nodes"])
    assert (told["outcome"], told["outcomes"]) == ("unavailable", {"unavailable": 1, "ok": neighbors})
    assert node_of(answer, DROPPER)["expansion"] == "failed"
    assert node_of(answer, DROPPER)["known_degree"]["relation"] == "gte"
    others = {node["expansion"] for node in answer["nodes"] if node["hop"] == 1 and node["id"] != DROPPER}
    assert others == {"complete"}
    # The four digests that only the dropper leads to are missing, and nothing else.
    missing = set(ids_of(whole)) - set(ids_of(answer))
    assert missing
    assert all(DROPPER in (e["subject"], e["object"]) for e in whole["edges"] if e["object"] in missing)
    assert answer["graph"]["complete"] is False
    assert (reply.headers["Graph-Complete"], reply.headers["Cache-Control"]) == ("?0", "no-store")
    feed.fault()
    again = asker.graph(THREAT, hops=2)
    assert (again["graph"]["complete"], ids_of(again)) == (True, ids_of(whole))


@pytest.mark.parametrize("rule", [{"endless_pages": True}, {"endless_pages": True, "same_token": True}])
def test_pages_without_end_cost_no_more_than_the_budget(
    asker: Asker, feed: Board, construction: Board, rule: dict[str, Any]
) -> None:
    """A listing that never ends, or leads in a circle, ends with an outcome within the calls allowed."""
    for board, node, name in ((construction, DOCUMENT_HUB, "acc"), (feed, MALWARE_HUB, "feed")):
        board.fault(rule)
        started = time.monotonic()
        answer = asker.graph(node, sources=name, require="none", max_calls=30, timeout=20, headers=ANEW)
        assert time.monotonic() - started < 20
        told = source_of(answer, name)
        assert told["outcome"] in {"broken", "over_budget", "partial"}, told
        assert answer["graph"]["complete"] is False
        assert told["calls"] == len(board.calls()) <= 30
        board.fault()
        assert source_of(asker.graph(node, sources=name), name)["outcome"] == "ok"


def test_a_slow_drip_takes_no_longer_than_the_time_given(asker: Asker, construction: Board) -> None:
    """A body that arrives byte by byte is cut off by the time of the whole answer, not of each byte."""
    construction.fault({"drip_bytes_per_second": 20})
    started = time.monotonic()
    problem = asker.problem(ISSUE, timeout=0.5)
    # By itself it would take minutes.
    assert 0.5 <= time.monotonic() - started < 10
    assert (problem["status"], source_of(problem, "acc")["outcome"]) == (504, "timeout")


def _address(end: dict[str, str]) -> str:
    return f"{end['domain']}@{CONTAINER}:{end['type']}:{end['id']}"
