"""Everything a running service has open, as the API uses it."""

from dataclasses import dataclass
from typing import Any

from service.cache.hasher import Hasher
from service.cache.store import Store
from service.settings import Settings
from service.usecases.answer.expand import Expander
from service.usecases.caller_limits import CallerLimits
from service.usecases.metrics import Metrics
from service.usecases.plan import Planner
from service.usecases.pulse import Pulse
from service.usecases.repeats import Repeats
from service.usecases.source import Source
from service.usecases.switch import Switchboard


@dataclass(frozen=True, slots=True)
class Service:
    """What bootstrap has built; `expander` answers, `store` is the cache behind it.

    `planner` tells what an answer will take, `pulse` how the sources have been doing, `metrics` how much
    of everything there was, `repeats` keeps answers as the API has made them, `caller_limits` counts
    how often each caller asks.
    """

    settings: Settings
    hasher: Hasher
    sources: tuple[Source, ...]
    expander: Expander
    planner: Planner
    store: Store
    pulse: Pulse
    metrics: Metrics
    switchboard: Switchboard
    repeats: Repeats[Any]
    caller_limits: CallerLimits
