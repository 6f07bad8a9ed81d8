"""The vault in Redis: the newest refresh token of a source, and one refresher in the whole fleet.

A refresh token is good for one use. Two workers that refresh at once would each void the other's
next token, so who refreshes holds a lease: a key with a random value and an end, set only where
there is none. It is renewed while held, given back by its owner alone, and ends by itself when its
owner dies. Tokens are encrypted and have no end; how durable they are is the server's own setting
(append-only file), and they must not be evicted (`noeviction` or a `volatile-` policy).
"""

import asyncio
import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from hashlib import blake2b
from typing import Any, cast

import structlog

from connectors.errors import StoreUnavailableError
from connectors.ports import Clock, Sleeper
from service.adapters.cipher import Cipher, UnreadableError
from service.adapters.redis_client import TROUBLE, open_client

_POLL = timedelta(milliseconds=30)
_CONNECTIONS = 8

# Compare and act in one step: between two commands the lease may end and become another's.
# https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/
# Taking is a script too: sent again after a dropped connection, it knows its own lease.
_TAKE = """
local owner = redis.call('get', KEYS[1])
if not owner then redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2]) end
return (not owner or owner == ARGV[1]) and 1 or 0
"""
_RENEW = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])
"""
_RELEASE = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])
"""
_log = structlog.get_logger(__name__)


class RedisVault:
    """A `Vault` on the server that a URL names; StoreUnavailableError when it cannot work.

    `lease` is how long a dead holder keeps the others out, `patience` how long a caller waits for
    its turn.
    """

    def __init__(
        self,
        url: str,
        *,
        cipher: Cipher,
        clock: Clock,
        sleeper: Sleeper,
        timeout: timedelta = timedelta(seconds=2),
        lease: timedelta = timedelta(seconds=10),
        patience: timedelta = timedelta(seconds=30),
    ) -> None:
        """Prepare; the first operation connects."""
        self._client = open_client(url, timeout=timeout, connections=_CONNECTIONS)
        self._turn = asyncio.Semaphore(_CONNECTIONS)
        self._cipher = cipher
        self._clock = clock
        self._sleeper = sleeper
        self._timeout = timeout.total_seconds()
        self._lease = lease.total_seconds()
        self._life = str(lease // timedelta(milliseconds=1))
        self._patience = patience.total_seconds()

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:
        """Be the only one in the fleet who refreshes `name`, for as long as the block lasts."""
        key, owner = _key("lease", name), secrets.token_hex(16)
        try:
            await self._acquire(key, owner)
        except asyncio.CancelledError:
            # The server may have given the lease to nobody any more.
            await _finish(self._release(key, owner))
            raise
        renewal = asyncio.create_task(self._keep(key, owner))
        try:
            yield
        finally:
            await _finish(self._give_back(renewal, key, owner))

    async def load(self, name: str) -> str | None:
        """Give the newest token kept under `name`, or None.

        One that none of the secret keys opens is None as well, and said in the log: the operator
        then puts a new one into the settings.
        """
        async with self._operation("load a token"):
            kept = cast("bytes | None", await self._client.get(_key("token", name)))
        if kept is None:
            return None
        try:
            return self._cipher.decrypt(kept, purpose=_purpose(name)).decode()
        except UnreadableError:
            _log.error("vault_unreadable", name=name)
            return None

    async def store(self, name: str, token: str) -> None:
        """Keep `token` as the newest under `name`; the server has it when this returns."""
        sealed = self._cipher.encrypt(token.encode(), purpose=_purpose(name))
        async with self._operation("keep a token"):
            await self._client.set(_key("token", name), sealed)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _acquire(self, key: str, owner: str) -> None:
        deadline = self._clock.monotonic() + self._patience
        while True:
            if await self._script(_TAKE, key, owner, self._life):
                return
            if self._clock.monotonic() >= deadline:
                raise StoreUnavailableError("another worker holds the lease and does not give it back")
            await self._sleeper.sleep(_POLL)

    async def _keep(self, key: str, owner: str) -> None:
        """Renew the lease at each third of its time, until cancelled."""
        while True:
            # Real time, not the sleeper's: it is the server's own clock that ends the lease.
            await asyncio.sleep(self._lease / 3)
            try:
                kept = await self._script(_RENEW, key, owner, self._life)
            except StoreUnavailableError as error:
                _log.warning("lease_not_renewed", error=str(error))
                continue
            if not kept:
                # To stop the block would lose the token it is about to receive: it may finish.
                _log.warning("lease_lost")
                return

    async def _give_back(self, renewal: asyncio.Task[None], key: str, owner: str) -> None:
        renewal.cancel()
        await asyncio.wait({renewal})
        await self._release(key, owner)

    async def _release(self, key: str, owner: str) -> None:
        try:
            await self._script(_RELEASE, key, owner)
        except StoreUnavailableError as error:
            _log.warning("lease_not_released", error=str(error))

    async def _script(self, script: str, key: str, *arguments: str) -> bool:
        async with self._operation("change a lease"):
            reply = self._client.eval(script, 1, key, *arguments)
            return bool(await cast("Awaitable[int]", reply))

    @asynccontextmanager
    async def _operation(self, aim: str) -> AsyncIterator[None]:
        with _translated(aim):
            async with asyncio.timeout(self._timeout), self._turn:
                yield


async def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Do the work to its end, which has to be near, and be cancelled only then.

    A lease that was not given back keeps the whole fleet out until its end.
    """
    task, cancelled = asyncio.create_task(work), None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    await task


@contextmanager
def _translated(aim: str) -> Iterator[None]:
    try:
        yield
    except TROUBLE as error:
        raise StoreUnavailableError(f"the store could not {aim}: {type(error).__name__}") from error


def _key(kind: str, name: str) -> str:
    # Not under the secret key: after a rotation the token must still be found.
    digest = blake2b(name.encode(), digest_size=16, person=b"relgraph vault").digest()
    return f"rg1:{kind}:{urlsafe_b64encode(digest).rstrip(b'=').decode('ascii')}"


def _purpose(name: str) -> str:
    return f"vault {name}"
