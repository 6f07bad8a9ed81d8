"""S1, S2, S3: what more relations, more workers and more masters cost."""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from statistics import median

from bench.cluster import run_masters
from bench.effort import Effort
from bench.load import Load
from bench.pinning import AROUND, on
from bench.question import LARGE, SMALL, Size, draw_seeds, question
from bench.row import Figure, Reach, Row
from bench.stage import Stage
from bench.timing import milliseconds
from bench.turns import Times, in_turns
from bench.usage import cpu_seconds
from harness.process import Process

_CONNECTIONS = 8


def measure_size(stage: Stage, effort: Effort) -> Iterator[Row]:
    """S1: the same size of answer, in a store that holds ten times as much."""
    large, usual = stage.serve(stage.large), stage.serve(stage.warm)
    for size in (SMALL, LARGE):
        count = effort.seeds + effort.warm_up
        seeds = (draw_seeds(stage.large_world, size, count=count), draw_seeds(stage.world, size, count=count))
        yield _compare(
            "S1",
            "W2 with 1 000 000 relations cached",
            "W2 with 100 000",
            reach=Reach("at most", 1.2),
            size=size,
            taken=in_turns((large.url, usual.url), seeds, hops=size.hops, unasked=effort.warm_up),
        )
    large.end()
    usual.end()


def measure_cluster(stage: Stage, effort: Effort) -> Iterator[Row]:
    """S3: the same answers from three masters, and from one server."""
    folder = Path(stage.folder / "cluster")
    folder.mkdir()
    with on(AROUND):
        url = stage.stack.enter_context(run_masters(folder))
    spread, usual = stage.serve(stage.fill(stage.world, url=url)), stage.serve(stage.warm)
    for size in (SMALL, LARGE):
        seeds = draw_seeds(stage.world, size, count=effort.seeds + effort.warm_up)
        yield _compare(
            "S3",
            "W2 on a three-master cluster",
            "W2 on one server",
            reach=Reach("at most", 1.5),
            size=size,
            taken=in_turns((spread.url, usual.url), (seeds, seeds), hops=size.hops, unasked=effort.warm_up),
        )
    spread.end()
    usual.end()


def measure_workers(stage: Stage, effort: Effort) -> Iterator[Row]:
    """S2: what an answer costs in CPU when two workers share the port, and the one core."""
    alone = stage.serve(stage.warm)
    both = stage.serve(stage.warm, "--workers", "2")
    targets = [question(node, hops=SMALL.hops) for node in draw_seeds(stage.world, SMALL, count=200)]
    costs: dict[str, list[float]] = {"one": [], "two": []}
    for turn in range(effort.rounds + 1):
        for name, process in (("one", alone), ("two", both)):
            cost = _cost(process, targets, seconds=3 * effort.turn)
            if turn:
                costs[name].append(cost)
    alone.end()
    both.end()
    one, two = median(costs["one"]), median(costs["two"])
    yield Row(
        "S2",
        "CPU of one answer with 2 workers",
        "with 1",
        Reach("at most", 1.1),
        Figure(two * 1000, "ms"),
        Figure(one * 1000, "ms"),
        two / one,
        detail=costs,
    )


def _cost(process: Process, targets: list[bytes], *, seconds: float) -> float:
    # New connections each time: which worker takes one is chance, and each is to have some.
    load = Load(process.url, connections=_CONNECTIONS)
    before = cpu_seconds(process.popen.pid)
    count, _ = load.closed(cycle(targets), seconds=seconds)
    spent = cpu_seconds(process.popen.pid) - before
    load.close()
    return spent / count


def _compare(name: str, about: str, against: str, *, reach: Reach, size: Size, taken: Times) -> Row:
    ours, theirs = taken
    return Row(
        f"{name}/{size.edges}",
        f"{about}, about {size.edges} edges",
        against,
        reach,
        Figure(median(ours) * 1000, "ms"),
        Figure(median(theirs) * 1000, "ms"),
        median(ours) / median(theirs),
        detail={"ours": milliseconds(ours), "theirs": milliseconds(theirs)},
    )
