"""Answers kept whole: given again word for word, to whoever may have them, for as long as they are right."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.place import ASSET, DOMAIN
from harness.process import Process
from harness.settings import autodesk, threatwinds
from harness.standing import standing
from harness.store import Store
from harness.telling import bearing, told
from service.caller import make_key

INES, MARC = "sandbox-bearer-of-ines", "sandbox-bearer-of-marc"
(KEY, KEY_HASH), (OTHER_KEY, OTHER_HASH) = make_key(), make_key()
AS_CALLER = {"X-API-Key": KEY}
TTL = 3.0
# What one moment tells, or one request.
_PASSING = re.compile(rb'"(milliseconds|age_seconds)":[0-9.]+')
_PASSING_HEADERS = {"age", "date", "request-id", "server-timing", "content-length"}


class Client:
    """Asks one service, and knows how many of its answers were repeated."""

    def __init__(self, opened: httpx.Client) -> None:
        self.opened = opened

    def ask(self, node: str = ASSET, headers: dict[str, str] | None = None, **rest: Any) -> httpx.Response:
        """Ask; whoever brings no credential brings that of Ines."""
        sent = AS_CALLER | (bearing(acc=INES) if headers is None else headers)
        return self.opened.get("/graph", params={"node": node, "sources": "acc", **rest}, headers=sent)

    def warm(self, *arguments: Any, **rest: Any) -> httpx.Response:
        """Ask until the answer is kept: cold, and once more from the store."""
        self.ask(*arguments, **rest)
        return self.ask(*arguments, **rest)

    @property
    def repeated(self) -> int:
        """Count the answers that were repeated so far."""
        text = self.opened.get("/metrics", headers=AS_CALLER).text
        found = re.search(r"^relgraph_answers_repeated_total (\d+)", text, re.MULTILINE)
        assert found is not None
        return int(found[1])


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory,
    site: Process,
    threatwinds_sandbox: Process,
    running_store: Store,
) -> Iterator[tuple[Client, Client]]:
    """Run two services on one store."""
    sources = {
        "acc": autodesk(site.url, credentials="caller"),
        "site": autodesk(site.url, credentials="caller", visibility="tenant"),
        "feed": threatwinds(threatwinds_sandbox.url, ttl=f"{TTL:g}s", stale_while_revalidate="0s"),
    }
    callers: dict[str, Any] = {
        "callers.one": {"key_hash": KEY_HASH},
        "callers.two": {"key_hash": OTHER_HASH},
    }
    with ExitStack() as stack:
        clients = []
        for number in range(2):
            folder = tmp_path_factory.mktemp(f"service-{number}")
            top = {"redis_url": running_store.url, "tenant_proof": "3s", **callers}
            _, opened = stack.enter_context(standing(folder, sources=sources, **top))
            clients.append(Client(opened))
        yield clients[0], clients[1]


@pytest.fixture
def clients(running: tuple[Client, Client], running_store: Store, board: Board) -> tuple[Client, Client]:
    """Empty the store, forget what was called, and give the services."""
    running_store.empty()
    board.forget()
    return running


def lasting(response: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Give what is the same in two answers of one graph."""
    headers = {name: value for name, value in response.headers.items() if name not in _PASSING_HEADERS}
    return response.status_code, headers, _PASSING.sub(b"", response.content)


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("hops", [1, 2])
def test_an_answer_is_repeated_word_for_word(clients: tuple[Client, Client], coding: str, hops: int) -> None:
    """The third time, in either coding; its length is right, and what it spent is its own."""
    client, _ = clients
    headers = bearing(acc=INES) | {"Accept-Encoding": coding}
    second = client.warm(headers=headers, hops=hops)
    before = client.repeated
    third = client.ask(headers=headers, hops=hops)
    assert client.repeated == before + 1
    assert lasting(third) == lasting(second)
    assert third.headers.get("content-encoding") == (None if coding == "identity" else "gzip")
    assert third.json()["graph"]["spent"]["milliseconds"] > 0
    assert told(third, source="acc").calls == 0


def test_what_a_caller_holds_is_304_again(clients: tuple[Client, Client]) -> None:
    """Who polls with an ETag is told again that it is the same; who has another one is sent the graph."""
    client, _ = clients
    headers = bearing(acc=INES)
    tag = {"If-None-Match": client.ask(headers=headers).headers["etag"]}
    second = client.warm(headers=headers | tag)
    before = client.repeated
    third = client.ask(headers=headers | tag)
    assert client.repeated == before + 1
    assert (third.status_code, third.content) == (304, b"")
    assert lasting(third) == lasting(second)
    assert client.ask(headers=headers | {"If-None-Match": 'W/"another"'}).status_code == 200


def test_ages_go_on(clients: tuple[Client, Client]) -> None:
    """Of the answer's sources, and in the header."""
    client, _ = clients
    client.warm()
    time.sleep(1.1)
    before = client.repeated
    third = client.ask()
    assert client.repeated == before + 1
    age = told(third, source="acc").source["age_seconds"]
    assert age >= 1
    assert third.headers["age"] == str(age)


