"""Callers who run out of time or go away: they take with them what only they wanted, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from math import inf
from pathlib import Path
from statistics import mean, median

import pytest

from harness.board import Board
from harness.fleet import Fleet, sailing
from harness.load import Crowd, Heard, crowd
from harness.load_journal import until_arrived, until_idle
from harness.place import DOMAIN, DROPPER, MALWARE_HUB, THREAT
from harness.process import Process, start_sandbox
from harness.settings import threatwinds
from harness.store import Store

# Long enough that the fast source answers in it even where the machine stands still for most of it.
_DEADLINE = 2.0
_OVERSHOOT = 0.05
_SLOW = 1.5
# And where somebody has to run out of time before it answers, whatever the machine does.
_SLOWER = 3.0
# In which a hub's own pages can be read.
_LARGE_DEADLINE = 2.5
# Both in one process, and in two that share nothing but the store.
_PAIRS = pytest.mark.parametrize("other", [0, 1], ids=["one-replica", "two-replicas"])


@pytest.fixture(scope="module")
def slow_process() -> Iterator[Process]:
    """Run a second ThreatWinds sandbox over the same world."""
    process = start_sandbox("threatwinds")
    yield process
    process.end()


@pytest.fixture
def slow(slow_process: Process) -> Board:
    """Give its board; every call takes its time."""
    board = Board(slow_process.url)
    board.reset()
    board.fault({"latency_seconds": _SLOW})
    return board


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory, store: Store, feed_process: Process, slow_process: Process
) -> Iterator[Fleet]:
    """Have two replicas over both."""
    sources = {"fast": threatwinds(feed_process.url), "slow": threatwinds(slow_process.url)}
    folder: Path = tmp_path_factory.mktemp("deadline")
    with sailing(folder, store=store, sources=sources, replicas=2) as running:
        yield running


@pytest.fixture
async def callers(fleet: Fleet, store: Store) -> AsyncIterator[Crowd]:
    """Give callers of the fleet, which knows nothing yet."""
    store.empty()
    async with crowd(fleet.urls) as open_clients:
        yield open_clients


async def _overshoot(asking: Callable[[], Awaitable[float]], *, enough: float) -> float:
    """Give by how much every one of ten answers is late; what makes one of them later is the machine.

    `asking` gives how late one is; once one is no later than `enough` no more are asked for.
    """
    least = inf
    for _ in range(10):
        least = min(least, await asking())
        if least < enough:
            break
    return least


async def test_defect_02_the_fast_source_is_there_on_time_beside_a_slow_one(
    callers: Crowd, store: Store, feed: Board, slow: Board
) -> None:
    """With two seconds for all: the edges of the one, `timeout` of the other, and hardly a moment later."""
    slow.fault({"latency_seconds": 10})
    # What only begins costs the first request alone.
    await callers.ask(THREAT, sources="fast,slow", timeout=1, require="none")

    async def lateness() -> float:
        store.empty()
        answer = await callers.ask(THREAT, sources="fast,slow", timeout=_DEADLINE)
        assert answer.status == 200
        assert answer.told("fast").outcome == "ok"
        assert answer.told("slow").outcome == "timeout"
        assert len(answer.told("fast").edges) == 8
        assert answer.reply.headers["graph-complete"] == "?0"
        return answer.seconds - _DEADLINE

    assert await _overshoot(lateness, enough=_OVERSHOOT) < _OVERSHOOT


async def test_a_large_answer_is_written_in_time(callers: Crowd, store: Store, feed: Board) -> None:
    """Two thousand nodes, and thousands of calls that there is no time for: it ends by its deadline."""
    wide = {"sources": "fast", "hops": 2, "fan_out": 10_000, "max_nodes": 50_000, "max_calls": 5_000}
    # How long writing takes is learnt from the answers before.
    _, *read = [await callers.ask(MALWARE_HUB, timeout=10, **wide | {"hops": 1}) for _ in range(3)]
    feed.fault({"latency_seconds": 0.05})
    # A busy machine makes it late by less than half of what it takes to read and tell as much from the store.
    enough = max(_OVERSHOOT, mean(answer.seconds for answer in read) / 2)

    async def lateness() -> float:
        store.empty()
        answer = await callers.ask(MALWARE_HUB, timeout=_LARGE_DEADLINE, **wide)
        # Our own pace foresees which calls there is no time for.
        assert answer.told("fast").outcome in {"timeout", "throttled"}
        # Where the machine stood still there was no time to read the hub's own pages.
        large = len(answer.reply.json().get("nodes", ())) > 2000
        return answer.seconds - _LARGE_DEADLINE if large else inf

    assert await _overshoot(lateness, enough=enough) < enough


# It is work that takes the time here, and what else runs makes it longer from one answer to the next.
@pytest.mark.soak
async def test_a_large_answer_from_the_cache_ends_in_time(callers: Crowd, store: Store, feed: Board) -> None:
    """Two thousand cached listings are read as far as there is time to tell of them, and nobody is called."""
    wide = {"sources": "fast", "hops": 2, "fan_out": 10_000, "max_nodes": 50_000, "max_edges": 200_000}
    store.empty()
    await callers.ask(MALWARE_HUB, timeout=60, max_calls=5_000, **wide)
    feed.forget()
    whole = [await callers.ask(MALWARE_HUB, timeout=60, max_calls=1, **wide) for _ in range(3)]
    deadline = 0.7 * median(answer.seconds for answer in whole)

    async def lateness() -> float:
        answer = await callers.ask(MALWARE_HUB, timeout=round(deadline, 3), max_calls=1, **wide)
        assert answer.reply.json()["graph"]["truncated"] == ["timeout"]
        return answer.seconds - deadline

    assert await _overshoot(lateness, enough=_OVERSHOOT) < _OVERSHOOT
    assert feed.calls() == []


async def _ask(callers: Crowd, *, replica: int = 0, timeout: float = 20, node: str = DOMAIN) -> Heard:
    return await callers.ask(node, replica=replica, sources="slow", timeout=timeout, require="none", hops=1)


async def test_a_caller_who_goes_away_takes_its_calls_along(callers: Crowd, slow: Board) -> None:
    """Upstream calls that nobody waits for are cut off long before they would have been answered."""
    slow.fault({"latency_seconds": 10})
    leaving = asyncio.create_task(_ask(callers))
    await until_arrived(slow)
    leaving.cancel()
    await until_idle(slow, within=6)
    assert {call["status"] for call in slow.calls()} == {None}


@_PAIRS
async def test_defect_09_a_follower_is_not_cancelled_with_its_leader(
    callers: Crowd, slow: Board, other: int
) -> None:
    """Who asked first goes away: who joined gets the answer, of the very call where that can be."""
    leader = asyncio.create_task(_ask(callers))
    await until_arrived(slow)
    follower = asyncio.create_task(_ask(callers, replica=other))
    await asyncio.sleep(_SLOW / 2)
    leader.cancel()
    heard = await follower
    assert (heard.status, heard.told("slow").outcome) == (200, "ok")
    assert _each_answered_once(slow)
    # Another process cannot take over a call, only the question.
    assert other or None not in {call["status"] for call in slow.calls()}


@_PAIRS
async def test_defect_09_a_leaders_deadline_is_not_its_followers(
    callers: Crowd, slow: Board, other: int
) -> None:
    """Who asked first runs out of time: that is its own affair, and no timeout of who has more."""
    slow.fault({"latency_seconds": _SLOWER})
    leader = asyncio.create_task(_ask(callers, timeout=0.6))
    await until_arrived(slow)
    follower = asyncio.create_task(_ask(callers, replica=other))
    assert (await leader).told("slow").outcome == "timeout"
    assert (await follower).told("slow").outcome == "ok"
    assert _each_answered_once(slow)


@_PAIRS
async def test_defect_09_a_follower_in_a_hurry_leaves_alone(callers: Crowd, slow: Board, other: int) -> None:
    """Who joined runs out of time on time; who asked first gets the answer all the same."""
    slow.fault({"latency_seconds": _SLOWER})
    leader = asyncio.create_task(_ask(callers))
    await until_arrived(slow)
    follower = await _ask(callers, replica=other, timeout=0.3)
    assert follower.told("slow").outcome == "timeout"
    assert follower.seconds < _SLOWER
    assert (await leader).told("slow").outcome == "ok"
    assert _each_answered_once(slow)


@_PAIRS
async def test_defect_09_a_failure_is_not_replayed_to_who_comes_later(
    callers: Crowd, slow: Board, other: int
) -> None:
    """A failure that one caller was told is nobody's answer once the upstream would say something else."""
    slow.fault({"status": 500})
    assert (await _ask(callers, timeout=1, node=DROPPER)).told("slow").outcome in {"unavailable", "timeout"}
    slow.fault()
    end = time.monotonic() + 20
    while (later := await _ask(callers, replica=other, node=DROPPER)).told("slow").outcome != "ok":
        assert time.monotonic() < end, later.told("slow").source
        await asyncio.sleep(0.1)
    assert later.told("slow").edges


def _each_answered_once(board: Board) -> bool:
    """Tell whether no question was answered twice; one that was cut off may have been handed on."""
    paths = [call["path"] for call in board.calls() if call["status"] is not None]
    return bool(paths) and len(paths) == len(set(paths))
