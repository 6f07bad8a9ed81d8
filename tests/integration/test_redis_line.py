"""One connection for all that is asked of a server: in order, in one piece, replaced when it is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import ResponseError

from service.adapters.redis_client import open_client
from service.adapters.redis_line import Line, _Talk

PATIENCE = 0.2


@pytest.fixture
async def line(machine: Any) -> AsyncIterator[Line]:
    """Give a line to a server of the test's own."""
    client = open_client(machine.url, timeout=timedelta(seconds=5), connections=1)
    assert isinstance(client, Redis)
    opened = Line(client.connection_pool, patience=PATIENCE)
    yield opened
    await opened.close()


def connections(machine: Any) -> int:
    """Count those who are connected, without who counts."""
    with closing(machine.client()) as client:
        return len(client.client_list()) - 1


async def test_everybody_gets_the_replies_to_what_they_asked(line: Line, machine: Any) -> None:
    """However many ask at once, over one connection, each has its own replies in its own order."""

    async def count(name: str, times: int) -> list[object]:
        return await line.run([("INCR", name)] * times)

    asked = [asyncio.create_task(count(f"n{number}", number)) for number in range(1, 50)]
    assert [await each for each in asked] == [list(range(1, number + 1)) for number in range(1, 50)]
    assert connections(machine) == 1


async def test_a_refusal_is_a_reply(line: Line) -> None:
    """What the server refuses is given in its place; what stands beside it is done."""
    first, refused, last = await line.run([("SET", "a", b"1"), ("LPUSH", "a", 1), ("GET", "a")])
    assert (first, last) == (b"OK", b"1")
    assert isinstance(refused, ResponseError)


async def test_what_cannot_be_sent_is_in_nobodys_way(line: Line) -> None:
    """A command that no bytes can be made of is its caller's trouble alone."""
    good = asyncio.create_task(line.run([("PING",)]))
    nothing: Any = object()
    with pytest.raises(TypeError):
        await line.run([("SET", "a", nothing)])
    assert await good == [b"PONG"]


async def test_a_lost_connection_is_replaced_and_asked_again(line: Line, machine: Any) -> None:
    """A server that ends its connections, with replies under way, costs nobody anything."""
    await line.run([("PING",)])
    with closing(machine.client()) as client:
        machine.hang()
        asked = [asyncio.create_task(line.run([("SET", f"k{number}", 1)])) for number in range(5)]
        await asyncio.sleep(0.02)
        machine.resume()
        client.client_kill_filter(_type="normal", skipme=True)
    assert [await each for each in asked] == [[b"OK"]] * 5


async def test_without_a_server_everybody_is_told(line: Line, machine: Any) -> None:
    """Where there is no server each caller has the client's error, and nobody waits."""
    await line.run([("PING",)])
    machine.stop()
    for _ in range(2):
        with pytest.raises(LostError):
            await line.run([("PING",)])


async def test_who_leaves_leaves_a_reply_to_nobody(line: Line, machine: Any) -> None:
    """A caller in a hurry costs the others nothing: replies go to whom they belong, over the same way."""
    await line.run([("SET", "mine", b"mine")])
    machine.hang()
    hasty = asyncio.create_task(line.run([("GET", "mine")]))
    patient = asyncio.create_task(line.run([("GET", "other")]))
    await asyncio.sleep(0.02)
    hasty.cancel()
    await asyncio.wait({hasty})
    machine.resume()
    assert await patient == [None]
    assert hasty.cancelled()
    assert connections(machine) == 1


async def test_a_connection_that_says_nothing_for_long_is_given_up(line: Line, machine: Any) -> None:
    """Who has waited in vain for long takes the connection along: the next one has a new one."""
    await line.run([("PING",)])
    machine.hang()
    began = monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(PATIENCE + 0.05):
            await line.run([("GET", "a")])
    assert monotonic() - began < 1
    machine.resume()
    assert await line.run([("PING",)]) == [b"PONG"]
    await asyncio.sleep(0.05)
    assert connections(machine) == 1


async def test_a_connection_that_ended_before_it_was_taken_over_is_lost(machine: Any) -> None:
    """A server that dies between its first reply and the first question leaves nobody waiting for its end."""
    client = open_client(machine.url, timeout=timedelta(seconds=5), connections=1)
    assert isinstance(client, Redis)
    pool = client.connection_pool
    connection = pool.connection_class(**pool.connection_kwargs)
    await connection.connect()
    connection._writer.transport.abort()
    await asyncio.sleep(0.01)
    with pytest.raises(LostError, match="closed"):
        _Talk(connection)
    await connection.disconnect(nowait=True)
