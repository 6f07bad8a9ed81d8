"""C3: the first edge of a cold 3-hop stream, against a bare client's first reply from the same source."""

from collections.abc import Iterator
from hashlib import sha3_256
from http.client import HTTPResponse
from statistics import median
from time import perf_counter
from urllib.parse import quote

from bench.effort import Effort
from bench.forgetting import forget
from bench.question import DEEP, draw_seeds, question
from bench.row import Figure, Reach, Row
from bench.stage import Stage
from bench.wire import Connection

_EDGE = b'"event":"edge"'


def measure(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Ask both in turn; what the service takes longer is the figure."""
    upstream, store = stage.start_upstream("50"), stage.start_store()
    config = stage.configure(upstream.url, store=store.url)
    service = stage.serve(config)
    bare = Connection(upstream.url)
    ours, theirs = [], []
    for turn, node in enumerate(draw_seeds(stage.world, DEEP, count=effort.rounds + 1)):
        forget(config)
        mine, other = _first_edge(service.url, node), bare.ask(_relations(node)).seconds
        if turn:
            ours.append(mine)
            theirs.append(other)
    bare.close()
    service.end()
    upstream.end()
    later = median(one - other for one, other in zip(ours, theirs, strict=True)) * 1000
    yield Row(
        "C3",
        "first edge on the wire of a cold 3-hop stream, the source taking 50 ms",
        "a bare client's first reply from the source; the ratio is how much later, in ms",
        Reach("at most", 10.0, "ms later"),
        Figure(median(ours) * 1000, "ms"),
        Figure(median(theirs) * 1000, "ms"),
        later,
        detail={"ours": ours, "theirs": theirs},
    )


def _first_edge(url: str, node: str) -> float:
    """Read a stream up to its first edge, and then to its end, so that nothing of it is under way."""
    connection = Connection(url)
    began, first = perf_counter(), None
    connection.send(question(node, hops=DEEP.hops, format="ndjson"))
    with HTTPResponse(connection.socket, method="GET") as reply:
        reply.begin()
        for line in reply:
            if first is None and _EDGE in line:
                first = perf_counter() - began
    connection.close()
    if first is None:
        raise RuntimeError("a stream without an edge")
    return first


def _relations(node: str) -> bytes:
    _, type_, key = node.split(":", 2)
    native = f"{quote(type_)}-{sha3_256(key.encode()).hexdigest()}"
    return f"/api/search/v1/entity/{native}/relations".encode("ascii")
