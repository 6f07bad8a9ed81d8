"""What an operation on a shared server may cost, and what is said of trouble."""

import asyncio
import gc
from datetime import UTC, datetime, timedelta

import pytest
from redis.exceptions import ResponseError
from structlog.testing import capture_logs

from connectors.errors import StoreUnavailableError
from service.adapters.redis_attempts import Attempts


class StoodClock:
    """A clock that a test moves."""

    seconds = 0.0

    def now(self) -> datetime:
        """Give the epoch and what has passed."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        """Give what has passed."""
        return self.seconds


def make_attempts(clock: StoodClock) -> Attempts:
    """Give attempts of 50 ms, a pause of a second, and two at once."""
    timeout, pause = timedelta(milliseconds=50), timedelta(seconds=1)
    return Attempts("test", clock=clock, timeout=timeout, pause=pause, at_once=2)


async def reply() -> str:
    """Reply."""
    return "reply"


async def refuse() -> str:
    """Refuse."""
    raise ResponseError("no")


async def test_after_a_silence_nobody_tries_for_a_while() -> None:
    """What does not reply in its time is given up, and not tried again before the pause is over."""
    clock = StoodClock()
    attempts = make_attempts(clock)
    ended: list[bool] = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    with capture_logs() as logs:
        with pytest.raises(StoreUnavailableError):
            await attempts.run(hang)
        assert ended == [True]
        with pytest.raises(StoreUnavailableError, match="not tried"):
            await attempts.run(reply)
        clock.seconds = 1.0
        assert await attempts.run(reply) == "reply"
        assert await attempts.run(reply) == "reply"
    assert [entry["event"] for entry in logs] == ["store_unavailable", "store_available"]


async def test_a_refusal_is_no_silence() -> None:
    """A server that refuses is there: the next operation is tried, and the log tells it apart."""
    attempts = make_attempts(StoodClock())
    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(StoreUnavailableError):
                await attempts.run(refuse)
        assert await attempts.run(reply) == "reply"
    assert [entry["event"] for entry in logs] == ["store_refuses", "store_accepts"]


async def test_what_one_operation_is_refused_another_may_do() -> None:
    """A full server refuses to write and is read: each operation is told of once, when it begins and ends."""
    attempts = make_attempts(StoodClock())
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(StoreUnavailableError, match="refused to save"):
                await attempts.run(refuse, operation="save")
            assert await attempts.run(reply, operation="load") == "reply"
        assert await attempts.run(reply, operation="save") == "reply"
    told = [(entry["event"], entry["user"], entry["operation"]) for entry in logs]
    assert told == [("store_refuses", "test", "save"), ("store_accepts", "test", "save")]


async def test_how_an_operation_ends_that_was_given_up_is_no_news() -> None:
    """What it raises on its way out is reported to nobody, whether its time was up or its caller left."""

    async def complain() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ConnectionError("on the way out")

    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    with pytest.raises(StoreUnavailableError):
        await make_attempts(StoodClock()).run(complain)
    left = asyncio.create_task(make_attempts(StoodClock()).run(complain))
    await asyncio.sleep(0.01)
    left.cancel()
    await asyncio.wait({left})
    assert left.cancelled()
    gc.collect()
    assert reported == []


async def test_no_more_at_once_than_there_are_connections() -> None:
    """Whoever finds no connection waits its turn."""
    attempts = make_attempts(StoodClock())
    under_way = most = 0

    async def work() -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(attempts.run(work))
    assert most == 2
