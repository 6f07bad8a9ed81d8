"""Which core does what: the service and its contenders share one, everything around them has the other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

EVERYWHERE = sorted(os.sched_getaffinity(0))
"""All cores there are, for what is not measured."""
SERVING = EVERYWHERE[0]
"""Where the service and its contenders run: never two of them at once."""
AROUND = EVERYWHERE[-1]
"""Where store, upstream and client run; the same core where there is only one."""


@contextmanager
def on(*cores: int) -> Iterator[None]:
    """Have the block, and whatever is started in it, run on these cores; what was started stays there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
