"""Leases on a real server: holders that are killed, a server that dies, and what all this costs."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any, cast

import pytest
from redis import Redis
from structlog.testing import capture_logs

from connectors.ports import Caller
from connectors.runtime.clock import SystemClock
from harness.looking import turn_until
from harness.store import Store
from service.adapters.breaker import Breaker
from service.adapters.redis_leases import RedisLeases
from service.adapters.signals import Signals
from service.usecases.asking.lease import Taken

ANNA = Caller("anna")
KEY = "rg1:AAAAAAAAAAAAAAAAAAAAAA"
# Such a lease ends only if nobody gives it back, whatever the machine does meanwhile.
LONG = timedelta(seconds=30)
# And such a one is seen to end.
LIFE = timedelta(seconds=2.5)
RENEWAL = timedelta(milliseconds=250)
Join = Callable[..., Awaitable[RedisLeases]]

HOLDER = """
import asyncio, sys
from datetime import timedelta
from connectors.ports import Caller
from connectors.runtime.clock import SystemClock
from service.adapters.breaker import Breaker
from service.adapters.redis_leases import RedisLeases
from service.adapters.signals import Signals
from service.usecases.asking.lease import Taken

async def hold(url, key):
    clock = SystemClock()
    signals = Signals(url, clock=clock)
    leases = RedisLeases(
        url, signals=signals, clock=clock, life=timedelta(seconds=2.5), renewal=timedelta(seconds=0.25)
    )
    await signals.start()
    print(await leases.take([key], caller=Caller("anna")), flush=True)
    await asyncio.sleep(60)

