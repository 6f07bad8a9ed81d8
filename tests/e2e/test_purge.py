"""`relgraph purge` on a running service: what was picked is gone from the bytes and asked again, no more."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.command import run_relgraph
from harness.place import ASSET, DOMAIN, ISSUE
from harness.process import Process
from harness.settings import autodesk, threatwinds, write_settings
from harness.standing import standing
from harness.store import Store
from harness.telling import bearing, told
from service.cache.frame import EntryError, unpack

KEYS = ["a secret key of all services here"]
INES, MARC = "sandbox-bearer-of-ines", "sandbox-bearer-of-marc"
# With nothing asked behind an answer, a purge waits for no longer than an answer takes.
NEVER_BEHIND = {"stale_while_revalidate": "0s"}


@pytest.fixture(scope="module")
def sources(site: Process, threatwinds_sandbox: Process) -> dict[str, dict[str, Any]]:
    """Give a source of each caller's own, a shared one, and one of the service's own."""
    return {
        "acc": autodesk(site.url, credentials="caller", **NEVER_BEHIND),
        "site": autodesk(site.url, credentials="caller", visibility="tenant", **NEVER_BEHIND),
        "feed": threatwinds(threatwinds_sandbox.url, **NEVER_BEHIND),
    }


@pytest.fixture(scope="module")
def config(
    tmp_path_factory: pytest.TempPathFactory, sources: dict[str, dict[str, Any]], running_store: Store
) -> Path:
    """Write the operator's settings, in which an answer is over within a second."""
    path = tmp_path_factory.mktemp("purge") / "relgraph.toml"
    top: dict[str, Any] = {"redis_url": running_store.url, "secret_keys": KEYS, "ceilings": {"timeout": "1s"}}
    return write_settings(path, sources=sources, **top)


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, sources: dict[str, dict[str, Any]], running_store: Store
) -> Iterator[httpx.Client]:
    """Serve the same sources on the same store, with more time."""
    folder = tmp_path_factory.mktemp("service")
    with standing(folder, redis_url=running_store.url, sources=sources) as (_, opened):
        yield opened


@pytest.fixture
def calls(
    client: httpx.Client, running_store: Store, board: Board
) -> Callable[[], dict[tuple[str, str, str], int]]:
    """Warm everything for two callers, and give the way to ask it all again: the calls that each cost."""

    def ask() -> dict[tuple[str, str, str], int]:
        spent = {}
        for source, node, bearer in (
            *(("acc", node, bearer) for node in (ASSET, ISSUE) for bearer in (INES, MARC)),
            *(("site", ASSET, bearer) for bearer in (INES, MARC)),
            ("feed", DOMAIN, ""),
        ):
            headers = bearing(**{source: bearer}) if bearer else {}
            parameters = {"node": node, "sources": source, "timeout": "20"}
            answer = told(client.get("/graph", params=parameters, headers=headers), source=source)
            assert answer.outcome == "ok", answer.body
            spent[source, node, bearer] = answer.calls
        return spent

    running_store.empty()
    cold = ask()
    assert all(cold.values()), cold
    assert sum(ask().values()) == 0
    board.forget()
    return ask


