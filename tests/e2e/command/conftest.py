"""Starts programs of ours as processes, reads where they listen, and sees what they leave behind."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 30.0


class Program:
    """A running process whose stdout names the URL it listens at."""

    def __init__(self, *arguments: str, environ: dict[str, str] | None = None) -> None:
        """Start it, in a session of its own, as a terminal or a container would."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RELGRAPH_")}
        self.process = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=kept | (environ or {}),
        )
        self.said = ""

    def wait_for(self, words: str) -> str:
        """Read stdout until a whole line holds `words`, and give that line."""
        end = time.monotonic() + PATIENCE
        assert self.process.stdout is not None
        out = self.process.stdout.fileno()
        while time.monotonic() < end:
            for line in self.said.splitlines(keepends=True):
                if words in line and line.endswith("\n"):
                    return line
            if select.select([out], [], [], 0.2)[0]:
                piece = os.read(out, 65_536)
                if not piece:
                    break
                self.said += piece.decode()
        self.process.kill()
        raise AssertionError(f"never said {words!r}: {self.said!r}, {self.process.communicate()[1]}")

    def url(self) -> str:
        """Wait until it listens."""
        return self.wait_for("listening on http").rpartition(" ")[2].strip()

    def family(self) -> set[int]:
        """Give the ids of the process and of all that descend from it."""
        parents = dict(_parents())
        family = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        return family

    def end(self, number: signal.Signals) -> tuple[int, float]:
        """Send a signal to the process alone; give its exit code and how many seconds it took."""
        before = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(PATIENCE)
        return self.process.returncode, time.monotonic() - before


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                yield int(entry.name), int(parent)


def _gone(pids: set[int], *, within: float = 10.0) -> set[int]:
    end = time.monotonic() + within
    while (left := pids & {pid for pid, _ in _parents()}) and time.monotonic() < end:
        time.sleep(0.02)
    return left


@contextmanager
def _starting() -> Iterator[Callable[..., Program]]:
    programs: list[Program] = []

    def start_program(*arguments: str, environ: dict[str, str] | None = None) -> Program:
        programs.append(Program(*arguments, environ=environ))
        return programs[-1]

    try:
        yield start_program
    finally:
        for program in programs:
            for pid in program.family() if program.process.poll() is None else ():
                os.kill(pid, signal.SIGKILL)
            program.process.communicate()


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    """Give a function that starts a program; what still runs at the end is killed."""
    with _starting() as start_program:
        yield start_program


@pytest.fixture(scope="module")
def start_for_all() -> Iterator[Callable[..., Program]]:
    """Give the same for what the tests of one file share, and leave as it is."""
    with _starting() as start_program:
        yield start_program


@pytest.fixture
def left_behind() -> Callable[[set[int]], set[int]]:
    """Give a function that waits for processes to be gone and gives those that are not."""
    return _gone


@pytest.fixture
def exchange() -> Callable[[str, bytes], bytes]:
    """Give a function that sends raw bytes to a URL's port and reads until the other side closes."""

    def send(url: str, data: bytes) -> bytes:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            connection.sendall(data)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    return send