asyncio.run(hold(*sys.argv[1:]))
"""


@pytest.fixture
def server() -> Iterator[Store]:
    """Run a server that a test may kill, hang and start again."""
    with Store() as store:
        yield store


@pytest.fixture
async def join(server: Store) -> AsyncIterator[Join]:
    """Give the way to have the leases of one more process."""
    opened: list[Any] = []

    async def make(*, life: timedelta = LONG, renewal: timedelta = RENEWAL, **more: Any) -> RedisLeases:
        clock = SystemClock()
        signals = Signals(server.url, clock=clock, pause=timedelta(milliseconds=50))
        pause = timedelta(milliseconds=50)
        leases = RedisLeases(
            server.url, signals=signals, clock=clock, life=life, renewal=renewal, pause=pause, **more
        )
        opened.extend([signals, leases])
        await signals.start()
        return leases

    yield make
    for one in reversed(opened):
        await one.close()


def soon(seconds: float = 5.0) -> float:
    """Give the instant so many seconds from now."""
    return monotonic() + seconds


def commands(client: Redis) -> dict[str, int]:
    """Count what the server was asked for, by command."""
    seen = cast("dict[str, dict[str, int]]", client.info("commandstats"))
    return {name.removeprefix("cmdstat_"): stat["calls"] for name, stat in seen.items()}


async def empty(server: Store) -> None:
    """Wait until nothing is left on the server, much sooner than by its end."""
    await turn_until(lambda: not server.content(everything=True), within=10)


async def test_followers_of_a_killed_process_take_over(server: Store, join: Join) -> None:
    """A process that is killed keeps its lease until its end; then its follower knows."""
    follower = await join()
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, server.url, KEY, stdin=DEVNULL, stdout=PIPE
    )
    try:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"{}\n"
        assert KEY in await follower.take([KEY], caller=ANNA)
        wait = asyncio.create_task(follower.freed(KEY, until=soon(60)))
        # Longer than the lease: alive, the process keeps it.
        await asyncio.sleep(LIFE.total_seconds() + 0.3)
        assert not wait.done()

        os.kill(holder.pid, signal.SIGKILL)
        killed = monotonic()
        assert await wait
        assert monotonic() - killed < LIFE.total_seconds() + 10
        assert await follower.take([KEY], caller=ANNA) == {}
    finally:
        if holder.returncode is None:
            holder.kill()
        await holder.wait()


async def test_a_waiting_follower_asks_nothing(server: Store, join: Join) -> None:
    """While it waits a follower costs the server no command; the holder costs one a renewal."""
    holder, follower = await join(), await join()
    keys = [f"{KEY[:-4]}{number:04}" for number in range(50)]
    await holder.take(keys, caller=ANNA)
    await follower.take(keys, caller=ANNA)
    async with asyncio.TaskGroup() as group:
        waits = [group.create_task(follower.freed(key, until=soon())) for key in keys]
        with closing(server.client()) as client:
            client.config_resetstat()
            began = monotonic()
            await turn_until(lambda: commands(client).get("eval", 0) >= 3)
            counted, elapsed = commands(client), monotonic() - began
        await holder.give_back(keys)
    assert all(wait.result() for wait in waits)
    assert counted.pop("eval") <= 1 + elapsed / RENEWAL.total_seconds()
    # What the renewing script does itself, and what the test asked.
    assert set(counted) <= {"get", "set", "config|resetstat", "info"}


async def test_a_lease_of_which_nothing_is_heard_is_looked_at_at_its_end(server: Store, join: Join) -> None:
    """A follower looks once per length of a lease, however often that is renewed."""
    holder, follower = await join(life=LIFE), await join(life=LIFE)
    await holder.take([KEY], caller=ANNA)
    await follower.take([KEY], caller=ANNA)
    with closing(server.client()) as client:
        client.config_resetstat()
        began = monotonic()
        assert not await follower.freed(KEY, until=soon(LIFE.total_seconds() + 0.5))
        assert 1 <= commands(client)["pttl"] <= 1 + (monotonic() - began) / LIFE.total_seconds()


async def test_every_key_has_an_end_and_goes(server: Store, join: Join) -> None:
    """No lease is without an end, however many are taken at once; given back, nothing is left."""
    holder, follower = await join(), await join()
    keys = [f"{KEY[:-4]}{number:04}" for number in range(1200)]
    assert await holder.take(keys, caller=ANNA) == {}
    assert set(await follower.take(keys, caller=ANNA)) == set(keys)
    await asyncio.sleep(0.4)
    content = server.content(everything=True)
    assert {key.decode() for key in content} == {f"rg1:lease:{key}" for key in keys}
    assert all(0 < left <= LONG / timedelta(milliseconds=1) for _, left in content.values())
    await holder.give_back(keys)
    assert server.content(everything=True) == {}
    assert all([await follower.freed(key, until=soon()) for key in keys])


async def test_a_taker_who_gives_up_leaves_nothing_held(server: Store, join: Join) -> None:
    """A take that is cancelled while the server is at it holds nothing afterwards."""
    leases, other = await join(), await join()
    for tick in range(20):
        taking = asyncio.create_task(leases.take([KEY], caller=ANNA))
        for _ in range(tick):
            await asyncio.sleep(0)
        taking.cancel()
        await asyncio.wait({taking})
        if not taking.cancelled():
            await leases.give_back([KEY])
        await empty(server)
    assert await other.take([KEY], caller=ANNA) == {}


async def test_without_a_server_everybody_leads(server: Store, join: Join) -> None:
    """While the server is away nobody is led, nobody waits past the lease, and nothing raises."""
    holder, follower = await join(life=LIFE), await join(life=LIFE)
    await holder.take([KEY], caller=ANNA)
    led = await follower.take([KEY], caller=ANNA)
    wait = asyncio.create_task(follower.freed(KEY, until=soon(60)))
    server.kill()

    assert await wait
    assert monotonic() < led[KEY].until + 10
    assert await follower.take([KEY], caller=ANNA) == {}
    assert await holder.take([KEY[:-1] + "B"], caller=ANNA) == {}
    await holder.give_back([KEY])
    follower.unfollow([KEY])
    server.start()


async def test_a_word_that_was_lost_is_looked_up(server: Store, join: Join) -> None:
    """What was given back while a follower's connection was down it learns when that is back."""
    holder, follower = await join(), await join()
    await holder.take([KEY], caller=ANNA)
    await follower.take([KEY], caller=ANNA)
    wait = asyncio.create_task(follower.freed(KEY, until=soon()))
    await asyncio.sleep(0)
    with closing(server.client()) as client:
        client.client_kill_filter(_type="pubsub")
        # Before either process has as much as noticed.
        client.delete(f"rg1:lease:{KEY}")
    assert await wait


