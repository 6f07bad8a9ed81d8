"""The paced sender: circuits, turns, the count of calls, what they teach, and the second call after a 401."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from math import inf
from typing import Any

import pytest

from connectors.disposition import Disposition, Verdict
from connectors.errors import (
    OverBudgetError,
    SourceContractError,
    SourceDeniedError,
    SourceError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.ports import Caller, Demand, Lane, LaneState, Signal
from connectors.runtime.circuit import CircuitState
from connectors.runtime.circuits import Circuits
from connectors.runtime.sender import PacedSender
from connectors.wire import Call, Pairs, Reply

SECOND = timedelta(seconds=1)
LONG = timedelta(seconds=10)
CALL = Call("GET", "/", nodes=())
LANE = Lane("a.example", "me", None, 20)


class Purse:
    """A demand of so many calls."""

    callers = (Caller("somebody"),)

    def __init__(self, calls: int = 100) -> None:
        self.limit = calls
        self.taken = 0

    @property
    def exhausted(self) -> bool:
        """Tell whether none is left."""
        return self.taken == self.limit

    def take(self) -> bool:
        """Spend one."""
        if self.exhausted:
            return False
        self.taken += 1
        return True

    @property
    def until(self) -> float:
        """Want it for ever."""
        return inf

    def on_join(self, listener: Callable[[Caller], None]) -> Callable[[], None]:
        """Nobody ever joins."""
        return lambda: None


class Learning:
    """A turn that keeps what it is told."""

    def __init__(self, signals: list[Signal]) -> None:
        self.signals = signals

    def learn(self, signal: Signal) -> None:
        """Keep it."""
        self.signals.append(signal)


class Turns:
    """A governor: every turn takes `seconds`, and `places` calls may be under way."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.seconds = 0.0
        self.places = asyncio.Semaphore(100)
        self.given = 0
        self.returned = 0
        self.signals: list[Signal] = []

    @asynccontextmanager
    async def turn(self, lane: Lane, *, demand: Demand, timeout: timedelta) -> AsyncIterator[Learning]:
        """Give a turn; one that ends in OverBudgetError comes back."""
        assert lane == LANE
        if self.seconds > timeout.total_seconds():
            raise SourceThrottledError("our own pace", retry_after=timedelta(seconds=self.seconds))
        async with self.places:
            self.clock.advance(self.seconds)
            self.given += 1
            try:
                yield Learning(self.signals)
            except OverBudgetError:
                self.returned += 1
                raise

    def state(self, lane: Lane) -> LaneState | None:
        """Know nothing."""
        return None


class Recording:
    """A wire that notes when it was used, with how much time and whose signature; a call takes `seconds`."""

    def __init__(self, clock: Any, *replies: Reply | SourceError) -> None:
        self.clock = clock
        self.replies = replies
        self.seconds = 0.0
        self.at: list[float] = []
        self.timeouts: list[timedelta] = []
        self.signatures: list[str] = []
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, call: Call, *, signature: Pairs, timeout: timedelta) -> Reply:
        """Note it, and reply when open: as scripted, then 200 for ever."""
        self.at.append(self.clock.passed)
        self.timeouts.append(timeout)
        self.signatures.append(signature[0][1])
        count = len(self.at)
        await asyncio.sleep(0)
        await self.open.wait()
        self.clock.advance(self.seconds)
        met = self.replies[count - 1] if count <= len(self.replies) else Reply(200, self.clock.now())
        if isinstance(met, SourceError):
            raise met
        return met


class Renewing:
    """An authorizer with so many credentials; each renewal goes on to the next."""

    identity = "me"

    def __init__(self, *values: str) -> None:
        self.left = list(values)

    async def headers(self, *, timeout: timedelta) -> Pairs:
        """Give the first that is left."""
        return (("authorization", self.left[0]),)

    async def renew(self, *, rejected: Pairs, timeout: timedelta, since: datetime | None = None) -> bool:
        """Go on to the next, unless it has been reached already; each is issued when it is reached."""
        if rejected[0][1] == self.left[0]:
            if len(self.left) == 1 or since is not None:
                return False
            self.left.pop(0)
        return True

    async def aclose(self) -> None:
        """Do nothing."""


@pytest.fixture
def turns(clock: Any) -> Turns:
    """Give a governor that keeps nobody waiting."""
    return Turns(clock)


@pytest.fixture
def circuits(clock: Any) -> Circuits:
    """Give the circuits of a process, without jitter."""
    return Circuits(clock=clock, jitter=lambda: 0.0)


