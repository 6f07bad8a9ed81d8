"""A credential that the upstream refuses is served nothing from cache from then on, whatever it asks for."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from time import monotonic
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.looking import look_until
from harness.plain import client_of
from harness.process import Process, start_sandbox, start_service
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings
from harness.standing import await_ready
from harness.store import Store
from harness.telling import Told, bearing, told

ASSET = f"autodesk-bim360-asset@{CONTAINER}:asset:2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
ISSUE = f"autodesk-bim360-issue@{CONTAINER}:issue:bd17903c-7d3b-4e56-a79f-4cea00d430db"
INES, MARC = "sandbox-bearer-of-ines", "sandbox-bearer-of-marc"
# What a caller can say to be served from cache by all means.
PLEAS = (
    "",
    "max-stale",
    "max-age=99999",
    "stale-if-error=99999",
    "only-if-cached",
    "only-if-cached, max-stale, stale-if-error=99999",
)
EXPELLED: dict[str, dict[str, Any]] = {
    # 401: the token is void. 403: it is good, but not for this container.
    "401": {"user": "ines", "containers": [CONTAINER], "generation": 7},
    "403": {"user": "ines", "containers": []},
}
Services = list[httpx.Client]


@pytest.fixture(scope="module")
def feed() -> Iterator[Process]:
    """Run a ThreatWinds sandbox for this file alone."""
    process = start_sandbox("threatwinds")
    yield process
    process.end()


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, site: Process, feed: Process, running_store: Store
) -> Iterator[Services]:
    """Run two services on the one store, the second of two workers."""
    with ExitStack() as stack:
        sources = {
            "acc": autodesk(site.url, credentials="caller"),
            "site": autodesk(site.url, credentials="caller", visibility="tenant"),
            "feed": threatwinds(feed.url, credentials="caller", authorization=None),
        }
        path = tmp_path_factory.mktemp("service") / "relgraph.toml"
        keys = ["a secret key of all services here"]
        top = {"secret_keys": keys, "store_timeout": "1s"}
        write_settings(path, redis_url=running_store.url, sources=sources, **top)
        processes = [start_service(path), start_service(path, "--workers", "2")]
        for process in processes:
            stack.callback(process.end)
        yield [stack.enter_context(client_of(process.url, timeout=30)) for process in processes]


@pytest.fixture
def services(running: Services, running_store: Store) -> Services:
    """Empty the store and give the services."""
    running_store.empty()
    return running


@pytest.fixture
def store(running_store: Store) -> Iterator[Store]:
    """Give the store, and see that it goes on after the test."""
    yield running_store
    running_store.resume()


def ask(
    client: httpx.Client, bearer: str, node: str = ASSET, *, source: str = "acc", words: str = "", **more: Any
) -> Told:
    """Ask one source with a caller's token; `words` are those of `Cache-Control`."""
    headers = bearing(**{source: bearer}) | ({"Cache-Control": words} if words else {})
    return told(
        client.get("/graph", params={"node": node, "sources": source, **more}, headers=headers), source=source
    )


def warm(services: Services, *bearers: str, source: str = "acc") -> None:
    """Have both nodes cached for each token, and see that they are."""
    for bearer in bearers:
        for client in services:
            for node in (ASSET, ISSUE):
                answer = ask(client, bearer, node, source=source)
                assert (answer.outcome, len(answer.edges) > 2) == ("ok", True)
        assert answer.calls == 0


def plead(
    services: Services, bearer: str, *, source: str = "acc", pleas: Iterable[str] = PLEAS
) -> list[Told]:
    """Ask for both nodes in each of these ways, often enough to meet every worker.

    Side by side: who is refused again and again is kept waiting.
    """
    begged = [
        (client, node, words)
        for words in pleas
        for client in services + services[1:] * 2
        for node in (ASSET, ISSUE)
    ]

    def beg(plea: tuple[httpx.Client, str, str]) -> Told:
        client, node, words = plea
        return ask(client, bearer, node, source=source, words=words, require="none", hops=2)

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(beg, begged))


def assert_nothing(answers: Iterable[Told]) -> None:
    """Check that not one of the answers holds anything."""
    for answer in answers:
        assert answer.outcome in {"denied", "unavailable"}
        assert (answer.edges, answer.cached) == ([], 0)


@pytest.mark.parametrize("source", ["acc", "site"])
@pytest.mark.parametrize("status", ["401", "403"])
def test_a_refused_credential_is_served_nothing(
    services: Services, board: Board, source: str, status: str
) -> None:
    """After one refusal of one node: no node, at no worker, with no plea; others are still served.

    Accepted again, the next answer works, and is kept again.
    """
    warm(services, INES, MARC, source=source)
    board.turn(accounts={INES: EXPELLED[status]})
    first = ask(services[0], INES, source=source, max_age=0)
    assert (first.status, first.outcome) == (502, "denied")
    assert f"status {status}" in first.detail
    assert_nothing(plead(services, INES, source=source))
    answer = ask(services[1], MARC, ISSUE, source=source)
    assert (answer.outcome, answer.calls, answer.cached) == ("ok", 0, 1)
    board.reset(requests_per_minute=None)
    for calls in (1, 0):
        answer = ask(services[1], INES, ISSUE, source=source)
        assert (answer.status, answer.outcome, answer.calls) == (200, "ok", calls), answer