def test_nobody_is_given_anothers(clients: tuple[Client, Client]) -> None:
    """Neither with another credential or none, nor with another key or none, nor with another wish."""
    client, _ = clients
    client.warm()
    assert client.ask().status_code == 200
    before = client.repeated
    assert client.ask(headers=bearing(acc="no-such-token")).json()["sources"][0]["outcome"] == "denied"
    assert client.ask(headers={}).json()["sources"][0]["outcome"] == "no_credential"
    assert client.ask(headers={"X-API-Key": "wrong"} | bearing(acc=INES)).status_code == 401
    assert client.ask(headers={"X-API-Key": OTHER_KEY} | bearing(acc=INES)).status_code == 200
    assert told(client.ask(headers=bearing(acc=MARC)), source="acc").calls == 1
    assert (
        client.ask(headers={"Accept": "text/csv"} | bearing(acc=INES)).headers["content-type"][:8]
        == "text/csv"
    )
    assert client.ask(hops=0).json()["edges"] == []
    assert client.repeated == before


def test_a_measure_that_did_not_finish_is_taken_again(clients: tuple[Client, Client]) -> None:
    """What an answer lacks for want of time alone is no part of the graph: the next one may have it."""
    client, _ = clients
    client.warm()
    before = client.repeated
    for _ in range(3):
        # To begin measuring takes longer, whatever the graph.
        hasty = client.ask(measures="pagerank", timeout="0.2").json()["graph"]
        assert (hasty["complete"], hasty["measures"]["pagerank"]["finished"]) == (True, False)
    assert client.repeated == before


def test_it_ends_with_the_first_stale_listing(clients: tuple[Client, Client]) -> None:
    """Once something in it is as old as its source's ttl, it is asked for again."""
    client, _ = clients
    client.warm(DOMAIN, sources="feed")
    kept = client.ask(DOMAIN, sources="feed")
    assert told(kept, source="feed").calls == 0
    time.sleep(TTL)
    assert told(client.ask(DOMAIN, sources="feed"), source="feed").calls > 0


def test_what_another_process_fetches_is_in_the_next_answer(clients: tuple[Client, Client]) -> None:
    """A refresh anywhere ends what is kept here."""
    client, other = clients
    client.warm()
    old = client.ask().json()["edges"][0]["provenance"][0]["fetched_at"]
    other.ask(headers=bearing(acc=INES) | {"Cache-Control": "no-cache"})
    new = client.ask().json()["edges"][0]["provenance"][0]["fetched_at"]
    assert new > old


@pytest.mark.parametrize("expelled", [401, 403])
def test_a_refused_credential_is_given_nothing_kept(
    clients: tuple[Client, Client], board: Board, expelled: int
) -> None:
    """From the moment on at which any process is told of it, though the answer was kept in this one."""
    client, other = clients
    client.warm()
    assert client.ask().status_code == 200
    account = {"user": "ines", "containers": []} if expelled == 403 else {"user": "ines", "generation": 7}
    board.turn(accounts={INES: {"containers": [], **account}})
    told(other.ask(headers=bearing(acc=INES) | {"Cache-Control": "no-cache"}), source="acc")
    refused = client.ask()
    assert refused.status_code == 502
    assert refused.json()["sources"][0]["outcome"] == "denied"


def test_a_tenants_proof_ends_what_others_fetched(clients: tuple[Client, Client], board: Board) -> None:
    """Once the proof has run out the credential has to be accepted anew, kept answer or not."""
    client, _ = clients
    client.ask(headers=bearing(site=MARC), sources="site")
    client.warm(headers=bearing(site=INES), sources="site")
    assert client.ask(headers=bearing(site=INES), sources="site").status_code == 200
    board.turn(accounts={INES: {"user": "ines", "containers": []}})
    time.sleep(3.1)
    assert client.ask(headers=bearing(site=INES), sources="site").status_code == 502


def test_a_removal_is_heeded_at_once(clients: tuple[Client, Client], running_store: Store) -> None:
    """Who has removed a listing from the store and asks in the next moment is answered by the source."""
    client, _ = clients
    with closing(running_store.client()) as store:
        for _ in range(40):
            client.warm()
            kept = client.repeated
            assert told(client.ask(), source="acc").calls == 0
            assert client.repeated == kept + 1
            store.delete(*store.keys("rg1:L*"))
            assert told(client.ask(), source="acc").calls == 1


def test_without_the_store_nothing_kept_is_given(
    clients: tuple[Client, Client], running_store: Store
) -> None:
    """Nobody tells of changes then: every answer is the sources' own, and after it all goes on as before."""
    client, _ = clients
    client.warm()
    client.ask()
    running_store.kill()
    try:
        before = client.repeated
        assert told(client.ask(), source="acc").calls == 1
        assert client.repeated == before
    finally:
        running_store.start()
    end = time.monotonic() + 20
    while client.repeated == before:
        assert time.monotonic() < end
        client.ask()
