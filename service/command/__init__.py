"""What each `relgraph` command does, one module per command, imported only when it is asked for."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from connectors.errors import GraphError


class StartError(GraphError):
    """Something outside the settings keeps a command from starting; the message says what."""


@contextmanager
def collector_off() -> Iterator[None]:
    """Keep the garbage collector from looking, again and again, through all that a start makes.

    Modules and models are made to stay: up to a seventh of a start was spent on finding that none of them
    is garbage (ADR 0037). A server turns it on once it serves.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def say(text: str) -> None:
    """Tell the person who typed the command, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
