"""Everything a running service has open, as the API uses it."""

from dataclasses import dataclass

from connectors.ports import Clock
from service.cache.store import Store
from service.settings import Settings
from service.usecases.expand import Expander
from service.usecases.source import Source


@dataclass(frozen=True, slots=True)
class Service:
    """What bootstrap has built; `expander` answers, `store` is the cache behind it."""

    settings: Settings
    sources: tuple[Source, ...]
    expander: Expander
    store: Store
    clock: Clock
