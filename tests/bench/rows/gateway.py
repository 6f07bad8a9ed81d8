"""C1: cold 2-hop answers over REST, latency 0, against who does the same without a service of ours."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from subprocess import SubprocessError

from bench.contenders.hive import Hive, check_rows, install
from bench.effort import Effort
from bench.forgetting import forget
from bench.likeness import check_alike
from bench.question import SMALL, draw_seeds, question
from bench.row import Figure, Reach, Row
from bench.stage import Stage
from bench.timing import milliseconds
from bench.usage import cpu_seconds
from bench.wire import Connection

_ABOUT = "cold 2-hop over REST, 21 calls, 400 edges, upstream latency 0"
_REACH = Reach("at least", 2.0)
_NAIVE = "naive: FastAPI, bare httpx, networkx.ego_graph, jsonable_encoder"
_HIVE = "GraphQL Hive Gateway, which answers with the upstream's rows, nested"
_WARM_UPS = 3
"""How often the gateway answers all seeds before it is timed."""


class _Side:
    """One side: how it is asked, what each answer has taken, and what all of them cost.

    What it does behind its answers is part of the cost; and the kernel counts in hundredths of a
    second, so only of many answers together that says something.
    """

    def __init__(self, pid: int, ask: Callable[[str], float]) -> None:
        self._pid = pid
        self._ask = ask
        self._before = 0.0
        self.seconds: list[float] = []
        self.cpu = 0.0

    def begin(self) -> None:
        """Count from now on."""
        self._before = cpu_seconds(self._pid)

    def take(self, node: str) -> None:
        """Ask about a node."""
        self.seconds.append(self._ask(node))

    def conclude(self) -> None:
        """Reckon what an answer cost."""
        self.cpu = (cpu_seconds(self._pid) - self._before) / len(self.seconds)


def measure(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Ask each seed of all in turn; what we have cached is purged before."""
    upstream, store = stage.start_upstream(), stage.start_store()
    config = stage.configure(upstream.url, store=store.url)
    service, naive = stage.serve(config), stage.contend("naive", "--upstream", upstream.url)
    seeds = draw_seeds(stage.world, SMALL, count=effort.seeds + effort.warm_up)
    checked, timed = seeds[: effort.warm_up], seeds[effort.warm_up :]
    ours, theirs = Connection(service.url), Connection(naive.url)
    sides = {
        "ours": _Side(service.popen.pid, partial(_ask_cold, ours, config)),
        "naive": _Side(naive.popen.pid, partial(_ask, theirs)),
    }
    hive = _start_hive(stage, upstream.url)
    if isinstance(hive, Hive):
        sides["hive"] = _Side(hive.popen.pid, hive.seconds)
        _warm(hive, seeds)
    for node in checked:
        forget(config)
        target = question(node, hops=SMALL.hops)
        mine = ours.ask(target).body
        check_alike(mine, theirs.ask(target).body, who="the naive service", fetched_apart=True)
        if isinstance(hive, Hive):
            check_rows(mine, hive.answer(node), node=node)
    for side in sides.values():
        side.begin()
    for node in timed:
        for side in sides.values():
            side.take(node)
    for side in sides.values():
        side.conclude()
    for process in (service, naive, upstream):
        process.end()
    yield from _rows("naive", _NAIVE, sides)
    if isinstance(hive, Hive):
        yield from _rows("hive", _HIVE, sides)
    else:
        yield Row("C1/hive", _ABOUT, _HIVE, _REACH, missing=hive)


def _start_hive(stage: Stage, upstream: str) -> Hive | str:
    """Start the gateway, or say why it cannot be."""
    why = install(stage.scratch)
    if why is not None:
        return why
    try:
        hive = Hive(scratch=stage.scratch, folder=stage.folder / "hive", upstream=upstream)
    except (OSError, RuntimeError, SubprocessError) as error:
        return f"does not start: {type(error).__name__}"
    stage.stack.callback(hive.end)
    return hive


def _warm(hive: Hive, seeds: Sequence[str]) -> None:
    for _ in range(_WARM_UPS):
        for node in seeds:
            hive.answer(node)


def _ask(connection: Connection, node: str) -> float:
    return connection.ask(question(node, hops=SMALL.hops)).seconds


def _ask_cold(connection: Connection, config: Path, node: str) -> float:
    forget(config)
    return _ask(connection, node)


def _rows(name: str, against: str, sides: dict[str, _Side]) -> Iterator[Row]:
    ours, theirs = sides["ours"], sides[name]
    detail = {"ours": milliseconds(ours.seconds), "theirs": milliseconds(theirs.seconds)}
    one, other = median(ours.seconds) * 1000, median(theirs.seconds) * 1000
    yield Row(
        f"C1/{name}",
        _ABOUT,
        against,
        _REACH,
        Figure(one, "ms"),
        Figure(other, "ms"),
        other / one,
        detail=detail,
    )
    one, other = ours.cpu * 1000, theirs.cpu * 1000
    yield Row(
        f"C1/{name} CPU",
        f"{_ABOUT}: CPU of one answer",
        against,
        _REACH,
        Figure(one, "ms"),
        Figure(other, "ms"),
        other / one,
    )
