"""From settings to a running service: everything is built and opened here, and closed again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import random

from connectors.credential import CallerCredential, RefreshCredential
from connectors.ports import Allowance, Clock, Sender, Sleeper, Vault
from connectors.runtime.auth import open_authorizer
from connectors.runtime.clock import SystemClock, SystemSleeper
from connectors.runtime.driver import drive
from connectors.runtime.file_vault import FileVault
from connectors.runtime.http import HttpSender, open_client
from connectors.runtime.pace import Governor
from connectors.walk import Finding, Walk
from service.adapters.cipher import Cipher
from service.adapters.embedded import start_embedded
from service.adapters.measuring_process import MeasuringProcess
from service.adapters.redis_store import RedisStore
from service.adapters.seal import CursorSeal
from service.adapters.upstream import Upstream
from service.adapters.vault import RedisVault
from service.cache.hasher import Hasher
from service.settings import EMBEDDED, Settings, SourceEntry
from service.usecases.cabinet import Cabinet
from service.usecases.crosswalks import Crosswalks
from service.usecases.expand import Expander
from service.usecases.measuring import Measuring
from service.usecases.pulse import Pulse
from service.usecases.resume import Resume
from service.usecases.revoked import Revoked, keep_telling
from service.usecases.service import Service
from service.usecases.source import Source


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """Open the service of one process; ConfigurationError when it can never work.

    An embedded store is started here only if nobody has done so for all workers before.
    """
    clock, sleeper = SystemClock(), SystemSleeper()
    async with AsyncExitStack() as stack:
        url = settings.redis_url
        if url == EMBEDDED:
            url = stack.enter_context(start_embedded()).url
        store = RedisStore(url, clock=clock, timeout=settings.store_timeout)
        stack.push_async_callback(store.close)
        keys = [key.get_secret_value() for key in settings.secret_keys]
        opener = _Opener(stack, url, Cipher(keys), Hasher(keys), Governor(clock=clock, sleeper=sleeper))
        sources = tuple([await opener.open_source(entry) for entry in settings.sources.values()])
        revoked = Revoked()
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
        expander = Expander(
            sources=sources,
            cabinet=cabinet,
            drive=_Driver(clock, sleeper),
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
        )
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(keep_telling(revoked, store=store, clock=clock, sleeper=sleeper))
            yield Service(settings=settings, sources=sources, expander=expander, store=store, pulse=pulse)
            telling.cancel()


@dataclass(frozen=True, slots=True)
class _Opener:
    """Opens sources one by one; `stack` closes them."""

    stack: AsyncExitStack
    store_url: str
    cipher: Cipher
    hasher: Hasher
    governor: Governor

    async def open_source(self, entry: SourceEntry) -> Source:
        settings, plugin = entry.settings, entry.plugin
        connector = plugin.build(settings)
        spec = connector.spec
        client = open_client(concurrency=spec.pace.concurrency)
        self.stack.push_async_callback(client.aclose)
        credential = plugin.credential(settings)
        authorizer = None
        if not isinstance(credential, CallerCredential):
            authorizer = open_authorizer(
                credential, client=client, open_vault=self._open_vault, clock=SystemClock()
            )
            self.stack.push_async_callback(authorizer.aclose)
        upstream = Upstream(
            base_url=settings.base_url,
            pace=spec.pace,
            authorizer=authorizer,
            wire=HttpSender(client, base_url=settings.base_url, clock=SystemClock()),
            governor=self.governor,
            hasher=self.hasher,
            clock=SystemClock(),
        )
        return Source(
            name=entry.name,
            connector=connector,
            freshness=spec.freshness,
            pace=spec.pace,
            visibility=settings.visibility,
            schemes=plugin.caller_schemes if authorizer is None else frozenset(),
            admit=upstream.admit,
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
        self, walk: Walk, *, sender: Sender, allowance: Allowance, deadline: float
    ) -> tuple[Finding, ...]:
        return await drive(
            walk,
            sender=sender,
            allowance=allowance,
            deadline=deadline,
            clock=self.clock,
            sleeper=self.sleeper,
            jitter=random,
        )
