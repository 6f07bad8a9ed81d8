"""A thousand callers with one question, over four replicas: the upstream is asked once."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.board import Board
from harness.fleet import Fleet, sailing
from harness.load import crowd
from harness.place import DROPPER, ISSUE
from harness.process import Process
from harness.settings import autodesk, threatwinds
from harness.store import Store

_HERD = 1000


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory, store: Store, feed_process: Process, site_process: Process
) -> Iterator[Fleet]:
    """Have four replicas over both upstreams, whose lists come in small pages."""
    sources = {
        "acc": autodesk(site_process.url, page_limit=3, concurrency=8),
        "feed": threatwinds(feed_process.url, limit=2, concurrency=8),
    }
    folder: Path = tmp_path_factory.mktemp("herd")
    with sailing(folder, store=store, sources=sources) as running:
        yield running


def questions(calls: list[dict[str, Any]]) -> Counter[tuple[str, str, str]]:
    """Count what was asked upstream: each page of each node's list is one question."""
    return Counter(
        (node, call["path"], str(sorted(map(tuple, call["query"]))))
        for call in calls
        for node in call["nodes"]
    )


@pytest.fixture
def boards(site: Board, feed: Board) -> dict[str, Board]:
    """Give the board of each source's upstream."""
    return {"acc": site, "feed": feed}


@pytest.mark.parametrize(("source", "seed"), [("acc", ISSUE), ("feed", DROPPER)])
async def test_defect_07_a_herd_costs_each_page_once(
    fleet: Fleet, store: Store, boards: dict[str, Board], source: str, seed: str
) -> None:
    """A thousand cold requests at once: no page is fetched twice, and all answers are one and whole."""
    store.empty()
    board = boards[source]
    board.fault({"latency_seconds": 0.05})
    async with crowd(fleet.urls) as callers:
        answers = await callers.ask_all([seed] * _HERD, hops=2, timeout=60, sources=source)
        asked = questions(board.calls())
        board.fault()
        board.forget()
        store.empty()
        alone = await callers.ask(seed, hops=2, timeout=60, sources=source)
    assert {answer.status for answer in answers} == {200}
    assert {answer.reply.headers["graph-complete"] for answer in answers} == {"?1"}
    assert len({str(answer.graph) for answer in answers}) == 1
    assert [edge["id"] for edge in answers[0].graph["edges"]] == [edge["id"] for edge in alone.graph["edges"]]
    assert [node["id"] for node in answers[0].graph["nodes"]] == [node["id"] for node in alone.graph["nodes"]]
    assert set(asked.values()) == {1}
    assert asked == questions(board.calls())
