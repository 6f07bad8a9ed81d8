"""Serves the application over HTTP in this process, and ends in time when asked to.

SIGTERM and Ctrl-C let what is in flight finish for `GRACE`; what is still there then is cancelled,
and if even that does not end it the process ends itself before `LAST_MOMENT`.
"""

import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

import structlog
import uvicorn

from service.farewell import App, with_farewell
from service.heap import keep_freed
from service.log import configure_log
from service.protocol import BoundedProtocol
from service.settings import Settings

log = structlog.get_logger(__name__)
GRACE = timedelta(seconds=8)
LAST_MOMENT = timedelta(seconds=9.5)
_MOST_UNSENT_BYTES = 32 * 1024
# How many objects more there are when the collector looks at the young ones, and how often at older ones.
# A large answer makes half a million that all stay until it is told; little here is ever a cycle.
_COLLECTIONS = (200_000, 5, 50)

Build = Callable[[Settings], App]
"""Makes the application; named, not called, so that it can travel to a worker process."""


def open_listener(host: str, *, port: int) -> socket.socket:
    """Bind and listen; port 0 takes a free one. OSError when the address cannot be had."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    listener = socket.create_server(address[:2], family=family, backlog=2048)
    # What waits for a slow reader waits here, where it is counted, not by the megabyte in the kernel.
    # Accepted connections inherit it (Linux).
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT_BYTES)
    return listener


def listener_url(listener: socket.socket) -> str:
    """Give the URL that the listener answers at."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if listener.family == socket.AF_INET6 else f"http://{host}:{port}"


def exit_on_sigterm() -> None:
    """Have SIGTERM end the process as an exit, so that every open block is left in order."""
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))


class Server(uvicorn.Server):
    """One event loop that serves one application."""

    def __init__(self, app: App, *, announce: Callable[[], None], interruptible: bool = True) -> None:
        """Prepare; `announce` is called once, when requests are served.

        One that is not interruptible leaves Ctrl-C, which reaches every process, to its supervisor.
        """
        super().__init__(
            uvicorn.Config(
                with_farewell(app),
                http=BoundedProtocol,
                loop="uvloop",
                ws="none",
                interface="asgi3",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                # uvicorn would look into the environment for whom to trust.
                proxy_headers=False,
                workers=1,
                # Longer than clients and proxies keep an idle connection (nginx: 60 s): whoever ends it
                # first must be the one who sends next, or a request meets the end of its connection.
                timeout_keep_alive=75,
                timeout_graceful_shutdown=int(GRACE.total_seconds()),
            )
        )
        self._announce = announce
        self._interruptible = interruptible
        self._watchdog = threading.Timer(LAST_MOMENT.total_seconds(), os._exit, (1,))
        self._watchdog.daemon = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, and see to it that the end comes."""
        if sig == signal.SIGINT and not self._interruptible:
            return
        if not self.should_exit:
            self._watchdog.start()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the application, then say so."""
        await super().startup(sockets=sockets)
        if self.started:
            # What there is now stays: no collection ever looks at it.
            gc.freeze()
            gc.set_threshold(*_COLLECTIONS)
            gc.enable()
            keep_freed()
            log.info("serving", pid=os.getpid())
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is in flight, then close the application."""
        log.info("ending", pid=os.getpid(), requests_in_flight=len(self.server_state.tasks))
        await super().shutdown(sockets=sockets)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal comes, then pass the signal on; SystemExit 1 if the start failed."""
        try:
            super().run(sockets=sockets)
        except SystemExit:
            if self.started:
                raise
            sys.exit(1)
        finally:
            self._watchdog.cancel()


def serve_here(
    build: Build,
    settings: Settings,
    *,
    listener: socket.socket,
    announce: Callable[[], None],
    interruptible: bool = True,
) -> None:
    """Build the application and serve it in this process until a signal ends it."""
    configure_log(settings.log_level)
    Server(build(settings), announce=announce, interruptible=interruptible).run(sockets=[listener])
