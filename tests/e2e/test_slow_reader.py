"""Readers of a kilobyte a second: the run waits for them, memory stays flat, and others are served."""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import pytest

from harness.board import Board
from harness.folding import Folded, lasting
from harness.place import DOMAIN, GIANT, MALWARE_HUB
from harness.process import Process, start_sandbox
from harness.reading import Reader, sip_slowly
from harness.settings import threatwinds
from harness.standing import standing

MEGABYTE = 1024 * 1024
LARGE = {"fan_out": 10_000, "max_nodes": 40_000, "max_edges": 40_000, "max_calls": 5000, "timeout": 60}
# What a kernel takes in for a reader that does not read: as little as it can be made to.
SMALL = 4096
MANY = 30
# Six hundred neighbors: some hundred kilobytes.
HUB = "threatwinds:malware:win trojan sdbot"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Process]:
    """Run a ThreatWinds sandbox."""
    process = start_sandbox("threatwinds")
    yield process
    process.end()


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, sandbox: Process
) -> Iterator[tuple[Process, httpx.Client]]:
    """Serve it, with a store of its own."""
    folder = tmp_path_factory.mktemp("slow-reader")
    sources = {"threatwinds": threatwinds(sandbox.url)}
    with standing(folder, sources=sources, redis_url="embedded") as (service, client):
        client.timeout = httpx.Timeout(70)
        yield service, client


@pytest.fixture
def board(sandbox: Process) -> Board:
    """Give the sandbox's board, its journal empty."""
    board = Board(sandbox.url)
    board.reset()
    return board


class Memory:
    """Samples what a process holds while a block lasts; `peak` and `now` are in bytes."""

    def __init__(self, process: Process) -> None:
        """Watch this process."""
        self._status = Path(f"/proc/{process.popen.pid}/status")
        self._over = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self.peak = 0

    @property
    def now(self) -> int:
        """Read it once."""
        lines = self._status.read_text("ascii").splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])

    def __enter__(self) -> Self:
        """Begin."""
        self._sampler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._over.set()
        self._sampler.join()

    def _sample(self) -> None:
        while not self._over.wait(0.02):
            self.peak = max(self.peak, self.now)


@contextmanager
def _reading(url: str, *, count: int, **query: Any) -> Iterator[list[Reader]]:
    """Open so many streams that nobody has read from yet."""
    with ExitStack() as stack:
        yield [stack.enter_context(Reader(url, buffer=SMALL, **query)) for _ in range(count)]


def _await_calm(board: Board, *, within: float = 15) -> int:
    """Wait until no call is made any more, and give how many there were."""
    end = time.monotonic() + within
    made = -1
    while (calls := len(board.calls())) != made or not calls:
        assert time.monotonic() < end, "calls without an end"
        made = calls
        time.sleep(0.7)
    return made


def _settle(memory: Memory, readers: list[Reader]) -> int:
    """Sip until the process has made what its readers wait for, and give what it holds."""
    held = 0
    for _ in range(40):
        sip_slowly(readers, seconds=1)
        before, held = held, memory.now
        if held < before + MEGABYTE:
            return held
    raise AssertionError("memory grows on and on")


def _seconds(client: httpx.Client, path: str, **query: Any) -> float:
    """Give how long others wait: the median of a few requests."""
    waits = []
    for _ in range(7):
        started = time.monotonic()
        assert client.get(path, params=query).status_code == 200
        waits.append(time.monotonic() - started)
    return statistics.median(waits)


def test_a_slow_reader_costs_no_more_than_a_fast_one(running: tuple[Process, httpx.Client]) -> None:
    """Two thousand edges at a kilobyte a second hold no more memory than at full speed, and are as whole."""
    service, client = running
    query = {"node": MALWARE_HUB, **LARGE}
    # What is cached, and what the process keeps of its first large answer, is not the reader's.
    client.get("/graph", params=query)
    with Memory(service) as fast, Reader(service.url, **query) as reader:
        assert reader.head()[0] == 200
        plain = reader.fold(Folded()).answer()
    with Memory(service) as slow, _reading(service.url, count=1, **query) as readers:
        sip_slowly(readers, seconds=4)
        assert readers[0].taken < 10_000
        assert readers[0].head()[0] == 200
        folded = readers[0].fold(Folded())
    assert lasting(folded.answer(), costs=False) == lasting(plain, costs=False)
    assert slow.peak < fast.peak + 10 * MEGABYTE


