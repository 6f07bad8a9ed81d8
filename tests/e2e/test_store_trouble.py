"""A store that dies, hangs, is full or is ours to end: answers stay right, in time, and it is said once."""

import json
import random
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import product
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from threading import Event
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.family import command_line, family, survivors
from harness.looking import look_until
from harness.process import Process, start_sandbox
from harness.settings import CONTAINER, autodesk
from harness.standing import await_ready, ready, standing
from harness.store import Store
from harness.telling import Told, bearing, told
from service.adapters.embedded import start_embedded

INES, MARC = "sandbox-bearer-of-ines", "sandbox-bearer-of-marc"
NODES = tuple(
    f"autodesk-bim360-{kind}@{CONTAINER}:{kind}:{key}"
    for kind, key in (
        ("asset", "2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"),
        ("asset", "c0ffee00-1a2b-4c3d-8e4f-5a6b7c8d9e0f"),
        ("issue", "bd17903c-7d3b-4e56-a79f-4cea00d430db"),
        ("issue", "a3e1c9d2-5b64-4e0f-8c17-29d0b6f4e583"),
    )
)
Flags = dict[str, bool | None]
Truth = dict[tuple[str, str], Flags]
Tables = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def sources() -> Iterator[Tables]:
    """Run an Autodesk sandbox without a quota and give a source over it; callers bring their credentials."""
    process = start_sandbox("autodesk")
    Board(process.url).reset(requests_per_minute=None)
    yield {"acc": autodesk(process.url, credentials="caller")}
    process.end()


@pytest.fixture
def store() -> Iterator[Store]:
    """Run a store for one test."""
    with Store() as running:
        yield running


def ask(client: httpx.Client, node: str, bearer: str = MARC, **parameters: Any) -> Told:
    """Ask about a node."""
    reply = client.get("/graph", params={"node": node, **parameters}, headers=bearing(acc=bearer))
    return told(reply, source="acc")


def read_truth(client: httpx.Client) -> Truth:
    """Give what each token is told of each node, asked upstream one by one."""
    pairs = product(NODES, (INES, MARC))
    return {(node, bearer): ask(client, node, bearer, max_age=0).read_only for node, bearer in pairs}


class Load:
    """Callers who ask at random; whatever is answered in full has to be the truth."""

    def __init__(self, client: httpx.Client, truth: Truth) -> None:
        self.client = client
        self.truth = truth
        self.answers: list[Told] = []
        self.over = Event()
        self._callers: list[Future[None]] = []

    def begin(self, pool: ThreadPoolExecutor, *, seed: int, **parameters: Any) -> None:
        """Have one more caller."""
        self._callers.append(pool.submit(self._ask, seed, parameters))

    def await_more(self, number: int, *, cached: int = 0) -> None:
        """Wait until so many more answers have come, and as many of the cache's in all."""
        before = len(self.answers)
        look_until(lambda: self.over.is_set() or len(self.answers) >= before + number)
        look_until(lambda: self.over.is_set() or self.cached >= cached)

    def end(self) -> list[Told]:
        """Have them stop, and give all answers."""
        self.over.set()
        for caller in self._callers:
            caller.result()
        return self.answers

    @property
    def cached(self) -> int:
        """Count what the cache has answered."""
        return sum(answer.cached for answer in self.answers)

    def _ask(self, seed: int, parameters: dict[str, Any]) -> None:
        dice = random.Random(seed)  # noqa: S311 - which order, nothing secret
        try:
            while not self.over.is_set():
                node, bearer = dice.choice(list(self.truth))
                answer = ask(self.client, node, bearer, **parameters)
                if answer.outcome == "ok":
                    assert answer.read_only == self.truth[node, bearer]
                self.answers.append(answer)
        finally:
            self.over.set()


def said(process: Process, event: str) -> int:
    """Count how often the log tells of an event."""
    return process.output.count(f'"event": "{event}"')


def users_of(process: Process, event: str) -> list[tuple[str, str]]:
    """Give who had an event, and at what, as often as the log says so."""
    lines = [json.loads(line) for line in process.output.splitlines() if f'"event": "{event}"' in line]
    return [(line["user"], line["operation"]) for line in lines]


def test_the_store_dies_under_load_and_comes_back(tmp_path: Path, sources: Tables, store: Store) -> None:
    """No error, no wrong answer; /readyz and the log tell of it, once per change and worker."""
    with (
        standing(tmp_path, "--workers", "2", redis_url=store.url, sources=sources) as (process, client),
        ThreadPoolExecutor(6) as pool,
    ):
        truth = read_truth(client)
        assert ready(client) == "ok"
        load = Load(client, truth)
        for number in range(6):
            load.begin(pool, seed=number)
        load.await_more(50)
        store.kill()
        load.await_more(50)
        await_ready(client, "degraded", within=20)
        store.start()
        load.await_more(50)
        await_ready(client, "ok", within=20)
        answers = load.end()
        assert {(answer.status, answer.outcome) for answer in answers} == {(200, "ok")}
        assert ask(client, NODES[0]).outcome == "ok"
        assert ask(client, NODES[0]).cached == 1
        assert (said(process, "store_unavailable"), said(process, "store_available")) == (2, 2)


