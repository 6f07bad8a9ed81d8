"""M2: what a worker holds in memory: idle, after many answers, and during a very large one."""

from collections.abc import Iterator, Mapping
from time import sleep

from bench.effort import Effort
from bench.question import SMALL, Size, draw_seeds, question
from bench.row import Figure, Reach, Row
from bench.stage import Stage
from bench.usage import resident_megabytes
from bench.wire import Connection
from harness.process import Process

_HUGE = Size(4, 100_000)
_QUIET = 1.0


def measure(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Look at a worker that has only started, let it answer, and look again."""
    idle = stage.serve(stage.warm)
    sleep(_QUIET)
    yield _row("M2 idle", "resident memory of an idle worker", _resident(idle), 130)
    idle.end()
    yield _growth(stage, effort)
    yield _huge(stage)


def _growth(stage: Stage, effort: Effort) -> Row:
    service = stage.serve(stage.warm)
    connection = Connection(service.url)
    targets = [question(node, hops=1) for node in draw_seeds(stage.world, SMALL, count=500)]
    sizes = []
    # By the first half everything that is kept on purpose is there.
    for _ in range(2):
        for number in range(effort.answers // 2):
            connection.ask(targets[number % len(targets)])
        sizes.append(_resident(service))
    connection.close()
    service.end()
    about = f"growth from {effort.answers // 2} answers to {effort.answers} (wanted: over 100 000)"
    return _row("M2 growth", about, sizes[1] - sizes[0], 1, detail={"resident": sizes})


def _huge(stage: Stage) -> Row:
    service = stage.serve(stage.large)
    connection = Connection(service.url)
    (node,) = draw_seeds(stage.large_world, _HUGE, count=1)
    connection.ask(question(node, hops=1))
    before = _resident(service)
    heard = connection.ask(question(node, hops=_HUGE.hops))
    if heard.status != 200:
        raise RuntimeError(f"no answer: {heard.status}")
    extra = resident_megabytes(service.popen.pid, peak=True) - before
    connection.close()
    service.end()
    detail = {"seconds": heard.seconds, "bytes": len(heard.body), "before": before}
    return _row("M2 huge", "extra memory during one answer of about 100 000 edges", extra, 300, detail=detail)


def _resident(process: Process) -> float:
    return resident_megabytes(process.popen.pid)


def _row(name: str, about: str, value: float, most: float, detail: Mapping[str, object] | None = None) -> Row:
    reach = Reach("at most", most, "MB")
    return Row(name, about, "-", reach, Figure(value, "MB"), ratio=value, detail=detail or {})