@pytest.fixture
def make(clock: Any, turns: Turns, circuits: Circuits) -> Any:
    """Give a function that makes a sender over a wire for the credentials given."""

    def make(wire: Recording, *credentials: str, observe: Any = None, judge: Any = None) -> PacedSender:
        return PacedSender(
            wire,
            authorizer=Renewing(*credentials or ("one",)),
            governor=turns,
            lane=LANE,
            guard=circuits.guard("source", host="a.example", identity="me"),
            clock=clock,
            observe=observe,
            judge=judge,
        )

    return make


def standing(circuits: Circuits) -> CircuitState:
    """Tell where the circuits stand."""
    return circuits.guard("source", host="a.example", identity="me").standing.state


async def test_a_call_that_waited_has_less_time_left(make: Any, clock: Any, turns: Turns) -> None:
    """What the turn took is no longer there for the wire."""
    wire = Recording(clock)
    turns.seconds = 4
    await make(wire).send(CALL, timeout=LONG, demand=Purse())
    assert (wire.at, wire.timeouts) == ([4], [timedelta(seconds=6)])


async def test_only_calls_that_leave_are_counted(make: Any, clock: Any, turns: Turns) -> None:
    """Of ten calls with one place, the one under way is counted; those that wait and give up are not."""
    wire, purse = Recording(clock), Purse()
    wire.open.clear()
    turns.places = asyncio.Semaphore(1)
    sender = make(wire)
    calls = [asyncio.create_task(sender.send(CALL, timeout=SECOND, demand=purse)) for _ in range(10)]
    await asyncio.sleep(0.01)
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    assert (len(wire.at), purse.taken, turns.signals) == (1, 1, [])


async def test_a_spent_allowance_sends_nothing_and_takes_no_turn(make: Any, clock: Any, turns: Turns) -> None:
    """Nobody waits to learn that no call is left."""
    wire = Recording(clock)
    with pytest.raises(OverBudgetError, match="max_calls"):
        await make(wire).send(CALL, timeout=SECOND, demand=Purse(0))
    assert (wire.at, turns.given) == ([], 0)


async def test_an_allowance_spent_while_waiting_gives_the_turn_back(
    make: Any, clock: Any, turns: Turns
) -> None:
    """Of two calls with one left, the second one's turn is there for whoever may use it."""
    wire, purse = Recording(clock), Purse(1)
    turns.places = asyncio.Semaphore(0)
    sender = make(wire)
    calls = [asyncio.create_task(sender.send(CALL, timeout=SECOND, demand=purse)) for _ in range(2)]
    await asyncio.sleep(0.01)
    turns.places.release()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in done] == [Reply, OverBudgetError]
    assert (turns.given, turns.returned) == (2, 1)


async def test_a_call_whose_time_is_up_does_not_leave(make: Any, clock: Any, turns: Turns) -> None:
    """It is a timeout, nothing is spent, and its turn is given back."""
    wire, purse = Recording(clock), Purse()
    with pytest.raises(SourceTimeoutError):
        await make(wire).send(CALL, timeout=timedelta(0), demand=purse)
    assert (wire.at, purse.taken, turns.returned) == ([], 0, turns.given)


async def test_a_401_is_answered_with_another_credential_once(make: Any, clock: Any) -> None:
    """After one renewal the call is sent again; a second 401 is the reply. Both calls are counted."""
    refusal = Reply(401, clock.now())
    for replies, status in (([refusal], 200), ([refusal, refusal], 401)):
        wire, purse = Recording(clock, *replies), Purse()
        reply = await make(wire, "old", "new", "newer").send(CALL, timeout=SECOND, demand=purse)
        assert (reply.status, wire.signatures, purse.taken) == (status, ["old", "new"], 2)


async def test_a_401_without_another_credential_is_the_reply(make: Any, clock: Any) -> None:
    """Fixed credentials are sent once."""
    wire, purse = Recording(clock, Reply(401, clock.now())), Purse()
    reply = await make(wire, "old").send(CALL, timeout=SECOND, demand=purse)
    assert (reply.status, purse.taken) == (401, 1)


async def test_the_call_after_a_401_waits_for_a_turn_of_its_own(make: Any, clock: Any, turns: Turns) -> None:
    """It is a call like any other, and the first one's place is free by then."""
    wire = Recording(clock, Reply(401, clock.now()))
    turns.places = asyncio.Semaphore(1)
    await make(wire, "old", "new").send(CALL, timeout=SECOND, demand=Purse())
    assert turns.given == 2


async def test_the_call_after_a_401_is_within_the_allowance(make: Any, clock: Any) -> None:
    """Without a call left the credential is not taken for refused: nobody tried the new one."""
    wire, purse = Recording(clock, Reply(401, clock.now())), Purse(1)
    with pytest.raises(OverBudgetError):
        await make(wire, "old", "new").send(CALL, timeout=SECOND, demand=purse)
    assert (len(wire.at), purse.taken) == (1, 1)


