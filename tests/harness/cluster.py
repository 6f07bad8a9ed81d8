"""A real cluster of one server that owns every slot."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from time import monotonic, sleep

from service.adapters.embedded import find_binary


@contextmanager
def run_cluster(folder: Path) -> Iterator[str]:
    """Run it on a free port, with `folder` for its files; gives the URL for the settings."""
    port, bus = _free_ports()
    options = ["--port", str(port), "--cluster-port", str(bus), "--bind", "127.0.0.1", "--dir", str(folder)]
    command = [find_binary(), *options, "--cluster-enabled", "yes", "--save", "", "--appendonly", "no"]
    process = Popen(command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, cwd=folder)  # noqa: S603 - our own binary
    try:
        _own_every_slot(port)
        yield f"redis+cluster://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _own_every_slot(port: int) -> None:
    deadline = monotonic() + 10
    while monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"CLUSTER ADDSLOTSRANGE 0 16383\r\n")
                connection.recv(100)
                connection.sendall(b"CLUSTER INFO\r\n")
                if b"cluster_state:ok" in connection.recv(1000):
                    return
        except OSError:
            pass  # not listening yet
        sleep(0.02)
    raise RuntimeError("the cluster does not start")
