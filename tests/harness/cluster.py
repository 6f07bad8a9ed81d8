"""A real cluster of one server that owns every slot."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from time import monotonic, sleep

from service.adapters.embedded import find_binary

_PATIENCE = 20.0
_ATTEMPTS = 3


@contextmanager
def run_cluster(folder: Path) -> Iterator[str]:
    """Run it on a free port, with `folder` for its files; gives the URL for the settings."""
    port, process = _start(folder)
    try:
        yield f"redis+cluster://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _start(folder: Path) -> tuple[int, Popen[bytes]]:
    """Start it on ports that nobody has taken in the meantime."""
    for _ in range(_ATTEMPTS):
        port, bus = _free_ports()
        options = ["--port", str(port), "--cluster-port", str(bus), "--bind", "127.0.0.1"]
        options += ["--dir", str(folder), "--save", "", "--appendonly", "no"]
        command = [find_binary(), *options, "--cluster-enabled", "yes"]
        process = Popen(command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, cwd=folder)  # noqa: S603 - our own binary
        if _owns_every_slot(port, process):
            return port, process
        process.kill()
        process.wait()
        (folder / "nodes.conf").unlink(missing_ok=True)
    raise RuntimeError("the cluster does not start")


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _owns_every_slot(port: int, process: Popen[bytes]) -> bool:
    deadline = monotonic() + _PATIENCE
    while monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"CLUSTER ADDSLOTSRANGE 0 16383\r\n")
                connection.recv(100)
                connection.sendall(b"CLUSTER INFO\r\n")
                if b"cluster_state:ok" in connection.recv(1000):
                    return process.poll() is None
        except OSError:
            pass  # not listening yet
        sleep(0.02)
    return False
