"""A real cluster of three masters on loopback, its slots shared out between them."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from subprocess import DEVNULL, Popen
from time import monotonic, sleep

from redis import Redis
from redis.exceptions import RedisError

from service.adapters.embedded import find_binary

_MASTERS = 3
_SLOTS = 16_384
_PATIENCE = 20.0


@contextmanager
def run_masters(folder: Path) -> Iterator[str]:
    """Run it with `folder` for its files; gives the URL for the settings."""
    with ExitStack() as stack:
        ports = [_start(folder, stack) for _ in range(_MASTERS)]
        clients = [stack.enter_context(Redis(port=port)) for port, _ in ports]
        _until(lambda: all(client.ping() for client in clients))
        bounds = [number * _SLOTS // _MASTERS for number in range(_MASTERS + 1)]
        for client, (first, last) in zip(clients, pairwise(bounds), strict=True):
            client.execute_command("CLUSTER ADDSLOTSRANGE", first, last - 1)
        for port, bus in ports[1:]:
            clients[0].execute_command("CLUSTER MEET", "127.0.0.1", port, bus)
        # Each master has to have heard of all the others.
        _until(lambda: all(map(_stands, clients)))
        yield f"redis+cluster://127.0.0.1:{ports[0][0]}"


def _start(folder: Path, stack: ExitStack) -> tuple[int, int]:
    port, bus = _free_ports()
    home = folder / str(port)
    home.mkdir()
    options = ["--port", str(port), "--cluster-port", str(bus), "--bind", "127.0.0.1", "--dir", str(home)]
    options += ["--cluster-enabled", "yes", "--save", "", "--appendonly", "no", "--daemonize", "no"]
    process = Popen([find_binary(), *options], stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)  # noqa: S603 - the service's own binary
    stack.callback(process.wait)
    stack.callback(process.kill)
    return port, bus


def _stands(client: "Redis") -> bool:
    """Tell whether a master knows an owner of every slot."""
    told: dict[str, str] = client.execute_command("CLUSTER INFO")  # type: ignore[no-untyped-call] # the client's
    return told["cluster_state"] == "ok"


def _until(holds: Callable[[], bool]) -> None:
    end = monotonic() + _PATIENCE
    while monotonic() < end:
        try:
            if holds():
                return
        except (RedisError, OSError):
            pass  # not listening yet
        sleep(0.05)
    raise RuntimeError("the cluster does not come together")


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]
