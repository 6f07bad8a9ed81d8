"""A server that a test may stop, hang and start again at one and the same address."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import pytest
from redis import Redis

from service.adapters.embedded import EmbeddedServer, start_embedded


class Machine:
    """The server's machine, as its administrator sees it."""

    def __init__(self, address: Path) -> None:
        """Start a server at `address`, a socket path that stays the same."""
        self._address = address
        self._server: EmbeddedServer | None = None
        self.url = f"unix://{address}"
        self.start()

    def start(self) -> None:
        """Start an empty server at the address."""
        self._server = start_embedded()
        self._address.unlink(missing_ok=True)
        self._address.symlink_to(unquote(urlsplit(self._server.url).path))

    def stop(self) -> None:
        """Stop the server; nobody is at the address then."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def hang(self) -> None:
        """Let the server accept and never reply."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the server go on where it hung."""
        self._signal(signal.SIGCONT)

    def client(self) -> "Redis[bytes]":
        """Give a client of the administrator's own."""
        return Redis.from_url(self.url)

    def _signal(self, number: signal.Signals) -> None:
        assert self._server is not None
        os.kill(self._server.pid, number)


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Run a machine for one test."""
    with TemporaryDirectory(prefix="rgt-", dir="/tmp") as folder:
        running = Machine(Path(folder) / "s")
        yield running
        running.stop()
