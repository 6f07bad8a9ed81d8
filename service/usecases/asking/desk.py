"""Where the replies of one source are taken up: one in a turn of the loop while calls wait for a place.

Many replies may come at once. Were all of them read and written down before the loop turns again, the
places that they have left at the source would stay empty meanwhile, although calls wait for them, or
would, once one of the replies is read that name who is asked about next.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from connectors.ports import Demand, Sender
from connectors.wire import Call, Reply

# From a stream hearing of something to its caller being told: what is not urgent comes behind that.
_TURNS_TO_TELL = 4
# For so many turns who has brought a call nearer to its leaving has the loop to itself; but where others do
# so all the time, a reply is read after so many.
_TURNS_TO_LEAVE = 2
_MOST_PUT_OFF = 10


class Desk:
    """Counts the walks of one source that are under way, and says when to take up what they bring."""

    def __init__(self, *, places: int) -> None:
        """Start with none; so many calls may be out at once."""
        self._places = places
        self._walks = self._leading_on = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_taken = False
        self._put_off = 0
        self._patience = _MOST_PUT_OFF

    @contextmanager
    def walking(self, *, leads_on: bool = False) -> Iterator[None]:
        """Count a walk while the block lasts; one that `leads_on` brings further questions."""
        self._walks += 1
        self._leading_on += leads_on
        try:
            yield
        finally:
            self._walks -= 1
            self._leading_on -= leads_on

    def stir(self) -> None:
        """Note that a call has come nearer to leaving: what may wait lets it go first."""
        self._put_off = _TURNS_TO_LEAVE

    async def read(self) -> None:
        """Wait until a reply may be read: at once, unless calls wait and others are read."""
        if self._is_busy:
            await self._turn()

    async def keep(self) -> None:
        """Wait until what was read may be written down, behind whoever tells of it."""
        if self._walks <= self._places:
            # A task that slept so many times would cost several times as much.
            told = asyncio.get_running_loop().create_future()
            _count_down(told, _TURNS_TO_TELL)
            await told
        if self._is_busy:
            await self._turn()

    @property
    def _is_busy(self) -> bool:
        return self._leading_on > 0 or self._walks > self._places

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._is_taken:
            self._is_taken = True
            loop.call_soon(self._call_next)
            return
        called = loop.create_future()
        self._waiting.append(called)
        await called

    def _call_next(self) -> None:
        if self._waiting and self._put_off and self._patience:
            self._put_off -= 1
            self._patience -= 1
            asyncio.get_running_loop().call_soon(self._call_next)
            return
        self._patience = _MOST_PUT_OFF
        while self._waiting:
            called = self._waiting.popleft()
            # Who was cancelled needs no turn.
            if not called.done():
                called.set_result(None)
                asyncio.get_running_loop().call_soon(self._call_next)
                return
        self._is_taken = False


def _count_down(told: "asyncio.Future[None]", turns: int) -> None:
    """Settle it in so many turns of the loop, unless whoever waits has left."""
    if turns and not told.done():
        told.get_loop().call_soon(_count_down, told, turns - 1)
    elif not told.done():
        told.set_result(None)


@dataclass(frozen=True, slots=True)
class Unhurried:
    """A Sender whose replies wait at a desk; their places at the source are free by then."""

    sender: Sender
    desk: Desk

    async def send(self, call: Call, *, timeout: timedelta, demand: Demand) -> Reply:
        """Give the reply when it may be read."""
        reply = await self.sender.send(call, timeout=timeout, demand=demand)
        await self.desk.read()
        return reply
