"""Commands for a shared server, many in one trip, whether it is one server or a cluster."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol, cast

from redis.asyncio import RedisCluster

from service.adapters.redis_client import open_client
from service.adapters.redis_line import Line, Reply
from service.adapters.redis_server import Command, read_server
from service.settings.store_url import CLUSTER

# The client's own timers only end what nobody waits for any more.
_CLIENT_TIMEOUTS = 40
# Who gives up just in time must not have come a millisecond too early to say so.
_NEARLY = 0.9


class Commands(Protocol):
    """The way to one server or cluster; the first command connects."""

    @property
    def clustered(self) -> bool:
        """Tell whether keys lie on several servers, so that a command may name those of one slot only."""
        ...

    async def run(self, commands: Sequence[Command]) -> list[Reply]:
        """Give a reply, or the ResponseError that was replied, for each command.

        On one server they are done in their order. Whatever the client raises where there is no
        reply. A dropped connection is tried once more at once: every command may be sent twice.
        """
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


def open_commands(url: str, *, timeout: timedelta, connections: int) -> Commands:
    """Open the way to what a URL names; ConfigurationError for one that cannot be read.

    Who leaves after nearly `timeout` without a word takes the server for dead. `connections` are for each
    server of a cluster.
    """
    if url.partition(":")[0].lower() != CLUSTER:
        return _Server(Line(read_server(url), patience=_NEARLY * timeout.total_seconds()))
    client = open_client(url, timeout=timeout * _CLIENT_TIMEOUTS, connections=connections)
    return _Cluster(cast("RedisCluster", client))


def checked(replies: Sequence[Reply]) -> Sequence[Reply]:
    """Give the replies; raise the first that is a refusal."""
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies


class _Server:
    """One server."""

    clustered = False

    def __init__(self, line: Line) -> None:
        self._line = line
        self.run = line.run

    async def close(self) -> None:
        await self._line.close()


class _Cluster:
    """A cluster; commands to different servers are done in no order."""

    clustered = True

    def __init__(self, client: RedisCluster) -> None:
        self._client = client

    async def run(self, commands: Sequence[Command]) -> list[Reply]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return cast("list[Reply]", await pipeline.execute(raise_on_error=False))

    async def close(self) -> None:
        await self._client.aclose()
