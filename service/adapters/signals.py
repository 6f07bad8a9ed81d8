"""One pub/sub connection of the process, which words between the replicas come and go by.

Pub/sub forgets: what is said while nobody listens is gone. So every listener is told, by
`on_reconnect`, whenever the connection begins to listen (again): only a word said from then on is
sure to come, and what may have been missed must be looked up where it is kept. On a cluster a
plain PUBLISH reaches every node, so one connection to any of them hears all.
https://redis.io/docs/latest/develop/pubsub/

The same connection may be told of every key that changes, by the server's own tracking; on a cluster
each node would only tell of its own, so there nobody is told.
https://redis.io/docs/latest/develop/reference/client-side-caching/
"""

import asyncio
import random
import select
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import cast

import structlog
from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from connectors.ports import Clock
from service.adapters.redis_attempts import Attempts
from service.adapters.redis_client import TROUBLE, Client, open_client

Listener = Callable[[bytes], None]
ChangeListener = Callable[[Iterable[bytes] | None], None]
"""Is told keys that may hold something else by now; None stands for all there are."""

_CONNECTIONS = 2
# The client's own timers only end what nobody waits for any more.
_CLIENT_TIMEOUTS = 40
_CONNECT = 2.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
# Words that lie there already are read without the loop turning; so often it turns all the same.
_BATCH = 64
_CHANGES = "__redis__:invalidate"
# Turns of the loop that what has come may take to be read; a flood takes longer.
_TURNS = 20
_log = structlog.get_logger(__name__)


