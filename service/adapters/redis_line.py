"""One connection to one server, for all that is asked there: it leaves at once, replies come in order.

What is asked in one turn of the loop goes out in one piece. Nobody waits for a connection to be free,
nor for the reply to what somebody else has asked; a pool of connections takes several times as long
for each command. Who leaves, leaves a reply behind that goes to nobody.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

from hiredis import PushNotification, Reader, pack_command
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import InvalidResponse

from service.adapters.redis_client import TROUBLE

Command = tuple[str | bytes | int, ...]
Reply = object
_NOTHING_YET = object()
_LAST_TURNS = 1.0


class _Asked:
    """The commands of one caller, and what was replied to them so far."""

    __slots__ = ("count", "replied", "replies")

    def __init__(self, count: int) -> None:
        self.count = count
        self.replies: list[Reply] = []
        self.replied: asyncio.Future[list[Reply]] = asyncio.get_running_loop().create_future()


class _Talk(asyncio.Protocol):
    """One connection from when it is open to its loss.

    The client has opened it, and would read it by streams: a reply would wait two turns of the loop for
    a task that only hands it on. So what carries the bytes is taken over here.
    """

    def __init__(self, connection: AbstractConnection) -> None:
        self.lost = False
        self._asked: deque[_Asked] = deque()
        self._ended = asyncio.Event()
        # The client has no public name for any of these.
        parse_error = connection._parser.parse_error  # noqa: SLF001 - see above
        reader = cast("asyncio.StreamReader", connection._reader)  # noqa: SLF001 - see above
        writer = cast("asyncio.StreamWriter", connection._writer)  # noqa: SLF001 - see above
        if writer.is_closing() or reader.at_eof():
            # Whoever had it before was told of its end, and nobody is told twice.
            raise LostError("the server has closed the connection")
        connection._reader = connection._writer = None  # noqa: SLF001 - it is not the client's to close
        self._replies = Reader(
            protocolError=InvalidResponse, replyError=parse_error, notEnoughData=_NOTHING_YET
        )
        # Who lets go of it closes what it writes to.
        self._writer = writer
        writer.transport.set_protocol(self)

    def ask(self, packed: bytes, *, count: int) -> "asyncio.Future[list[Reply]]":
        asked = _Asked(count)
        self._asked.append(asked)
        self._writer.write(packed)
        return asked.replied

    def lose(self, error: Exception) -> None:
        """Have whoever still waits learn of it, and nobody ask here any more."""
        self.lost = True
        self._writer.transport.abort()
        while self._asked:
            replied = self._asked.popleft().replied
            if not replied.done():
                replied.set_exception(error)

    async def close(self) -> None:
        self.lose(LostError("the connection was closed"))
        # It ends in a turn of the loop or two; no process that is to end waits for it longer.
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_TURNS):
                await self._ended.wait()

    def data_received(self, data: bytes) -> None:
        try:
            self._replies.feed(data)
            while (reply := self._replies.gets()) is not _NOTHING_YET:
                self._take_in(reply)
        except Exception as error:  # noqa: BLE001 - nonsense, or a server that is on its way out
            self.lose(_as_lost(error))

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()
        self.lose(_as_lost(exc or EOFError("the server has closed the connection")))

    def _take_in(self, reply: Reply) -> None:
        if isinstance(reply, LostError):
            # Still loading, as a rule: whatever was asked was not done.
            raise reply
        # What the server tells unasked is nobody's reply.
        if isinstance(reply, PushNotification):
            return
        asked = self._asked[0]
        asked.replies.append(reply)
        if len(asked.replies) == asked.count:
            self._asked.popleft()
            if not asked.replied.done():
                asked.replied.set_result(asked.replies)


class Line:
    """Asks the server of a pool, over one connection; a dropped one is replaced, and asked once more.

    So every command may be sent twice. Who has waited for `patience` seconds when it leaves takes the
    connection for dead: what was asked over it by others is asked anew.
    """

    def __init__(self, pool: ConnectionPool, *, patience: float) -> None:
        """Prepare; the first command connects. The pool only says how."""
        self._pool = pool
        self._patience = patience
        self._talk: _Talk | None = None
        self._opening = asyncio.Lock()

    async def run(self, commands: Sequence[Command]) -> list[Reply]:
        """Give a reply, or the ResponseError that the server has replied, for each command."""
        packed = b"".join([pack_command(cast("Any", command)) for command in commands])
        try:
            return await self._ask(packed, len(commands))
        except LostError:
            return await self._ask(packed, len(commands))

    async def close(self) -> None:
        """Close the connection."""
        if self._talk is not None:
            await self._talk.close()

    async def _ask(self, packed: bytes, count: int) -> list[Reply]:
        talk = self._talk
        if talk is None or talk.lost:
            talk = await self._open()
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            return await talk.ask(packed, count=count)
        except asyncio.CancelledError:
            if loop.time() - began >= self._patience:
                talk.lose(LostError("the server does not reply"))
            raise

    async def _open(self) -> _Talk:
        async with self._opening:
            # Somebody else may have done so meanwhile.
            if self._talk is None or self._talk.lost:
                # How long anything takes is up to whoever waits for it.
                kwargs = {**self._pool.connection_kwargs, "socket_timeout": None}
                connection: AbstractConnection = self._pool.connection_class(**kwargs)
                # Attempts of the client's own would not know what else is on its way.
                connection.retry = Retry(NoBackoff(), 0)
                try:
                    await connection.connect()  # type: ignore[no-untyped-call] # the client's
                    # A kernel connects to a server that hangs; what is asked waits for one that speaks.
                    await connection.send_command("PING", check_health=False)
                    await connection.read_response()
                    self._talk = _Talk(connection)
                except BaseException:
                    with suppress(*TROUBLE):
                        await connection.disconnect(nowait=True)
                    raise
            return self._talk


def _as_lost(error: Exception) -> Exception:
    return error if isinstance(error, LostError) else LostError(f"{type(error).__name__}: {error}")
