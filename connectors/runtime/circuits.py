"""The circuits of a process: one for each source's host, one for each credential used there.

A failure is of one of the two, never of both. The host fails by having no connection to give, by
saying so (5xx), or by never answering a call that was given time; any other answer, a refusal or
nonsense included, shows that it is there. The credential fails by 401. A caller whose time was
short learns nothing, and neither does one who left.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from connectors.errors import (
    SourceContractError,
    SourceDeniedError,
    SourceError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.ports import Clock
from connectors.runtime.circuit import LONGEST_PAUSE, Circuit, CircuitState, Ticket
from connectors.wire import Reply

# An upstream that has not answered for so long is not there; so long is also waited for a probe's
# answer by those who would follow it.
PATIENCE = timedelta(seconds=5)
# Callers bring any number of credentials; those not used for longest are forgotten beyond this many.
_MANY = 10_000
NOT_AWAITED = timedelta(0)
# A credential may be taken again at any moment, and finding out costs its upstream little.
_LONGEST_REFUSED = timedelta(milliseconds=500)
# A loop that counts in milliseconds wakes up to one too early, while the circuit is still open.
_TICK = 0.002
_FIRST_SERVER_ERROR = 500
_WORSE = (CircuitState.CLOSED, CircuitState.HALF_OPEN, CircuitState.OPEN)

Jitter = Callable[[], float]
Refusal = Callable[[str, timedelta | None], SourceError]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where circuits stand, and in how long an open one lets the next call through."""

    state: CircuitState = CircuitState.CLOSED
    retry_after: timedelta | None = None


class Gate:
    """One circuit, with those who wait for the answer to its probe."""

    def __init__(
        self, refusal: Refusal, *, clock: Clock, jitter: Jitter, awaited: timedelta, longest: timedelta
    ) -> None:
        """Start closed; `refusal` makes the error of a call that may not leave."""
        self._awaited = awaited
        self._circuit = Circuit(longest=longest)
        self._refusal = refusal
        self._clock = clock
        self._jitter = jitter
        self._changed: asyncio.Event | None = None

    @property
    def standing(self) -> Standing:
        """Tell where it stands."""
        now = self._clock.monotonic()
        return Standing(self._circuit.state(now=now), self._circuit.pause(now=now))

    def check(self) -> None:
        """Raise the refusal while it is open for long, before anything is spent on the call."""
        pause = self._circuit.pause(now=self._clock.monotonic())
        if pause is not None and pause > self._awaited:
            raise self._refuse(pause)

    async def enter(self, *, timeout: timedelta) -> Ticket:
        """Give leave to call, or raise the refusal; a short pause, and the answer to a probe, are waited for.

        Otherwise the first answer after an outage would be one page of its first call.
        """
        if (ticket := self._circuit.enter(now=self._clock.monotonic())) is not None:
            return ticket
        try:
            async with asyncio.timeout(min(timeout, PATIENCE).total_seconds()):
                awaited = False
                while (ticket := self._circuit.enter(now=self._clock.monotonic())) is None:
                    self.check()
                    pause = self._circuit.pause(now=self._clock.monotonic())
                    if pause is not None and awaited:
                        raise self._refuse(pause)
                    awaited = True
                    if pause is not None:
                        await asyncio.sleep(pause.total_seconds() + _TICK)
                        continue
                    self._changed = self._changed or asyncio.Event()
                    await self._changed.wait()
        except TimeoutError:
            raise self._refuse(None) from None
        return ticket

    def succeed(self) -> None:
        """Take in that a call was answered."""
        self._circuit.succeed()
        self._tell()

    def fail(self, ticket: Ticket, *, rest: timedelta | None = None) -> None:
        """Take in that a call failed, and how long the upstream asked to be left alone."""
        self._circuit.fail(ticket, now=self._clock.monotonic(), jitter=self._jitter(), rest=rest)
        self._tell()

    def leave(self, ticket: Ticket) -> None:
        """Take in that nothing was learnt from a call."""
        self._circuit.leave(ticket)
        self._tell()

    def _refuse(self, pause: timedelta | None) -> SourceError:
        return self._refusal(f"not asked: it failed {self._circuit.failures} times in a row", pause)

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None


