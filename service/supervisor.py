"""Several processes that serve one listener: started, replaced when one dies, ended together.

A worker is a fork of this process, which has imported everything and runs nothing: it starts at once,
shares what was imported, and is handed the settings by nothing that others could read, such as an
environment or a command line. There is no event loop here and no thread, but for the one that waits
for the embedded store's end and holds no lock that a worker takes.

uvicorn's own supervisor looks at its signals twice a second, waits for its workers without an end,
and starts one that cannot start for ever; hence this one, which waits for what happens.
"""

import gc
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess

import structlog

from service.lifeline import die_with_parent
from service.log import configure_log
from service.server import LAST_MOMENT, Build, exit_on_sigterm, serve_here
from service.settings import Settings

log = structlog.get_logger(__name__)

# A worker that dies is replaced after this long, so that one that always dies costs little.
_PAUSE = timedelta(seconds=1)
_ENDING = (signal.SIGTERM, signal.SIGINT)


@dataclass(slots=True)
class _Worker:
    place: int
    process: ForkProcess
    tidings: Connection
    ready: bool = False


class Supervisor:
    """Runs one process for each of `builds` until SIGTERM or Ctrl-C.

    The process that replaces one that died has the same build, and so the place of the dead one.
    """

    def __init__(self, builds: Sequence[Build], settings: Settings, *, listener: socket.socket) -> None:
        """Prepare; nothing is started before `run`."""
        self._builds = builds
        self._settings = settings
        self._listener = listener
        self._crew: list[_Worker] = []

    def run(self, *, announce: Callable[[], None]) -> None:
        """Serve until a signal ends it; `announce` is called once, when all workers serve.

        SystemExit 1 if a worker cannot start.
        """
        configure_log(self._settings.log_level)
        waker, woken = socket.socketpair()
        with waker, woken:
            waker.setblocking(False)  # noqa: FBT003 - the socket API takes it so
            signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
            for number in _ENDING:
                # What matters is the byte that the signal writes into the socket.
                signal.signal(number, lambda _signal, _frame: None)
            try:
                self._watch(woken, announce)
            finally:
                signal.set_wakeup_fd(-1)
                self._stop()

    def _watch(self, woken: socket.socket, announce: Callable[[], None]) -> None:
        # What a collection marks is copied for each worker: what is there by now is never looked at.
        gc.freeze()
        self._start_missing()
        gc.enable()
        announced = False
        replace_at: float | None = None
        while True:
            events = wait(
                [
                    woken,
                    *(w.process.sentinel for w in self._crew),
                    *(w.tidings for w in self._crew if not w.ready),
                ],
                None if replace_at is None else max(0.0, replace_at - time.monotonic()),
            )
            if woken in events:
                return
            for worker in self._crew:
                worker.ready = worker.ready or (worker.tidings in events and _told(worker.tidings))
            for worker in [w for w in self._crew if w.process.sentinel in events]:
                log.error("a worker ended", pid=worker.process.pid, exit_code=worker.process.exitcode)
                self._crew.remove(worker)
                if not announced:
                    sys.exit(1)
                replace_at = replace_at or time.monotonic() + _PAUSE.total_seconds()
            if replace_at is not None and time.monotonic() >= replace_at:
                replace_at = None
                self._start_missing()
            if not announced and all(worker.ready for worker in self._crew):
                announced = True
                announce()

    def _start_missing(self) -> None:
        present = {worker.place for worker in self._crew}
        for place in range(len(self._builds)):
            if place not in present:
                self._start(place)

    def _start(self, place: int) -> None:
        tidings, reporter = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("fork").Process(
            target=_work, args=(self._builds[place], self._settings, self._listener, reporter, os.getpid())
        )
        # Until a worker has handlers of its own, a signal would be lost on it and wake us.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        reporter.close()
        self._crew.append(_Worker(place, process, tidings))

    def _stop(self) -> None:
        # Whoever connects from now on is refused, and does not wait for a worker that never comes.
        self._listener.close()
        end = time.monotonic() + LAST_MOMENT.total_seconds()
        for worker in self._crew:
            worker.process.terminate()
        for worker in self._crew:
            worker.process.join(max(0.0, end - time.monotonic()))
            if worker.process.exitcode is None:
                log.error("a worker did not end in time and is killed", pid=worker.process.pid)
                worker.process.kill()
                worker.process.join()


def _told(tidings: Connection) -> bool:
    try:
        return bool(tidings.recv())
    except EOFError:
        return False


def _work(
    build: Build, settings: Settings, listener: socket.socket, reporter: Connection, parent: int
) -> None:
    die_with_parent(parent)
    signal.set_wakeup_fd(-1)
    exit_on_sigterm()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    serve_here(
        build,
        settings,
        listener=listener,
        announce=lambda: reporter.send("ready"),
        interruptible=False,
    )
