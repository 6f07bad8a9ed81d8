"""Everything a running service has open, as the API uses it."""

from dataclasses import dataclass

from service.cache.store import Store
from service.settings import Settings
from service.usecases.expand import Expander
from service.usecases.pulse import Pulse
from service.usecases.source import Source


@dataclass(frozen=True, slots=True)
class Service:
    """What bootstrap has built; `expander` answers, `store` is the cache behind it.

    `pulse` knows how the sources have been doing.
    """

    settings: Settings
    sources: tuple[Source, ...]
    expander: Expander
    store: Store
    pulse: Pulse
