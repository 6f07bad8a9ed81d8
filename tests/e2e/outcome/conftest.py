"""A service over misbehaving sandboxes, shared by the tests of outcomes."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.asking import ANEW, Asker
from harness.board import Board
from harness.place import EMEA, SECOND
from harness.plain import client_of
from harness.process import Process, start_service
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings


@pytest.fixture(scope="session")
def running(
    tmp_path_factory: pytest.TempPathFactory, threatwinds_sandbox: Process, autodesk_sandbox: Process
) -> Iterator[Process]:
    """Serve one ThreatWinds sandbox in three dialects, Autodesk three times, and a closed port."""
    feed, construction = threatwinds_sandbox.url, autodesk_sandbox.url
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"
    sources: dict[str, Any] = {
        "feed": threatwinds(feed),
        "feed25": threatwinds(feed, dialect="2025"),
        "feed26": threatwinds(feed, dialect="2026"),
        "closed": threatwinds(closed),
        "acc": autodesk(construction, containers=[CONTAINER, SECOND]),
        "emea": autodesk(construction, containers=[EMEA], region="US"),
        "own": autodesk(construction, credentials="caller"),
    }
    folder: Path = tmp_path_factory.mktemp("outcomes")
    process = start_service(
        write_settings(folder / "relgraph.toml", redis_url="embedded", store_timeout="5s", sources=sources)
    )
    yield process
    process.end()


@pytest.fixture
def asker(running: Process) -> Iterator[Asker]:
    """Give a client of the service, which leaves no source alone for what an earlier test did to it."""
    with client_of(running.url, timeout=30) as client:
        settle(client)
        yield Asker(client)


def settle(client: httpx.Client) -> None:
    """Ask each source whose circuit is not closed until it is; nobody listens behind `closed`."""
    end = time.monotonic() + 20
    while open_ones := [
        source
        for source in client.get("/sources").json()["sources"]
        if source["breaker"]["state"] != "closed" and source["usable"] and source["name"] != "closed"
    ]:
        assert time.monotonic() < end, open_ones
        for source in open_ones:
            example = source["examples"][0]["address"]
            asked = {"node": example, "sources": source["name"], "require": "none"}
            client.get("/graph", params=asked, headers=ANEW)
        time.sleep(0.05)


@pytest.fixture
def feed(threatwinds_sandbox: Process) -> Iterator[Board]:
    """Give the ThreatWinds sandbox, well-behaved again after the test."""
    board = Board(threatwinds_sandbox.url)
    board.forget()
    yield board
    board.reset()


@pytest.fixture
def construction(autodesk_sandbox: Process) -> Iterator[Board]:
    """Give the Autodesk sandbox, well-behaved again after the test."""
    board = Board(autodesk_sandbox.url)
    board.forget()
    yield board
    board.reset(requests_per_minute=None)
