"""The paced sender: turns, the count of calls, rests, and the second call after a 401."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from connectors.contract import Pace
from connectors.errors import OverBudgetError, SourceThrottledError, SourceTimeoutError
from connectors.runtime.pace import Governor
from connectors.runtime.sender import PacedSender
from connectors.wire import Call, Pairs, Reply

SECOND = timedelta(seconds=1)
MINUTES = timedelta(minutes=10)
CALL = Call("GET", "/", nodes=())


class Purse:
    """An allowance of so many calls."""

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


class Recording:
    """A wire that notes when it was used, with how much time and whose signature."""

    def __init__(self, clock: Any, *replies: Reply) -> None:
        self.clock = clock
        self.replies = replies
        self.at: list[float] = []
        self.timeouts: list[timedelta] = []
        self.signatures: list[str] = []
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, call: Call, *, signature: Pairs, timeout: timedelta) -> Reply:
        """Note it, and reply when open."""
        self.at.append(self.clock.passed)
        self.timeouts.append(timeout)
        self.signatures.append(signature[0][1])
        count = len(self.at)
        await asyncio.sleep(0)
        await self.open.wait()
        return self.replies[count - 1] if count <= len(self.replies) else Reply(200, self.clock.now())


class Renewing:
    """An authorizer with so many credentials; each renewal goes on to the next."""

    identity = "me"

    def __init__(self, *values: str) -> None:
        self.left = list(values)
        self.rejected: list[Pairs] = []

    async def headers(self, *, timeout: timedelta) -> Pairs:
        """Give the first that is left."""
        return (("authorization", self.left[0]),)

    async def renew(self, *, rejected: Pairs, timeout: timedelta) -> bool:
        """Go on to the next, unless it has been reached already."""
        self.rejected.append(rejected)
        if rejected[0][1] == self.left[0]:
            if len(self.left) == 1:
                return False
            self.left.pop(0)
        return True

    async def aclose(self) -> None:
        """Do nothing."""


@pytest.fixture
def make(clock: Any, sleeper: Any) -> Any:
    """Give a function that makes a sender at a pace over a wire, for the credentials given."""
    governor = Governor(clock=clock, sleeper=sleeper)

    def make(wire: Recording, pace: Pace, *credentials: str, identity: str = "me") -> PacedSender:
        pacer = partial(governor.pacer, "a.example", identity=identity, pace=pace)
        return PacedSender(wire, authorizer=Renewing(*credentials or ("one",)), pacer=pacer, clock=clock)

    return make


async def test_a_call_that_waited_has_less_time_left(make: Any, clock: Any, sleeper: Any) -> None:
    """With two a minute the third call goes a minute and a margin after the first."""
    wire = Recording(clock)
    paced = make(wire, Pace(2))
    for _ in range(3):
        await paced.send(CALL, timeout=MINUTES, allowance=Purse())
    assert sleeper.waits == [60.5]
    assert wire.at == [0, 0, 60.5]
    assert wire.timeouts == [MINUTES, MINUTES, MINUTES - timedelta(seconds=60.5)]


async def test_a_429_with_a_time_lets_everyone_rest(make: Any, clock: Any) -> None:
    """After Retry-After nothing goes to that upstream until it is over: short calls fail, long ones wait."""
    wire, purse = Recording(clock, Reply(429, clock.now(), {"retry-after": "7"})), Purse()
    paced = make(wire, Pace())
    assert (await paced.send(CALL, timeout=SECOND, allowance=purse)).status == 429
    with pytest.raises(SourceThrottledError) as caught:
        await paced.send(CALL, timeout=SECOND, allowance=purse)
    assert caught.value.retry_after == timedelta(seconds=7)
    assert purse.taken == 1
    assert (await paced.send(CALL, timeout=MINUTES, allowance=purse)).status == 200
    assert (wire.at, purse.taken) == ([0, 7], 2)


async def test_only_calls_that_leave_are_counted(make: Any, clock: Any) -> None:
    """Of ten calls with one place, the one under way is counted; those that wait and give up are not."""
    wire, purse = Recording(clock), Purse()
    wire.open.clear()
    paced = make(wire, Pace(concurrency=1))
    calls = [asyncio.create_task(paced.send(CALL, timeout=SECOND, allowance=purse)) for _ in range(10)]
    await asyncio.sleep(0.01)
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    assert (len(wire.at), purse.taken) == (1, 1)


async def test_a_spent_allowance_sends_nothing_and_takes_no_turn(make: Any, clock: Any, sleeper: Any) -> None:
    """The minute's one call is still there for whoever may make it."""
    wire = Recording(clock)
    paced = make(wire, Pace(1))
    with pytest.raises(OverBudgetError, match="max_calls"):
        await paced.send(CALL, timeout=SECOND, allowance=Purse(0))
    await paced.send(CALL, timeout=SECOND, allowance=Purse(1))
    assert (wire.at, sleeper.waits) == ([0], [])


