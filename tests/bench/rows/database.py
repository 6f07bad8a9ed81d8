"""W3: warm 2-hop answers from Redis, against databases that hold them ready, all behind FastAPI."""

import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from subprocess import DEVNULL, Popen

from bench.contenders.documents import documents
from bench.contenders.layout import open_entries
from bench.effort import Effort
from bench.installing import install_node, install_python
from bench.likeness import check_alike
from bench.pinning import AROUND, on
from bench.question import SMALL, draw_seeds, question
from bench.row import Figure, Reach, Row
from bench.stage import Stage
from bench.timing import milliseconds
from bench.wire import Connection
from harness.process import Process
from service.adapters.embedded import find_binary

_ABOUT = "warm 2-hop, about 400 edges, the same JSON"
# How much faster from Redis, and when asked again, as the issue has it.
_WANTED: Mapping[str, tuple[str, float, float]] = {
    "falkordb": ("FalkorDB in the embedded Valkey, one query", 1.7, 5),
    "duckdb": ("DuckDB in memory, level by level", 3, 10),
    "sqlite": ("SQLite in memory, level by level", 1, 3),
}
_FALKORDB = {"@falkordblite/linux-x64": "8.2.3-falkordb.4.16.3"}


def measure(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Ask each seed of all in turn, and ours twice more: the second time it is kept, the third it is hot."""
    file = stage.folder / "documents.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for document in documents(open_entries(stage.warm), stage.world.nodes):
            lines.write(json.dumps(document) + "\n")
    service = stage.serve(stage.hot)
    rivals: dict[str, Process] = {}
    absent: dict[str, str] = {}
    for engine in _WANTED:
        try:
            rival = _start(engine, stage, file)
        except RuntimeError as error:
            rival = f"does not start: {str(error)[-60:]}"
        if isinstance(rival, str):
            absent[engine] = rival
        else:
            rivals[engine] = rival
    taken = _take(stage, effort, {"ours": service, **rivals})
    for process in (service, *rivals.values()):
        process.end()
    for engine, (against, warm, hot) in _WANTED.items():
        for name, told, least, ours in (
            (f"W3/{engine}", "from Redis", warm, "ours"),
            (f"W3/{engine} hot", "asked again", hot, "ours hot"),
        ):
            reach = Reach("at least", least)
            if engine in absent:
                yield Row(name, f"{_ABOUT}, {told}", against, reach, missing=absent[engine])
                continue
            mine, other = median(taken[ours]), median(taken[engine])
            yield Row(
                name,
                f"{_ABOUT}, {told}",
                against,
                reach,
                Figure(mine * 1000, "ms"),
                Figure(other * 1000, "ms"),
                other / mine,
                detail={"ours": milliseconds(taken[ours]), "theirs": milliseconds(taken[engine])},
            )


def _take(stage: Stage, effort: Effort, asked: Mapping[str, Process]) -> dict[str, list[float]]:
    connections = {name: Connection(process.url) for name, process in asked.items()}
    taken: dict[str, list[float]] = {name: [] for name in (*asked, "ours hot")}
    for turn, node in enumerate(draw_seeds(stage.world, SMALL, count=effort.seeds + effort.warm_up)):
        target = question(node, hops=SMALL.hops)
        heard = {name: connection.ask(target) for name, connection in connections.items()}
        connections["ours"].ask(target)
        again = connections["ours"].ask(target)
        if turn < effort.warm_up:
            for name, reply in heard.items():
                check_alike(heard["ours"].body, reply.body, who=name)
            continue
        for name, reply in heard.items():
            taken[name].append(reply.seconds)
        taken["ours hot"].append(again.seconds)
    for connection in connections.values():
        connection.close()
    return taken


def _start(engine: str, stage: Stage, file: Path) -> Process | str:
    """Start a database behind FastAPI, or say why it cannot be."""
    options = ["--engine", engine, "--documents", str(file)]
    place = (stage.scratch / engine).resolve()
    if engine == "duckdb":
        why = install_python("duckdb", into=place)
        return why or stage.contend("database", *options, path=place)
    if engine == "falkordb":
        manifest = json.dumps({"private": True, "dependencies": _FALKORDB})
        why = install_node(_FALKORDB, into=place, manifest=manifest)
        if why is None and platform.machine() != "x86_64":
            why = "not installed: its package is for x86_64"
        if why is not None:
            return why
        (module,) = place.glob("node_modules/@falkordblite/linux-x64/bin/falkordb.so")
        options += ["--url", stage.stack.enter_context(_server(stage.folder, module))]
    return stage.contend("database", *options)


@contextmanager
def _server(folder: Path, module: Path) -> Iterator[str]:
    """Run the embedded server with the module in it."""
    place = folder / "falkordb.sock"
    command = [find_binary(), "--port", "0", "--unixsocket", str(place), "--save", "", "--dir", str(folder)]
    with on(AROUND):
        process = Popen(  # noqa: S603 - the binary that the service itself would take
            [*command, "--loadmodule", str(module), "THREAD_COUNT", "1"],
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
    try:
        while not place.exists():
            if process.poll() is not None:
                raise RuntimeError("the server does not take the module")
        yield f"unix://{place}"
    finally:
        process.kill()
        process.wait()
