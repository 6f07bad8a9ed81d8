"""The store on Redis or Valkey, one server or a cluster.

A cache must never cost more than it saves: a server that is dead, or accepts and never replies,
costs an answer about the time of one operation.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import cast

from redis.exceptions import NoPermissionError, ResponseError

from connectors.ports import Clock
from service.adapters.breaker import Breaker
from service.adapters.redis_attempts import Attempts
from service.adapters.redis_commands import checked, open_commands
from service.adapters.redis_line import Reply
from service.adapters.redis_server import Command
from service.cache.store import Item

_MILLISECOND = timedelta(milliseconds=1)


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
        self._commands = open_commands(url, timeout=timeout, connections=connections)
        self._attempts = Attempts(
            "store", clock=clock, timeout=timeout, pause=pause, at_once=connections, breaker=breaker
        )
        self._has_msetex: bool | None = False if self._commands.clustered else None

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
        await self._attempts.run(lambda: self._ask([("PING",)]), operation="ping")

    async def close(self) -> None:
        """Close every connection."""
        await self._commands.close()

    async def _load(self, keys: Sequence[str]) -> list[bytes | None]:
        if self._commands.clustered:
            # MGET wants its keys in one slot; the cluster's client sorts single commands by server.
            return cast("list[bytes | None]", await self._ask([("GET", key) for key in keys]))
        (values,) = await self._ask([("MGET", *keys)])
        return cast("list[bytes | None]", values)

    async def _save(self, items: Sequence[Item]) -> None:
        if len(items) > 1 and await self._knows_msetex():
            # Only neighbors of one ttl go together, so that the order of the items is kept.
            commands = [_set_many(list(group), life) for life, group in groupby(items, key=_milliseconds)]
        else:
            commands = [_set(item, _milliseconds(item)) for item in items]
        try:
            await self._ask(commands)
        except ResponseError as error:
            # What was learnt of the server may have been of another one, before a failover; and a user
            # may be allowed the older commands only.
            settled = self._commands.clustered or isinstance(error, NoPermissionError)
            self._has_msetex = False if settled else None
            raise

    async def _knows_msetex(self) -> bool:
        """Ask the server once: Valkey 9.1 has the command, and takes a quarter of the time."""
        if self._has_msetex is None:
            # A user who may not ask this may save all the same.
            (told,) = await self._commands.run([("COMMAND", "INFO", "MSETEX")])
            self._has_msetex = isinstance(told, list) and bool(told) and None not in told
        return self._has_msetex

    async def _ask(self, commands: Sequence[Command]) -> Sequence[Reply]:
        return checked(await self._commands.run(commands))


def _set(item: Item, life: int | None) -> Command:
    command = ("SET", item.key, item.value)
    return command if life is None else (*command, "PX", life)


def _set_many(items: Sequence[Item], life: int | None) -> Command:
    pairs = [part for item in items for part in (item.key, item.value)]
    command = ("MSETEX", len(items), *pairs)
    return command if life is None else (*command, "PX", life)


def _milliseconds(item: Item) -> int | None:
    return None if item.ttl is None else item.ttl // _MILLISECOND
