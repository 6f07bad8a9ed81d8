"""What end-to-end tests share: sandboxes and a service for the whole run, a site and a store for one file."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.board import Board
from harness.plain import client_of
from harness.process import Process, start_sandbox, start_service
from harness.settings import autodesk, threatwinds, write_settings
from harness.store import Store


@pytest.fixture(scope="session")
def threatwinds_sandbox() -> Iterator[Process]:
    """Start a ThreatWinds sandbox for the whole run; a test that sets switches or faults resets them."""
    process = start_sandbox("threatwinds")
    yield process
    process.end()


@pytest.fixture(scope="session")
def autodesk_sandbox() -> Iterator[Process]:
    """Start an Autodesk sandbox for the whole run, its quota off."""
    process = start_sandbox("autodesk")
    httpx.put(f"{process.url}/_sandbox/switches", json={"requests_per_minute": None}).raise_for_status()
    yield process
    process.end()


@pytest.fixture(scope="session")
def service(
    tmp_path_factory: pytest.TempPathFactory, threatwinds_sandbox: Process, autodesk_sandbox: Process
) -> Iterator[Process]:
    """Start a service over both sandboxes with the embedded store."""
    folder: Path = tmp_path_factory.mktemp("service")
    sources = {
        "threatwinds": threatwinds(threatwinds_sandbox.url),
        "acc": autodesk(autodesk_sandbox.url),
    }
    process = start_service(write_settings(folder / "relgraph.toml", redis_url="embedded", sources=sources))
    yield process
    process.end()


@pytest.fixture
def caller(service: Process) -> Iterator[httpx.Client]:
    """Open an HTTP client of the service."""
    with client_of(service.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def site() -> Iterator[Process]:
    """Run an Autodesk sandbox for one test file alone."""
    process = start_sandbox("autodesk")
    yield process
    process.end()


@pytest.fixture
def board(site: Process) -> Board:
    """Give that sandbox's control board, everything as at the start and the quota off."""
    board = Board(site.url)
    board.reset(requests_per_minute=None)
    return board


@pytest.fixture(scope="module")
def running_store() -> Iterator[Store]:
    """Run a store for one test file alone."""
    with Store() as running:
        yield running
