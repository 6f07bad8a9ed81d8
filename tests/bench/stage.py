"""What the rows share for one run: worlds, stores, upstreams, services and contenders, each started once."""

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.pinning import AROUND, EVERYWHERE, SERVING, on
from bench.world.stocking import stock
from bench.world.threatwinds import World, build_world
from connectors.runtime.clock import SystemClock
from connectors.wire import Aspect
from harness.process import Process, start_service
from harness.settings import threatwinds, write_settings
from harness.store import Store
from service.settings import load_settings

FEED = "feed"
"""What the source is called everywhere."""
NOWHERE = "http://127.0.0.1:9"
"""The upstream of services that find everything in their store: nobody listens there."""
SIZE = 5_000
_KEEP = {"ttl": "12h", "stale_for": "1h", "absent_ttl": "12h"}
# So that a disturbance is never taken for a store that is down.
_USUAL = {
    "secret_keys": ["the key of every run of the bench"],
    "store_timeout": "5s",
    "log_level": "error",
    # Nothing is kept in the process, but where a row is about that.
    "repeats_bytes": 0,
}
REPEATS = 64 * 1024 * 1024
"""What a worker keeps as it comes, in bytes."""


@dataclass(frozen=True, slots=True)
class Stocked:
    """The settings of who finds a whole world in a store, and what its relations take there."""

    config: Path
    bytes_per_relation: float


class Stage:
    """Starts what a row asks for; whatever was started ends with the stage."""

    def __init__(self, stack: ExitStack, *, scratch: Path) -> None:
        """Have everything end with `stack`; `scratch` keeps what contenders are installed into."""
        self.stack = stack
        self.scratch = scratch
        self.folder = Path(stack.enter_context(TemporaryDirectory(prefix="rgb-")))
        self._files = 0
        self._moment = SystemClock().now()

    @cached_property
    def world(self) -> World:
        """Build the world that most rows are about: 100 000 listed relations of 5 000 nodes."""
        return build_world(size=SIZE)

    @property
    def warm(self) -> Path:
        """Give the settings of who finds all of that world in a store."""
        return self._warm.config

    @cached_property
    def hot(self) -> Path:
        """Give the settings of who finds the same in the same store, and keeps what is asked again."""
        url = load_settings(self.warm, environ={}).redis_url
        return self.configure(NOWHERE, store=url, repeats_bytes=REPEATS)

    @property
    def warm_bytes(self) -> float:
        """Give the bytes that the store takes for each relation listed in it."""
        return self._warm.bytes_per_relation

    @cached_property
    def large_world(self) -> World:
        """Build a world ten times as large: 1 000 000 listed relations."""
        return build_world(size=10 * SIZE)

    @cached_property
    def large(self) -> Path:
        """Give the settings of who finds all of the large world in a store."""
        return self.fill(self.large_world, url=self.start_store().url)

    @cached_property
    def _warm(self) -> "Stocked":
        store = self.start_store()
        config = self.configure(NOWHERE, store=store.url)
        before = used_bytes(store)
        listed = self._stock(config, self.world, Aspect.RELATIONS)
        taken = used_bytes(store) - before
        # Of a seed more is asked than its relations; what nobody lists is no part of the figure.
        self._stock(config, self.world, Aspect.DESCRIPTION)
        return Stocked(config, taken / listed)

    def fill(self, world: World, *, url: str) -> Path:
        """Put a world into the store at the URL, and give the settings of who finds it there."""
        config = self.configure(NOWHERE, store=url)
        for aspect in Aspect:
            self._stock(config, world, aspect)
        return config

    def _stock(self, config: Path, world: World, aspect: Aspect) -> int:
        # Everything was heard at one moment: contenders keep what is told ready, and it is the same for all.
        settings = load_settings(config, environ={})
        with on(*EVERYWHERE):
            return stock(settings, source=FEED, told=world.told(aspect), at=self._moment)

    def start_store(self) -> Store:
        """Start an empty store."""
        with on(AROUND):
            return self.stack.enter_context(Store())

    def configure(self, upstream: str, *, store: str, **top: Any) -> Path:
        """Write the settings of a service with one ThreatWinds source."""
        return self.settle({FEED: threatwinds(upstream, **_KEEP)}, redis_url=store, **top)

    def settle(self, sources: Mapping[str, Mapping[str, Any]], **top: Any) -> Path:
        """Write a settings file."""
        self._files += 1
        return write_settings(self.folder / f"{self._files}.toml", sources=sources, **_USUAL | top)

    def serve(self, config: Path, *arguments: str) -> Process:
        """Start the service; all its processes share the one core."""
        with on(SERVING):
            process = start_service(config, *arguments)
        self.stack.callback(process.end)
        return process

    def contend(self, contender: str, *arguments: str, path: Path | None = None) -> Process:
        """Start a contender that listens: the module of this name in `bench.contenders`.

        What it needs that is not ours is installed in the folder `path`.
        """
        places = os.pathsep.join((os.environ.get("PYTHONPATH", ""), *([] if path is None else [str(path)])))
        command = [sys.executable, "-m", f"bench.contenders.{contender}", *arguments]
        with on(SERVING):
            process = Process(command, environment={"PYTHONPATH": places})
        self.stack.callback(process.end)
        return process

    def start_upstream(self, latency: str = "0") -> Process:
        """Serve the world as the upstream does; `latency` as in `bench.upstream`."""
        with on(AROUND):
            process = Process([sys.executable, "-m", "bench.upstream", "--latency", latency])
        self.stack.callback(process.end)
        return process


def used_bytes(store: Store) -> int:
    """Give what the server says that it uses."""
    with closing(store.client()) as client:
        return int(client.info("memory")["used_memory"])
