"""W4: warm 3-hop answers, against the naive service with everything in the same Redis."""

import json
from collections.abc import Iterator
from contextlib import closing
from statistics import median

from bench.contenders.documents import documents
from bench.contenders.layout import open_entries
from bench.contenders.naive import PREFIX
from bench.effort import Effort
from bench.likeness import check_alike
from bench.question import DEEP, draw_seeds, question
from bench.row import Figure, Reach, Row
from bench.stage import Stage
from bench.timing import milliseconds
from bench.wire import Connection
from harness.store import Store

_ABOUT = "warm 3-hop, about 8 000 edges"
_AGAINST = "naive: FastAPI, one GET per node, networkx.ego_graph, jsonable_encoder"


def measure(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Ask each seed of both in turn, and ours twice more: the second time it is kept, the third it is hot."""
    store = stage.start_store()
    _fill(store, stage)
    service, naive = stage.serve(stage.hot), stage.contend("naive", "--redis", store.url)
    ours, theirs = Connection(service.url), Connection(naive.url)
    warm, hot, others = [], [], []
    for turn, node in enumerate(draw_seeds(stage.world, DEEP, count=effort.rounds + 1)):
        target = question(node, hops=DEEP.hops)
        heard, other = ours.ask(target), theirs.ask(target)
        ours.ask(target)
        again = ours.ask(target)
        check_alike(heard.body, other.body, who="the naive service")
        # The first finds modules unread and connections closed.
        if turn:
            warm.append(heard.seconds)
            hot.append(again.seconds)
            others.append(other.seconds)
    for connection, process in ((ours, service), (theirs, naive)):
        connection.close()
        process.end()
    figure = Figure(median(others) * 1000, "ms")
    for name, told, least, times in (
        ("W4", "from Redis", 15, warm),
        ("W4 hot", "asked again", 40, hot),
    ):
        yield Row(
            name,
            f"{_ABOUT}, {told}",
            _AGAINST,
            Reach("at least", least),
            Figure(median(times) * 1000, "ms"),
            figure,
            median(others) / median(times),
            detail={"ours": milliseconds(times), "theirs": milliseconds(others)},
        )


def _fill(store: Store, stage: Stage) -> None:
    with closing(store.client()) as client:
        for document in documents(open_entries(stage.warm), stage.world.nodes):
            client.set(PREFIX + document["id"], json.dumps(document))
