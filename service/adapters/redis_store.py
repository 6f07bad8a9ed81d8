"""The store on Redis or Valkey, one server or a cluster.

A cache must never cost more than it saves: a server that is dead, or accepts and never replies,
costs an answer about the time of one operation.
"""

from collections.abc import Awaitable, Sequence
from datetime import timedelta
from itertools import groupby
from typing import cast

from redis.asyncio import RedisCluster
from redis.exceptions import ResponseError

from connectors.ports import Clock
from service.adapters.breaker import Breaker
from service.adapters.redis_attempts import Attempts
from service.adapters.redis_client import Client, open_client
from service.cache.store import Item

_MILLISECOND = timedelta(milliseconds=1)
# The client's own timers only end what nobody waits for any more.
_CLIENT_TIMEOUTS = 40


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
        self._attempts = Attempts(
            "store", clock=clock, timeout=timeout, pause=pause, at_once=connections, breaker=breaker
        )
        self._cluster = isinstance(self._client, RedisCluster)
        self._has_msetex: bool | None = False if self._cluster else None

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give a value or None per key, by one MGET; on a cluster by one pipeline per server."""
        if not keys:
            return []
        return await self._attempts.run(lambda: self._load(keys), operation="load")

    async def save(self, items: Sequence[Item]) -> None:
        """Keep the items, each with its end, if it has one, in the same command."""
        lasting = [item for item in items if item.ttl is None or item.ttl >= _MILLISECOND]
        if lasting:
            await self._attempts.run(lambda: self._save(lasting), operation="save")

    async def ping(self) -> None:
        """Return when the server replies."""
        await self._attempts.run(lambda: cast("Awaitable[object]", self._client.ping()), operation="ping")

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
        try:
            await pipeline.execute()
        except ResponseError:
            # What was learnt of the server may have been of another one, before a failover.
            self._has_msetex = False if self._cluster else None
            raise

    async def _knows_msetex(self) -> bool:
        """Ask the server once: Valkey 9.1 has the command, and takes a quarter of the time."""
        if self._has_msetex is None:
            # As one word: what the client makes of the reply to "COMMAND" fails on an unknown one.
            told = await self._client.execute_command("COMMAND INFO", "MSETEX")
            self._has_msetex = bool(told) and None not in told
        return self._has_msetex


def _milliseconds(item: Item) -> int | None:
    return None if item.ttl is None else item.ttl // _MILLISECOND
