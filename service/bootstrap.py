"""From settings to a running service: everything is built and opened here, and closed again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import random
from typing import Any

from connectors.credential import CallerCredential, RefreshCredential
from connectors.ports import Clock, Demand, Governor, Sender, Sleeper, Vault
from connectors.runtime.auth import open_authorizer
from connectors.runtime.circuits import Circuits
from connectors.runtime.clock import SystemClock, SystemSleeper
from connectors.runtime.driver import drive
from connectors.runtime.file_vault import FileVault
from connectors.runtime.http import HttpSender, open_client
from connectors.runtime.pace import LocalGovernor
from connectors.walk import Finding, Walk
from service.adapters.breaker import Breaker
from service.adapters.cipher import Cipher
from service.adapters.embedded import start_embedded
from service.adapters.measuring_process import MeasuringProcess
from service.adapters.metrics import ProcessMetrics
from service.adapters.metrics_slot import MetricsSlot
from service.adapters.redis_caller_limits import RedisCallerLimits
from service.adapters.redis_governor import RedisGovernor
from service.adapters.redis_leases import RedisLeases
from service.adapters.redis_store import RedisStore
from service.adapters.seal import CursorSeal
from service.adapters.signals import Signals
from service.adapters.upstream import Upstream
from service.adapters.vault import RedisVault
from service.cache.hasher import Hasher
from service.cache.key import WATCHED
from service.settings import EMBEDDED, Settings, SourceEntry
from service.usecases.answer.expand import Expander
from service.usecases.answer.measuring import Measuring
from service.usecases.answer.resume import Resume
from service.usecases.asking.flights import Flights
from service.usecases.cached.cabinet import Cabinet
from service.usecases.cached.revoked import Revoked, keep_telling
from service.usecases.caller_limits import CallerLimits
from service.usecases.crosswalk.crosswalks import Crosswalks
from service.usecases.estimate.experience import Experience
from service.usecases.estimate.lore import Lore, keep_learning
from service.usecases.plan import Planner
from service.usecases.pulse import Pulse
from service.usecases.repeats import Repeats
from service.usecases.service import Service
from service.usecases.source import Source
from service.usecases.switch import Switchboard, keep_reading, read_once

# How long the store may say nothing before it is asked for a word; after twice as long it counts as gone.
_QUIET = timedelta(seconds=1)
# The first two pauses of an open circuit are waited out, the longer ones are told.
_AWAITED = timedelta(milliseconds=600)


@asynccontextmanager
async def open_service(settings: Settings, *, slot: MetricsSlot | None = None) -> AsyncIterator[Service]:
    """Open the service of one process; ConfigurationError when it can never work.

    An embedded store is started here only if nobody has done so for all workers before; `slot` is
    where several workers leave their numbers for each other.
    """
    clock, sleeper = SystemClock(), SystemSleeper()
    async with AsyncExitStack() as stack:
        url = settings.redis_url
        if url == EMBEDDED:
            url = stack.enter_context(start_embedded()).url
        # One for all: what costs one of them its time need not cost the others theirs.
        breaker = Breaker(clock=clock, pause=timedelta(seconds=1))
        store = RedisStore(url, clock=clock, timeout=settings.store_timeout, breaker=breaker)
        stack.push_async_callback(store.close)
        metrics = ProcessMetrics(store=store, clock=clock, slot=slot)
        keys = [key.get_secret_value() for key in settings.secret_keys]
        signals = Signals(url, clock=clock, timeout=settings.store_timeout, quiet=_QUIET)
        repeats = _keep_repeats(signals, settings.repeats_bytes, clock)
        await signals.start()
        stack.push_async_callback(signals.close)
        local = LocalGovernor(clock=clock)
        governor = RedisGovernor(
            url, signals=signals, local=local, clock=clock, timeout=settings.store_timeout, breaker=breaker
        )
        await governor.start()
        stack.push_async_callback(governor.close)
        leases = RedisLeases(
            url, signals=signals, clock=clock, timeout=settings.store_timeout, breaker=breaker
        )
        stack.push_async_callback(leases.close)
        flights = Flights(_Driver(clock, sleeper), leases=leases, clock=clock, meter=metrics)
        stack.push_async_callback(flights.close)
        circuits = Circuits(clock=clock, jitter=random, awaited=_AWAITED)
        switchboard = Switchboard({name: entry.settings.enabled for name, entry in settings.sources.items()})
        await read_once(switchboard, store=store)
        opener = _Opener(stack, url, Cipher(keys), Hasher(keys), governor, circuits, metrics, switchboard)
        sources = tuple([await opener.open_source(entry) for entry in settings.sources.values()])
        metrics.watch(sources)
        revoked = Revoked(told=repeats.note_changed, crier=signals)
        cabinet = Cabinet(
            store=store,
            hasher=opener.hasher,
            clock=clock,
            revoked=revoked,
            tenant_proof=settings.tenant_proof,
        )
        pulse = Pulse()
        connectors = {source.name: source.connector for source in sources}
        crosswalks = Crosswalks(store, connectors=connectors, clock=clock)
        stack.push_async_callback(crosswalks.close)
        measurer = MeasuringProcess(clock=clock)
        stack.push_async_callback(measurer.close)
        experience = Experience()
        expander = Expander(
            sources=sources,
            cabinet=cabinet,
            flights=flights,
            clock=clock,
            pulse=pulse,
            resume=Resume(
                store=store,
                hasher=opener.hasher,
                seal=CursorSeal(opener.cipher),
                clock=clock,
                ttl=settings.cursor_ttl,
            ),
            crosswalks=crosswalks,
            measuring=Measuring(measurer),
            experience=experience,
        )
        lore = Lore(store, hasher=opener.hasher, sources=sources)
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(keep_telling(revoked, store=store, clock=clock, sleeper=sleeper))
            learning = group.create_task(keep_learning(lore, experience, sleeper=sleeper))
            writing = group.create_task(metrics.keep_writing(sleeper=sleeper))
            switching = group.create_task(keep_reading(switchboard, store=store, sleeper=sleeper))
            yield Service(
                settings=settings,
                hasher=opener.hasher,
                sources=sources,
                expander=expander,
                planner=Planner(expander, experience, lore),
                store=store,
                pulse=pulse,
                metrics=metrics,
                switchboard=switchboard,
                repeats=repeats,
                caller_limits=_open_limits(stack, url, settings, breaker=breaker),
            )
            telling.cancel()
            learning.cancel()
            writing.cancel()
            switching.cancel()


def _keep_repeats(signals: Signals, most_bytes: int, clock: Clock) -> Repeats[Any]:
    repeats = Repeats[Any](most_bytes=most_bytes, clock=clock, watch=signals)
    if repeats.is_on:
        signals.track(*WATCHED, listener=repeats.note_changed)
    return repeats


def _open_limits(stack: AsyncExitStack, url: str, settings: Settings, *, breaker: Breaker) -> CallerLimits:
    limits = {
        name: caller.requests_per_minute
        for name, caller in settings.callers.items()
        if caller.requests_per_minute is not None
    }
    counting = RedisCallerLimits(
        url, limits=limits, clock=SystemClock(), timeout=settings.store_timeout, breaker=breaker
    )
    stack.push_async_callback(counting.close)
    return counting


@dataclass(frozen=True, slots=True)
class _Opener:
    """Opens sources one by one; `stack` closes them."""

    stack: AsyncExitStack
    store_url: str
    cipher: Cipher
    hasher: Hasher
    governor: Governor
    circuits: Circuits
    metrics: ProcessMetrics
    switchboard: Switchboard

    async def open_source(self, entry: SourceEntry) -> Source:
        settings, plugin = entry.settings, entry.plugin
        connector = plugin.build(settings)
        spec = connector.spec
        # Calls that have waited for their turn, and those for tokens, are stopped at the door too.
        client = open_client(
            concurrency=spec.pace.concurrency, door=partial(self.switchboard.check, entry.name)
        )
        self.stack.push_async_callback(client.aclose)
        credential = plugin.credential(settings)
        authorizer = None
        if not isinstance(credential, CallerCredential):
            authorizer = open_authorizer(
                credential, client=client, open_vault=self._open_vault, clock=SystemClock()
            )
            self.stack.push_async_callback(authorizer.aclose)
        upstream = Upstream(
            name=entry.name,
            base_url=settings.base_url,
            pace=spec.pace,
            authorizer=authorizer,
            wire=HttpSender(client, base_url=settings.base_url, clock=SystemClock()),
            governor=self.governor,
            circuits=self.circuits,
            hasher=self.hasher,
            clock=SystemClock(),
            observe=self.metrics.observe(entry.name),
            switchboard=self.switchboard,
            judge=connector.judge,
        )
        return Source(
            name=entry.name,
            connector=connector,
            freshness=spec.freshness,
            pace=spec.pace,
            visibility=settings.visibility,
            schemes=plugin.caller_schemes if authorizer is None else frozenset(),
            admit=upstream.admit,
            condition=upstream.condition,
        )

    def _open_vault(self, credential: RefreshCredential) -> Vault:
        if credential.token_file is not None:
            return FileVault(credential.token_file, cipher=_TextCipher(self.cipher), sleeper=SystemSleeper())
        vault = RedisVault(self.store_url, cipher=self.cipher, clock=SystemClock(), sleeper=SystemSleeper())
        self.stack.push_async_callback(vault.close)
        return vault


@dataclass(frozen=True, slots=True)
class _TextCipher:
    """The service's cipher as the token file wants it."""

    cipher: Cipher

    def encrypt(self, text: str) -> str:
        return self.cipher.encrypt(text.encode(), purpose="token file").decode("ascii")

    def decrypt(self, text: str) -> str:
        return self.cipher.decrypt(text.encode(), purpose="token file").decode()


@dataclass(frozen=True, slots=True)
class _Driver:
    """The runtime's driver, with the machine's clock and dice."""

    clock: Clock
    sleeper: Sleeper

    async def __call__(
        self, walk: Walk, *, sender: Sender, demand: Demand, deadline: float
    ) -> tuple[Finding, ...]:
        return await drive(
            walk,
            sender=sender,
            demand=demand,
            deadline=deadline,
            clock=self.clock,
            sleeper=self.sleeper,
            jitter=random,
        )