async def test_a_server_that_comes_back_empty_is_told_who_leads(server: Store, join: Join) -> None:
    """Leases held before, and those taken while it was away, are on the server again soon."""
    holder, other = await join(), await join()
    early, late = KEY, KEY[:-1] + "B"
    await holder.take([early], caller=ANNA)
    server.kill()
    assert await holder.take([late], caller=ANNA) == {}
    server.start()
    await turn_until(lambda: len(server.content(everything=True)) == 2)

    assert set(await other.take([early, late], caller=ANNA)) == {early, late}
    waits = [asyncio.create_task(other.freed(key, until=soon())) for key in (early, late)]
    await asyncio.sleep(0)
    await holder.give_back([early, late])
    assert [await wait for wait in waits] == [True, True]
    assert server.content(everything=True) == {}


async def test_a_server_that_is_full_is_told_of_once(server: Store, join: Join) -> None:
    """It takes no lease and ends those that are given back: the log says so once, not at every turn."""
    leases = await join()
    with closing(server.client()) as client, capture_logs() as logs:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
        for number in range(3):
            assert await leases.take([f"{KEY[:-1]}{number}"], caller=ANNA) == {}
            await leases.give_back([f"{KEY[:-1]}{number}"])
        client.config_set("maxmemory", "0")
        assert await leases.take([KEY], caller=ANNA) == {}
    told = [(entry["event"], entry["operation"]) for entry in logs if entry["user"] == "leases"]
    assert told == [("store_refuses", "take"), ("store_accepts", "take")]


async def test_a_server_that_hangs_costs_little(server: Store, join: Join) -> None:
    """Each operation ends within its time, and a follower's wait at the follower's own end."""
    holder, follower = await join(), await join()
    await holder.take([KEY], caller=ANNA)
    await follower.take([KEY], caller=ANNA)
    server.hang()
    try:
        began = monotonic()
        assert await follower.take([KEY[:-1] + "B"], caller=ANNA) == {}
        await holder.give_back([KEY])
        assert await follower.freed(KEY, until=soon(0.1)) is False
        # It would hang on, and the lease has still longer.
        assert monotonic() - began < 10
    finally:
        server.resume()


async def test_a_lease_without_an_end_is_nobodys(server: Store, join: Join) -> None:
    """A key that never ends, whoever wrote it, keeps nobody out."""
    leases = await join()
    with closing(server.client()) as client:
        client.set(f"rg1:lease:{KEY}", "somebody")
    assert await leases.take([KEY], caller=ANNA) == {}
    left = server.content(everything=True)[f"rg1:lease:{KEY}".encode()][1]
    assert 0 < left <= LONG / timedelta(milliseconds=1)


async def test_shutting_down_leaves_nothing_behind(server: Store, join: Join) -> None:
    """What is held when a process ends in good order is given back, whatever is under way."""
    leases = await join(renewal=timedelta(milliseconds=1))
    taking = [asyncio.create_task(leases.take([f"{KEY[:-2]}{n:02}"], caller=ANNA)) for n in range(50)]
    await asyncio.sleep(0.02)
    for task in taking[::2]:
        task.cancel()
    await asyncio.wait(taking)
    await leases.close()
    assert server.content(everything=True) == {}


async def test_nobody_gives_back_the_lease_of_another(server: Store, join: Join) -> None:
    """A holder whose lease became another's while it was away leaves it alone, and says nothing."""
    # It does not renew what it has before the other one comes.
    late, heir, follower = await join(renewal=LONG), await join(), await join()
    await late.take([KEY], caller=ANNA)
    server.empty()
    await heir.take([KEY], caller=ANNA)
    await follower.take([KEY], caller=ANNA)
    wait = asyncio.create_task(follower.freed(KEY, until=soon(0.5)))
    await asyncio.sleep(0.3)

    before = server.content(everything=True)
    await late.give_back([KEY])
    assert server.content(everything=True).keys() == before.keys()
    assert not await wait
    assert KEY in await late.take([KEY], caller=ANNA)


