"""`Server-Timing` (W3C): how long a request and its parts took, for operators and dashboards.

A part is noted in the request's state by whoever does it; the outermost layer writes them all into
the header, beside `total`. Tenths of a millisecond: enough for people, too coarse to tell keys by.
"""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any, cast

_STATE = "timings"

Scope = MutableMapping[str, Any]
"""What ASGI knows of a request; a `Request`'s own is its `.scope`."""


@contextmanager
def timed(scope: Scope, name: str) -> Iterator[None]:
    """Note how long the block takes as the part `name`."""
    started = perf_counter()
    try:
        yield
    finally:
        note_timing(scope, name, seconds=perf_counter() - started)


def note_timing(scope: Scope, name: str, *, seconds: float) -> None:
    """Add to the part `name`, a token such as `encode`; what is noted twice is summed."""
    noted = _noted(scope)
    noted[name] = noted.get(name, 0.0) + seconds


def server_timing(scope: Scope, *, total: float) -> str:
    """Write the header (https://www.w3.org/TR/server-timing/): `total` seconds first, then the parts."""
    parts = {"total": total, **_noted(scope)}
    return ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in parts.items())


def _noted(scope: Scope) -> dict[str, float]:
    state = scope.setdefault("state", {})
    return cast("dict[str, float]", state.setdefault(_STATE, {}))
