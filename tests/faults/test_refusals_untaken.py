"""A credential is refused while the store takes nothing: no replica goes on serving what it fetched."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from harness.board import Board
from harness.fleet import Fleet, sailing
from harness.place import ISSUE
from harness.process import Process
from harness.settings import CONTAINER, autodesk
from harness.store import Store
from harness.telling import bearing, told

TOKENS = ("bearer-of-anna", "bearer-of-boris")
WORDS = ("max-stale=3600", "only-if-cached", "stale-if-error=3600")


@contextmanager
def taking_nothing(store: Store, how: str) -> Iterator[None]:
    """Have the store refuse to write, and serve what it has, while the block lasts."""
    with store.client() as administrator:
        if how == "full":
            administrator.config_set("maxmemory-policy", "noeviction")
            administrator.config_set("maxmemory", "1")
        else:
            administrator.replicaof("127.0.0.1", 1)
        try:
            yield
        finally:
            if how == "full":
                administrator.config_set("maxmemory", "0")
            else:
                administrator.replicaof("NO", "ONE")


def ask(url: str, token: str, words: str = "") -> tuple[int, str, int]:
    """Ask a replica; gives the status, what the source did, and how much the cache told."""
    headers = bearing(acc=token) | ({"Cache-Control": words} if words else {})
    reply = httpx.get(f"{url}/graph", params={"node": ISSUE}, headers=headers, timeout=20)
    told_of = told(reply, source="acc").source
    return reply.status_code, told_of["outcome"], told_of["cached"]


@pytest.fixture
def accounts(site: Board) -> dict[str, dict[str, object]]:
    """Let both tokens in; gives what the upstream knows of them."""
    known: dict[str, dict[str, object]] = {
        token: {"user": token, "containers": [CONTAINER]} for token in TOKENS
    }
    site.turn(accounts=known)
    return known


@pytest.fixture
def fleet(tmp_path: Path, store: Store, site_process: Process) -> Iterator[Fleet]:
    """Have two replicas; callers bring their credentials."""
    store.empty()
    sources = {"acc": autodesk(site_process.url, credentials="caller", ttl="1h")}
    with sailing(tmp_path, store=store, sources=sources, replicas=2) as running:
        yield running


@pytest.mark.parametrize("how", ["full", "read only"])
def test_every_replica_hears_of_a_refusal_that_the_store_does_not_take(
    fleet: Fleet, store: Store, site: Board, accounts: dict[str, dict[str, object]], how: str
) -> None:
    """Nothing cached is shown from then on, by either replica; nor once the store is well.

    Not even when who was told no has ended before the store took anything again.
    """
    refused, good = TOKENS
    one, other = fleet.urls
    for url in fleet.urls:
        assert {ask(url, token)[:2] for token in TOKENS} == {(200, "ok")}
    with taking_nothing(store, how):
        site.turn(accounts={good: accounts[good]})
        assert ask(one, refused, "no-cache")[:2] == (502, "denied")
        for url in (other, one):
            for words in ("", *WORDS):
                assert ask(url, refused, words)[0] in (502, 504), (url, words)
            assert ask(url, good) == (200, "ok", 1)
        fleet.kill(0)
    assert ask(other, refused)[:2] == (502, "denied")
    # A credential that is taken again, by an upstream that cannot be asked: what it fetched before is barred.
    with store.client() as reader:
        end = monotonic() + 20
        while not list(reader.scan_iter("rg1:R*")):
            assert monotonic() < end
            sleep(0.05)
    assert ask(other, refused, "only-if-cached")[0] in (502, 504)
