"""Serve one sandbox upstream in a process of its own: `python -m connectors.sandbox --upstream ...`."""

import argparse
import contextlib
import ctypes
import gc
import importlib
import signal
import socket
import sys

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.sandbox.connection import HANG_UP_KEY

UPSTREAMS = {
    "threatwinds": "connectors.sandbox.threatwinds.app",
    "autodesk": "connectors.sandbox.autodesk.app",
}
# https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
PR_SET_PDEATHSIG = 1
STOP_SECONDS = 1  # replies still under way at SIGTERM get this long


class AnnouncingServer(uvicorn.Server):
    """Says on stdout, in one line, that it listens and where."""

    def __init__(self, config: uvicorn.Config, *, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then tell whoever waits for the line."""
        await super().startup(sockets=sockets)
        # The world stays: no collection ever looks at it.
        gc.freeze()
        gc.enable()
        sys.stdout.write(f"{self._announcement}\n")
        sys.stdout.flush()

    def hang_up(self, client: tuple[str, int] | None) -> None:
        """Close the connection of the caller at this address and port."""
        for connection in list(self.server_state.connections):
            if getattr(connection, "client", None) == client and connection.transport is not None:
                connection.transport.close()


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the thread that started it ends; Linux only, else nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def with_hang_up(app: ASGIApp, *, server_of: list[AnnouncingServer]) -> ASGIApp:
    """Return the app with a way to close the caller's connection put into each scope."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        scope[HANG_UP_KEY] = lambda: server_of[0].hang_up(client)
        await app(scope, receive, send)

    return wrapped


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m connectors.sandbox", description=__doc__)
    parser.add_argument("--upstream", choices=sorted(UPSTREAMS), required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and says which")
    parser.add_argument("--seed", type=int, default=7, help="decides the generated world")
    parser.add_argument("--die-with-parent", action="store_true", help="Linux: end when the starter ends")
    chosen = parser.parse_args(arguments)
    if chosen.die_with_parent:
        die_with_parent()
    # Off until it listens: a world is a hundred thousand objects, none of them garbage.
    gc.disable()
    app: ASGIApp = importlib.import_module(UPSTREAMS[chosen.upstream]).create_app(seed=chosen.seed)
    listener = socket.create_server((chosen.host, chosen.port), backlog=2048)
    url = f"http://{chosen.host}:{listener.getsockname()[1]}"
    server_of: list[AnnouncingServer] = []
    config = uvicorn.Config(
        with_hang_up(app, server_of=server_of),
        access_log=False,
        http="httptools",
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        ws="none",
    )
    server = AnnouncingServer(config, announcement=f"sandbox {chosen.upstream} listening on {url}")
    server_of.append(server)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
