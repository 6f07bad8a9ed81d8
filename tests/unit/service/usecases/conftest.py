"""A stage for the use cases: scripted upstreams behind real walks, driver, keys, codec and store."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import ConnectorSpec, Freshness, Pace
from connectors.credential import Scheme
from connectors.errors import OverBudgetError, StoreUnavailableError
from connectors.ports import Demand, Sender
from connectors.runtime.driver import drive
from connectors.settings import Visibility
from connectors.walk import Finding, Walk
from connectors.wire import Call, Reply
from harness.toy import FixedClock, Site, Toy
from service.adapters.cipher import Cipher
from service.adapters.memory_store import MemoryStore
from service.adapters.seal import CursorSeal
from service.cache.hasher import Hasher
from service.cache.partition import caller_partition, configured_partition
from service.cache.store import Item
from service.graph.measure import Measure
from service.graph.skeleton import Skeleton
from service.usecases.answer.answering import Answer
from service.usecases.answer.expand import Expander
from service.usecases.answer.measuring import Measuring
from service.usecases.answer.resume import Resume
from service.usecases.asking.flight import Drive
from service.usecases.asking.flights import Flights
from service.usecases.asking.lease import OneProcess
from service.usecases.cached.cabinet import Cabinet
from service.usecases.cached.revoked import Revoked
from service.usecases.crosswalk.crosswalks import Crosswalks
from service.usecases.meter import NoMeter
from service.usecases.pulse import Pulse
from service.usecases.request import GraphRequest
from service.usecases.source import Access, Source, UpstreamCredential


class FrailStore(MemoryStore):
    """The memory store, counting round trips and breaking when told to.

    `on_load` is told how many keys are loaded.
    """

    loads = 0
    broken = False
    on_load: Callable[[int], None] | None = None

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Count, then load."""
        self._check()
        self.loads += 1
        if self.on_load is not None:
            self.on_load(len(keys))
        assert len(set(keys)) == len(keys), "no key is asked for twice"
        return await super().load(keys)

    async def save(self, items: Sequence[Item]) -> None:
        """Save, unless broken."""
        self._check()
        await super().save(items)

    def evict(self, keys: Sequence[str]) -> None:
        """Forget the keys, as a store does that is full."""
        for key in keys:
            self._forget(key)

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailableError("the store is down")


@dataclass(frozen=True)
class _Caller:
    site: Site
    identity: str

    async def send(self, call: Call, *, timeout: timedelta, demand: Demand) -> Reply:
        if (fault := self.site.held_back) is not None:
            raise fault
        if not demand.take():
            raise OverBudgetError
        return await self.site.send(call, timeout=timeout, caller=self.identity)


class _NoMeasurer:
    """Measures nothing: what is light does not come here."""

    async def take(
        self, measures: Sequence[Measure], *, skeleton: Skeleton, deadline: float
    ) -> dict[Measure, Sequence[float]]:
        """Finish none."""
        return {}


class Stage:
    """Everything around the use cases, with a clock that a test moves."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.store = FrailStore(clock=self.clock)
        self.turn_keys("a key for tests")
        self.revoked = Revoked()
        self.pulse = Pulse()
        self.sources: list[Source] = []
        self.tenant_proof = timedelta(minutes=10)
        self.cursor_ttl = timedelta(hours=1)
        self.flights = self.fly(self.drive)

    def fly(self, drive: Drive) -> Flights:
        """Give flights of this process alone."""
        return Flights(drive, leases=OneProcess(), clock=self.clock, meter=NoMeter())

    def turn_keys(self, *secret_keys: str) -> None:
        """Have the operator configure other secret keys, of which the first signs."""
        self.hasher, self.cipher = Hasher(secret_keys), Cipher(secret_keys)

    async def sleep(self, wait: timedelta) -> None:
        """Let the clock pass instead of waiting."""
        self.clock.passed += wait.total_seconds()
        await asyncio.sleep(0)

    def source(
        self,
        name: str,
        *namespaces: str,
        visibility: Visibility = Visibility.CREDENTIAL,
        by_caller: bool = False,
        freshness: Freshness | None = None,
        tenants: tuple[str, ...] = (),
        pushes: bool = False,
        **spec: Any,
    ) -> Any:
        """Configure a source of its own kind over a new site, and give the site."""
        site = Site(self.clock)
        kind = spec.pop("kind", name)
        sheet: dict[str, Any] = {"relations": (), "scope": (), "mapping_version": 1} | spec
        toy = Toy(ConnectorSpec(kind, namespaces, **sheet), tenants, pushes)

        def admit(credential: UpstreamCredential | None) -> Access:
            if not by_caller:
                return Access(configured_partition(name), _Caller(site, name))
            if credential is None:
                return Access("", None)
            identity = caller_partition(credential.scheme, credential.value, hasher=self.hasher)
            return Access(identity, _Caller(site, credential.value), credential)

        schemes = frozenset({Scheme.BEARER}) if by_caller else frozenset[Scheme]()
        self.sources.append(Source(name, toy, freshness or Freshness(), Pace(), visibility, schemes, admit))
        return site

    @property
    def cabinet(self) -> Cabinet:
        """Give what a shelf stands on."""
        return Cabinet(self.store, self.hasher, self.clock, self.revoked, self.tenant_proof)

    async def drive(
        self, walk: Walk, *, sender: Sender, demand: Demand, deadline: float
    ) -> tuple[Finding, ...]:
        """Drive as the service does, without dice."""
        return await drive(
            walk,
            sender=sender,
            demand=demand,
            deadline=deadline,
            clock=self.clock,
            sleeper=self,
            jitter=lambda: 0.0,
        )

    async def ask(
        self, node: str | Sequence[str], *, as_: dict[str, str] | str | None = None, **rest: Any
    ) -> Answer:
        """Ask; `as_` is the caller's token for every source, or by source."""
        names = [source.name for source in self.sources]
        tokens = dict.fromkeys(names, as_) if isinstance(as_, str) else (as_ or {})
        credentials = {
            name: UpstreamCredential(Scheme.BEARER, token)
            for name, token in tokens.items()
            if token is not None
        }
        seeds = (node,) if isinstance(node, str) else tuple(node)
        return await self.expander.expand(GraphRequest(seeds, credentials=credentials, **rest))

    @property
    def resume(self) -> Resume:
        """Give what opens and makes cursors."""
        return Resume(self.store, self.hasher, CursorSeal(self.cipher), self.clock, self.cursor_ttl)

    @property
    def expander(self) -> Expander:
        """Give what answers, over the sources configured so far."""
        connectors = {source.name: source.connector for source in self.sources}
        return Expander(
            tuple(self.sources),
            self.cabinet,
            self.flights,
            self.clock,
            self.pulse,
            self.resume,
            Crosswalks(self.store, connectors=connectors, clock=self.clock),
            Measuring(_NoMeasurer()),
        )


@pytest.fixture
def stage() -> Stage:
    """Give an empty stage: no source, nothing cached, noon."""
    return Stage()


@pytest.fixture(scope="session")
def make_stage() -> type[Stage]:
    """Give what makes a stage, for tests that need many."""
    return Stage
