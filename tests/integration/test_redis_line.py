"""One connection for all that is asked of a server: in order, in one piece, replaced when it is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from redis.exceptions import BusyLoadingError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as LostError

from harness.looking import turn_until
from service.adapters.embedded import start_embedded
from service.adapters.redis_line import Line
from service.adapters.redis_server import read_server

PATIENCE = 0.2
Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def line(machine: Any) -> AsyncIterator[Line]:
    """Give a line to a server of the test's own."""
    opened = Line(read_server(machine.url), patience=PATIENCE)
    yield opened
    await opened.close()


@asynccontextmanager
async def line_to(folder: Path, *speaks: Speak) -> AsyncIterator[Line]:
    """Give a line to a peer that speaks as told on each connection; in the end as the last says."""
    said, serving = list(speaks), set[asyncio.Task[None] | None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        await (said.pop(0) if len(said) > 1 else said[0])(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    path = folder / "s"
    peer = await asyncio.start_unix_server(serve, path)
    opened = Line(read_server(f"unix://{path}"), patience=PATIENCE)
    try:
        yield opened
    finally:
        await opened.close()
        peer.close()
        await asyncio.wait([task for task in serving if task is not None])


def greet(speak: Speak) -> Speak:
    """Reply to a PING first."""

    async def speak_then(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"PING\r\n")
        writer.write(b"+PONG\r\n")
        await speak(reader, writer)

    return speak_then


def reply(*words: bytes) -> Speak:
    """Greet, and say these words whenever anything was asked, one after the other."""

    @greet
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for word in words:
            await reader.readuntil(b"GET\r\n$1\r\na\r\n")
            writer.write(word)
        await reader.read()

    return speak


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


async def test_a_master_that_is_none_any_more_is_looked_for_anew(tmp_path: Path) -> None:
    """After a failover writes go to whoever is at the address now; where nobody else is, they are refused."""
    with start_embedded() as one, start_embedded() as other:
        address = tmp_path / "s"
        address.symlink_to(read_server(one.url).path or "")
        line = Line(read_server(f"unix://{address}"), patience=PATIENCE)
        await line.run([("REPLICAOF", "127.0.0.1", 1)])
        await asyncio.sleep(1.1)
        (refused,) = await line.run([("SET", "a", b"1")])
        assert isinstance(refused, ReadOnlyError)
        address.unlink()
        address.symlink_to(read_server(other.url).path or "")
        await asyncio.sleep(1.1)
        assert await line.run([("GET", "a"), ("SET", "a", b"1"), ("GET", "a")]) == [None, b"OK", b"1"]
        await line.close()


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
    assert monotonic() - began < 10
    machine.resume()
    assert await line.run([("PING",)]) == [b"PONG"]
    await turn_until(lambda: connections(machine) == 1)


async def test_who_is_always_in_a_hurry_gives_a_dead_connection_up(line: Line, machine: Any) -> None:
    """Nobody alone has waited for long, but nothing has come for long: nothing more is asked there."""
    (before,) = await line.run([("CLIENT", "ID")])
    machine.hang()
    for _ in range(6):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(PATIENCE / 4):
                await line.run([("PING",)])
    machine.resume()
    assert await line.run([("CLIENT", "ID")]) != [before]
    await turn_until(lambda: connections(machine) == 1)


async def test_a_slow_reply_is_no_silence(tmp_path: Path) -> None:
    """Who leaves while a long reply is on its way leaves the connection to those behind."""

    @greet
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"GET\r\n$1\r\na\r\n")
        for piece in (b"$8\r\n", *[b"x"] * 8, b"\r\n"):
            writer.write(piece)
            await asyncio.sleep(PATIENCE / 4)
        await reader.readuntil(b"GET\r\n$1\r\na\r\n")
        writer.write(b"$1\r\nb\r\n")
        await reader.read()

    async with line_to(tmp_path, drip, reply(b"$7\r\nanother\r\n")) as line:
        leaving = asyncio.create_task(line.run([("GET", "a")]))
        await asyncio.sleep(PATIENCE * 1.5)
        staying = asyncio.create_task(line.run([("GET", "a")]))
        await asyncio.sleep(0)
        leaving.cancel()
        assert await staying == [b"b"]


@pytest.mark.parametrize(
    "said",
    [b"?\r\n", b"-LOADING Redis is loading the dataset in memory\r\n", b"$5\r\nsho", b""],
    ids=["nonsense", "loading", "half", "nothing"],
)
async def test_what_was_no_reply_is_asked_for_once_more(tmp_path: Path, said: bytes) -> None:
    """Whatever a connection ended with: what had a reply has it, and the rest is asked over another one."""

    @greet
    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"GET\r\n$1\r\na\r\n")
        writer.write(b"$1\r\nb\r\n" + said)

    async with line_to(tmp_path, end, reply(b"$1\r\nc\r\n")) as line:
        asked = [asyncio.create_task(line.run([("GET", "a")])) for _ in range(2)]
        assert [await each for each in asked] == [[b"b"], [b"c"]]


async def test_words_that_nobody_asked_for_are_nobodys_reply(tmp_path: Path) -> None:
    """A push goes to nobody; a reply too many ends the connection, and the next question has its own."""
    spoken = reply(b">2\r\n+invalidate\r\n*0\r\n$1\r\nb\r\n$1\r\nc\r\n")
    async with line_to(tmp_path, spoken, reply(b"$1\r\nd\r\n")) as line:
        assert await line.run([("GET", "a")]) == [b"b"]
        assert await line.run([("GET", "a")]) == [b"d"]


async def test_a_server_that_only_greets_leaves_nobody_waiting(tmp_path: Path) -> None:
    """One that dies between its first reply and the first question is as one that is not there."""

    @greet
    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pass

    async with line_to(tmp_path, die) as line, asyncio.timeout(5):
        with pytest.raises(LostError):
            await line.run([("GET", "a")])


async def test_a_server_that_is_loading_is_not_there_yet(tmp_path: Path) -> None:
    """Who would ask is told why not."""

    async def load(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"PING\r\n")
        writer.write(b"-LOADING Redis is loading the dataset in memory\r\n")
        await reader.read()

    async with line_to(tmp_path, load) as line:
        with pytest.raises(BusyLoadingError):
            await line.run([("GET", "a")])
