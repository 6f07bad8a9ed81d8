"""What an answer costs upstream: batches, and a quota that our own pace never exceeds."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from harness.asking import Asker, ids_of, source_of
from harness.board import Board
from harness.place import ASSET_HUB
from harness.plain import client_of
from harness.process import Process, start_sandbox, start_service
from harness.settings import autodesk, write_settings

BUDGET: dict[str, Any] = {
    "hops": 2,
    "fan_out": 1000,
    "max_nodes": 50_000,
    "max_edges": 50_000,
    "max_calls": 1000,
}


@pytest.fixture(scope="module")
def construction() -> Iterator[Process]:
    """Start an Autodesk sandbox of this module's own, for its quota's sake."""
    process = start_sandbox("autodesk")
    yield process
    process.end()


@pytest.fixture
def board(construction: Process) -> Board:
    """Give its control board; the quota is off unless the test turns it on."""
    board = Board(construction.url)
    board.reset(requests_per_minute=None)
    return board


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Close with the test what it opens."""
    with ExitStack() as stack:
        yield stack


def test_two_hops_over_a_hub_are_about_a_dozen_calls(
    board: Board, construction: Process, opened: ExitStack, tmp_path: Path
) -> None:
    """About 206 neighbors are expanded 20 a call; one by one it is a call each, and the same answer."""
    batched = _asker(opened, tmp_path / "batched.toml", construction.url)
    single = _asker(opened, tmp_path / "single.toml", construction.url, intersect=False)
    answer = batched.graph(ASSET_HUB, **BUDGET)
    neighbors = sum(node["hop"] == 1 for node in answer["nodes"])
    asked = Counter(call["path"].rpartition(":")[2] for call in board.calls())
    assert 195 <= neighbors <= 215
    assert 11 <= asked.total() <= 40
    assert source_of(answer, "acc")["calls"] == asked.total()
    # Besides the opening call of each batch of 20 there are only further pages.
    openings = [c for c in board.calls() if not any(name == "continuationToken" for name, _ in c["query"])]
    assert len(openings) == 1 + -(-neighbors // 20)
    board.forget()
    one_by_one = single.graph(ASSET_HUB, **BUDGET, timeout=30)
    asked = Counter(call["path"].rpartition(":")[2] for call in board.calls())
    assert asked.keys() == {"search"}
    assert asked.total() >= neighbors + 1
    assert ids_of(one_by_one) == ids_of(answer)
    assert [edge["id"] for edge in one_by_one["edges"]] == [edge["id"] for edge in answer["edges"]]


def test_the_default_pace_never_meets_the_quota(
    board: Board, construction: Process, opened: ExitStack, tmp_path: Path
) -> None:
    """With more to ask than the minute allows, calls beyond it are ours to refuse: no 429 is ever met."""
    board.turn(requests_per_minute=120)
    # Another user than that of the other test: each has a quota.
    alone = {
        "intersect": False,
        "requests_per_minute": None,
        "authorization": "Bearer sandbox-bearer-of-marc",
    }
    paced = _asker(opened, tmp_path / "paced.toml", construction.url, **alone)
    for words in ({"throttled", "ok"}, {"throttled", "stale"}):
        answer = paced.graph(ASSET_HUB, **BUDGET, timeout=5, max_age=0)
        told = source_of(answer, "acc")
        assert (told["outcome"], set(told["outcomes"])) == ("throttled", words)
        assert answer["graph"]["complete"] is False
        assert 0 < told["retry_after_seconds"] <= 61
        # What our own pace refused has left nobody's machine.
        assert told["calls"] == (120 if "ok" in words else 0)
    assert Counter(call["status"] for call in board.calls()) == {200: 120}


def _asker(opened: ExitStack, path: Path, url: str, **changes: Any) -> Asker:
    sources = {"acc": autodesk(url, **changes)}
    config = write_settings(path, redis_url="embedded", store_timeout="5s", sources=sources)
    process = start_service(config)
    opened.callback(process.end)
    return Asker(opened.enter_context(client_of(process.url, timeout=60)))
