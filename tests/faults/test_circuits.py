"""Circuits over a real service: who is left alone, who is told, and how soon data is seen again."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.asking import ANEW, Asker, source_of
from harness.board import Board
from harness.place import ASSET, DOMAIN, EMEA, ISSUE, SECOND
from harness.plain import client_of
from harness.process import Process, start_service
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings

GOOD = {"Upstream-Credentials": 'own="Bearer sandbox-bearer-of-ines"'}
BAD = {"Upstream-Credentials": 'own="Bearer nobody-knows-this-one"'}
ELSEWHERE = [ISSUE.replace(CONTAINER, container) for container in (EMEA, SECOND)]
CLOSED = {"state": "closed", "retry_after_seconds": None}


@pytest.fixture
def asker(tmp_path: Path, feed_process: Process, site_process: Process) -> Iterator[Asker]:
    """Give a client of a new service over both sandboxes, one of which takes the caller's credential."""
    sources = {
        "feed": threatwinds(feed_process.url),
        "own": autodesk(site_process.url, credentials="caller", containers="any"),
    }
    config = write_settings(
        tmp_path / "relgraph.toml", redis_url="embedded", store_timeout="5s", sources=sources
    )
    process = start_service(config)
    with client_of(process.url, timeout=30) as client:
        yield Asker(client)
    process.end()


def breaker(asker: Asker, name: str, headers: dict[str, str] | None = None) -> Any:
    """Give what /sources tells this caller of a source's breaker."""
    listed = asker.client.get("/sources", headers=headers).json()["sources"]
    return next(source["breaker"] for source in listed if source["name"] == name)


def ask(asker: Asker, node: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Ask anew and give what its one source did."""
    name = "feed" if node == DOMAIN else "own"
    answer = asker.graph(node, sources=name, require="none", headers=ANEW | (headers or {}))
    return source_of(answer, name)


@pytest.mark.parametrize("rule", [{"status": 500}, {"drop": "before"}], ids=["500", "dropped"])
def test_a_host_that_keeps_failing_is_left_alone_and_found_again(
    asker: Asker, feed: Board, rule: dict[str, Any]
) -> None:
    """It gets a few calls a second, and fewer; the answers say so; within 6 s of recovery there is data."""
    assert (ask(asker, DOMAIN)["outcome"], breaker(asker, "feed")) == ("ok", CLOSED)
    feed.fault(rule)
    feed.forget()
    started = time.monotonic()
    told = [ask(asker, DOMAIN) for _ in range(20)]
    # Once the pauses are too long to be waited out.
    while told[-1]["calls"]:
        told.append(ask(asker, DOMAIN))
        assert time.monotonic() - started < 20
    told += [ask(asker, DOMAIN) for _ in range(30)]
    assert {one["outcome"] for one in told} == {"unavailable"}
    refused = [one for one in told if one["calls"] == 0]
    assert refused[-1]["detail"].startswith("not asked: it failed")
    assert 1 <= refused[-1]["retry_after_seconds"] <= 5
    # Five failures, two more where they were under way, and one probe for each pause of 0.4 s at least.
    assert len(feed.calls()) <= 7 + (time.monotonic() - started) / 0.4
    shown = breaker(asker, "feed")
    assert shown["state"] in {"open", "half_open"}
    assert breaker(asker, "own", GOOD) == CLOSED
    feed.fault()
    recovered = time.monotonic()
    while ask(asker, DOMAIN)["outcome"] != "ok":
        assert time.monotonic() - recovered < 6
        time.sleep(0.05)
    assert breaker(asker, "feed") == CLOSED


def test_a_refused_credential_is_left_alone_and_nobody_else(asker: Asker, site: Board) -> None:
    """A bad token costs five calls, and then two or three a second; the good one is not kept waiting."""
    for _ in range(5):
        assert ask(asker, ISSUE, BAD)["outcome"] == "denied"
    # So that others come while one of them is under way.
    site.fault({"latency_seconds": 0.2})
    site.forget()
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        # One call asks for nodes of one container, however many: three calls want to leave at a time.
        told = list(pool.map(lambda node: ask(asker, node, BAD), [ISSUE, *ELSEWHERE, ASSET] * 5))
    assert {one["outcome"] for one in told} == {"denied"}
    assert len(site.calls()) <= 1 + (time.monotonic() - began) / 0.4
    refused = next(one for one in told if "times in a row" in one["detail"])
    assert refused["retry_after_seconds"] >= 1
    assert breaker(asker, "own", BAD)["state"] in {"open", "half_open"}
    assert breaker(asker, "own", GOOD) == CLOSED
    assert ask(asker, ISSUE, GOOD)["outcome"] == "ok"


def test_throttling_opens_nothing(asker: Asker, feed: Board) -> None:
    """However often an upstream says 429, it is asked again as soon as it lets itself be asked."""
    feed.fault({"status": 429, "headers": {"retry-after": "0"}})
    assert {ask(asker, DOMAIN)["outcome"] for _ in range(8)} == {"throttled"}
    assert breaker(asker, "feed") == CLOSED
