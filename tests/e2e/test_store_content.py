"""What is kept in the store: whole, never a failure, never for ever, and never believed when damaged."""

from collections.abc import Iterator
from time import sleep
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.process import Process
from harness.settings import CONTAINER, autodesk, threatwinds
from harness.standing import standing
from harness.store import Store
from harness.telling import Told, bearing, told

ASSET = f"autodesk-bim360-asset@{CONTAINER}:asset:2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
ISSUE = f"autodesk-bim360-issue@{CONTAINER}:issue:bd17903c-7d3b-4e56-a79f-4cea00d430db"
HUB = "threatwinds:malware:win trojan agent"
INES, MARC = "sandbox-bearer-of-ines", "sandbox-bearer-of-marc"
LOGIN = "login-of-the-vault"


@pytest.fixture
def board(site: Process) -> Board:
    """Give its control board; everything is as at the start, but for the quota and one login."""
    board = Board(site.url)
    people = {LOGIN: {"user": "lena", "containers": [CONTAINER]}}
    board.reset(requests_per_minute=None, refresh_tokens=people)
    return board


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory,
    site: Process,
    threatwinds_sandbox: Process,
    running_store: Store,
) -> Iterator[httpx.Client]:
    """Run one service for all tests here, with sources of every kind."""
    app = {"client_id": "sandbox-client", "client_secret": "sandbox-client-key"}
    sources = {
        "acc": autodesk(site.url, credentials="caller"),
        "site": autodesk(site.url, credentials="caller", visibility="tenant"),
        "renewed": autodesk(site.url, authorization=None, refresh_token=LOGIN, **app),
        "feed": threatwinds(threatwinds_sandbox.url),
    }
    folder = tmp_path_factory.mktemp("service")
    with standing(folder, redis_url=running_store.url, sources=sources) as (_, client):
        yield client


@pytest.fixture
def store(running_store: Store) -> Store:
    """Empty the store and give it."""
    running_store.empty()
    return running_store


def ask(client: httpx.Client, **parameters: Any) -> Told:
    """Ask the source acc about the asset."""
    parameters = {"node": ASSET, "sources": "acc", "require": "none"} | parameters
    return told(client.get("/graph", params=parameters, headers=bearing(acc=MARC)), source="acc")


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 503},
        {"status": 429},
        {"status": 400},
        {"drop": "before"},
        {"drop": "midway"},
        *({"malformed": how} for how in ("html", "truncated", "wrong_types", "missing_fields", "bomb")),
    ],
    ids=lambda fault: "-".join(map(str, *fault.items())),
)
def test_defect_1_a_failure_is_never_kept(
    running: httpx.Client, board: Board, store: Store, fault: dict[str, Any]
) -> None:
    """A source that failed, in whichever way, and works again: the very next answer has its data."""
    board.fault(fault)
    failed = ask(running)
    assert (failed.outcome in {"ok", "stale", "absent"}, failed.edges) == (False, [])
    board.fault()
    answer = ask(running)
    assert (answer.outcome, len(answer.edges)) == ("ok", 4)


def test_defect_1_a_known_absence_ends_soon(running: httpx.Client, board: Board, store: Store) -> None:
    """A 404 is kept, for as long as the caller lets it be, and for a minute at most."""
    board.fault({"status": 404})
    assert [ask(running).outcome for _ in range(2)] == ["absent", "absent"]
    assert len(board.calls()) == 1
    board.fault()
    assert max(life for _, life in store.content().values()) <= 60_000
    sleep(1.1)
    assert ask(running, max_age=1).outcome == "ok"


def test_what_is_damaged_is_fetched_again(running: httpx.Client, board: Board, store: Store) -> None:
    """Whatever bytes or types lie under the keys, the answer is the upstream's."""
    expected = ask(running).read_only
    with store.client() as administrator:
        for junk in (b"", b"\x00", b"\x01", b"\x02", b"\x01\xc1", b"\x02" + b"\xff" * 50, b"junk" * 99):
            for key in administrator.scan_iter():
                administrator.set(key, junk, px=60_000)
            answer = ask(running)
            assert (answer.outcome, answer.calls, answer.read_only) == ("ok", 1, expected)
        for key in administrator.scan_iter():
            administrator.delete(key)
            administrator.lpush(key, "a list")
    answer = ask(running)
    assert (answer.outcome, answer.read_only) == ("ok", expected)


def test_a_hub_is_kept_whole(running: httpx.Client, store: Store) -> None:
    """Two thousand neighbors come back from the cache as they were fetched."""
    wide = {"node": HUB, "fan_out": "5000", "max_nodes": "5000", "max_edges": "5000"}
    first, second = (running.get("/graph", params=wide).json() for _ in range(2))
    assert (len(first["nodes"]), len(first["edges"]), first["graph"]["complete"]) == (2001, 2000, True)
    done = second["graph"]["sources"][0]
    assert (done["calls"], done["cached"], done["outcome"]) == (0, 2, "ok")
    assert second["graph"]["complete"] is True
    assert second["nodes"] == first["nodes"]
    assert second["edges"] == first["edges"]


def test_defect_5_every_key_has_an_end_but_the_vaults(
    running: httpx.Client, board: Board, store: Store
) -> None:
    """Listings, facts, known absences, proofs and refusals all end; only the one refresh token stays."""
    seen = set()
    for node in (ASSET, ISSUE, HUB, "observable:domain:nobody-knows-this.example"):
        for bearer in (INES, "void"):
            parameters = {"node": node, "require": "none", "hops": "1" if node == HUB else "2"}
            headers = bearing(acc=bearer, site=bearer)
            answer = running.get("/graph", params=parameters, headers=headers).json()
            seen |= {done["outcome"] for done in answer["graph"]["sources"]}
    assert {"ok", "absent", "denied"} <= seen
    content = store.content()
    assert len(content) > 40
    endless = [key for key, (_, life) in content.items() if life < 0]
    assert [key.rpartition(b":")[0] for key in endless] == [b"rg1:token"]
    # The sources' ttl and stale_for together, at their defaults.
    assert max(life for _, life in content.values()) <= (15 + 60) * 60_000
