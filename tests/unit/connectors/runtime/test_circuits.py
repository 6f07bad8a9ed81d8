"""The circuits of hosts and credentials: what counts on which, and who waits for a probe."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import (
    SourceContractError,
    SourceDeniedError,
    SourceError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.runtime.circuit import FAILURES, CircuitState
from connectors.runtime.circuits import Circuits, Guard, Standing
from connectors.wire import Reply

SECOND = timedelta(seconds=1)
LONG = timedelta(seconds=5)
BROKEN_OFF = SourceUnavailableError("broken off")
LATE = SourceTimeoutError("late")


@pytest.fixture
def circuits(clock: Any) -> Circuits:
    """Give the circuits of a process, without jitter."""
    return Circuits(clock=clock, jitter=lambda: 0.0)


def guard_of(circuits: Circuits, identity: str = "me", source: str = "one", host: str = "a.example") -> Guard:
    """Give the circuits that a caller's calls go through."""
    return circuits.guard(source, host=host, identity=identity)


async def meet(guard: Guard, *replies: Reply | SourceError, given: timedelta = LONG) -> None:
    """Make calls one after the other that end like this."""
    for reply in replies:
        passage = await guard.enter(timeout=SECOND)
        if isinstance(reply, SourceError):
            passage.failed(reply, given=given)
        else:
            passage.answered(reply)
            if reply.status == 401:
                passage.refused()
        passage.leave()


