"""A real store server at an address that stays, which a test may kill, hang and start again."""

import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from redis import Redis
from redis.exceptions import RedisError

from service.adapters.embedded import find_binary

_PATIENCE = 10.0
_NO_ANSWERS = (b"relgraph:governor:", b"rg1:lease:", b"rg1:lore:")


class Store:
    """One server on a Unix socket; a context manager that leaves nothing behind."""

    def __init__(self, *, password: str | None = None) -> None:
        """Start it empty, in a folder whose path is short enough for a socket's."""
        self._folder = Path(tempfile.mkdtemp(prefix="rgt-", dir="/tmp"))
        self._socket = self._folder / "s"
        self._password = password
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """Give the URL for the settings, the password in it."""
        word = "" if self._password is None else f"?password={self._password}"
        return f"unix://{self._socket}{word}"

    def client(self) -> Redis:
        """Give a client of the administrator's own."""
        return Redis.from_url(self.url, socket_timeout=5)

    def content(self, *, everything: bool = False) -> dict[bytes, tuple[bytes, int]]:
        """Give every key with its value and its time to live in milliseconds, -1 for no end.

        Unless `everything`, without the governor's numbers, leases, and what plans go by.
        """
        with closing(self.client()) as client:
            keys = [
                key for key in client.scan_iter(count=1000) if everything or not key.startswith(_NO_ANSWERS)
            ]
            values = cast("list[bytes | None]", client.mget(keys) if keys else [])
            return {key: (value or b"", client.pttl(key)) for key, value in zip(keys, values, strict=True)}

    def empty(self) -> None:
        """Forget everything."""
        with closing(self.client()) as client:
            client.flushall()
            # The server confirms this before it tells those who watch; the next command comes after both.
            client.ping()

    def start(self) -> None:
        """Start an empty server at the address and return when it replies."""
        secret = [] if self._password is None else ["--requirepass", self._password]
        options = ["--port", "0", "--save", "", "--dir", str(self._folder), "--daemonize", "no"]
        self._server = subprocess.Popen(  # noqa: S603 - the binary the service itself would take
            [find_binary(), "--unixsocket", str(self._socket), *options, *secret],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + _PATIENCE
        while not self._replies():
            if time.monotonic() > end:
                self.kill()
                raise RuntimeError("the store did not start")
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill it: nobody is at the address then, and what it held is gone."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None
        self._socket.unlink(missing_ok=True)

    def hang(self) -> None:
        """Let it accept connections and never reply."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on where it hung."""
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        """Give the running server."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it and remove its folder."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _replies(self) -> bool:
        with suppress(RedisError, OSError), closing(self.client()) as client:
            return bool(client.ping())
        return False