@pytest.mark.parametrize("status", ["401", "403"])
def test_what_others_fetch_later_is_kept_from_a_refused_credential(
    services: Services, board: Board, status: str
) -> None:
    """With visibility tenant, a proof from before the refusal opens nothing that came after it."""
    warm(services, INES, MARC, source="site")
    board.turn(accounts={INES: EXPELLED[status]})
    assert ask(services[0], INES, source="site", max_age=0).outcome == "denied"
    for node in (ASSET, ISSUE):
        assert ask(services[1], MARC, node, source="site", max_age=0).outcome == "ok"
    assert_nothing(plead(services, INES, source="site"))


def test_an_etag_from_before_confirms_nothing(services: Services, board: Board) -> None:
    """A refused caller who shows an earlier answer's ETag is not told that it still holds."""
    parameters = {"node": ASSET, "sources": "acc", "require": "none"}
    headers = bearing(acc=INES)
    tag = services[0].get("/graph", params=parameters, headers=headers).headers["etag"]
    headers["If-None-Match"] = tag
    assert services[0].get("/graph", params=parameters, headers=headers).status_code == 304
    board.turn(accounts={INES: EXPELLED["401"]})
    reply = services[1].get("/graph", params=parameters | {"max_age": "0"}, headers=headers)
    assert (reply.status_code, reply.json()["edges"]) == (200, [])


def test_a_key_pair_is_refused_as_well(services: Services, feed: Process) -> None:
    """ThreatWinds, whose refusal is about no tenant: both sides of the node are gone."""
    board = Board(feed.url)
    headers = {"Upstream-Credentials": 'feed="KeyPair passing-key:passing-secret"'}
    parameters = {"node": "observable:domain:acescency.com", "sources": "feed", "require": "none"}

    def reply(client: httpx.Client, words: str, **more: str) -> Told:
        answer = client.get("/graph", params=parameters | more, headers=headers | {"Cache-Control": words})
        return told(answer, source="feed")

    board.reset(accounts={"passing-key:passing-secret": {"label": "passing"}})
    assert [reply(services[0], "max-age=60").cached for _ in range(2)] == [0, 2]
    board.reset()
    assert reply(services[1], "no-cache").outcome == "denied"
    assert_nothing(reply(client, words or "max-age=60") for words in PLEAS for client in services)


def test_nothing_is_served_to_whoever_comes_after_the_refusal(services: Services, board: Board) -> None:
    """Under load on three workers: no answer to a request begun after the refusal was told holds an edge."""
    warm(services, INES)
    seen: list[tuple[float, bool]] = []
    enough = Event()

    def beg(number: int) -> None:
        while not enough.is_set():
            begun = monotonic()
            answer = ask(services[number % 2], INES, words="max-stale", require="none")
            seen.append((begun, bool(answer.edges)))

    with ThreadPoolExecutor(4) as pool:
        beggars = [pool.submit(beg, number) for number in range(4)]
        try:
            look_until(lambda: len(seen) >= 40)
            board.turn(accounts={INES: EXPELLED["401"]})
            assert ask(services[0], INES, max_age=0).outcome == "denied"
            refused = monotonic()
            look_until(lambda: sum(begun > refused for begun, _ in seen) >= 20)
        finally:
            enough.set()
        for beggar in beggars:
            beggar.result()
    assert any(edges for begun, edges in seen if begun < refused)
    assert not any(edges for begun, edges in seen if begun > refused)


@pytest.mark.parametrize("trouble", [Store.hang, Store.kill])
def test_a_refusal_outlives_trouble_with_the_store(
    services: Services, board: Board, store: Store, trouble: Callable[[Store], None]
) -> None:
    """Refused while the store could not be told: once it is back, every worker knows all the same.

    The credential was refused and accepted once before, so an older mark lies in the store.
    """
    warm(services, INES)
    board.turn(accounts={INES: EXPELLED["401"]})
    assert ask(services[0], INES, max_age=0).outcome == "denied"
    board.reset(requests_per_minute=None)
    for client in services:
        for node in (ASSET, ISSUE):
            assert ask(client, INES, node).outcome == "ok"
    trouble(store)
    board.turn(accounts={INES: EXPELLED["401"]})
    assert ask(services[0], INES, max_age=0).outcome == "denied"
    if trouble is Store.kill:
        store.start()
    store.resume()
    for client in services:
        await_ready(client, "ok", within=20)
    # Who may ask nobody is not refused anew: what it is not given, its worker has been told of.
    unasked = [words for words in PLEAS if "only-if-cached" in words] * 3
    look_until(lambda: not any(answer.edges for answer in plead(services, INES, pleas=unasked)))
    assert_nothing(plead(services, INES))
    assert ask(services[1], MARC).outcome == "ok"
