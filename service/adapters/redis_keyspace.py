"""All keys of Redis or Valkey, one server or every primary of a cluster, for an operator's commands.

SCAN walks along beside the traffic, where KEYS would stop it, and UNLINK frees the memory behind the
server's back. What is there from the beginning of a scan to its end is found; what comes meanwhile
may not be.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import cast

from redis.asyncio import RedisCluster

from connectors.errors import StoreUnavailableError
from service.adapters.redis_client import TROUBLE, Client, open_client

_AT_ONCE = 1000


class RedisKeyspace:
    """A `Keyspace` on the server that a URL names; each operation has `timeout` to itself."""

    def __init__(self, url: str, *, timeout: timedelta) -> None:
        """Prepare; the first operation connects. ConfigurationError for a URL it cannot take."""
        self._client: Client = open_client(url, timeout=timeout, connections=8, bounds_each=True)
        self._cluster = isinstance(self._client, RedisCluster)

    async def scan(self, pattern: str) -> AsyncIterator[list[str]]:
        """Give the keys that fit, up to a thousand at a time; one may come twice."""
        keys: list[str] = []
        with _translated("list its keys"):
            # On a cluster the client goes on to each primary in turn.
            async for key in self._client.scan_iter(match=pattern, count=_AT_ONCE):
                keys.append(key.decode("ascii"))
                if len(keys) >= _AT_ONCE:
                    yield keys
                    keys = []
        if keys:
            yield keys

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give a value or None per key."""
        with _translated("load"):
            if not self._cluster:
                return cast("list[bytes | None]", await self._client.mget(list(keys)))
            pipeline = self._client.pipeline(transaction=False)
            for key in keys:
                pipeline.get(key)
            return cast("list[bytes | None]", await pipeline.execute())

    async def remove(self, keys: Sequence[str]) -> None:
        """Remove the keys; on a cluster one by one, since they lie in different slots."""
        with _translated("remove keys"):
            if not self._cluster:
                await self._client.unlink(*keys)
                return
            pipeline = self._client.pipeline(transaction=False)
            for key in keys:
                # As a plain command: the cluster client's own `unlink` does not join its pipeline.
                pipeline.execute_command("UNLINK", key)
            await pipeline.execute()

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()


@contextmanager
def _translated(aim: str) -> Iterator[None]:
    try:
        yield
    except TROUBLE as error:
        raise StoreUnavailableError(f"the store could not {aim}") from error
