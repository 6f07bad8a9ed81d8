"""Replicas of the service on one store, as they stand behind a load balancer."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from signal import SIGKILL
from typing import Any

from harness.process import Process, start_service
from harness.settings import write_settings
from harness.store import Store

REPLICAS = 4
# A store timeout long enough that a busy machine is not taken for trouble.
_USUAL: dict[str, Any] = {"secret_keys": ["a secret key of the whole fleet"], "store_timeout": "2s"}


class Fleet:
    """Some replicas, started together from one settings file; they keep their numbers."""

    def __init__(self, config: Path, *, replicas: int, workers: int) -> None:
        """Start them side by side; when one does not start, the others are ended."""
        start = partial(start_service, config, "--workers", str(workers))
        with ThreadPoolExecutor(replicas) as pool:
            starting = [pool.submit(start) for _ in range(replicas)]
        self.replicas: list[Process] = [each.result() for each in starting if each.exception() is None]
        for each in starting:
            if (error := each.exception()) is not None:
                self.end()
                raise error

    @property
    def urls(self) -> list[str]:
        """Say where each listens."""
        return [replica.url for replica in self.replicas]

    def kill(self, number: int) -> None:
        """Kill one without warning, with whatever it holds."""
        self.replicas[number].end(SIGKILL)

    def end(self) -> None:
        """End them all, side by side."""
        with ThreadPoolExecutor(max(1, len(self.replicas))) as pool:
            for replica in self.replicas:
                pool.submit(replica.end)


@contextmanager
def sailing(
    folder: Path,
    *,
    store: Store,
    sources: Mapping[str, Mapping[str, Any]],
    replicas: int = REPLICAS,
    workers: int = 1,
    **top: Any,
) -> Iterator[Fleet]:
    """Have a fleet with these settings while the block lasts; the settings file goes into `folder`."""
    config = folder / f"fleet-{len(list(folder.iterdir()))}.toml"
    write_settings(config, sources=sources, **_USUAL | {"redis_url": store.url} | top)
    fleet = Fleet(config, replicas=replicas, workers=workers)
    try:
        yield fleet
    finally:
        fleet.end()
