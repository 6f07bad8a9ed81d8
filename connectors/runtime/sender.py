"""The Sender port: a call waits for its turn, is counted and signed, leaves, and after a 401 once more."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Protocol

from connectors.errors import OverBudgetError, SourceTimeoutError
from connectors.ports import Allowance, Clock
from connectors.runtime.auth import Authorizer
from connectors.runtime.pace import Pacer
from connectors.wire import Call, Pairs, Reply


class Wire(Protocol):
    """The way to one upstream."""

    async def send(self, call: Call, *, signature: Pairs, timeout: timedelta) -> Reply:
        """Send once and give the reply, whatever its status; SourceError when there is none."""
        ...


class PacedSender:
    """Sends as one credential at one pace, and rests when the upstream says 429 and for how long."""

    def __init__(
        self, wire: Wire, *, authorizer: Authorizer, pacer: Callable[[], Pacer], clock: Clock
    ) -> None:
        """Send over `wire` as `authorizer` signs; `pacer` gives the pacer to ask for each turn."""
        self._wire = wire
        self._authorizer = authorizer
        self._pacer = pacer
        self._clock = clock

    async def send(self, call: Call, *, timeout: timedelta, allowance: Allowance) -> Reply:
        """Give the reply, whatever its status; `timeout` bounds the whole, waits included.

        A 401 is answered with another credential, where there is one: that is a call like any
        other. SourceThrottledError when our own pace leaves no call in time, OverBudgetError when
        `allowance` leaves none at all, or what the authorizer or the wire raises.
        """
        deadline = self._clock.monotonic() + timeout.total_seconds()
        signature, reply = await self._leave(call, deadline, allowance)
        if reply.status == HTTPStatus.UNAUTHORIZED and await self._authorizer.renew(
            rejected=signature, timeout=self._remaining(deadline)
        ):
            _, reply = await self._leave(call, deadline, allowance)
        return reply

    async def _leave(self, call: Call, deadline: float, allowance: Allowance) -> tuple[Pairs, Reply]:
        # Nobody keeps a place while waiting for a credential. At its turn a call asks again: another
        # one may have been refused since, and got a newer credential.
        await self._authorizer.headers(timeout=self._remaining(deadline))
        pacer = self._pacer()
        async with pacer.turn(timeout=self._remaining(deadline)):
            signature = await self._authorizer.headers(timeout=self._remaining(deadline))
            remaining = self._remaining(deadline)
            if remaining <= timedelta(0):
                raise SourceTimeoutError("the time was up before the call could leave")
            if not allowance.take():
                raise OverBudgetError
            reply = await self._wire.send(call, signature=signature, timeout=remaining)
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS and reply.retry_after is not None:
            pacer.rest(reply.retry_after)
        return signature, reply

    def _remaining(self, deadline: float) -> timedelta:
        return timedelta(seconds=deadline - self._clock.monotonic())
