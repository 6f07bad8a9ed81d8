"""A1: from exec to the first answer, against what importing the libraries alone takes."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from urllib.parse import urlsplit

from bench.effort import Effort
from bench.pinning import SERVING, on
from bench.question import SMALL, draw_seeds, question
from bench.row import Figure, Reach, Row
from bench.stage import Stage
from bench.turns import alternating
from bench.wire import Connection

_IMPORTS = "import fastapi, redis, httpx, networkx"
_LOOK = 0.005
_PATIENCE = 60


def measure(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Start each so many times in turn; the first time of either, which reads the files, does not count."""
    (node,) = draw_seeds(stage.world, SMALL, count=1)
    target = question(node, hops=1)
    asks = (lambda: _first_answer(stage.warm, target), _imports)
    alternating(*asks, rounds=1)
    ours, theirs = alternating(*asks, rounds=effort.starts)
    yield Row(
        "A1",
        "`relgraph serve` from exec to its first answer",
        f'`python -c "{_IMPORTS}"`',
        Reach("at most", 1.5),
        Figure(median(ours), "s"),
        Figure(median(theirs), "s"),
        median(ours) / median(theirs),
        detail={"ours": ours, "theirs": theirs},
    )


def _first_answer(config: Path, target: bytes) -> float:
    port = _free_port()
    command = [str(Path(sys.executable).with_name("relgraph")), "serve", "--config", str(config)]
    began = perf_counter()
    with on(SERVING):
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    try:
        # It listens before it is ready, and whoever connects waits: no word of its is needed.
        connection = _connect(f"http://127.0.0.1:{port}", until=began + _PATIENCE)
        heard = connection.ask(target)
        seconds = perf_counter() - began
        connection.close()
        if heard.status != 200:
            raise RuntimeError(f"the first answer is none: {heard.status}")
        return seconds
    finally:
        process.terminate()
        process.wait(20)


def _connect(url: str, *, until: float) -> Connection:
    while perf_counter() < until:
        with suppress(ConnectionRefusedError):
            return Connection(url)
        sleep(_LOOK)
    raise TimeoutError(f"nobody listens at {urlsplit(url).netloc}")


def _imports() -> float:
    began = perf_counter()
    with on(SERVING):
        process = subprocess.Popen([sys.executable, "-c", _IMPORTS])  # noqa: S603 - our own words
    if process.wait(_PATIENCE):
        raise RuntimeError("the libraries cannot be imported")
    return perf_counter() - began


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