async def test_what_the_breaker_holds_back_is_renewed_as_soon_as_it_closes(server: Store, join: Join) -> None:
    """Trouble that is over before a lease would end costs nobody the lease, whenever renewals are due."""
    breaker = Breaker(clock=SystemClock(), pause=timedelta(milliseconds=600))
    life, renewal = timedelta(milliseconds=1650), timedelta(milliseconds=600)
    leases = await join(life=life, renewal=renewal, breaker=breaker)
    await leases.take([KEY], caller=ANNA)
    # Just before the first renewal is due and once more: it is held back until after the second.
    for wait in (0.55, 0.1):
        await asyncio.sleep(wait)
        breaker.fail()
    end = soon(1.3)
    while monotonic() < end:
        assert server.content(everything=True)
        await asyncio.sleep(0.02)


class Gate:
    """A way to a server on which, once it is shut, no lease is taken; everything else gets through."""

    def __init__(self, path: Path, target: Path) -> None:
        """Prepare, open."""
        self.url = f"unix://{path}"
        self.open = asyncio.Event()
        self.open.set()
        self._path = path
        self._target = target
        self._relays: set[asyncio.Task[Any] | None] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Gate"]:
        """Listen while the block lasts."""
        server = await asyncio.start_unix_server(self._relay, str(self._path))
        yield self
        server.close()
        await asyncio.gather(*filter(None, self._relays))

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._relays.add(asyncio.current_task())
        back, forth = await asyncio.open_unix_connection(str(self._target))
        replying = asyncio.create_task(self._copy(back, writer))
        while data := await reader.read(65_536):
            if b"wanted " in data:
                await self.open.wait()
            forth.write(data)
        forth.close()
        await replying
        writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)


async def test_a_herd_that_queues_to_take_ends_no_lease(server: Store, tmp_path: Path) -> None:
    """What is held is renewed however many wait for their turn to take."""
    target = Path(server.url.removeprefix("unix://"))
    life, renewal, patience = LIFE, timedelta(milliseconds=200), timedelta(seconds=20)
    async with Gate(tmp_path / "gate", target).listening() as gate:
        signals = Signals(gate.url, clock=SystemClock())
        leases = RedisLeases(
            gate.url, signals=signals, clock=SystemClock(), life=life, renewal=renewal, timeout=patience
        )
        await leases.take([KEY], caller=ANNA)
        gate.open.clear()
        herd = [asyncio.create_task(leases.take([f"{KEY[:-2]}{n:02}"], caller=ANNA)) for n in range(20)]
        end = soon(LIFE.total_seconds() + 0.5)
        while monotonic() < end:
            assert server.content(everything=True)
            await asyncio.sleep(0.02)
        gate.open.set()
        assert [await each for each in herd] == [{}] * 20
        await leases.close()
        await signals.close()
    assert server.content(everything=True) == {}


async def test_a_taker_is_told_on_the_way_that_no_answer_is_there(server: Store, join: Join) -> None:
    """Who takes leases learns whether anything is kept where answers would be, if it asks for that."""
    leases = await join()
    others = [f"{KEY[:-1]}{number}" for number in range(3)]

    async def nothing_kept(*kept: str) -> bool:
        taken = await leases.take([KEY, *others[:1]], caller=ANNA, kept=kept)
        await leases.give_back([KEY, *others[:1]])
        return isinstance(taken, Taken) and taken.nothing_kept

    assert not await nothing_kept()
    assert await nothing_kept(*others)
    with closing(server.client()) as client:
        client.set(others[2], "an answer")
    assert not await nothing_kept(*others)
    assert await nothing_kept(*others[:2])
    server.kill()
    assert not await nothing_kept(*others)
    server.start()
