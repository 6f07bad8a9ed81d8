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
from redis.asyncio.connection import DefaultParser
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import InvalidResponse, ReadOnlyError

from service.adapters.redis_server import Command, RedisServer

Reply = object
_NOTHING_YET = object()
_LAST_TURNS = 1.0
# A connection younger than this leads where the URL leads.
_OLD = 1.0


class _Asked:
    """The commands of one caller, when they were asked, and what was replied to them so far."""

    __slots__ = ("at", "count", "replied", "replies")

    def __init__(self, count: int, *, at: float, replied: "asyncio.Future[list[Reply]]") -> None:
        self.count = count
        self.at = at
        self.replies: list[Reply] = []
        self.replied = replied


class _Talk(asyncio.Protocol):
    """One connection: what was asked over it waits for its replies, in the same order."""

    def __init__(self) -> None:
        self.lost = False
        self._loop = asyncio.get_running_loop()
        self._way: asyncio.Transport | None = None
        self._asked: deque[_Asked] = deque()
        self._heard = 0.0
        self._begun = self._loop.time()
        self._ended = asyncio.Event()
        self._replies = Reader(
            protocolError=InvalidResponse, replyError=DefaultParser.parse_error, notEnoughData=_NOTHING_YET
        )

    @property
    def silent(self) -> float:
        """Give for how many seconds nothing has come although something is awaited."""
        if not self._asked:
            return 0.0
        return self._loop.time() - max(self._heard, self._asked[0].at)

    def ask(self, packed: bytes, *, count: int) -> "asyncio.Future[list[Reply]]":
        if self._way is None or self.lost:
            raise LostError("there is no connection")
        asked = _Asked(count, at=self._loop.time(), replied=self._loop.create_future())
        self._asked.append(asked)
        self._way.write(packed)
        return asked.replied

    def lose(self, error: Exception) -> None:
        """Have whoever still waits learn of it, and nobody ask here any more."""
        self.lost = True
        if self._way is not None:
            self._way.abort()
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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._way = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
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
        if isinstance(reply, ReadOnlyError) and self._loop.time() - self._begun > _OLD:
            # A master no longer: by now the URL may lead to another one.
            raise LostError("the server takes no writes any more") from reply
        asked = self._asked[0]
        asked.replies.append(reply)
        if len(asked.replies) == asked.count:
            self._asked.popleft()
            if not asked.replied.done():
                asked.replied.set_result(asked.replies)


class Line:
    """Asks a server over one connection; a dropped one is replaced, and asked once more.

    So every command may be sent twice. Who leaves when nothing has come for `patience` seconds takes the
    connection for dead, and who is refused a write by what is no master any more looks for the new one:
    what was asked over it by others is asked anew.
    """

    def __init__(self, server: RedisServer, *, patience: float) -> None:
        """Prepare; the first command connects."""
        self._server = server
        self._patience = patience
        self._talk: _Talk | None = None
        self._opening = asyncio.Lock()

    async def run(self, commands: Sequence[Command]) -> list[Reply]:
        """Give a reply, or the ResponseError that the server has replied, for each command."""
        packed = _pack(commands)
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
        try:
            return await talk.ask(packed, count=count)
        except asyncio.CancelledError:
            if talk.silent >= self._patience:
                talk.lose(LostError("the server does not reply"))
            raise

    async def _open(self) -> _Talk:
        async with self._opening:
            # Somebody else may have done so meanwhile.
            if self._talk is None or self._talk.lost:
                # How long it takes is up to whoever waits for it.
                self._talk = await _begin(self._server)
            return self._talk


async def _begin(server: RedisServer) -> _Talk:
    """Open a connection to a server that speaks."""
    try:
        talk = await server.connect(_Talk)
    except Exception as error:
        raise LostError(f"{server.place}: {type(error).__name__}: {error}") from error
    greeting = server.greeting
    try:
        _check(await talk.ask(_pack(greeting), count=len(greeting)))
    except BaseException:
        talk.lose(LostError("the connection was given up"))
        raise
    return talk


def _check(replies: Sequence[Reply]) -> None:
    for reply in replies:
        if isinstance(reply, Exception):
            # Whoever waits for the connection has asked nothing yet that could be refused.
            raise _as_lost(reply)


def _pack(commands: Sequence[Command]) -> bytes:
    return b"".join([pack_command(cast("Any", command)) for command in commands])


def _as_lost(error: Exception) -> Exception:
    return error if isinstance(error, LostError) else LostError(f"{type(error).__name__}: {error}")