def test_a_store_that_hangs_costs_one_timeout(tmp_path: Path, sources: Tables, store: Store) -> None:
    """Answers come, one store timeout later at most, alone or many at once; then all is as before."""
    timeout, slack = 1.0, 3.0
    top = {"redis_url": store.url, "store_timeout": f"{timeout}s"}
    with standing(tmp_path, sources=sources, **top) as (process, client), ThreadPoolExecutor(8) as pool:
        truth = read_truth(client)
        pairs = list(truth)

        def measure(number: int) -> float:
            began = monotonic()
            answer = ask(client, *pairs[number % len(pairs)], max_age=0)
            assert (answer.status, answer.outcome) == (200, "ok")
            return monotonic() - began

        usual = max(pool.map(measure, range(16)))
        store.hang()
        at_once = list(pool.map(measure, range(16)))
        one_by_one = [measure(number) for number in range(16)]
        assert max(at_once) < usual + timeout + slack
        assert max(one_by_one) < usual + timeout + slack
        # While it is known to hang, one caller a second waits for it and nobody else.
        assert sorted(one_by_one)[len(one_by_one) // 2] < timeout
        headers = client.get("/graph", params={"node": NODES[0]}, headers=bearing(acc=MARC)).headers
        assert headers["cache-status"] == "relgraph; fwd=bypass; detail=store-unavailable"
        assert ready(client) == "degraded"
        store.resume()
        await_ready(client, "ok", within=20)
        for (node, bearer), flags in truth.items():
            assert ask(client, node, bearer).read_only == flags
        assert ask(client, NODES[0]).cached == 1
        assert (said(process, "store_unavailable"), said(process, "store_available")) == (1, 1)


def test_reads_cut_off_midway_give_nobody_anothers_entry(
    tmp_path: Path, sources: Tables, store: Store
) -> None:
    """Requests run out of time while the store stops and goes on: no reply is taken for the next one's."""
    with (
        standing(tmp_path, redis_url=store.url, sources=sources) as (_, client),
        ThreadPoolExecutor(6) as pool,
    ):
        truth = read_truth(client)
        brief = {"timeout": "0.06", "require": "none", "max_age": "999"}
        load = Load(client, truth)
        for number in range(6):
            load.begin(pool, seed=number, **(brief if number % 2 else {}))
        dice = random.Random(5)  # noqa: S311 - how long, nothing secret
        for _ in range(15):
            store.hang()
            sleep(dice.uniform(0.02, 0.12))
            store.resume()
            sleep(dice.uniform(0.05, 0.4))
        load.await_more(0, cached=50)
        answers = load.end()
    assert {answer.status for answer in answers} == {200}
    assert {answer.outcome for answer in answers} <= {"ok", "timeout"}


def test_a_store_that_is_full_is_said_and_does_no_harm(tmp_path: Path, sources: Tables, store: Store) -> None:
    """It refuses to write: answers are right, uncached, and the log says it once for each change."""
    with (
        standing(tmp_path, redis_url=store.url, sources=sources) as (process, client),
        store.client() as administrator,
    ):
        administrator.config_set("maxmemory-policy", "noeviction")
        administrator.config_set("maxmemory", "1")
        for _ in range(4):
            answer = ask(client, NODES[0])
            assert (answer.outcome, answer.calls) == ("ok", 1)
        # Each user of the store says so once of what it wants, however often it is refused.
        refused = users_of(process, "store_refuses")
        assert refused
        assert len(refused) == len(set(refused))
        administrator.config_set("maxmemory", "0")
        assert [ask(client, NODES[0]).cached for _ in range(2)] == [0, 1]
        assert said(process, "store_accepts") >= 1


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("how", [SIGKILL, SIGTERM])
def test_the_embedded_store_ends_with_the_service(
    tmp_path: Path, sources: Tables, workers: str, how: Signals
) -> None:
    """However the service ends, the store and every worker do too; the next start tidies up after a kill.

    SIGTERM ends it within ten seconds, exit code 0.
    """
    with standing(tmp_path, "--workers", workers, redis_url="embedded", sources=sources) as (process, client):
        assert client.get("/readyz").json()["store"] == "ok"
        assert [ask(client, NODES[0]).cached for _ in range(2)] == [0, 1]
        everybody = family(process.popen.pid)
        stores = [line for pid in everybody if b" unixsocket:" in (line := command_line(pid))]
        assert len(stores) == 1
        assert len(everybody) >= (2 if workers == "1" else 4)
        folder = Path(stores[0].partition(b" unixsocket:")[2].rstrip(b"\0").decode()).parent
        assert folder.is_dir()
        began = monotonic()
        assert process.end(how) == (0 if how is SIGTERM else -SIGKILL)
        assert monotonic() - began < 10
        assert survivors(everybody, within=10) == []
    if how is SIGKILL:
        with start_embedded():
            assert not folder.exists()
    assert not folder.exists()