async def test_a_call_whose_time_is_up_does_not_leave(make: Any, clock: Any) -> None:
    """It is a timeout, and nothing is spent."""
    wire, purse = Recording(clock), Purse()
    with pytest.raises(SourceTimeoutError):
        await make(wire, Pace()).send(CALL, timeout=timedelta(0), allowance=purse)
    assert (wire.at, purse.taken) == ([], 0)


async def test_a_401_is_answered_with_another_credential_once(make: Any, clock: Any) -> None:
    """After one renewal the call is sent again; a second 401 is the reply. Both calls are counted."""
    refusal = Reply(401, clock.now())
    for replies, status in (([refusal], 200), ([refusal, refusal], 401)):
        wire, purse = Recording(clock, *replies), Purse()
        reply = await make(wire, Pace(), "old", "new", "newer").send(CALL, timeout=SECOND, allowance=purse)
        assert (reply.status, wire.signatures, purse.taken) == (status, ["old", "new"], 2)


async def test_a_401_without_another_credential_is_the_reply(make: Any, clock: Any) -> None:
    """Fixed credentials are sent once."""
    wire, purse = Recording(clock, Reply(401, clock.now())), Purse()
    reply = await make(wire, Pace(), "old").send(CALL, timeout=SECOND, allowance=purse)
    assert (reply.status, purse.taken) == (401, 1)


async def test_the_call_after_a_401_waits_for_a_turn_of_its_own(make: Any, clock: Any, sleeper: Any) -> None:
    """Five a minute are five, however many of them were answered 401."""
    wire = Recording(clock, *[Reply(401, clock.now())] * 5)
    paced = make(wire, Pace(5), "old", "new")
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(paced.send(CALL, timeout=MINUTES, allowance=Purse()))
    assert wire.at == [0] * 5 + [60.5] * 5


async def test_the_call_after_a_401_is_within_the_allowance(make: Any, clock: Any) -> None:
    """Without a call left the credential is not taken for refused: nobody tried the new one."""
    wire, purse = Recording(clock, Reply(401, clock.now())), Purse(1)
    with pytest.raises(OverBudgetError):
        await make(wire, Pace(), "old", "new").send(CALL, timeout=SECOND, allowance=purse)
    assert (len(wire.at), purse.taken) == (1, 1)


async def test_a_call_in_line_is_signed_with_the_newest_credential(make: Any, clock: Any) -> None:
    """What was refused while a call waited for its turn is not sent again."""
    wire = Recording(clock, Reply(401, clock.now()))
    paced = make(wire, Pace(concurrency=1), "old", "new")
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(paced.send(CALL, timeout=SECOND, allowance=Purse()))
    assert sorted(wire.signatures) == ["new", "new", "new", "old"]


async def test_two_requests_of_one_identity_share_one_pace_whoever_came_between(
    make: Any, clock: Any
) -> None:
    """However many identities pass by, two senders made at different times are bound together."""
    wire = Recording(clock)
    pace = Pace(1)
    early = make(wire, pace, identity="me")
    for number in range(1100):
        await make(wire, pace, identity=str(number)).send(CALL, timeout=SECOND, allowance=Purse())
    late = make(wire, pace, identity="me")
    await late.send(CALL, timeout=SECOND, allowance=Purse())
    with pytest.raises(SourceThrottledError):
        await early.send(CALL, timeout=SECOND, allowance=Purse())
