"""Two ThreatWinds upstreams that meet on shared values, Autodesk in two containers, a service over all."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.asking import Asker, Json
from harness.board import Board
from harness.oracle.pairs import Matchmaker, Pair
from harness.oracle.question import Question
from harness.oracle.route import Terrain, survey
from harness.oracle.universe import World, read_autodesk, read_threatwinds
from harness.place import SECOND
from harness.plain import client_of
from harness.process import start_sandbox, start_service
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings

AMPLE = {"max_nodes": "50000", "max_edges": "200000", "fan_out": "10000", "timeout": "60"}
PLAIN = Question()
SITE = "acc"
FEEDS = ("first", "second")


@dataclass(slots=True)
class Stage:
    """The upstreams, what is true there, and the service over them."""

    boards: Sequence[Board]
    worlds: tuple[World, ...]
    asker: Asker

    @property
    def plain(self) -> Terrain:
        """Give all arcs there are without a filter."""
        return survey(self.worlds, PLAIN)

    def ask(self, pair: Pair, **more: str) -> Json:
        """Ask anew, whatever is cached."""
        query: dict[str, Any] = {**AMPLE, **pair.query, "max_age": "0", **more}
        return self.asker.graph(query.pop("node"), **query)

    def calls(self) -> int:
        """Count the calls in the upstreams' journals."""
        return sum(len(board.calls()) for board in self.boards)

    def forget(self) -> None:
        """Empty the journals."""
        for board in self.boards:
            board.forget()

    def draw(self, *, seed: int, most: int = 12, sources: Sequence[str] = (*FEEDS, SITE)) -> Iterator[Pair]:
        """Draw random pairs that a path joins; `hops` is its length."""
        matchmaker = Matchmaker(self.worlds, PLAIN, seed=seed)
        return (matchmaker.draw_any(sources=sources) for _ in range(most))


@contextmanager
def crossing(folder: Path) -> Iterator[Stage]:
    """Start everything at once while the block lasts; the settings file goes into `folder`."""
    with ExitStack() as ending, ThreadPoolExecutor() as starting:
        jobs = [starting.submit(start_sandbox, "threatwinds", "--seed", seed) for seed in ("7", "8")]
        jobs.append(starting.submit(start_sandbox, "autodesk"))
        processes = []
        for job in jobs:
            processes.append(job.result())
            ending.callback(processes[-1].end)
        boards = [Board(process.url) for process in processes]
        first, second, site = boards
        first.reset(giant=False)
        second.reset(giant=False)
        site.reset(requests_per_minute=None)
        sources = {
            "first": threatwinds(processes[0].url),
            "second": threatwinds(processes[1].url),
            SITE: autodesk(processes[2].url, containers=[CONTAINER, SECOND]),
        }
        config = write_settings(folder / "r.toml", redis_url="embedded", store_timeout="5s", sources=sources)
        service = start_service(config)
        ending.callback(service.end)
        client = ending.enter_context(client_of(service.url, timeout=70))
        worlds = (
            read_threatwinds("first", first.world(), groups=("public",)),
            read_threatwinds("second", second.world(), groups=("public",)),
            read_autodesk(SITE, site.world(), containers=(CONTAINER, SECOND), read_only=()),
        )
        yield Stage(boards, worlds, Asker(client))