def reply(clock: Any, status: int, **headers: str) -> Reply:
    """Make a reply of now."""
    return Reply(status, clock.now(), {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("trouble", [500, 502, 503, 599, BROKEN_OFF, LATE])
async def test_failures_of_the_host_keep_everybody_from_it(
    circuits: Circuits, clock: Any, trouble: int | SourceError
) -> None:
    """A 5xx, a broken connection and a silence of 5 s count for the host, whoever met them."""
    met = reply(clock, trouble) if isinstance(trouble, int) else trouble
    for number in range(FAILURES):
        await meet(guard_of(circuits, str(number)), met)
    with pytest.raises(SourceUnavailableError, match="not asked: it failed 5 times in a row") as caught:
        guard_of(circuits, "other").check()
    assert caught.value.retry_after == timedelta(seconds=0.5)
    with pytest.raises(SourceUnavailableError):
        await guard_of(circuits, "other").enter(timeout=SECOND)


async def test_a_refused_credential_keeps_only_itself_away(circuits: Circuits, clock: Any) -> None:
    """Five 401 open the circuit of that credential at that source, and no other."""
    await meet(guard_of(circuits), *[reply(clock, 401)] * FAILURES)
    with pytest.raises(SourceDeniedError, match="5 times in a row with status 401") as caught:
        guard_of(circuits).check()
    assert caught.value.retry_after == timedelta(seconds=0.5)
    for other in (guard_of(circuits, "other"), guard_of(circuits, source="two")):
        other.check()
        await meet(other, reply(clock, 200))
    assert guard_of(circuits).standing == Standing(CircuitState.OPEN, timedelta(seconds=0.5))
    assert guard_of(circuits, "other").standing == Standing()


@pytest.mark.parametrize("met", [429, 403, 404, 400, 200, 302, SourceContractError("html", path="$")])
async def test_whatever_shows_that_the_host_is_there_is_no_failure(
    circuits: Circuits, clock: Any, met: int | SourceError
) -> None:
    """Throttling, refusals, absence and nonsense never open a circuit, and end a row of failures."""
    guard = guard_of(circuits)
    answer = reply(clock, met) if isinstance(met, int) else met
    await meet(guard, *[answer] * 10)
    for _ in range(3):
        await meet(guard, *[BROKEN_OFF] * (FAILURES - 1), answer)
    assert guard.standing == Standing()


async def test_a_caller_in_a_hurry_learns_nothing(circuits: Circuits) -> None:
    """No answer within less than 5 s is no failure, and no success either."""
    guard = guard_of(circuits)
    await meet(guard, *[BROKEN_OFF] * (FAILURES - 1))
    await meet(guard, *[LATE] * 10, given=timedelta(seconds=4.9))
    guard.check()
    await meet(guard, BROKEN_OFF)
    assert guard.standing.state is CircuitState.OPEN


async def test_a_failing_host_says_nothing_of_the_credential(circuits: Circuits, clock: Any) -> None:
    """Neither 5xx nor 429 ends a credential's row of refusals; a 404 does: it was let in."""
    guard = guard_of(circuits)
    await meet(guard, *[reply(clock, status) for status in (401, 401, 500, 429, 401, 401)])
    assert guard.standing.state is CircuitState.CLOSED
    await meet(guard, reply(clock, 404), *[reply(clock, 401)] * (FAILURES - 1))
    assert guard.standing.state is CircuitState.CLOSED
    await meet(guard, reply(clock, 401))
    assert guard.standing.state is CircuitState.OPEN


async def test_a_503_says_for_how_long(circuits: Circuits, clock: Any) -> None:
    """The Retry-After of the failure that opens it is the pause, up to half a minute."""
    for source, asked, pause in (("one", "7", 7), ("two", "86400", 30)):
        guard = guard_of(circuits, source=source)
        await meet(guard, *[reply(clock, 503, retry_after=asked)] * FAILURES)
        assert guard.standing == Standing(CircuitState.OPEN, timedelta(seconds=pause))


async def test_those_who_come_during_a_probe_wait_for_its_answer(circuits: Circuits, clock: Any) -> None:
    """One call leaves after the pause; the others of the same answer follow when it has succeeded."""
    guard = guard_of(circuits)
    await meet(guard, *[BROKEN_OFF] * FAILURES)
    clock.advance(0.5)
    probe = await guard.enter(timeout=SECOND)
    others = [asyncio.create_task(guard_of(circuits, str(n)).enter(timeout=SECOND)) for n in range(3)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in others)
    assert guard.standing == Standing(CircuitState.HALF_OPEN)
    probe.answered(reply(clock, 200))
    for task in others:
        (await task).answered(reply(clock, 200))
    assert guard.standing == Standing()


async def test_those_who_wait_are_refused_when_the_probe_fails(circuits: Circuits, clock: Any) -> None:
    """They are told at once, without a call, and how much longer it is left alone."""
    guard = guard_of(circuits)
    await meet(guard, *[BROKEN_OFF] * FAILURES)
    clock.advance(0.5)
    probe = await guard.enter(timeout=SECOND)
    waiting = asyncio.create_task(guard.enter(timeout=SECOND))
    await asyncio.sleep(0)
    probe.failed(BROKEN_OFF, given=SECOND)
    with pytest.raises(SourceUnavailableError, match="6 times") as caught:
        await waiting
    assert caught.value.retry_after == timedelta(seconds=0.5)


async def test_a_probe_that_left_hands_over(circuits: Circuits, clock: Any) -> None:
    """When whoever probes is cancelled, one of those who wait probes instead."""
    guard = guard_of(circuits)
    await meet(guard, *[BROKEN_OFF] * FAILURES)
    clock.advance(0.5)
    probe = await guard.enter(timeout=SECOND)
    waiting = [asyncio.create_task(guard.enter(timeout=SECOND)) for _ in range(2)]
    await asyncio.sleep(0)
    probe.leave()
    done, still = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert (len(done), len(still)) == (1, 1)
    done.pop().result().answered(reply(clock, 200))
    await still.pop()


async def test_nobody_waits_for_a_probe_beyond_their_time(circuits: Circuits, clock: Any) -> None:
    """A probe that hangs holds up nobody for longer than they have."""
    guard = guard_of(circuits)
    await meet(guard, *[BROKEN_OFF] * FAILURES)
    clock.advance(0.5)
    await guard.enter(timeout=SECOND)
    with pytest.raises(SourceUnavailableError) as caught:
        await guard.enter(timeout=timedelta(milliseconds=20))
    assert caught.value.retry_after is None


async def test_who_is_refused_for_the_credential_takes_no_probe_of_the_host(
    circuits: Circuits, clock: Any
) -> None:
    """The place of the host's probe is given back to those whose credential is good."""
    guard = guard_of(circuits)
    await meet(guard, *[reply(clock, 401)] * FAILURES)
    clock.advance(0.5)
    await meet(guard, reply(clock, 401))
    other = guard_of(circuits, "other")
    await meet(other, *[BROKEN_OFF] * FAILURES)
    clock.advance(0.5)
    await meet(other, BROKEN_OFF)
    clock.advance(0.499)
    assert guard.standing.state is CircuitState.OPEN
    clock.advance(0.001)
    bad = await guard.enter(timeout=SECOND)
    bad.leave()
    await meet(other, reply(clock, 200))
    assert other.standing == Standing()


async def test_the_credentials_used_last_are_remembered(circuits: Circuits, clock: Any) -> None:
    """Ten thousand are; one that has not been used for so many others begins anew."""
    await meet(guard_of(circuits, "old"), *[reply(clock, 401)] * FAILURES)
    await meet(guard_of(circuits, "kept"), *[reply(clock, 401)] * FAILURES)
    for number in range(9_999):
        guard_of(circuits, str(number))
        if number == 5_000:
            guard_of(circuits, "kept")
    assert guard_of(circuits, "kept").standing.state is CircuitState.OPEN
    assert guard_of(circuits, "old").standing.state is CircuitState.CLOSED