class Signals:
    """Words to and from the other processes on the server that a URL names.

    A listener is called in the order of the words, in the event loop; what it raises is logged. It
    must be quick: while it runs, words wait with the server, which bounds how many.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        timeout: timedelta = timedelta(milliseconds=250),
        pause: timedelta = timedelta(seconds=1),
        quiet: timedelta = timedelta(seconds=5),
    ) -> None:
        """Prepare; ConfigurationError for a URL it cannot take.

        After `quiet` without a word the server is asked for one; silent twice over, it is given up.
        """
        self._client: Client = open_client(url, timeout=timeout * _CLIENT_TIMEOUTS, connections=_CONNECTIONS)
        self._timeout = timeout.total_seconds()
        self._attempts = Attempts("signals", clock=clock, timeout=timeout, pause=pause, at_once=_CONNECTIONS)
        self._quiet = quiet.total_seconds()
        self._channels: dict[str, list[Listener]] = {}
        self._unconfirmed: set[str] = set()
        self._reconnected: list[Callable[[], None]] = []
        self._tracked: tuple[str, ...] = ()
        self._changed: ChangeListener | None = None
        self._tracking = False
        self._incoming = select.poll()
        self._connection: AbstractConnection | None = None
        self._tried = asyncio.Event()
        self._failing = False
        self._pause = _FIRST_PAUSE
        self._listening: asyncio.Task[None] | None = None
        self._subscribing: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Tell whether every word on every channel subscribed to comes in now."""
        return self._connection is not None and not self._unconfirmed

    @property
    def tracking(self) -> bool:
        """Tell whether every change of a key that `track` asked for is told now."""
        return self._tracking

    def track(self, *prefixes: str, listener: ChangeListener) -> None:
        """Have `listener` told of keys with these prefixes that are written, deleted, evicted or expired.

        It is told None when what it was told before may no longer be all: whenever tracking begins
        (again), and when the store was emptied. To be called before `start`.
        """
        self._tracked, self._changed = prefixes, listener

    async def heed(self) -> bool:
        """Have every change told that the server has sent by now; False if there are too many, or none come.

        Who has changed something and then asks finds it changed: the word of it was sent before the
        change was confirmed, and may lie unread beside the question.
        """
        for _ in range(_TURNS):
            connection = self._connection
            if connection is None or not self._tracking:
                return False
            try:
                lies_unread = self._incoming.poll(0) or await connection.can_read()
            except TROUBLE:
                # It has ended, and who reads from it has yet to notice.
                return False
            if not lies_unread:
                return True
            await asyncio.sleep(0)
        return False

    def subscribe(self, channel: str, listener: Listener) -> None:
        """Have `listener` told of each word on `channel`, from the next `on_reconnect` on for sure."""
        listeners = self._channels.setdefault(channel, [])
        listeners.append(listener)
        if len(listeners) == 1 and self._connection is not None:
            self._unconfirmed.add(channel)
            task = asyncio.create_task(self._join(self._connection, channel))
            self._subscribing.add(task)
            task.add_done_callback(self._subscribing.discard)

    def on_reconnect(self, listener: Callable[[], None]) -> None:
        """Have `listener` told whenever all channels begin to be heard, the first time too."""
        self._reconnected.append(listener)

    async def publish(self, channel: str, payload: bytes) -> None:
        """Say `payload` to every process, this one too; StoreUnavailableError when that fails."""
        await self._attempts.run(lambda: self._client.execute_command("PUBLISH", channel, payload))

    async def start(self) -> None:
        """Begin to listen; returns when it does, or at once when the server is not there."""
        self._listening = asyncio.create_task(self._listen(), name="signals")
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await self._tried.wait()

    async def close(self) -> None:
        """Stop listening and close every connection."""
        tasks = {*self._subscribing, *([self._listening] if self._listening else [])}
        self._listening = None
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._client.aclose()

    async def _listen(self) -> None:
        while True:
            try:
                await self._session()
            except Exception as error:  # noqa: BLE001 - whatever the client raises, listening goes on
                if not self._failing:
                    _log.warning("signals_lost", error=f"{type(error).__name__}: {error}")
                self._failing = True
            self._tried.set()
            # Not all replicas at the same instant, when their server comes back.
            await asyncio.sleep(self._pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            self._pause = min(_LONGEST_PAUSE, self._pause * 2)

    async def _session(self) -> None:
        """Listen until the connection fails, which it raises."""
        connection = await self._connect()
        socket: int | None = None
        try:
            # The client's own look into its buffers does not reach what the kernel holds.
            writer = cast("asyncio.StreamWriter", connection._writer)  # noqa: SLF001 - see above
            socket = writer.get_extra_info("socket").fileno()
            self._incoming.register(socket, select.POLLIN)
            followed = await self._track(connection)
            self._unconfirmed = {*self._channels, *([_CHANGES] if followed else [])}
            self._connection = connection
            if self._unconfirmed:
                await connection.send_command("SUBSCRIBE", *self._unconfirmed, check_health=False)
            else:
                self._begin()
            await self._read(connection)
        finally:
            self._connection, self._tracking = None, False
            if socket is not None:
                self._incoming.unregister(socket)
            with suppress(*TROUBLE):
                await connection.disconnect(nowait=True)

    async def _track(self, connection: AbstractConnection) -> bool:
        """Ask the server to tell of changed keys over this connection; whether it does."""
        if self._changed is None or isinstance(self._client, RedisCluster):
            return False
        prefixes = [word for prefix in self._tracked for word in ("PREFIX", prefix)]
        try:
            async with asyncio.timeout(_CONNECT):
                await connection.send_command("CLIENT", "ID", check_health=False)
                itself = await connection.read_response()
                await connection.send_command(
                    "CLIENT", "TRACKING", "ON", "REDIRECT", itself, "BCAST", *prefixes, check_health=False
                )
                await connection.read_response()
        except ResponseError as error:
            # A proxy that knows no tracking, or a user who may not: nothing is kept by its word then.
            _log.warning("changes_not_tracked", error=str(error))
            return False
        return True

    async def _connect(self) -> AbstractConnection:
        client = self._client
        at: ClusterNode | ConnectionPool
        async with asyncio.timeout(_CONNECT):
            if isinstance(client, RedisCluster):
                await client.initialize()
                at = client.get_random_node()
            else:
                at = client.connection_pool
            connection: AbstractConnection = at.connection_class(**at.connection_kwargs)
            # Attempts of the client's own would hide that words were missed.
            connection.retry = Retry(NoBackoff(), 0)
            await connection.connect()  # type: ignore[no-untyped-call] # the client's
        return connection

    async def _join(self, connection: AbstractConnection, channel: str) -> None:
        # A connection that fails meanwhile is the reader's to notice; the next has every channel.
        with suppress(*TROUBLE):
            await connection.send_command("SUBSCRIBE", channel, check_health=False)

    async def _read(self, connection: AbstractConnection) -> None:
        asked, words = False, 0
        while True:
            reply = await connection.read_response(timeout=self._quiet, disconnect_on_error=False)
            if reply is None:
                if asked:
                    raise TimeoutError("the server says nothing")
                await connection.send_command("PING", check_health=False)
                asked = True
                continue
            asked = False
            self._take_in(reply)
            words += 1
            if words % _BATCH == 0:
                await asyncio.sleep(0)

    def _take_in(self, reply: object) -> None:
        match reply:
            case [b"message", bytes(channel), bytes(payload)]:
                for listener in self._channels.get(channel.decode(), ()):
                    _tell(listener, payload)
            case [b"message", _, (list() | None) as keys]:
                self._tell_changes(keys)
            case [b"subscribe", bytes(channel), _]:
                self._unconfirmed.discard(channel.decode())
                if channel == _CHANGES.encode():
                    self._tracking = True
                    self._tell_changes(None)
                if not self._unconfirmed:
                    self._begin()
            case _:
                pass  # the reply to a PING

    def _begin(self) -> None:
        """Take note that every channel is heard from now on."""
        if self._failing:
            _log.info("signals_back")
        self._failing = False
        self._pause = _FIRST_PAUSE
        self._tried.set()
        for listener in self._reconnected:
            _tell(listener)

    def _tell_changes(self, keys: Iterable[bytes] | None) -> None:
        if self._changed is not None:
            _tell(self._changed, keys)


def _tell(listener: Callable[..., None], *payload: bytes | Iterable[bytes] | None) -> None:
    try:
        listener(*payload)
    except Exception:  # noqa: BLE001 - one listener's mistake is not the others' silence
        _log.exception("signal_listener_failed")