def purge(config: Path, *arguments: str, stdin: str = "") -> str:
    """Run a purge that goes well, and give what it says."""
    ran = subprocess.run(  # noqa: S603 - our own command
        [str(Path(sys.executable).with_name("relgraph")), "purge", "--config", str(config), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def payloads(store: Store) -> bytes:
    """Give all bytes of the store, unpacked where they are packed."""
    found = []
    for key, (value, _) in store.content().items():
        try:
            found.append(key + unpack(value))
        except EntryError:
            found.append(key + value)
    return b"\n".join(found)


def test_a_credential_goes_alone(calls: Callable, config: Path, running_store: Store, board: Board) -> None:
    """Exactly its own questions are asked again, by the upstream's own journal; the other's are not."""
    before = len(running_store.content())
    assert "would remove" in purge(config, "--credential", "acc", "--dry-run", stdin=f"Bearer {MARC}\n")
    assert len(running_store.content()) == before
    assert MARC not in purge(config, "--credential", "acc", "--once", stdin=f"Bearer {MARC}\n")
    assert len(running_store.content()) < before
    again = calls()
    assert {asked for asked, spent in again.items() if spent} == {("acc", ASSET, MARC), ("acc", ISSUE, MARC)}
    assert {call["caller"] for call in board.calls()} == {"marc"}


def test_a_credential_that_shares_is_shut_out_until_it_is_accepted(calls: Callable, config: Path) -> None:
    """What its tenant shares stays for the others; it has to show itself at the upstream first."""
    assert "is shared by their tenant" in purge(
        config, "--credential", "site", "--once", stdin=f"bearer {INES}"
    )
    again = calls()
    assert {asked for asked, spent in again.items() if spent} == {("site", ASSET, INES)}


def test_a_node_goes_from_every_source_and_caller(
    calls: Callable, config: Path, running_store: Store
) -> None:
    """No byte of its key is left, in whatever entry; afterwards what mentioned it is asked again."""
    key = ASSET.rpartition(":")[2].encode()
    assert key in payloads(running_store)
    purge(config, "--node", ASSET, "--once")
    assert key not in payloads(running_store)
    again = {asked for asked, spent in calls().items() if spent}
    # The first of the tenant's asks for both.
    assert again >= {("acc", ASSET, INES), ("acc", ASSET, MARC), ("site", ASSET, INES)}
    assert ("feed", DOMAIN, "") not in again


def test_a_source_goes_alone(calls: Callable, config: Path) -> None:
    """The service's own credential names its source; nothing else is asked again."""
    purge(config, "--credential", "feed", "--once")
    assert {asked for asked, spent in calls().items() if spent} == {("feed", DOMAIN, "")}
    purge(config, "--source", "feed", "--once")
    assert {asked for asked, spent in calls().items() if spent} == {("feed", DOMAIN, "")}


def test_conditions_are_all_to_be_met(calls: Callable, config: Path) -> None:
    """A tenant that a source does not have is nothing of it."""
    tenant = ASSET.partition("@")[2].partition(":")[0]
    assert "removed nothing" in purge(config, "--source", "feed", "--tenant", tenant, "--once")
    purge(config, "--source", "acc", "--tenant", tenant, "--once")
    assert {asked[0] for asked, spent in calls().items() if spent} == {"acc"}


def test_a_cursor_is_expired_whatever_was_purged(client: httpx.Client, config: Path, board: Board) -> None:
    """A page holds what many sources told: no page outlives a purge, and the caller is told why."""
    parameters = {"node": ASSET, "sources": "acc", "max_nodes": "2"}
    first = client.get("/graph", params=parameters, headers=bearing(acc=MARC)).json()
    cursor = first["graph"]["next_cursor"]
    said = purge(config, "--source", "feed", "--once")
    assert "cursors are expired" in said
    reply = client.get("/graph", params=parameters | {"cursor": cursor}, headers=bearing(acc=MARC))
    assert (reply.status_code, reply.json()["type"]) == (400, "/problems/expired-cursor")


def test_what_an_answer_under_way_writes_is_swept_as_well(
    client: httpx.Client, config: Path, running_store: Store, board: Board
) -> None:
    """What was read before the purge and kept after its first sweep is gone when the command ends."""
    running_store.empty()
    command = [str(Path(sys.executable).with_name("relgraph")), "purge", "--config", str(config)]
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--source", "acc"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "removed nothing\n"
        assert "waiting" in running.stdout.readline()
        client.get("/graph", params={"node": ASSET, "sources": "acc"}, headers=bearing(acc=MARC))
        assert running_store.content()
        assert "removed" in running.stdout.readline()
    assert running.returncode == 0
    assert not running_store.content()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "say what"),
        (("--credential", "nobody"), "no source is called 'nobody'"),
        (("--credential", "feed", "--source", "acc"), "--source names another one"),
        (("--node", "observable:ip:999.1.1.1"), "--node: "),
    ],
)
def test_a_wrong_purge_removes_nothing(
    config: Path, running_store: Store, arguments: tuple[str, ...], words: str
) -> None:
    """Each mistake is a line, exit code 2."""
    ran = run_relgraph("purge", "--config", str(config), *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert words in ran.stderr


def test_without_the_services_keys_there_is_no_finding_anything(tmp_path: Path, running_store: Store) -> None:
    """Keys that are made up at each start find nothing, and saying "nothing" would be a lie."""
    sources = {"feed": threatwinds("http://127.0.0.1:9")}
    path = write_settings(tmp_path / "relgraph.toml", redis_url="embedded", sources=sources)
    ran = run_relgraph("purge", "--config", str(path), "--redis-url", running_store.url, "--source", "feed")
    assert (ran.returncode, ran.stderr.startswith("relgraph: secret_keys: ")) == (2, True)
