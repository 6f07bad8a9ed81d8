"""Sources that fail, in every way they can: the word for it, what stands in, and what it may cost."""

import time
from pathlib import Path
from typing import Any

import pytest

from harness.asking import ANEW, Asker, node_of, source_of
from harness.board import Board
from harness.place import DOMAIN, ISSUE, THREAT
from harness.process import Process

ACC: dict[str, Any] = {"sources": "acc"}


def peak_memory(pid: int) -> int:
    """Give the most memory a process has had in use so far, in bytes (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) * 1024


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"status": 503}, "unavailable: status 503"),
        ({"drop": "before"}, "unavailable"),
        ({"malformed": "html"}, "broken"),
        ({"status": 429}, "throttled: status 429"),
        ({"latency_seconds": 20}, "timeout"),
    ],
    ids=["503", "dropped", "html", "429", "slow"],
)
def test_stale_data_stands_in_for_a_failing_source(
    asker: Asker, construction: Board, rule: dict[str, Any], reason: str
) -> None:
    """What was cached is served with the reason when the source fails, and counts as complete."""
    fresh = asker.graph(ISSUE, **ACC, headers=ANEW)
    construction.fault(rule)
    # Only who is slow is not waited for to its end.
    brief = {"timeout": 0.5} if reason == "timeout" else {}
    reply = asker.reply(ISSUE, **ACC, max_age=0, **brief)
    answer = reply.json()
    told = source_of(answer, "acc")
    assert (told["outcome"], told["outcomes"]) == ("stale", {"stale": 1})
    assert told["detail"].startswith(reason)
    assert told["age_seconds"] >= 0
    assert (answer["graph"]["complete"], reply.headers["Graph-Complete"]) == (True, "?1")
    assert answer["edges"] == fresh["edges"]
    assert asker.problem(ISSUE, **ACC, headers=ANEW, timeout=0.5)["status"] in {502, 504}


@pytest.mark.parametrize("status", [401, 403])
def test_nothing_stale_is_served_to_a_refused_credential(
    asker: Asker, construction: Board, status: int
) -> None:
    """A credential that the upstream refuses is served nothing from cache, whatever it would take."""
    asker.graph(ISSUE, **ACC, headers=ANEW)
    construction.fault({"status": status})
    assert source_of(asker.problem(ISSUE, **ACC, max_age=0), "acc")["outcome"] == "denied"
    anything = {"Cache-Control": "max-stale, only-if-cached"}
    assert asker.problem(ISSUE, **ACC, headers=anything)["type"] == "/problems/not-cached"
    construction.fault()
    assert source_of(asker.graph(ISSUE, **ACC), "acc")["outcome"] == "ok"


def test_timeout_leaves_what_faster_sources_told(asker: Asker, feed: Board) -> None:
    """With a slow and a fast source the fast one's edges are there, the slow one says so, and it is soon."""
    # Only dialect 2023 names its groups: that is the slow source.
    feed.fault({"match": "groups=", "latency_seconds": 20})
    started = time.monotonic()
    answer = asker.graph(DOMAIN, sources="feed,feed26", timeout=2, headers=ANEW)
    assert time.monotonic() - started < 10
    assert (source_of(answer, "feed")["outcome"], source_of(answer, "feed26")["outcome"]) == ("timeout", "ok")
    assert answer["graph"]["truncated"] == ["timeout"]
    assert [word["source"] for word in answer["edges"][0]["provenance"]] == ["feed26"]
    assert node_of(answer, DOMAIN)["expansion"] == "cut"
    assert 2000 <= answer["graph"]["spent"]["milliseconds"] < 10_000


def test_when_all_time_out_it_is_a_504(asker: Asker, feed: Board) -> None:
    """No reply in time from anybody is 504 sources-timed-out, with what each source did."""
    feed.fault({"latency_seconds": 20})
    problem = asker.problem(DOMAIN, sources="feed", timeout=0.2, headers=ANEW)
    assert (problem["status"], problem["type"]) == (504, "/problems/sources-timed-out")
    assert source_of(problem, "feed")["outcome"] == "timeout"


@pytest.mark.parametrize(
    "rule",
    [{"status": 500}, {"status": 502}, {"status": 503}, {"drop": "before"}, {"drop": "midway"}],
    ids=["500", "502", "503", "dropped", "cut off"],
)
def test_unavailable(asker: Asker, construction: Board, feed: Board, rule: dict[str, Any]) -> None:
    """A failing server and a broken connection are `unavailable`, after one retry."""
    for board, node, name in ((construction, ISSUE, "acc"), (feed, THREAT, "feed")):
        # Failures in a row are counted (ADR 0031): each row begins here.
        assert source_of(asker.graph(node, sources=name, headers=ANEW), name)["outcome"] == "ok"
        board.forget()
        board.fault(rule)
        answer = asker.graph(node, sources=name, require="none", headers=ANEW)
        assert source_of(answer, name)["outcome"] == "unavailable"
        assert (answer["graph"]["complete"], answer["edges"]) == (False, [])
        assert node_of(answer, node)["expansion"] == "failed"
    assert len(construction.calls()) == 2


def test_a_refused_connection_is_unavailable(asker: Asker) -> None:
    """Nobody listening is `unavailable`; beside a source that answers it is a part of a 200."""
    assert source_of(asker.problem(DOMAIN, sources="closed"), "closed")["outcome"] == "unavailable"
    answer = asker.graph(DOMAIN, sources="closed,feed")
    outcomes = {source["name"]: source["outcome"] for source in answer["graph"]["sources"]}
    assert outcomes == {"closed": "unavailable", "feed": "ok"}
    assert answer["graph"]["complete"] is False


@pytest.mark.parametrize(
    "rule",
    [
        {"malformed": "html"},
        {"malformed": "truncated"},
        {"malformed": "wrong_types"},
        {"malformed": "missing_fields"},
        {"status": 418},
        {"body": "[]"},
        {"body": "null"},
    ],
    ids=str,
)
def test_broken(asker: Asker, construction: Board, feed: Board, rule: dict[str, Any]) -> None:
    """What is no reply of the contract is `broken`, and nothing of the reply is repeated."""
    for board, node, name in ((construction, ISSUE, "acc"), (feed, THREAT, "feed")):
        board.fault(rule)
        problem = asker.problem(node, sources=name, headers=ANEW)
        assert (problem["status"], problem["type"]) == (502, "/problems/sources-failed")
        assert source_of(problem, name)["outcome"] == "broken"
        assert "Gateway" not in str(problem)


def test_a_redirect_is_broken_and_never_followed(
    asker: Asker, construction: Board, feed: Board, threatwinds_sandbox: Process
) -> None:
    """A credential goes only where it was meant to go."""
    construction.fault({"redirect_to": f"{threatwinds_sandbox.url}/elsewhere"})
    assert source_of(asker.problem(ISSUE, **ACC, headers=ANEW), "acc")["outcome"] == "broken"
    assert feed.calls() == []


@pytest.mark.parametrize("body", ["bomb", "huge"])
def test_an_immense_body_is_broken_and_costs_little(
    asker: Asker, construction: Board, running: Process, body: str
) -> None:
    """A gzip bomb of 512 MB and a body of 100 MB end as `broken` without taking their size in memory."""
    construction.fault({"malformed": body})
    before = peak_memory(running.popen.pid)
    assert source_of(asker.problem(ISSUE, **ACC, headers=ANEW), "acc")["outcome"] == "broken"
    assert peak_memory(running.popen.pid) - before < 90_000_000
