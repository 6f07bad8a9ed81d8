"""Callers who leave, or who stay while the service ends: nothing goes on for nobody, and no log cries."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.folding import Folded
from harness.place import DOMAIN, MALWARE_HUB, THREAT
from harness.process import Process, start_sandbox
from harness.reading import NDJSON, Reader
from harness.settings import threatwinds
from harness.standing import standing

JSON = "application/json"
# Half as long as the slow upstream would take to answer.
SOON = 5.0
# What a log may not hold that only tells of callers who come and go.
CRASHES = ("Traceback", "exc_type", '"level": "error"', '"level": "critical"')
LARGE = {"fan_out": 10_000, "max_nodes": 40_000, "max_edges": 40_000, "max_calls": 5000, "timeout": 60}


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[tuple[Process, Process]]:
    """Run two ThreatWinds sandboxes."""
    with ExitStack() as stack:
        both = (start_sandbox("threatwinds"), start_sandbox("threatwinds", "--seed", "8"))
        for sandbox in both:
            stack.callback(sandbox.end)
        yield both


@pytest.fixture
def boards(sandboxes: tuple[Process, Process]) -> tuple[Board, Board]:
    """Give their boards; the second one answers after ten seconds."""
    quick, slow = (Board(sandbox.url) for sandbox in sandboxes)
    quick.reset()
    slow.reset()
    slow.fault({"match": "", "latency_seconds": 10.0})
    return quick, slow


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, sandboxes: tuple[Process, Process]
) -> Iterator[tuple[Process, httpx.Client]]:
    """Serve both upstreams."""
    sources = {name: threatwinds(each.url) for name, each in zip(("quick", "slow"), sandboxes, strict=True)}
    folder = tmp_path_factory.mktemp("leaving")
    with standing(folder, sources=sources, redis_url="embedded", log_level="info") as service:
        yield service


def _in_flight(board: Board) -> int:
    count: int = board._ask("GET", "journal")["connections"]["now"]
    return count


def _await(what: Callable[[], bool], *, within: float = SOON) -> None:
    end = time.monotonic() + within
    while not what():
        assert time.monotonic() < end, f"not within {within} s"
        time.sleep(0.01)


def _calm(board: Board) -> int:
    """Wait until no call is under way, nor any follows soon, and give how many there were."""
    made = [-1]

    def calm() -> bool:
        made.append(len(board.calls()))
        if made[-1] == made[-2] and _in_flight(board) == 0:
            return True
        time.sleep(0.3)
        return False

    _await(calm)
    return made[-1]


def _crashes(log: str) -> list[str]:
    return [line for line in log.splitlines() if any(word in line for word in CRASHES)]


@pytest.mark.parametrize("accept", [NDJSON, JSON])
@pytest.mark.parametrize("rude", [False, True])
def test_calls_end_with_their_caller(
    running: tuple[Process, httpx.Client], boards: tuple[Board, Board], accept: str, *, rude: bool
) -> None:
    """Whoever closes the connection ends the calls made for him at once, and none follows."""
    service, client = running
    before = len(service.output)
    _, slow = boards
    with Reader(service.url, accept=accept, node=THREAT, hops=2, max_age=0, timeout=30) as reader:
        if accept == NDJSON:
            assert reader.head()[0] == 200
            reader.fold(Folded(), until="edge")
        _await(lambda: _in_flight(slow) > 0, within=20)
        if rude:
            reader.reset()
    for board in boards:
        _calm(board)
    assert client.get("/healthz").status_code == 200
    assert _crashes(service.output[before:]) == []


def test_calls_go_on_for_whoever_stays(
    running: tuple[Process, httpx.Client], boards: tuple[Board, Board]
) -> None:
    """Of two callers with one question, one leaves; the other has his whole answer."""
    service, _ = running
    _, slow = boards
    slow.fault({"match": "", "latency_seconds": 1.5})
    query: dict[str, Any] = {"node": DOMAIN, "hops": 1, "timeout": 30, "max_age": 0}
    with Reader(service.url, **query) as stays:
        with Reader(service.url, **query) as leaves:
            leaves.head()
            leaves.fold(Folded(), until="edge")
        stays.head()
        folded = stays.fold(Folded())
    assert folded.graph["complete"]


def test_a_reader_who_leaves_in_the_midst_of_much_ends_it(
    running: tuple[Process, httpx.Client], boards: tuple[Board, Board]
) -> None:
    """With much still to be told and asked, closing ends the run: no further call leaves."""
    service, client = running
    before = len(service.output)
    quick, _ = boards
    quick.fault({"match": "", "latency_seconds": 0.02})
    with Reader(
        service.url, node=MALWARE_HUB, hops=2, sources="quick", max_age=0, buffer=4096, **LARGE
    ) as reader:
        assert reader.head()[0] == 200
        reader.fold(Folded(), until="edge")
    # Two thousand neighbors would have been asked about.
    assert _calm(quick) < 1000
    assert client.get("/healthz").status_code == 200
    assert _crashes(service.output[before:]) == []


def test_many_callers_who_leave_leave_nothing(
    running: tuple[Process, httpx.Client], boards: tuple[Board, Board]
) -> None:
    """Forty come and go at every moment of an answer; the next one is answered, and no log cries."""
    service, client = running
    before = len(service.output)
    quick, slow = boards
    quick.fault({"match": "", "latency_seconds": 0.05})
    slow.fault({"match": "", "latency_seconds": 0.1})
    for number in range(40):
        accept = (NDJSON, JSON)[number % 2]
        query: dict[str, Any] = {"node": THREAT, "hops": 2, "max_age": 0}
        with Reader(service.url, accept=accept, **query) as reader:
            time.sleep(0.01 * number)
            if number % 3 == 0:
                reader.reset()
    _await(lambda: _in_flight(quick) == _in_flight(slow) == 0)
    quick.fault()
    slow.fault()
    assert client.get("/graph", params={"node": DOMAIN}).json()["graph"]["complete"]
    assert _crashes(service.output[before:]) == []


def test_who_closes_one_half_has_left(
    running: tuple[Process, httpx.Client], boards: tuple[Board, Board]
) -> None:
    """A caller who closes his own half of the connection has left, for all that HTTP can tell: calls end."""
    service, _ = running
    before = len(service.output)
    _, slow = boards
    with Reader(service.url, node=THREAT, max_age=0, timeout=30) as reader:
        reader.head()
        reader.fold(Folded(), until="edge")
        _await(lambda: _in_flight(slow) > 0, within=20)
        reader.socket.shutdown(1)
        _await(lambda: _in_flight(slow) == 0)
    assert _crashes(service.output[before:]) == []


@pytest.mark.parametrize(("delay", "finishes"), [(2.0, True), (30.0, False)])
def test_sigterm_ends_a_stream_in_time(
    tmp_path: Path,
    boards: tuple[Board, Board],
    sandboxes: tuple[Process, Process],
    delay: float,
    *,
    finishes: bool,
) -> None:
    """What comes to its end soon does so, `done` included; what would not is broken off within 10 s."""
    _, slow = boards
    slow.fault({"match": "", "latency_seconds": delay})
    sources = {name: threatwinds(each.url) for name, each in zip(("quick", "slow"), sandboxes, strict=True)}
    with standing(tmp_path, sources=sources, redis_url="embedded") as (service, _):
        with Reader(service.url, node=THREAT, max_age=0, timeout=40) as reader:
            assert reader.head()[0] == 200
            folded = reader.fold(Folded(), until="edge")
            started = time.monotonic()
            ended: list[int] = []
            ending = threading.Thread(
                target=lambda: ended.append(service.end(signal.SIGTERM, within=25)), daemon=True
            )
            ending.start()
            if finishes:
                assert reader.fold(folded).done
            else:
                with pytest.raises((EOFError, ConnectionError)):
                    reader.fold(folded)
            ending.join()
        # It has eight seconds, and the upstream would take thirty.
        assert time.monotonic() - started < 20
        _await(lambda: _in_flight(slow) == 0)
        if finishes:
            assert ended == [0]
            assert _crashes(service.output) == []
