"""The store on Redis or Valkey, one server or a cluster.

A cache must never cost more than it saves. Each operation has one total time; after one that
failed nothing is tried for a second, then by one caller; so a server that is dead, or accepts and
never replies, costs an answer about one such time. That time is spent in looks: where the loop is
busy with other answers a reply may lie there unread, and the server is not to blame for that.
Trouble is logged when it begins and when it ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import groupby
from typing import TypeVar, cast

import structlog
from redis.asyncio import RedisCluster
from redis.exceptions import ResponseError

from connectors.errors import StoreUnavailableError
from connectors.ports import Clock
from service.adapters.breaker import Breaker
from service.adapters.redis_client import Client, open_client
from service.cache.store import Item

T = TypeVar("T")

_MILLISECOND = timedelta(milliseconds=1)
# How often an operation looks for its end within its time. A busy loop stretches each look to a turn
# of its own, and a large reply comes in some dozens of pieces, one a turn.
_LOOKS = 50
# The client's own timers know nothing of looks: they are for connections nobody waits for any more.
_CLIENT_TIMEOUTS = 40
_log = structlog.get_logger(__name__)


class RedisStore:
    """A `Store` on the server that a URL names."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        timeout: timedelta = timedelta(milliseconds=250),
        pause: timedelta = timedelta(seconds=1),
        connections: int = 32,
        breaker: Breaker | None = None,
    ) -> None:
        """Prepare; the first operation connects. ConfigurationError for a URL it cannot take.

        A `breaker` may be that of all users of the server, who then learn from each other.
        """
        self._client: Client = open_client(url, timeout=timeout * _CLIENT_TIMEOUTS, connections=connections)
        # A cluster's pools refuse whom they have no connection for; here everybody waits its turn.
        self._turn = asyncio.Semaphore(connections)
        self._cluster = isinstance(self._client, RedisCluster)
        self._look = timeout.total_seconds() / _LOOKS
        self._breaker = breaker or Breaker(clock=clock, pause=pause)
        self._refused: set[str] = set()
        self._has_msetex: bool | None = False if self._cluster else None

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give a value or None per key, by one MGET; on a cluster by one pipeline per server."""
        if not keys:
            return []
        return await self._attempt("load", lambda: self._load(keys))

    async def save(self, items: Sequence[Item]) -> None:
        """Keep the items, each with its end, if it has one, in the same command."""
        lasting = [item for item in items if item.ttl is None or item.ttl >= _MILLISECOND]
        if lasting:
            await self._attempt("save", lambda: self._save(lasting))

    async def ping(self) -> None:
        """Return when the server replies."""
        await self._attempt("ping", lambda: cast("Awaitable[object]", self._client.ping()))

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _load(self, keys: Sequence[str]) -> list[bytes | None]:
        if not self._cluster:
            return cast("list[bytes | None]", await self._client.mget(keys))
        # MGET wants its keys in one slot; the cluster's pipeline sorts single commands by server.
        pipeline = self._client.pipeline(transaction=False)
        for key in keys:
            pipeline.get(key)
        return cast("list[bytes | None]", await pipeline.execute())

    async def _save(self, items: Sequence[Item]) -> None:
        pipeline = self._client.pipeline(transaction=False)
        if len(items) > 1 and await self._knows_msetex():
            # Only neighbors of one ttl go together, so that the order of the items is kept.
            for life, group in groupby(items, key=_milliseconds):
                pipeline.msetex({item.key: item.value for item in group}, px=life)
        else:
            for item in items:
                pipeline.set(item.key, item.value, px=_milliseconds(item))
        await pipeline.execute()

    async def _knows_msetex(self) -> bool:
        """Ask the server once: Valkey 9.1 has the command, and takes a quarter of the time."""
        if self._has_msetex is None:
            # As one word: what the client makes of the reply to "COMMAND" fails on an unknown one.
            told = await self._client.execute_command("COMMAND INFO", "MSETEX")
            self._has_msetex = bool(told) and None not in told
        return self._has_msetex

    async def _attempt(self, operation: str, work: Callable[[], Awaitable[T]]) -> T:
        async with self._turn:
            # Asked only now: whoever waited behind a failure does not try in its turn.
            if not self._breaker.allow():
                raise StoreUnavailableError("the store failed a moment ago and is not tried again yet")
            return await self._judged(operation, work)

    async def _judged(self, operation: str, work: Callable[[], Awaitable[T]]) -> T:
        try:
            result = await self._in_time(work)
        except ResponseError as error:
            # It replied, so there is nothing to wait for: no memory left, read-only, no permission.
            self._reply(operation, error)
            raise StoreUnavailableError(f"the store refused to {operation}") from error
        except Exception as error:
            # Whatever ails a store, nobody fails by it: it only ever saves work.
            self._fail(operation, _words(error))
            raise StoreUnavailableError(f"the store could not {operation}") from error
        except BaseException:
            # A caller that gave up has learnt nothing of the server.
            self._breaker.abandon()
            raise
        self._reply(operation, None)
        return result

    async def _in_time(self, work: Callable[[], Awaitable[T]]) -> T:
        task = asyncio.ensure_future(work())
        try:
            for _ in range(_LOOKS):
                done, _ = await asyncio.wait({task}, timeout=self._look)
                if done:
                    return task.result()
            raise TimeoutError("no reply in time")
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    def _fail(self, operation: str, words: str) -> None:
        """Take note that the server is not there, or too slow to be of use."""
        if self._breaker.fail():
            _log.warning("store_unavailable", operation=operation, error=words)

    def _reply(self, operation: str, refusal: ResponseError | None) -> None:
        """Take note that the server is there, and of what it refuses to do."""
        if self._breaker.succeed():
            _log.info("store_available", operation=operation)
        if refusal is None:
            if operation in self._refused:
                self._refused.remove(operation)
                _log.info("store_accepts", operation=operation)
            return
        # What was learnt of the server may have been of another one, before a failover.
        self._has_msetex = False if self._cluster else None
        if operation not in self._refused:
            self._refused.add(operation)
            _log.warning("store_refuses", operation=operation, error=_words(refusal))


def _milliseconds(item: Item) -> int | None:
    return None if item.ttl is None else item.ttl // _MILLISECOND


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
