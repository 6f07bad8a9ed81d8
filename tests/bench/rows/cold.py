"""C2: a cold 3-hop answer, against the least time that any schedule of its calls could take."""

from collections.abc import Iterator
from statistics import median

from bench.effort import Effort
from bench.forgetting import forget
from bench.latency import read_latency
from bench.question import SMALL, draw_seeds, question
from bench.row import Figure, Reach, Row
from bench.schedule import Calls
from bench.stage import Stage
from bench.wire import Connection

_CONNECTIONS = 20
_HOPS = 3
_CALLS = (380, 420)
_LATENCIES = {"50": "50 ms each", "20-200": "20 to 200 ms at random"}


def measure(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Ask a few seeds, the store purged before each, and compare with what is left when nothing costs."""
    for text, words in _LATENCIES.items():
        yield _measure(stage, effort, text, words)


def _measure(stage: Stage, effort: Effort, text: str, words: str) -> Row:
    world, latency = stage.world, read_latency(text)
    upstream, store = stage.start_upstream(text), stage.start_store()
    config = stage.configure(upstream.url, store=store.url)
    service = stage.serve(config)
    connection = Connection(service.url)

    def cost(number: int) -> float:
        return latency.of(world.entities[number].id)

    numbers = [
        n for n in range(len(world.nodes)) if _CALLS[0] <= world.spread.asked(n, hops=_HOPS) <= _CALLS[1]
    ]
    # Twenty calls at once: what is measured finds as many connections open.
    (usual,) = draw_seeds(world, SMALL, count=1)
    connection.ask(question(usual, hops=SMALL.hops))
    ours, least, queued = [], [], []
    for number in numbers[: effort.colds]:
        forget(config)
        heard = connection.ask(question(str(world.nodes[number]), hops=_HOPS))
        if heard.status != 200:
            raise RuntimeError(f"no answer: {heard.status}")
        calls = Calls(world.spread, number, _HOPS, cost, _CONNECTIONS)
        ours.append(heard.seconds)
        least.append(calls.least_seconds())
        queued.append(calls.queued_seconds())
    connection.close()
    service.end()
    upstream.end()
    ratios = [one / other for one, other in zip(ours, least, strict=True)]
    return Row(
        f"C2/{text}",
        f"cold 3-hop, about 400 calls over 20 connections, {words}",
        "the least time that any schedule could take",
        Reach("at most", 1.10),
        Figure(median(ours) * 1000, "ms"),
        Figure(median(least) * 1000, "ms"),
        median(ratios),
        detail={"ours": ours, "least": least, "first_come_without_overhead": queued},
    )
