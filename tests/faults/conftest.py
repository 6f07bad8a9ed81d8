"""What fault tests share: for each file a store, a sandbox of each kind, and what these were asked."""

from collections.abc import Iterator

import pytest

from harness.board import Board
from harness.process import Process, start_sandbox
from harness.store import Store


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """Run a store for one test file."""
    with Store() as running:
        yield running


@pytest.fixture(scope="module")
def feed_process() -> Iterator[Process]:
    """Run a ThreatWinds sandbox for one test file."""
    process = start_sandbox("threatwinds")
    yield process
    process.end()


@pytest.fixture(scope="module")
def site_process() -> Iterator[Process]:
    """Run an Autodesk sandbox for one test file."""
    process = start_sandbox("autodesk")
    yield process
    process.end()


@pytest.fixture
def feed(feed_process: Process) -> Board:
    """Give the ThreatWinds sandbox's board, everything as at the start."""
    board = Board(feed_process.url)
    board.reset()
    return board


@pytest.fixture
def site(site_process: Process) -> Board:
    """Give the Autodesk sandbox's board, everything as at the start and the quota off."""
    board = Board(site_process.url)
    board.reset(requests_per_minute=None)
    return board