@dataclass(slots=True)
class Passage:
    """One call's leave, of host and credential; it is told how the call went, and left at the end."""

    host: Gate
    credential: Gate
    of_host: Ticket
    of_credential: Ticket

    def answered(self, reply: Reply) -> None:
        """Take in a reply: 5xx tells of the host only; neither 401 nor 429 that the credential is good."""
        if reply.status >= _FIRST_SERVER_ERROR:
            self.host.fail(self.of_host, rest=reply.retry_after)
            return
        self.host.succeed()
        if reply.status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS):
            self.credential.succeed()

    def refused(self) -> None:
        """Take in that the credential was refused, and that there is no other to try."""
        self.credential.fail(self.of_credential)

    def failed(self, error: SourceError, *, given: timedelta) -> None:
        """Take in that there was no reply within the time `given`."""
        match error:
            case SourceContractError():
                self.host.succeed()
            case SourceUnavailableError():
                self.host.fail(self.of_host)
            case SourceTimeoutError() if given >= PATIENCE:
                self.host.fail(self.of_host)

    def leave(self) -> None:
        """Give back the places of a probe that taught nothing; of no effect after anything else."""
        self.host.leave(self.of_host)
        self.credential.leave(self.of_credential)


@dataclass(frozen=True, slots=True)
class Guard:
    """The two circuits that calls to one source as one credential go through."""

    host: Gate
    credential: Gate

    @property
    def standing(self) -> Standing:
        """Tell how the worse of the two stands."""
        both = (self.host.standing, self.credential.standing)
        return max(both, key=lambda one: (_WORSE.index(one.state), one.retry_after or timedelta(0)))

    def check(self) -> None:
        """Raise SourceUnavailableError or SourceDeniedError while either is open."""
        self.host.check()
        self.credential.check()

    async def enter(self, *, timeout: timedelta) -> Passage:
        """Give leave to call; raises as `check` does, after waiting for a probe's answer if there is one."""
        of_host = await self.host.enter(timeout=timeout)
        try:
            of_credential = await self.credential.enter(timeout=timeout)
        except BaseException:
            self.host.leave(of_host)
            raise
        return Passage(self.host, self.credential, of_host, of_credential)


class Circuits:
    """Keeps the circuits of every source."""

    def __init__(self, *, clock: Clock, jitter: Jitter, awaited: timedelta = NOT_AWAITED) -> None:
        """Start with none; `jitter` gives numbers in [0, 1).

        A pause no longer than `awaited` is waited out: after a few failures the first answer then
        sees that they are over.
        """
        self._awaited = awaited
        self._clock = clock
        self._jitter = jitter
        self._hosts: dict[tuple[str, str], Gate] = {}
        self._credentials: OrderedDict[tuple[str, str], Gate] = OrderedDict()

    def guard(self, source: str, *, host: str, identity: str) -> Guard:
        """Give the circuits of a source's host and of a credential there."""
        host_gate = self._hosts.get((source, host))
        if host_gate is None:
            host_gate = self._hosts[source, host] = self._gate(_unavailable, longest=LONGEST_PAUSE)
        key = (source, identity)
        credential = self._credentials.get(key)
        if credential is None:
            credential = self._credentials[key] = self._gate(_denied, longest=_LONGEST_REFUSED)
            if len(self._credentials) > _MANY:
                self._credentials.popitem(last=False)
        self._credentials.move_to_end(key)
        return Guard(host_gate, credential)

    def _gate(self, refusal: Refusal, *, longest: timedelta) -> Gate:
        return Gate(refusal, clock=self._clock, jitter=self._jitter, awaited=self._awaited, longest=longest)


def _unavailable(message: str, retry_after: timedelta | None) -> SourceError:
    return SourceUnavailableError(message, retry_after=retry_after)


def _denied(message: str, retry_after: timedelta | None) -> SourceError:
    return SourceDeniedError(f"{message} with status 401", retry_after=retry_after)
