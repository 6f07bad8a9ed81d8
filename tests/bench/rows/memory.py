"""M1: what a cached relation takes in Redis, with all that belongs to it."""

from collections.abc import Iterator

from bench.effort import Effort
from bench.pinning import EVERYWHERE, on
from bench.row import Figure, Reach, Row
from bench.stage import NOWHERE, Stage, used_bytes
from bench.world.autodesk import build_project
from bench.world.stocking import stock
from bench.world.threatwinds import SEED
from connectors.runtime.clock import SystemClock
from harness.settings import autodesk
from service.settings import load_settings

_SOURCE = "acc"
_ABOUT = "Redis bytes per listed relation, node attributes, keys and expiry included: "


def measure(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Fill a store, and divide what it says it uses more than before by what was listed."""
    yield _row("M1/threatwinds", "ThreatWinds, mean degree 20", stage.warm_bytes, 42)
    store = stage.start_store()
    config = stage.settle(
        {_SOURCE: autodesk(NOWHERE, ttl="12h", stale_for="1h", absent_ttl="12h")}, redis_url=store.url
    )
    project, at = build_project(size=effort.project, seed=SEED), SystemClock().now()
    before = used_bytes(store)
    with on(*EVERYWHERE):
        listed = stock(load_settings(config, environ={}), source=_SOURCE, told=project.told(), at=at)
    yield _row("M1/autodesk", "Autodesk, mean degree 20", (used_bytes(store) - before) / listed, 110)


def _row(name: str, what: str, value: float, most: float) -> Row:
    reach = Reach("at most", most, "B")
    return Row(name, _ABOUT + what, "-", reach, Figure(value, "B"), ratio=value)
