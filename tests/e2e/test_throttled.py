"""A listing of more pages than its source lets through comes whole, by two replicas over one store."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import cycle
from time import sleep
from typing import Any

import httpx
import pytest

from harness.asking import ANEW, Json, source_of
from harness.board import Board
from harness.paging import Folding, follow
from harness.place import ASSET_HUB, MALWARE_HUB
from harness.process import Process
from harness.settings import autodesk, threatwinds
from harness.standing import standing
from harness.store import Store

INES, MARC = "sandbox-bearer-of-ines", "sandbox-bearer-of-marc"
# Three pages of the hub's nine in any two seconds.
QUOTA = {"requests_per_minute": 3, "quota_seconds": 2}
ASKED: Json = {"node": ASSET_HUB, "sources": "acc", "max_nodes": 900, "fan_out": 900, "timeout": 1}


@pytest.fixture(scope="module")
def replicas(
    tmp_path_factory: pytest.TempPathFactory,
    threatwinds_sandbox: Process,
    site: Process,
    running_store: Store,
) -> Iterator[list[httpx.Client]]:
    """Run two services on one store, and give a client of each."""
    sources = {
        "acc": autodesk(site.url, page_limit=25),
        # As another user: how long one is to rest is remembered.
        "resting": autodesk(site.url, page_limit=25, authorization=f"Bearer {MARC}"),
        "own": autodesk(site.url, page_limit=25, credentials="caller"),
        "feed": threatwinds(threatwinds_sandbox.url, limit=100, requests_per_minute=5),
    }
    folder = tmp_path_factory.mktemp("replicas")
    with ExitStack() as stack:
        both = [standing(folder, redis_url=running_store.url, sources=sources) for _ in range(2)]
        yield [stack.enter_context(each)[1] for each in both]


@pytest.fixture
def ask(replicas: list[httpx.Client], running_store: Store, board: Board) -> Callable[..., Json]:
    """Give the way to ask one replica after the other, nothing cached and the quota in force."""
    running_store.empty()
    board.turn(**QUOTA)
    turns = cycle(replicas)

    def ask(cursor: str | None = None, *, headers: dict[str, str] | None = None, **changes: Any) -> Json:
        asked = ASKED | changes | ({} if cursor is None else {"cursor": cursor})
        reply = next(turns).get("/graph", params=asked, headers=headers)
        assert reply.status_code == 200, reply.text
        answer: Json = reply.json()
        return answer

    return ask


@pytest.fixture
def whole(ask: Callable[..., Json], running_store: Store, board: Board) -> Json:
    """Give the hub's relations as they are told at once, of which nothing is remembered."""
    board.turn(requests_per_minute=None)
    folding = Folding()
    folding.take(ask(timeout=20))
    assert folding.complete
    assert len(_granted(board)) == len(board.calls()) == 9
    running_store.empty()
    # What was granted until now counts no more.
    sleep(QUOTA["quota_seconds"])
    board.turn(**QUOTA)
    board.forget()
    return folding.whole


def _granted(board: Board) -> list[str]:
    """Give what the upstream was asked and let through."""
    asked = [call for call in board.calls() if call["status"] == 200]
    return [json.dumps([call["path"], call["query"], call["caller"]]) for call in asked]


def _rest(answer: Json) -> None:
    """Wait for as long as the source wants to be left alone."""
    sleep(source_of(answer, "acc")["retry_after_seconds"] or 0)


def test_the_pages_of_a_throttled_listing_add_up(ask: Callable[..., Json], whole: Json, board: Board) -> None:
    """Who waits as told has the answer at once in its pages, from either replica; no call is made twice."""

    def page(cursor: str | None) -> Json:
        answer = ask(cursor)
        _rest(answer)
        return answer

    folding = follow(page, most=9)
    assert (folding.complete, folding.whole) == (True, whole)
    assert len(folding.pages) >= 3
    assert max(Counter(_granted(board)).values()) == 1


def test_who_does_not_wait_is_told_so_three_times(ask: Callable[..., Json], board: Board) -> None:
    """A loop that asks on at once ends with what there was, and costs the source next to nothing."""
    board.fault({"match": "continuationToken", "status": 429, "headers": {"retry-after": "60"}})
    folding = follow(lambda cursor: ask(cursor, sources="resting"), most=9)
    assert (folding.complete, len(folding.pages)) == (False, 4)
    assert len(folding.edges) == 25
    assert len(board.calls()) == 2


def test_our_own_pace_brings_as_many_pages_as_it_has_calls(
    ask: Callable[..., Json], threatwinds_sandbox: Process
) -> None:
    """Calls that have left are read although the next has no turn, and the answer goes on from there."""
    feed = Board(threatwinds_sandbox.url)
    feed.forget()
    answer = ask(node=MALWARE_HUB, sources="feed", max_edges=9000, headers=ANEW)
    told = source_of(answer, "feed")
    assert (told["outcome"], told["calls"]) == ("throttled", 5)
    # One call was for the description.
    assert len(answer["edges"]) == 400
    assert answer["graph"]["next_cursor"] is not None
    assert 0 < told["retry_after_seconds"] <= 61
    assert len(feed.calls()) == 5
