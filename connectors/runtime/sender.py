"""The Sender port: a call passes the circuits, is signed, waits for its turn, is counted and leaves.

After a 401 it does so once more, if there is another credential; again, if that was void by then as well.
"""

from collections.abc import Callable
from contextlib import suppress
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

        A 401 is answered with another credential, where there is one, until one was issued since
        this began: each is a call like any other. SourceThrottledError when the governor leaves no
        call in time, OverBudgetError when `demand` leaves none at all, SourceUnavailableError or
        SourceDeniedError, with a `retry_after`, while a circuit is open, or what the authorizer or
        the wire raises.
        """
        deadline = self._clock.monotonic() + timeout.total_seconds()
        began, since = self._clock.now(), None
        while True:
            signature, reply, passage = await self._leave(call, deadline, demand)
            # The circuits' leave is kept until it is known what a 401 means.
            try:
                if reply.status != HTTPStatus.UNAUTHORIZED:
                    return reply
                remaining = self._remaining(deadline)
                if not await self._authorizer.renew(rejected=signature, timeout=remaining, since=since):
                    passage.refused()
                    return reply
            finally:
                passage.leave()
            since = began

    async def _leave(self, call: Call, deadline: float, demand: Demand) -> tuple[Pairs, Reply, Passage]:
        """Send once; the circuits' leave goes with the reply, whoever has it gives it back."""
        if demand.exhausted:
            raise OverBudgetError
        self._guard.check()
        # Nobody keeps a place while waiting for a credential. At its turn a call asks again: another
        # one may have been refused since, and got a newer credential.
        await self._authorizer.headers(timeout=self._remaining(deadline))
        while True:
            patience = self._remaining(min(deadline, demand.until))
            try:
                async with self._governor.turn(self._lane, demand=demand, timeout=patience) as turn:
                    return await self._go(call, deadline, demand, turn)
            except _TooLateError:
                continue
            except _NotSentError as held:
                raise held.reason from None

    async def _go(
        self, call: Call, deadline: float, demand: Demand, turn: Turn
    ) -> tuple[Pairs, Reply, Passage]:
        """Send at the call's turn; _TooLateError where it was not ready for it."""
        granted = self._clock.monotonic()
        try:
            signature = await self._authorizer.headers(timeout=self._remaining(deadline))
            passage = await self._guard.enter(timeout=self._in_time(deadline))
        except SourceError as error:
            raise _NotSentError(error) from None
        try:
            remaining = self._ready(deadline, demand, granted=granted)
            return signature, await self._exchange(call, signature, remaining, turn, passage), passage
        except BaseException:
            passage.leave()
            raise

    def _ready(self, deadline: float, demand: Demand, *, granted: float) -> timedelta:
        """Give the time for a call that leaves now, and have it paid for."""
        try:
            remaining = self._in_time(deadline)
        except SourceError as error:
            raise _NotSentError(error) from None
        if self._clock.monotonic() - granted > _AT_ITS_TURN:
            raise _TooLateError
        if not demand.take():
            raise OverBudgetError
        return remaining

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
