"""A source switched off is asked by nobody: every worker, every kind of call, until it is switched on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.command import run_relgraph
from harness.looking import look_until
from harness.place import ASSET, DOMAIN, ISSUE
from harness.plain import EACH_ANEW
from harness.process import Process
from harness.settings import autodesk, threatwinds, write_settings
from harness.standing import await_ready, standing
from harness.store import Store
from harness.telling import Told, told


@pytest.fixture(scope="module")
def sources(site: Process, threatwinds_sandbox: Process) -> dict[str, dict[str, Any]]:
    """Give two sources, and one that the settings leave off."""
    return {
        "acc": autodesk(site.url, ttl="1s", stale_for="1h"),
        "feed": threatwinds(threatwinds_sandbox.url),
        "never": autodesk(site.url, enabled=False),
    }


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, sources: dict[str, Any], running_store: Store) -> str:
    """Write the operator's settings."""
    path: Path = tmp_path_factory.mktemp("switch") / "relgraph.toml"
    top = {"redis_url": running_store.url, "secret_keys": ["a secret key of all services here"]}
    return str(write_settings(path, sources=sources, **top))


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, sources: dict[str, Any], running_store: Store
) -> Iterator[httpx.Client]:
    """Serve them by two workers."""
    folder = tmp_path_factory.mktemp("service")
    top = {"redis_url": running_store.url, "sources": sources}
    with standing(folder, "--workers", "2", **top) as (_, opened):
        yield opened


def switch(config: str, *words: str) -> str:
    """Run the command, which goes well, and give what it says."""
    ran = run_relgraph("source", *words, "--config", config)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def await_heeded(client: httpx.Client, *, on: bool) -> None:
    """Wait until each worker tells it: over a new connection each time, several times in a row."""

    def told_by_all() -> bool:
        replies = [EACH_ANEW.get(f"{client.base_url}/sources").json()["sources"] for _ in range(8)]
        return {each["enabled"] for listed in replies for each in listed if each["name"] == "acc"} == {on}

    look_until(told_by_all)


def ask(client: httpx.Client, node: str, source: str = "acc") -> Told:
    """Ask over a new connection, so that either worker may get it."""
    parameters = {"node": node, "sources": source, "require": "none"}
    return told(EACH_ANEW.get(f"{client.base_url}/graph", params=parameters), source=source)


def test_off_is_off_in_every_worker_and_on_is_on_again(
    client: httpx.Client, config: str, board: Board
) -> None:
    """No call leaves once it is heeded; what is cached stands in, stale, and the rest says why not."""
    assert switch(config, "acc") == "acc is on\n"
    assert ask(client, ASSET).outcome == "ok"
    assert switch(config, "acc", "off").startswith("acc is off since 20")
    await_heeded(client, on=False)
    look_until(lambda: ask(client, ASSET).outcome == "stale")
    board.forget()
    for _ in range(8):
        warm, cold = ask(client, ASSET), ask(client, ISSUE)
        assert (warm.outcome, len(warm.edges) > 0) == ("stale", True)
        assert (cold.outcome, cold.detail, cold.edges) == ("unavailable", "switched off by the operator", [])
        told_off = {each["name"]: each["enabled"] for each in client.get("/sources").json()["sources"]}
        assert told_off == {"acc": False, "feed": True, "never": False}
    assert board.calls() == []
    assert ask(client, DOMAIN, "feed").outcome == "ok"
    await_ready(client, "ok", within=5)
    assert switch(config, "acc", "on").startswith("acc is on since 20")
    await_heeded(client, on=True)
    assert {ask(client, ISSUE).outcome for _ in range(8)} == {"ok"}
    assert board.calls()


def test_what_the_settings_leave_off_stays_off(client: httpx.Client, config: str, board: Board) -> None:
    """The command says so, and the source is never asked."""
    assert switch(config, "never") == "never is off: sources.never.enabled = false\n"
    ran = run_relgraph("source", "never", "on", "--config", config)
    assert (ran.returncode, "sources.never.enabled" in ran.stderr) == (2, True)
    board.forget()
    assert ask(client, ASSET, "never").detail == "switched off by the operator"
    assert board.calls() == []


def test_only_configured_sources_have_a_switch(config: str) -> None:
    """A name with a slip in it switches nothing, and says which names there are."""
    ran = run_relgraph("source", "ac", "off", "--config", config)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "no source is called 'ac'; there are: acc, feed, never" in ran.stderr
