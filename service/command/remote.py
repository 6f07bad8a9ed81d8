"""The store of a service that runs elsewhere, as a command reaches it."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta

from connectors.errors import ConfigurationError, StoreUnavailableError
from connectors.runtime.clock import SystemClock
from service.adapters.redis_store import RedisStore
from service.cache.store import Store
from service.command import StartError
from service.log import configure_log
from service.settings import EMBEDDED, Settings

# Nobody waits for an answer here, and a value may be some megabytes.
TIMEOUT = timedelta(seconds=10)
_UNREACHABLE = (
    'redis_url: "embedded" is the store of a running service, and only it knows where: name that store with '
    "--redis-url (`relgraph serve` logs its URL as embedded_store, `relgraph demo` prints it)"
)


def run_to_end(work: Coroutine[object, object, None]) -> None:
    """Run a command's work; StartError is the store's trouble."""
    # What goes wrong with the store ends the command, and says so itself.
    configure_log("error")
    try:
        asyncio.run(work)
    except StoreUnavailableError as error:
        cause = f" ({error.__cause__})" if error.__cause__ is not None else ""
        raise StartError(f"{error}{cause}") from error


def store_url(chosen: argparse.Namespace, settings: Settings | None) -> str:
    """Give where the store is, by the command line or the settings; ConfigurationError when neither knows."""
    url: str = chosen.redis_url or (EMBEDDED if settings is None else settings.redis_url)
    if url == EMBEDDED:
        raise ConfigurationError([_UNREACHABLE])
    return url


@asynccontextmanager
async def open_store(chosen: argparse.Namespace, settings: Settings | None) -> AsyncIterator[Store]:
    """Open that store while the block lasts."""
    store = RedisStore(store_url(chosen, settings), clock=SystemClock(), timeout=TIMEOUT)
    try:
        yield store
    finally:
        await store.close()
