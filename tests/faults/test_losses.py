"""The fleet loses its store, or one of its own: no errors, no wrong answers, nothing of another caller's."""

import asyncio
import random
import time
from collections.abc import Awaitable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

import httpx
import pytest

from harness.board import Board
from harness.fleet import Fleet, sailing
from harness.load import Crowd, Heard, crowd
from harness.load_journal import arrivals, until_arrived
from harness.place import ASSET, ASSET_HUB, DOCUMENT, ISSUE
from harness.process import Process
from harness.settings import CONTAINER, autodesk
from harness.store import Store
from harness.telling import Told, bearing

_NODES = (ISSUE, ASSET, DOCUMENT, ASSET_HUB)
# Each may not write in one domain, so each is told other flags of the same records.
_CLOSED = {
    "bearer-of-anna": "autodesk-bim360-documentmanagement",
    "bearer-of-boris": "autodesk-construction-photo",
}
_CALLERS = 24
_SECONDS = 5.0
# How long a lease lasts that its holder no longer renews, and how soon somebody else then takes over.
_LEASE_SECONDS = 5.0
_TAKE_OVER_SECONDS = 1.0
Truth = dict[tuple[str, str], dict[str, bool]]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, store: Store, site_process: Process) -> Iterator[Fleet]:
    """Have four replicas; callers bring their own credentials."""
    folder: Path = tmp_path_factory.mktemp("losses")
    sources = {"acc": autodesk(site_process.url, credentials="caller", concurrency=50)}
    with sailing(folder, store=store, sources=sources) as running:
        yield running


def _truth(site: Board) -> Truth:
    """Work out from the world alone what each token is told of each record at each node."""
    rows = site.world()["containers"][CONTAINER]["relationships"]
    return {
        (node, token): {
            row["id"]: row["isService"] or any(end["domain"] == closed for end in row["entities"])
            for row in rows
            if not row["isDeleted"] and any(_address(end) == node for end in row["entities"])
        }
        for node, (token, closed) in product(_NODES, _CLOSED.items())
    }


def _address(end: dict[str, str]) -> str:
    return f"{end['domain']}@{CONTAINER}:{end['type']}:{end['id']}"


async def _load(callers: Crowd, truth: Truth, *, number: int, until: float) -> list[Told]:
    """Ask at random, some of it anew; each answer has to be the truth for who asks."""
    dice = random.Random(number)  # noqa: S311 - the same walk at every run
    answers = []
    while time.monotonic() < until:
        node, token = dice.choice(list(truth))
        words = {"max_age": 0} if dice.random() < 0.1 else {}
        heard = await callers.ask(
            node, replica=dice.randrange(4), headers=bearing(acc=token), timeout=30, fan_out=1000, **words
        )
        answers.append(heard.told("acc"))
        assert answers[-1].read_only == truth[node, token], answers[-1].source
        await asyncio.sleep(0.05)
    return answers


async def test_the_store_dies_under_load_and_comes_back(fleet: Fleet, store: Store, site: Board) -> None:
    """Twenty-four callers as two identities, four replicas: every answer is right and whole throughout."""
    grants = {
        token: {"user": token, "containers": [CONTAINER], "read_only_domains": [closed]}
        for token, closed in _CLOSED.items()
    }
    site.turn(accounts=grants)
    # So that calls, and leases on them, are under way when the store dies.
    site.fault({"latency_seconds": 0.1})
    truth = _truth(site)
    assert all(truth[node, "bearer-of-anna"] != truth[node, "bearer-of-boris"] for node in (ISSUE, ASSET_HUB))
    until = time.monotonic() + _SECONDS
    async with crowd(fleet.urls) as callers, asyncio.TaskGroup() as group:
        loading = [
            group.create_task(_load(callers, truth, number=number, until=until)) for number in range(_CALLERS)
        ]
        await asyncio.sleep(0.3 * _SECONDS)
        store.kill()
        await asyncio.sleep(0.3 * _SECONDS)
        await asyncio.to_thread(store.start)
    answers = [answer for each in loading for answer in each.result()]
    assert {(answer.status, answer.outcome) for answer in answers} == {(200, "ok")}
    assert all(each.result() for each in loading)
    assert {call["caller"] for call in site.calls()} == set(_CLOSED)


async def test_others_take_over_what_a_killed_replica_led(fleet: Fleet, store: Store, site: Board) -> None:
    """One asks a slow upstream for all; when it is killed, one other asks again as soon as the lease ends."""
    store.empty()
    token = "sandbox-bearer-of-marc"
    # Longer than a lease, which therefore has to be renewed.
    site.fault({"latency_seconds": 2 * _LEASE_SECONDS})
    async with crowd(fleet.urls) as callers, asyncio.TaskGroup() as group:
        ask = partial(callers.ask, ISSUE, headers=bearing(acc=token), timeout=40)
        group.create_task(_lose(ask(replica=0)))
        await until_arrived(site)
        waiting = [group.create_task(ask(replica=replica)) for replica in (1, 2, 3) * 4]
        await asyncio.sleep(_LEASE_SECONDS + 1)
        asked_once = len(site.calls())
        site.fault()
        fleet.kill(0)
        killed = time.time()
    assert asked_once == 1
    told = [each.result().told("acc") for each in waiting]
    assert {(each.status, each.outcome) for each in told} == {(200, "ok")}
    _, again = arrivals(site.calls())
    # Three seconds for a busy machine; who waited would have waited for forty.
    assert 0 <= again - killed <= _LEASE_SECONDS + _TAKE_OVER_SECONDS + 3


async def _lose(asking: Awaitable[Heard]) -> None:
    """Send a request whose replica will be killed under it."""
    with pytest.raises(httpx.TransportError):
        await asking
