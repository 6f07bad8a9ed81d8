"""The Sender port: a call passes the circuits, is signed, waits for its turn, is counted and leaves.

After a 401 it does so once more, if there is another credential.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from http import HTTPStatus
from typing import Protocol

from connectors.disposition import Disposition, Verdict
from connectors.errors import OverBudgetError, SourceError, SourceTimeoutError
from connectors.ports import Clock, Demand, Governor, Lane, Signal, Turn
from connectors.runtime.auth import Authorizer
from connectors.runtime.circuits import PATIENCE, Guard, Passage
from connectors.runtime.limits_told import read_limits
from connectors.wire import Call, Pairs, Reply

# Told of each call that left: the reply's status, or the name of the error there was instead, and
# the seconds it was away.
Observe = Callable[[int | str, float], None]

Judge = Callable[[Call, Reply], Verdict]

# Who has waited longer than this since its turn came, for a token or a probe's answer, takes another: the
# window of the upstream's limit is of calls that leave, and half a second of it is for the way.
_AT_ITS_TURN = 0.25
_OVERLOADED = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class Wire(Protocol):
    """The way to one upstream."""

    async def send(self, call: Call, *, signature: Pairs, timeout: timedelta) -> Reply:
        """Send once and give the reply, whatever its status; SourceError when there is none."""
        ...


class PacedSender:
    """Sends as one credential: when its circuits are closed, and as fast as the governor lets it."""

    def __init__(
        self,
        wire: Wire,
        *,
        authorizer: Authorizer,
        governor: Governor,
        lane: Lane,
        guard: Guard,
        clock: Clock,
        judge: Judge | None = None,
        observe: Observe | None = None,
    ) -> None:
        """Send over `wire` as `authorizer` signs, in `lane`, through the circuits of `guard`.

        `judge` tells which 403 is throttling.
        """
        self._wire = wire
        self._authorizer = authorizer
        self._governor = governor
        self._lane = lane
        self._guard = guard
        self._clock = clock
        self._judge = judge
        self._observe = observe

    async def send(self, call: Call, *, timeout: timedelta, demand: Demand) -> Reply:
        """Give the reply, whatever its status; `timeout` bounds the whole, waits included.

        A 401 is answered with another credential, where there is one: that is a call like any
        other. SourceThrottledError when the governor leaves no call in time, OverBudgetError when
        `demand` leaves none at all, SourceUnavailableError or SourceDeniedError, with a
        `retry_after`, while a circuit is open, or what the authorizer or the wire raises.
        """
        deadline = self._clock.monotonic() + timeout.total_seconds()
        async with self._leave(call, deadline, demand) as (signature, reply, passage):
            if reply.status != HTTPStatus.UNAUTHORIZED:
                return reply
            if not await self._authorizer.renew(rejected=signature, timeout=self._remaining(deadline)):
                passage.refused()
                return reply
        async with self._leave(call, deadline, demand) as (_, reply, passage):
            if reply.status == HTTPStatus.UNAUTHORIZED:
                passage.refused()
            return reply

    @asynccontextmanager
    async def _leave(
        self, call: Call, deadline: float, demand: Demand
    ) -> AsyncIterator[tuple[Pairs, Reply, Passage]]:
        """Send once; the circuits' leave is kept until the block has said what a 401 means."""
        if demand.exhausted:
            raise OverBudgetError
        self._guard.check()
        # Nobody keeps a place while waiting for a credential. At its turn a call asks again: another
        # one may have been refused since, and got a newer credential.
        await self._authorizer.headers(timeout=self._remaining(deadline))
        passage = None
        try:
            sent: tuple[Pairs, Reply, Passage] | None = None
            while sent is None:
                if passage is not None:
                    passage.leave()
                patience = self._remaining(min(deadline, demand.until))
                with suppress(_TooLateError):
                    async with self._governor.turn(self._lane, demand=demand, timeout=patience) as turn:
                        granted = self._clock.monotonic()
                        try:
                            signature = await self._authorizer.headers(timeout=self._remaining(deadline))
                            passage = await self._guard.enter(timeout=self._in_time(deadline))
                            remaining = self._in_time(deadline)
                        except SourceError as error:
                            raise _NotSentError(error) from None
                        if self._clock.monotonic() - granted > _AT_ITS_TURN:
                            raise _TooLateError
                        if not demand.take():
                            raise OverBudgetError
                        reply = await self._exchange(call, signature, remaining, turn, passage)
                        sent = signature, reply, passage
            yield sent
        except _NotSentError as held:
            raise held.reason from None
        finally:
            if passage is not None:
                passage.leave()

    async def _exchange(
        self, call: Call, signature: Pairs, timeout: timedelta, turn: Turn, passage: Passage
    ) -> Reply:
        began = self._clock.monotonic()
        try:
            reply = await self._wire.send(call, signature=signature, timeout=timeout)
        except SourceError as error:
            took = self._clock.monotonic() - began
            self._tell(type(error).__name__, took)
            passage.failed(error, given=timeout)
            # One who had little time cannot tell an overloaded upstream from a steady one.
            if isinstance(error, SourceTimeoutError) and timeout >= PATIENCE:
                turn.learn(Signal(timedelta(seconds=took), unanswered=True))
            raise
        took = self._clock.monotonic() - began
        self._tell(reply.status, took)
        passage.answered(reply)
        overloaded = reply.status in _OVERLOADED or self._is_throttled(call, reply)
        told = read_limits(reply)
        turn.learn(
            Signal(
                timedelta(seconds=took),
                overloaded=overloaded,
                rest=reply.retry_after if overloaded else None,
                remaining=told.remaining,
                reset=told.reset,
            )
        )
        return reply

    def _is_throttled(self, call: Call, reply: Reply) -> bool:
        if self._judge is None or reply.status != HTTPStatus.FORBIDDEN:
            return False
        # What a connector makes of a hostile reply is told where its walk is driven.
        with suppress(Exception):
            return self._judge(call, reply).disposition is Disposition.THROTTLED
        return False

    def _tell(self, what: int | str, seconds: float) -> None:
        if self._observe is not None:
            self._observe(what, seconds)

    def _in_time(self, deadline: float) -> timedelta:
        remaining = self._remaining(deadline)
        if remaining <= timedelta(0):
            raise SourceTimeoutError("the time was up before the call could leave")
        return remaining

    def _remaining(self, deadline: float) -> timedelta:
        return timedelta(seconds=deadline - self._clock.monotonic())


class _TooLateError(OverBudgetError):
    """Gives a turn back whose call was not ready for it."""


class _NotSentError(OverBudgetError):
    """Ends a turn whose call did not leave, as a spent budget does, so that the turn is given back."""

    def __init__(self, reason: SourceError) -> None:
        """Keep why."""
        super().__init__()
        self.reason = reason
