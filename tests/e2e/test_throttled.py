"""A listing of more pages than its source lets through comes whole, by two replicas over one store."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest

from harness.asking import ANEW, Json, source_of
from harness.board import Board
from harness.command import run_relgraph
from harness.paging import Folding, follow
from harness.place import ASSET_HUB, MALWARE_HUB
from harness.process import Process
from harness.settings import CONTAINER, autodesk, threatwinds
from harness.standing import standing
from harness.store import Store
from harness.telling import bearing
from service.cache.key import PREFIX, Kind

INES, MARC = "sandbox-bearer-of-ines", "sandbox-bearer-of-marc"
# Three pages of the hub's nine in any two seconds.
QUOTA = {"requests_per_minute": 3, "quota_seconds": 2}
ASKED: Json = {"node": ASSET_HUB, "sources": "acc", "max_nodes": 900, "fan_out": 900, "timeout": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give where the settings are."""
    return tmp_path_factory.mktemp("replicas")


@pytest.fixture(scope="module")
def replicas(
    folder: Path,
    threatwinds_sandbox: Process,
    site: Process,
    running_store: Store,
) -> Iterator[list[httpx.Client]]:
    """Run two services on one store, and give a client of each."""
    sources = {
        "acc": autodesk(site.url, page_limit=25),
        # As another user: how long one is to rest is remembered.
        "resting": autodesk(site.url, page_limit=25, authorization=f"Bearer {MARC}"),
        "mine": autodesk(site.url, page_limit=25, intersect=False),
        "own": autodesk(site.url, page_limit=25, credentials="caller"),
        "feed": threatwinds(threatwinds_sandbox.url, limit=100, requests_per_minute=5),
    }
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


@pytest.fixture
def config(folder: Path) -> Path:
    """Give the settings of one of the two, which are the same."""
    return min(folder.iterdir())


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


def test_asking_again_plainly_gets_the_whole_listing(
    ask: Callable[..., Json], whole: Json, board: Board
) -> None:
    """Who waits as told and asks the same again goes on where it was, whichever replica it comes to."""
    shown = []
    for _ in range(9):
        answer = ask()
        shown.append(len(answer["edges"]))
        if answer["graph"]["complete"]:
            break
        _rest(answer)
    folding = Folding()
    folding.take(answer)
    assert (folding.complete, folding.whole) == (True, whole)
    assert len(shown) >= 3
    assert shown == sorted(set(shown))
    assert max(Counter(_granted(board)).values()) == 1


def _first_pages(board: Board) -> int:
    return sum("continuationToken" not in dict(call["query"]) for call in board.calls())


def test_a_listing_half_fetched_is_of_the_credential_that_fetched_it(
    ask: Callable[..., Json], board: Board
) -> None:
    """Another user begins at the first page; the one who was stopped does not."""
    board.turn(requests_per_minute=None)
    board.fault({"match": "continuationToken", "status": 429})
    for token, first in ((MARC, 1), (INES, 1), (MARC, 0)):
        board.forget()
        told = source_of(ask(sources="own", headers=bearing(own=token)), "own")
        assert (told["outcome"], _first_pages(board)) == ("throttled", first)
    board.fault()
    board.forget()
    assert ask(sources="own", headers=bearing(own=MARC))["graph"]["complete"]
    assert (len(board.calls()), _first_pages(board)) == (8, 0)


@pytest.mark.parametrize(
    "what", [("--node", ASSET_HUB), ("--source", "mine"), ("--tenant", CONTAINER), ("--credential", "mine")]
)
def test_a_purge_takes_it_away(
    ask: Callable[..., Json], config: Path, running_store: Store, board: Board, what: tuple[str, str]
) -> None:
    """Whatever is picked of it, what was fetched halfway is gone from the bytes and fetched again."""
    board.turn(requests_per_minute=None)
    board.fault({"match": "continuationToken", "status": 429})
    ask(sources="mine")
    halfway = [key for key in running_store.content() if key.startswith(f"{PREFIX}{Kind.TRAIL}".encode())]
    assert len(halfway) == 1
    ran = run_relgraph("purge", "--config", str(config), "--once", *what)
    assert (ran.returncode, "1 listings fetched halfway" in ran.stdout) == (0, True), ran.stdout + ran.stderr
    assert halfway[0] not in running_store.content()
    board.fault()
    board.forget()
    assert ask(sources="mine")["graph"]["complete"]
    assert (len(board.calls()), _first_pages(board)) == (9, 1)


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
