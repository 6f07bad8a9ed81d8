"""How old data may be: `max_age` and every directive of `Cache-Control`, judged by what is called."""

import time
from collections.abc import Iterator

import pytest

from harness.asking import Asker, source_of
from harness.board import Board
from harness.place import DOMAIN, ISSUE
from harness.plain import client_of
from harness.process import Process, start_service
from harness.settings import autodesk, threatwinds, write_settings

TTL = 2.0


@pytest.fixture(scope="module")
def brief(
    tmp_path_factory: pytest.TempPathFactory, threatwinds_sandbox: Process, autodesk_sandbox: Process
) -> Iterator[Process]:
    """Serve Autodesk as usual, and a feed whose data is fresh for two seconds only."""
    sources = {
        "acc": autodesk(autodesk_sandbox.url),
        "feed": threatwinds(threatwinds_sandbox.url, ttl=f"{TTL:g}s", stale_for="1h"),
    }
    config = tmp_path_factory.mktemp("freshness") / "relgraph.toml"
    process = start_service(write_settings(config, redis_url="embedded", store_timeout="5s", sources=sources))
    yield process
    process.end()


@pytest.fixture
def asker(brief: Process) -> Iterator[Asker]:
    """Give a client of that service."""
    with client_of(brief.url, timeout=30) as client:
        yield Asker(client)


@pytest.fixture
def construction(autodesk_sandbox: Process, asker: Asker) -> Iterator[Board]:
    """Give the Autodesk sandbox, after the issue has just been fetched."""
    board = Board(autodesk_sandbox.url)
    asker.graph(ISSUE, max_age=0)
    board.forget()
    yield board
    board.reset(requests_per_minute=None)


@pytest.fixture
def feed(threatwinds_sandbox: Process, asker: Asker) -> Iterator[Board]:
    """Give the ThreatWinds sandbox, after what was fetched there has gone out of date."""
    board = Board(threatwinds_sandbox.url)
    asker.graph(DOMAIN, max_age=0)
    time.sleep(TTL)
    board.forget()
    yield board
    board.reset()


@pytest.mark.parametrize(
    ("header", "calls"),
    [
        (None, 0),
        ("max-age=1000", 0),
        ("only-if-cached", 0),
        ("max-stale", 0),
        ("min-fresh=5", 0),
        ("no-cache", 1),
        ("No-Cache", 1),
        ("max-age=0", 1),
        ("no-cache, max-age=1000", 1),
    ],
)
def test_fresh_data_is_fetched_again_only_when_asked_to(
    asker: Asker, construction: Board, header: str | None, calls: int
) -> None:
    """What is fresh is served as it is, unless the caller takes nothing that old."""
    answer = asker.graph(ISSUE, headers={"Cache-Control": header} if header else None)
    assert (len(construction.calls()), source_of(answer, "acc")["calls"]) == (calls, calls)
    assert source_of(answer, "acc")["cached"] == 1 - calls
    assert source_of(answer, "acc")["outcome"] == "ok"


@pytest.mark.parametrize(
    ("max_age", "header", "calls"), [("0", "max-age=1000", 1), ("1000", "no-cache", 0), ("0.0", "", 1)]
)
def test_the_parameter_wins_over_the_header(
    asker: Asker, construction: Board, max_age: str, header: str, calls: int
) -> None:
    """`max_age` and `Cache-Control` say the same; where they differ the parameter counts."""
    asker.graph(ISSUE, max_age=max_age, headers={"Cache-Control": header})
    assert len(construction.calls()) == calls


def test_max_age_counts_in_seconds(asker: Asker, construction: Board) -> None:
    """What is younger than asked for is served, what is older is fetched again."""
    time.sleep(1.1)
    answer = asker.graph(ISSUE, max_age=30)
    assert (len(construction.calls()), source_of(answer, "acc")["age_seconds"] >= 1) == (0, True)
    answer = asker.graph(ISSUE, max_age=1)
    assert (len(construction.calls()), source_of(answer, "acc")["age_seconds"]) == (1, 0)


@pytest.mark.parametrize(
    ("header", "outcome"),
    [(None, "ok"), ("max-stale", "stale"), ("max-stale=60", "stale"), ("only-if-cached, max-stale", "stale")],
)
def test_data_out_of_date_is_served_to_those_who_take_it(
    asker: Asker, feed: Board, header: str | None, outcome: str
) -> None:
    """Past its time to live data is fetched again, or served as `stale` where that is welcome."""
    answer = asker.graph(DOMAIN, headers={"Cache-Control": header} if header else None)
    assert source_of(answer, "feed")["outcome"] == outcome
    assert (len(feed.calls()) > 0) is (outcome == "ok")
    assert (answer["graph"]["complete"], len(answer["edges"])) == (True, 1)


def test_only_if_cached_takes_nothing_out_of_date_unasked(asker: Asker, feed: Board) -> None:
    """Without `max-stale` data past its time to live is as good as none: 504, and no call."""
    problem = asker.problem(DOMAIN, headers={"Cache-Control": "only-if-cached"})
    assert (problem["status"], problem["type"], feed.calls()) == (504, "/problems/not-cached", [])


@pytest.mark.parametrize(
    ("header", "served"),
    [(None, "stale"), ("stale-if-error=1000", "stale"), ("stale-if-error=0", None), ("no-cache", "stale")],
)
def test_stale_if_error_decides_what_stands_in(
    asker: Asker, feed: Board, header: str | None, served: str | None
) -> None:
    """When the source fails, data out of date stands in for as long as policy and caller allow."""
    feed.fault({"status": 503})
    reply = asker.reply(DOMAIN, headers={"Cache-Control": header} if header else None)
    assert reply.status_code == (200 if served else 502)
    assert source_of(reply.json(), "feed")["outcome"] == (served or "unavailable")


@pytest.mark.parametrize(
    "header", ["max-age", "max-age=x", "max-stale=x", "stale-if-error=-1", "max-age=1.5"]
)
def test_a_directive_without_its_number_is_refused(asker: Asker, header: str) -> None:
    """A directive that needs seconds and has none is a 400 about the header."""
    problem = asker.problem(ISSUE, headers={"Cache-Control": header})
    assert (problem["status"], problem["errors"][0]["field"]) == (400, "Cache-Control")
