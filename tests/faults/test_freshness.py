"""Old data instead of none, and one refresh behind the answer, over four replicas."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.board import Board
from harness.fleet import Fleet, sailing
from harness.leak import unpacked
from harness.load import Crowd, crowd
from harness.load_journal import until_idle
from harness.place import ASSET, DOMAIN, DROPPER, ISSUE
from harness.process import Process
from harness.settings import autodesk, threatwinds
from harness.store import Store
from harness.telling import Told

_TTL = 1.5
_CANARY = "canary-of-a-failing-upstream"
# The contract's: after an upstream recovers, the next answer at most so much later sees its data.
_RECOVERY_SECONDS = 30


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory, store: Store, feed_process: Process, site_process: Process
) -> Iterator[Fleet]:
    """Have four replicas whose data is fresh for moments; one source may be stale for failures only."""
    sources = {
        "slow": threatwinds(feed_process.url, ttl=f"{_TTL}s"),
        "down": autodesk(site_process.url, ttl="500ms", stale_while_revalidate="0s"),
    }
    folder: Path = tmp_path_factory.mktemp("freshness")
    with sailing(folder, store=store, sources=sources) as running:
        yield running


async def _ask(callers: Crowd, node: str, *, source: str, replica: int = 0) -> Told:
    heard = await callers.ask(node, replica=replica, sources=source, timeout=8)
    return heard.told(source)


async def test_what_is_just_past_its_ttl_is_answered_at_once_and_refreshed_once(
    fleet: Fleet, feed: Board
) -> None:
    """Twenty callers of a slow upstream get the old answer soon, it is asked once, and then all is fresh."""
    # Long enough that nobody who waited for it would be taken for quick.
    slow = 4.0
    async with crowd(fleet.urls) as callers:
        before = await _ask(callers, DOMAIN, source="slow")
        assert before.outcome == "ok"
        # Expiry is jittered.
        await asyncio.sleep(1.5 * _TTL)
        feed.fault({"latency_seconds": slow})
        feed.forget()
        heard = await callers.ask_all([DOMAIN] * 20, sources="slow", hops=1)
        assert {answer.told("slow").outcome for answer in heard} == {"stale"}
        assert all(answer.told("slow").source["age_seconds"] >= _TTL for answer in heard)
        assert max(answer.seconds for answer in heard) < slow
        assert {str(answer.graph) for answer in heard} == {str(heard[0].graph)}
        await until_idle(feed)
        after = await _ask(callers, DOMAIN, source="slow", replica=2)
    assert (after.outcome, after.calls) == ("ok", 0)
    assert _fetched(after) > _fetched(before)
    paths = [call["path"] for call in feed.calls()]
    assert paths
    assert len(paths) == len(set(paths))


def _fetched(told: Told) -> str:
    return min(str(word["fetched_at"]) for edge in told.edges for word in edge["provenance"])


async def test_defects_1_and_14_an_upstream_that_is_down_leaves_warm_nodes_stale(
    fleet: Fleet, site: Board, store: Store
) -> None:
    """Whatever way it fails: what was known is told as stale with the reason, and no failure is kept."""
    failures = (
        {"status": 503, "body": _CANARY},
        {"drop": "before"},
        {"status": 500, "body": f"<html>{_CANARY}</html>"},
        {"malformed": "truncated"},
    )
    async with crowd(fleet.urls) as callers:
        known = {node: await _ask(callers, node, source="down") for node in (ISSUE, ASSET)}
        await asyncio.sleep(1)
        for failure in failures:
            site.fault(failure)
            for number, (node, before) in enumerate(list(known.items()) * 4):
                told = await _ask(callers, node, source="down", replica=number)
                assert (told.status, told.outcome) == (200, "stale")
                assert told.detail
                assert told.edges == before.edges
    held = b"\n".join(unpacked(value) for value, _ in store.content().values())
    assert _CANARY.encode() not in held


@pytest.mark.parametrize("failure", [{"status": 503, "body": _CANARY}, {"drop": "before"}])
async def test_defect_01_after_a_failure_the_next_call_sees_data(
    fleet: Fleet, site: Board, store: Store, failure: dict[str, object]
) -> None:
    """A cold node fails while the upstream is down; once it is up again every replica has data in seconds."""
    store.empty()
    async with crowd(fleet.urls) as callers:
        site.fault(failure)
        for number in range(8):
            told = await _ask(callers, ISSUE, source="down", replica=number)
            assert told.status in {502, 504}
            assert told.outcome in {"unavailable", "timeout"}
        held = b"\n".join(unpacked(value) for value, _ in store.content().values())
        assert _CANARY.encode() not in held
        site.fault()
        recovered = time.monotonic()
        for replica in range(len(fleet.urls)):
            while (told := await _ask(callers, ISSUE, source="down", replica=replica)).outcome != "ok":
                assert time.monotonic() - recovered < _RECOVERY_SECONDS
                await asyncio.sleep(0.1)
            assert told.edges


async def test_an_upstream_that_is_down_is_left_alone(fleet: Fleet, feed: Board, store: Store) -> None:
    """Callers who come again and again do not each cost a failing upstream a call."""
    store.empty()
    feed.fault({"status": 503})
    async with crowd(fleet.urls) as callers:
        for _ in range(5):
            heard = await callers.ask_all([DROPPER] * 40, sources="slow", timeout=2)
            assert {answer.told("slow").outcome for answer in heard} <= {
                "unavailable",
                "timeout",
                "throttled",
            }
        feed.fault()
        assert len(feed.calls()) < 5 * 40
