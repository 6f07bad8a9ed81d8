"""W1: one answer asked again and again, against the same bytes from a bare route of the same server."""

from collections.abc import Iterator
from itertools import repeat
from statistics import median

from bench.effort import Effort
from bench.load import Load
from bench.question import LARGE, draw_seeds, question
from bench.row import Figure, Reach, Row
from bench.stage import Stage
from bench.turns import alternating
from bench.wire import Connection

_CONNECTIONS = 4


def measure(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Have each answer as many as it can, in turns of a second, and compare the turns' medians."""
    (node,) = draw_seeds(stage.world, LARGE, count=1)
    target = question(node, hops=LARGE.hops)
    service = stage.serve(stage.hot)
    connection = Connection(service.url)
    # Asked twice at least: then the answer is kept.
    for _ in range(max(2, effort.warm_up)):
        heard = connection.ask(target)
    connection.close()
    body = stage.folder / "hot.json"
    body.write_bytes(heard.body)
    bare = stage.contend("bare_route", "--config", str(stage.warm), "--body", str(body))
    ours, theirs = Load(service.url, connections=_CONNECTIONS), Load(bare.url, connections=_CONNECTIONS)

    def rate(load: Load) -> float:
        count, seconds = load.closed(repeat(target), seconds=effort.turn)
        return count / seconds

    rate(theirs)
    rates = alternating(lambda: rate(ours), lambda: rate(theirs), rounds=effort.rounds)
    ours.close()
    theirs.close()
    service.end()
    bare.end()
    own, others = map(median, rates)
    yield Row(
        "W1",
        "hot: one 2-hop answer of about 1 300 edges asked again, one worker",
        "the same bytes from a bare FastAPI route of the same server",
        Reach("at least", 1.0),
        Figure(own, "/s"),
        Figure(others, "/s"),
        own / others,
        detail={"bytes": len(heard.body), "connections": _CONNECTIONS, "rates": rates},
    )
