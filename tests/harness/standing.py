"""A service that stands while a block lasts, whatever its test does to it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

from harness.plain import EACH_ANEW, client_of
from harness.process import Process, start_service
from harness.settings import write_settings

# A store timeout long enough that a busy machine is not taken for trouble.
_USUAL: dict[str, Any] = {"secret_keys": ["a secret key of all services here"], "store_timeout": "2s"}


@contextmanager
def standing(
    folder: Path, *arguments: str, sources: Mapping[str, Mapping[str, Any]], **top: Any
) -> Iterator[tuple[Process, httpx.Client]]:
    """Serve with these settings and arguments of `relgraph serve`; the settings file goes into `folder`."""
    config = folder / f"relgraph-{len(list(folder.iterdir()))}.toml"
    write_settings(config, sources=sources, **_USUAL | top)
    with ExitStack() as stack:
        process = start_service(config, *arguments)
        stack.callback(process.end)
        yield process, stack.enter_context(client_of(process.url, timeout=30))


def ready(client: httpx.Client) -> str:
    """Give the word of /readyz, which is 200 whatever the store does."""
    reply = client.get("/readyz")
    assert reply.status_code == 200
    return str(reply.json()["status"])


def await_ready(client: httpx.Client, word: str, *, within: float) -> None:
    """Wait until /readyz says the word several times in a row: each worker speaks for itself.

    Over a new connection each time, since one that stays open stays with its worker.
    """
    end = monotonic() + within
    in_a_row = 0
    while in_a_row < 6:
        assert monotonic() < end, f"not {word} within {within} s"
        reply = EACH_ANEW.get(f"{client.base_url}/readyz")
        assert reply.status_code == 200
        in_a_row = in_a_row + 1 if reply.json()["status"] == word else 0
        sleep(0.02)
