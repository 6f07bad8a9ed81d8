"""Open loop: how long answers take when so many are asked for a second, whether they come or not.

What a closed loop hides (while an answer is late nobody asks) is in these times: each counts from the
moment at which it should have been asked. The load is half, and four fifths, of what the service can do.
"""

from collections.abc import Iterator
from itertools import cycle
from statistics import median

from bench.dice import dice
from bench.effort import Effort
from bench.load import Load
from bench.question import LARGE, SMALL, draw_seeds, question
from bench.row import Figure, Row
from bench.stage import Stage
from bench.timing import milliseconds, percentile

_SHARES = (0.5, 0.8)
_CONNECTIONS = 32
_AT_CAPACITY = 4
_DICE = 3


def measure(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Find out what it can do, and offer it a part of that."""
    (hot,) = draw_seeds(stage.world, LARGE, count=1)
    mixes = {
        "W1": [question(hot, hops=LARGE.hops)],
        **{
            f"W2/{size.edges}": [
                question(node, hops=size.hops) for node in draw_seeds(stage.world, size, count=100)
            ]
            for size in (SMALL, LARGE)
        },
    }
    for name, targets in mixes.items():
        service = stage.serve(stage.hot if name == "W1" else stage.warm)
        yield from _offer(name, targets, url=service.url, effort=effort)
        service.end()


def _offer(name: str, targets: list[bytes], *, url: str, effort: Effort) -> Iterator[Row]:
    closed = Load(url, connections=_AT_CAPACITY)
    closed.closed(cycle(targets), seconds=effort.turn)
    counts = [closed.closed(cycle(targets), seconds=2 * effort.turn) for _ in range(3)]
    closed.close()
    capacity = median(count / seconds for count, seconds in counts)
    for share in _SHARES:
        rate = share * capacity
        load = Load(url, connections=_CONNECTIONS)
        times = load.open(cycle(targets), gaps=_gaps(rate), seconds=effort.offered)
        load.close()
        detail = {"capacity_per_second": capacity, "rate": rate, **milliseconds(times)}
        for word, time in (("p50", median(times)), ("p99", percentile(times, share=0.99))):
            yield Row(
                f"{name} open {share:.0%} {word}",
                f"{word} at {share:.0%} of capacity, {rate:.3g} a second at random of {capacity:.3g}",
                "-",
                ours=Figure(time * 1000, "ms"),
                detail=detail,
            )


def _gaps(rate: float) -> Iterator[float]:
    """Give the seconds between two questions of many who know nothing of each other."""
    rng = dice(_DICE)
    while True:
        yield rng.expovariate(rate)
