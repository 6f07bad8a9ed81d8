"""What a piece of work costs this process, whatever the tests before it have left behind."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector out of the block: its time grows with every object there is, not with the work."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
