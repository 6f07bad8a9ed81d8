"""`relgraph serve`: answer requests until SIGTERM or Ctrl-C."""

import argparse
import contextlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from socket import gaierror

import structlog

from connectors.errors import ConfigurationError
from connectors.settings import is_loopback
from service.adapters.embedded import start_embedded
from service.adapters.metrics_slot import MetricsSlot
from service.adapters.socket_folder import SocketFolder
from service.command import StartError, collector_off, say
from service.server import exit_on_sigterm, listener_url, open_listener, serve_here
from service.settings import EMBEDDED, Settings, load_settings
from service.supervisor import Supervisor

log = structlog.get_logger(__name__)


def run(chosen: argparse.Namespace) -> None:
    """Serve what the settings say; ConfigurationError when they are wrong, StartError when it cannot."""
    with collector_off():
        serve(
            load_settings(chosen.config),
            host=chosen.host,
            port=chosen.port,
            workers=chosen.workers,
            announce=lambda url: say(f"relgraph listening on {url}"),
        )


def serve(
    settings: Settings, *, host: str, port: int, workers: int = 1, announce: Callable[[str], None]
) -> None:
    """Serve until a signal comes; `announce` is told the URL once it answers."""
    if not settings.callers and not is_loopback(host):
        raise ConfigurationError(
            [f"--host {host}: without callers' API keys ([callers.<name>]) only loopback is listened on"]
        )
    exit_on_sigterm()
    try:
        listener = open_listener(host, port=port)
    except OSError as error:
        # Only a name that cannot be resolved has words of its own; the others' repeat the address.
        reason = (
            error.strerror if isinstance(error, gaierror) or not error.errno else os.strerror(error.errno)
        )
        raise StartError(f"cannot listen on {host}:{port}: {reason}") from error
    url = listener_url(listener)
    with listener, _with_store(settings) as ready:

        def announce_all() -> None:
            if settings.redis_url == EMBEDDED:
                # For `relgraph crosswalk`. No secret: its folder opens for this user alone.
                log.info("embedded_store", url=ready.redis_url)
            announce(url)

        from service.app import create_app  # noqa: PLC0415 - see import_app

        if workers == 1:
            serve_here(create_app, ready, listener=listener, announce=announce_all)
        else:
            with _slots(workers) as slots:
                builds = [partial(create_app, slot=slot) for slot in slots]
                Supervisor(builds, ready, listener=listener).run(announce=announce_all)


def import_app() -> None:
    """Import the application, three quarters of what a start has to do.

    Not with this module: wrong settings and a port in use are told before, and a store or an upstream
    that has been started in the meantime starts on another core.
    """
    import_module("service.app")


@contextlib.contextmanager
def _with_store(settings: Settings) -> Iterator[Settings]:
    """Start the embedded store, one for all workers, and put its real URL into the settings."""
    if settings.redis_url != EMBEDDED:
        yield settings
        return
    with start_embedded(meanwhile=import_app) as store:
        yield settings.model_copy(update={"redis_url": store.url})


@contextlib.contextmanager
def _slots(workers: int) -> Iterator[list[MetricsSlot]]:
    """Give each worker its place in a folder for what they count, which is gone afterwards."""
    folder = SocketFolder()
    try:
        yield [MetricsSlot(folder.path, number) for number in range(workers)]
    finally:
        folder.remove()
