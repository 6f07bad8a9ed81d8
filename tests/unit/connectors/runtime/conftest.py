"""A scripted HTTP upstream on loopback, fakes of the ports, and a credential of each kind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from connectors.errors import StoreUnavailableError
from connectors.runtime.http import open_client

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class Seen:
    """One request as it came over the wire; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Script = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Upstream:
    """A loopback server that does what its script says, and what it saw."""

    script: Script
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests until either side ends it."""
        self.connections += 1
        try:
            while (head := await _read_head(reader)) is not None:
                self.seen.append(head)
                answer = asyncio.create_task(self.script(head, writer))
                if "x-watch" in head.headers:
                    # The client will send nothing more: whatever comes is the end of the connection.
                    gone = asyncio.create_task(reader.read(1))
                    await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
                    answer.cancel()
                    break
                await answer
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.closed.set()
            writer.close()


async def _read_head(reader: asyncio.StreamReader) -> Seen | None:
    line = await reader.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = {}
    while (row := (await reader.readline()).decode("latin-1").strip()) != "":
        name, _, value = row.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method, target, headers, body)


class Upstreams:
    """Starts scripted upstreams and writes what they say."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def start(self, script: Script) -> Upstream:
        """Start an upstream on a free port."""
        started = Upstream(script)
        server = await asyncio.start_server(started.serve, "127.0.0.1", 0)
        self._stack.callback(server.close)
        started.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return started

    async def say(self, *replies: bytes) -> Upstream:
        """Start one that answers with each reply once, with the last one for ever."""
        left = list(replies)

        async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()

        return await self.start(script)

    @staticmethod
    def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
        """Write a whole HTTP reply; header names are given with underscores."""
        rows = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}"]
        rows += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return ("\r\n".join(rows) + "\r\n\r\n").encode("latin-1") + body


class FixedClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        """Give noon and what has passed since."""
        return NOON + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        """Give 1000 and what has passed since."""
        return 1000.0 + self.passed

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.passed += seconds


class NotingSleeper:
    """Takes notes, lets the clock pass instead of waiting, and lets others run."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.waits: list[float] = []

    async def sleep(self, wait: timedelta) -> None:
        """Note the wait and move the clock."""
        self.waits.append(wait.total_seconds())
        self.clock.advance(wait.total_seconds())
        await asyncio.sleep(0)


class MemoryVault:
    """A vault that several grants of one test share; it can break."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.journal: list[str] = []
        self.broken = False
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:
        """Let one in at a time."""
        async with self._lock:
            self.journal.append("hold")
            yield
        self.journal.append("let go")

    async def load(self, name: str) -> str | None:
        """Give what is kept."""
        return self.kept.get(name)

    async def store(self, name: str, token: str) -> None:
        """Keep it, or be broken."""
        if self.broken:
            raise StoreUnavailableError("the vault is broken")
        self.journal.append("store")
        self.kept[name] = token


@pytest.fixture
async def upstreams() -> AsyncIterator[Upstreams]:
    """Give what starts scripted upstreams on loopback; they end with the test."""
    async with AsyncExitStack() as stack:
        yield Upstreams(stack)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Give the client that the service would use."""
    async with open_client(concurrency=20) as opened:
        yield opened


@pytest.fixture
def clock() -> FixedClock:
    """Give a fixed clock."""
    return FixedClock()


@pytest.fixture
def sleeper(clock: FixedClock) -> NotingSleeper:
    """Give a sleeper that moves the fixed clock."""
    return NotingSleeper(clock)


@pytest.fixture
def vault() -> MemoryVault:
    """Give an empty vault."""
    return MemoryVault()