async def test_a_call_in_line_is_signed_with_the_newest_credential(
    make: Any, clock: Any, turns: Turns
) -> None:
    """What was refused while a call waited for its turn is not sent again."""
    wire = Recording(clock, Reply(401, clock.now()))
    turns.places = asyncio.Semaphore(1)
    sender = make(wire, "old", "new")
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(sender.send(CALL, timeout=SECOND, demand=Purse()))
    assert sorted(wire.signatures) == ["new", "new", "new", "old"]


async def test_a_token_that_ran_out_under_many_calls_is_no_refused_credential(
    make: Any, clock: Any, circuits: Circuits
) -> None:
    """Twenty 401 to the old token are renewed and sent again; none of them counts."""
    wire = Recording(clock, *[Reply(401, clock.now())] * 20)
    sender = make(wire, "old", "new")
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(sender.send(CALL, timeout=SECOND, demand=Purse())) for _ in range(20)]
    assert {call.result().status for call in calls} == {200}
    assert standing(circuits) is CircuitState.CLOSED


async def test_a_credential_that_is_refused_five_times_is_not_tried_again_at_once(
    make: Any, clock: Any, turns: Turns
) -> None:
    """The sixth call ends without leaving, a turn or a cost; after the pause one is tried."""
    wire, purse = Recording(clock, *[Reply(401, clock.now())] * 5), Purse()
    for _ in range(5):
        await make(wire).send(CALL, timeout=SECOND, demand=purse)
    with pytest.raises(SourceDeniedError) as caught:
        await make(wire).send(CALL, timeout=SECOND, demand=purse)
    assert caught.value.retry_after == timedelta(seconds=0.5)
    assert (len(wire.at), turns.given, purse.taken) == (5, 5, 5)
    clock.advance(0.5)
    assert (await make(wire).send(CALL, timeout=SECOND, demand=purse)).status == 200


async def test_a_host_that_failed_five_times_is_left_alone_for_a_while(
    make: Any, clock: Any, turns: Turns
) -> None:
    """Calls end at once without leaving; a quarter of a second later one leaves, and then all."""
    wire = Recording(clock, *[Reply(500, clock.now())] * 3, *[SourceUnavailableError("cut")] * 2)
    for _ in range(3):
        assert (await make(wire).send(CALL, timeout=SECOND, demand=Purse())).status == 500
    for _ in range(2):
        with pytest.raises(SourceUnavailableError, match="cut"):
            await make(wire).send(CALL, timeout=SECOND, demand=Purse())
    with pytest.raises(SourceUnavailableError, match="not asked"):
        await make(wire).send(CALL, timeout=SECOND, demand=Purse())
    assert (len(wire.at), turns.given) == (5, 5)
    clock.advance(0.5)
    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(make(wire).send(CALL, timeout=SECOND, demand=Purse()))
    assert len(wire.at) == 15


async def test_calls_in_line_when_a_circuit_opens_do_not_leave(make: Any, clock: Any, turns: Turns) -> None:
    """Of ten that wait in line for a dead host five leave; the turns of the others are given back."""
    wire, purse = Recording(clock, *[SourceUnavailableError("cut")] * 10), Purse()
    turns.places = asyncio.Semaphore(1)
    calls = [make(wire).send(CALL, timeout=SECOND, demand=purse) for _ in range(10)]
    met = await asyncio.gather(*calls, return_exceptions=True)
    assert [str(one)[:9] for one in met] == ["cut"] * 5 + ["not asked"] * 5
    assert (len(wire.at), purse.taken, turns.given, turns.returned) == (5, 5, 10, 5)


async def test_a_cancelled_probe_gives_its_place_back(make: Any, clock: Any) -> None:
    """The next call probes instead, and need not wait for anything."""
    wire = Recording(clock, *[Reply(500, clock.now())] * 5)
    for _ in range(5):
        await make(wire).send(CALL, timeout=SECOND, demand=Purse())
    clock.advance(0.5)
    wire.open.clear()
    probe = asyncio.create_task(make(wire).send(CALL, timeout=SECOND, demand=Purse()))
    await asyncio.sleep(0.01)
    probe.cancel()
    await asyncio.wait([probe])
    wire.open.set()
    assert (await make(wire).send(CALL, timeout=SECOND, demand=Purse())).status == 200