def test_calls_wait_for_the_reader(running: tuple[Process, httpx.Client], board: Board) -> None:
    """While much is untold nothing more is asked, and others are served without a wait."""
    service, client = running
    query = {"node": GIANT, "hops": 2, "max_age": 0, **LARGE}
    client.get("/graph", params={"node": DOMAIN})
    with _reading(service.url, count=1, **query) as readers:
        sip_slowly(readers, seconds=1)
        made = _await_calm(board)
        sip_slowly(readers, seconds=3)
        assert len(board.calls()) == made
        # The giant's own pages, and what is asked about the seed itself.
        assert made < 150
        assert _seconds(client, "/healthz") < 0.5
        assert _seconds(client, "/graph", node=DOMAIN) < 1


@pytest.mark.soak
def test_many_slow_readers_stand_in_nobodys_way(running: tuple[Process, httpx.Client]) -> None:
    """Thirty of them: memory is flat while they read, and others do not notice."""
    service, client = running
    query = {"node": HUB, **LARGE}
    client.get("/graph", params=query)
    client.get("/graph", params={"node": DOMAIN})
    with Memory(service) as memory, _reading(service.url, count=MANY, **query) as readers:
        settled = _settle(memory, readers)
        sip_slowly(readers, seconds=3)
        assert memory.now < settled + 10 * MEGABYTE
        assert _seconds(client, "/healthz") < 0.5
        assert _seconds(client, "/graph", node=DOMAIN) < 1
        assert all(reader.taken < 20_000 for reader in readers)
    assert client.get("/graph", params=query).json()["graph"]["complete"]


@pytest.mark.soak
def test_slow_readers_for_minutes(running: tuple[Process, httpx.Client]) -> None:
    """Thirty readers of a kilobyte a second for five minutes: none is cut off, and nothing grows."""
    service, client = running
    query = {"node": MALWARE_HUB, **LARGE}
    plain = client.get("/graph", params=query).json()
    before = len(service.output)
    sizes, waits = [], []
    with Memory(service) as memory, _reading(service.url, count=MANY, **query) as readers:
        sip_slowly(readers, seconds=60)
        for _ in range(8):
            sip_slowly(readers, seconds=30)
            sizes.append(memory.now)
            waits.append(_seconds(client, "/healthz"))
        assert max(sizes) - sizes[0] < 20 * MEGABYTE
        assert max(waits) < 0.5
        # While one is read to its end the others would stall.
        for reader in readers[2:]:
            reader.socket.close()
        for reader in readers[:2]:
            assert reader.head()[0] == 200
            folded = reader.fold(Folded())
            assert lasting(folded.answer(), costs=False) == lasting(plain, costs=False)
    assert "Traceback" not in service.output[before:]
    assert "exc_type" not in service.output[before:]


@pytest.mark.soak
def test_a_reader_that_stalls_is_let_go(running: tuple[Process, httpx.Client], board: Board) -> None:
    """Who reads nothing for minutes is left, without a cry in the log; until then nothing is asked."""
    service, client = running
    before = len(service.output)
    with _reading(service.url, count=1, node=GIANT, hops=2, max_age=0, **LARGE) as readers:
        made = _await_calm(board)
        time.sleep(180)
        assert len(board.calls()) == made
        assert readers[0].head()[0] == 200
        with pytest.raises((EOFError, ConnectionError)):
            readers[0].fold(Folded())
    assert client.get("/healthz").status_code == 200
    assert "exc_type" not in service.output[before:]
