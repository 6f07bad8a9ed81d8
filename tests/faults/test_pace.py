"""A metered upstream and many callers: the limit is kept by the whole fleet, used, and shared fairly."""

import asyncio
import random
import time
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from harness.board import Board
from harness.fleet import Fleet, sailing
from harness.load import Crowd, Heard, crowd
from harness.load_journal import arrivals, busiest, by_window
from harness.place import THREAT
from harness.process import Process
from harness.settings import threatwinds
from harness.store import Store
from service.caller import make_key

_LIMIT = 60
_SOAK_LIMIT = 600
_SOAK_SECONDS = 150
_KEY_PAIR = {"authorization": None, "api_key": "sandbox-demo-key", "api_secret": "sandbox-demo-secret"}
_KEYS = {name: make_key() for name in ("heavy", "light")}
_HEADERS = {name: {"X-API-Key": key} for name, (key, _) in _KEYS.items()}
_CALLERS: dict[str, Any] = {
    f"callers.{name}": {"key_hash": key_hash} for name, (_, key_hash) in _KEYS.items()
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, store: Store, feed_process: Process) -> Iterator[Fleet]:
    """Have four replicas over one upstream, as an identity that is metered and as one that is not."""
    sources = {
        "metered": threatwinds(feed_process.url, requests_per_minute=_LIMIT, **_KEY_PAIR),
        # Small pages: reading a large one would hold up the neighbors in the same process, not in the lane.
        "narrow": threatwinds(feed_process.url, concurrency=8, limit=100),
    }
    folder: Path = tmp_path_factory.mktemp("pace")
    with sailing(folder, store=store, sources=sources, **_CALLERS) as running:
        yield running


@pytest.fixture
def nodes(feed: Board) -> list[str]:
    """Give hundreds of ordinary nodes that nobody has asked about, in any order."""
    entities = feed.world()["entities"]
    found = [
        f"observable:md5:{entity['value']}"
        for entity in entities
        if entity["type"] == "md5" and "public" in entity["groups"] and not entity["altered"]
    ]
    random.Random(4).shuffle(found)  # noqa: S311 - which order, nothing secret
    return found


async def test_defect_04_a_burst_beyond_the_limit_waits_or_is_told(
    fleet: Fleet, feed: Board, nodes: list[str]
) -> None:
    """Four replicas at once let the limit out and no more; whoever got nothing is told when to come again."""
    async with crowd(fleet.urls) as callers:
        heard = await callers.ask_all(nodes[:200], headers=_HEADERS["heavy"], sources="metered", timeout=5)
    calls = len(feed.calls())
    assert 0.9 * _LIMIT <= calls <= _LIMIT
    told = [answer.told("metered") for answer in heard]
    assert {each.outcome for each in told} == {"ok", "throttled"}
    assert {each.status for each in told} <= {200, 502}
    waits = [each.source["retry_after_seconds"] for each in told if each.outcome == "throttled"]
    assert all(wait is not None and 0 < wait <= 61 for wait in waits)


async def _ask_in_turn(callers: Crowd, nodes: list[str], *, replica: int) -> list[float]:
    """Give how long each of these took, asked one after the other."""
    seconds = []
    for node in nodes:
        heard = await callers.ask(
            node, replica=replica, headers=_HEADERS["light"], sources="narrow", timeout=30
        )
        assert heard.told("narrow").outcome == "ok"
        seconds.append(heard.seconds)
    return seconds


# Of twenty waits the second longest shows what else the machine does, so that is for a quiet one.
@pytest.mark.parametrize("share", [0.5, pytest.param(0.95, marks=pytest.mark.soak)], ids=["p50", "p95"])
@pytest.mark.parametrize("replica", [0, 1], ids=["one-replica", "two-replicas"])
async def test_a_light_caller_hardly_feels_a_heavy_one(
    fleet: Fleet, store: Store, feed: Board, nodes: list[str], *, replica: int, share: float
) -> None:
    """Beside a six-hop expansion of hundreds of calls, a one-hop question waits twice as long at most."""
    store.empty()
    # So slow that the upstream's turns are what is short, not this machine.
    feed.fault({"latency_seconds": 0.1})
    many = {"hops": 6, "timeout": 60, "max_calls": 5000, "max_nodes": 5000, "fan_out": 20}
    async with crowd(fleet.urls) as callers:
        # What only begins costs the first request alone.
        await _ask_in_turn(callers, nodes[199:200], replica=replica)
        alone = await _ask_in_turn(callers, nodes[200:220], replica=replica)
        asking = callers.ask(THREAT, headers=_HEADERS["heavy"], sources="narrow", **many)
        heavy = asyncio.create_task(asking)
        await asyncio.sleep(1)
        beside = await _ask_in_turn(callers, nodes[220:240], replica=replica)
        assert not heavy.done()
        heavy.cancel()
    assert len(feed.calls()) > 150
    assert _quantile(beside, share) <= 2 * _quantile(alone, share)


def _quantile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[ceil(share * len(seconds)) - 1]


async def _press(callers: Crowd, nodes: list[str], *, number: int, until: float) -> list[Heard]:
    """Ask at random, always anew, until the time has come; whoever is sent away comes when it was told to."""
    dice = random.Random(number)  # noqa: S311 - the same walk at every run
    heard = []
    while time.monotonic() < until:
        answer = await callers.ask(
            dice.choice(nodes), replica=number, hops=dice.choice((0, 1, 1, 2)), timeout=5, max_age=0
        )
        heard.append(answer)
        wait = answer.told("metered").source.get("retry_after_seconds") or 0
        # A little early: whoever is in line when a turn comes free has it at once.
        await asyncio.sleep(min(max(0.0, wait - dice.uniform(0, 4)), until - time.monotonic()))
    return heard


@pytest.mark.soak
async def test_defect_04_eight_workers_keep_to_the_limit_and_use_it(
    tmp_path: Path, store: Store, feed: Board, feed_process: Process, nodes: list[str]
) -> None:
    """Four hundred callers: never more than the limit and 1 % in any minute, and 90 % of it in each."""
    store.empty()
    sources = {"metered": threatwinds(feed_process.url, requests_per_minute=_SOAK_LIMIT)}
    with sailing(tmp_path, store=store, sources=sources, workers=2) as fleet:
        begin = time.time()
        until = time.monotonic() + _SOAK_SECONDS
        async with crowd(fleet.urls) as callers, asyncio.TaskGroup() as group:
            pressing = [
                group.create_task(_press(callers, nodes, number=number, until=until))
                for number in range(8 * 50)
            ]
    times = arrivals(feed.calls())
    assert busiest(times, seconds=60) <= 1.01 * _SOAK_LIMIT
    # One minute after the other: within one the calls come in a burst, as the limit allows, and each
    # burst is somewhat longer than the one before.
    used = by_window(times, seconds=60, begin=begin, end=begin + _SOAK_SECONDS)
    assert min(used) >= 0.9 * _SOAK_LIMIT, used
    heard = [answer for each in pressing for answer in each.result()]
    assert {answer.status for answer in heard} <= {200, 502, 504}
    assert {answer.told("metered").outcome for answer in heard} <= {"ok", "stale", "throttled", "timeout"}
