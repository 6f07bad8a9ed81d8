"""W2: neighborhoods of random seeds from Redis, against a bare program that does only that.

The service keeps nothing of an answer in its process beyond what its settings here allow. It builds a
networkx graph only where a measure asks for one; "networkx graph included" is therefore its time and
that of the service's own function that builds one from the same answer, taken here beside it.
"""

import gc
from collections.abc import Iterator
from statistics import median
from time import perf_counter

import msgspec

from bench.asked import Asked
from bench.effort import Effort
from bench.likeness import check_alike
from bench.question import LARGE, SMALL, Size, draw_seeds, question
from bench.row import Figure, Reach, Row
from bench.stage import Stage
from bench.timing import milliseconds, percentile
from bench.wire import Connection
from service.graph.assemble import Records, as_graph
from service.graph.record import EdgeRecord, NodeRecord

_AGAINST = "a bare program: same entries, same fields and order, no HTTP, no networkx"


class _Answer(msgspec.Struct):
    """What a graph is made of, in the service's own records."""

    nodes: list[NodeRecord]
    edges: list[EdgeRecord]


def measure(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Ask each seed of both in turn, and compare the medians."""
    service = stage.serve(stage.warm)
    bare = Asked("bare", "--config", str(stage.warm), "--hops", "2")
    connection = Connection(service.url)
    for size in (SMALL, LARGE):
        yield from _compare(stage, effort, size, connection=connection, bare=bare)
    connection.close()
    bare.close()
    service.end()


def _compare(
    stage: Stage, effort: Effort, size: Size, *, connection: Connection, bare: Asked
) -> Iterator[Row]:
    seeds = draw_seeds(stage.world, size, count=effort.seeds + effort.warm_up)
    for node in seeds[: effort.warm_up]:
        heard = connection.ask(question(node, hops=size.hops))
        check_alike(heard.body, bare.body(node), who="the bare program")
    alone: list[float] = []
    graphs: list[float] = []
    theirs: list[float] = []
    for turn, node in enumerate(seeds[effort.warm_up :]):
        if turn % 2:
            theirs.append(bare.seconds(node))
        heard = connection.ask(question(node, hops=size.hops))
        alone.append(heard.seconds)
        graphs.append(_graph_seconds(heard.body))
        if not turn % 2:
            theirs.append(bare.seconds(node))
    ours = [one + other for one, other in zip(alone, graphs, strict=True)]
    p50, p99 = median(ours), percentile(ours, share=0.99)
    about = f"warm: 2-hop of random seeds, about {size.edges} edges, from Redis, networkx graph included"
    detail = {
        "ours": milliseconds(ours),
        "without_graph": milliseconds(alone),
        "graph": milliseconds(graphs),
        "theirs": milliseconds(theirs),
    }
    yield Row(
        f"W2/{size.edges}",
        about,
        _AGAINST,
        Reach("at most", 1.4),
        Figure(p50 * 1000, "ms"),
        Figure(median(theirs) * 1000, "ms"),
        p50 / median(theirs),
        detail=detail,
    )
    yield Row(
        f"W2/{size.edges} p99",
        f"{about}: the slowest in a hundred",
        "its own median",
        Reach("at most", 4.0),
        Figure(p99 * 1000, "ms"),
        Figure(p50 * 1000, "ms"),
        p99 / p50,
    )


def _graph_seconds(body: bytes) -> float:
    """Give how long the service's own function takes to make the answer a networkx graph."""
    answer = msgspec.json.decode(body, type=_Answer)
    records = Records(answer.nodes, answer.edges)
    gc.disable()
    began = perf_counter()
    as_graph(records)
    seconds = perf_counter() - began
    gc.enable()
    return seconds