@pytest.mark.parametrize(
    ("met", "timeout", "signals"),
    [
        (200, LONG, [Signal(timedelta(seconds=2))]),
        (500, LONG, [Signal(timedelta(seconds=2))]),
        (SourceTimeoutError("late"), LONG, [Signal(timedelta(seconds=2), unanswered=True)]),
        (SourceTimeoutError("late"), SECOND, []),
        (SourceUnavailableError("cut"), LONG, []),
        (SourceContractError("html", path="$"), LONG, []),
    ],
)
async def test_what_a_call_tells_of_the_load(  # noqa: PLR0917 - three fixtures and three columns
    make: Any, clock: Any, turns: Turns, met: Any, timeout: timedelta, signals: list[Signal]
) -> None:
    """Each reply tells how long it took, a silence of 5 s that there is too much to do, a cut nothing."""
    wire = Recording(clock, Reply(met, clock.now()) if isinstance(met, int) else met)
    wire.seconds = 2
    with suppress(SourceError):
        await make(wire).send(CALL, timeout=timeout, demand=Purse())
    assert (len(wire.at), turns.signals) == (1, signals)


@pytest.mark.parametrize(("status", "rest"), [(429, 7), (503, 7), (500, None), (200, None)])
async def test_what_the_headers_tell(
    make: Any, clock: Any, turns: Turns, status: int, rest: int | None
) -> None:
    """Of 429 and 503 the Retry-After is a rest; the calls that are left are read from every reply."""
    headers = {"retry-after": "7", "x-ratelimit-remaining": "3", "x-ratelimit-reset": "20"}
    await make(Recording(clock, Reply(status, clock.now(), headers))).send(CALL, timeout=LONG, demand=Purse())
    (signal,) = turns.signals
    assert signal.overloaded is (rest is not None)
    assert signal.rest == (None if rest is None else timedelta(seconds=rest))
    assert (signal.remaining, signal.reset) == (3, timedelta(seconds=20))


def knowing(call: Call, reply: Reply) -> Verdict:
    """Judge as an upstream that throttles by 403 would have it, and fail on what is no text."""
    return Verdict(
        Disposition.THROTTLED if b"too many" in reply.body.decode().encode() else Disposition.DENIED
    )


@pytest.mark.parametrize(
    ("body", "rest"), [(b"too many requests", 7), (b"no permission", None), (b"\xff", None)]
)
async def test_a_403_may_be_throttling(
    make: Any, clock: Any, turns: Turns, body: bytes, rest: int | None
) -> None:
    """Where the connector knows it for that the governor is told, with the rest that was asked for."""
    reply = Reply(403, clock.now(), {"retry-after": "7"}, body)
    await make(Recording(clock, reply), judge=knowing).send(CALL, timeout=LONG, demand=Purse())
    (signal,) = turns.signals
    assert signal.overloaded is (rest is not None)
    assert signal.rest == (None if rest is None else timedelta(seconds=rest))


async def test_who_waited_for_a_probe_leaves_by_a_new_turn(make: Any, clock: Any, turns: Turns) -> None:
    """A call is counted when it leaves: seconds after its turn came it gives that back and takes another."""
    wire, purse = Recording(clock, *[Reply(500, clock.now())] * 5), Purse()
    for _ in range(5):
        await make(wire).send(CALL, timeout=SECOND, demand=purse)
    clock.advance(0.5)
    wire.open.clear()
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(make(wire).send(CALL, timeout=LONG, demand=purse))
        await asyncio.sleep(0.01)
        clock.advance(3)
        wire.open.set()
    assert (len(wire.at), turns.given, turns.returned) == (8, 10, 2)


async def test_each_call_that_left_is_told_of_once(make: Any, clock: Any) -> None:
    """By its status, or by the kind of error there was instead, and how long it was away."""
    seen: list[tuple[int | str, float]] = []
    wire = Recording(clock, Reply(401, clock.now()), Reply(200, clock.now()), SourceUnavailableError("cut"))
    wire.seconds = 2
    sender = make(wire, "old", "new", observe=lambda what, seconds: seen.append((what, seconds)))
    await sender.send(CALL, timeout=LONG, demand=Purse())
    with pytest.raises(SourceUnavailableError):
        await sender.send(CALL, timeout=LONG, demand=Purse())
    with pytest.raises(OverBudgetError):
        await sender.send(CALL, timeout=LONG, demand=Purse(0))
    assert seen == [(401, 2), (200, 2), ("SourceUnavailableError", 2)]


async def test_what_the_governor_refuses_is_passed_on(make: Any, clock: Any, turns: Turns) -> None:
    """Nothing leaves, nothing is spent, and no circuit has learnt anything."""
    wire, purse = Recording(clock), Purse()
    turns.seconds = 30
    with pytest.raises(SourceThrottledError):
        await make(wire).send(CALL, timeout=LONG, demand=purse)
    assert (wire.at, purse.taken) == ([], 0)
