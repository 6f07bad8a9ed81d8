"""Tests that work is done only while its caller is there, with the messages that servers really send."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Request

from service.api.presence import CallerLeftError, left, while_present

BODY = {"type": "http.request", "body": b"", "more_body": False}
GONE = {"type": "http.disconnect"}


class Line:
    """What comes from the caller: messages in their order, then silence."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._messages = asyncio.Queue[dict[str, Any]]()
        for message in messages:
            self._messages.put_nowait(message)

    def say(self, message: dict[str, Any]) -> None:
        """Have the caller do something."""
        self._messages.put_nowait(message)

    @property
    def request(self) -> Request:
        """Give a request on this line."""
        return Request({"type": "http", "method": "GET", "headers": []}, self._messages.get)


class Work:
    """Work that waits until it is allowed to end, and notes how it ended."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.allowed = asyncio.Event()
        self.cancelled = False
        self.ended = asyncio.Event()

    async def do(self) -> str:
        """Wait, then give a result."""
        self.started.set()
        try:
            await self.allowed.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        self.ended.set()
        return "done"


async def test_work_ends_by_itself_while_the_caller_waits() -> None:
    """The rest of the request is no departure."""
    line, work = Line(BODY), Work()
    doing = asyncio.create_task(while_present(line.request, work.do()))
    await work.started.wait()
    work.allowed.set()
    assert await doing == "done"
    assert not work.cancelled


@pytest.mark.parametrize("messages", [(GONE,), (BODY, GONE)])
async def test_work_is_cancelled_when_the_caller_has_left(messages: tuple[dict[str, Any], ...]) -> None:
    """And what was cancelled has ended before anybody hears of it."""
    line, work = Line(), Work()
    doing = asyncio.create_task(while_present(line.request, work.do()))
    await work.started.wait()
    for message in messages:
        line.say(message)
    with pytest.raises(CallerLeftError):
        await doing
    assert work.cancelled


async def test_a_result_that_is_there_is_given_though_the_caller_has_left() -> None:
    """Whoever asks for it can decide what to do with it."""
    line = Line(GONE)
    assert await while_present(line.request, asyncio.sleep(0, "done")) == "done"


async def test_an_error_of_the_work_is_raised() -> None:
    """As it is."""

    async def fail() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        await while_present(Line(BODY).request, fail())


async def test_work_is_cancelled_with_the_request() -> None:
    """When the server itself ends the request nothing goes on behind its back."""
    line, work = Line(BODY), Work()
    doing = asyncio.create_task(while_present(line.request, work.do()))
    await work.started.wait()
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert work.cancelled


@pytest.mark.parametrize("say", [lambda line: None, lambda line: line.say(BODY)], ids=["silence", "body"])
async def test_nobody_has_left_before_the_server_says_so(say: Callable[[Line], None]) -> None:
    """Silence is no departure, nor is content."""
    line = Line(BODY)
    leaving = asyncio.create_task(left(line.request))
    say(line)
    done, _ = await asyncio.wait({leaving}, timeout=0.02)
    assert done == set()
    line.say(GONE)
    await asyncio.wait_for(leaving, 1)


@pytest.mark.parametrize("ended", [True, False])
async def test_what_came_of_cancelled_work_is_discarded(*, ended: bool) -> None:
    """A result that nobody can be given any more is handed on to be closed; without one there is nothing."""
    line, work = Line(BODY), Work()
    closed: list[str] = []

    async def discard(result: str) -> None:
        closed.append(result)

    doing = asyncio.create_task(while_present(line.request, work.do(), discard=discard))
    await work.started.wait()
    if ended:
        work.allowed.set()
        await work.ended.wait()
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert closed == (["done"] if ended else [])
