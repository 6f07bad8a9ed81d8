"""The Redis store against a server that dies, hangs, comes back, refuses and is cut off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

import pytest
from redis.exceptions import RedisError
from structlog.testing import capture_logs

from connectors.errors import ConfigurationError, StoreUnavailableError
from connectors.runtime.clock import SystemClock
from service.adapters.redis_store import RedisStore
from service.cache.store import Item

HOUR = timedelta(hours=1)
TIMEOUT = timedelta(milliseconds=250)
PAUSE = timedelta(milliseconds=300)


@asynccontextmanager
async def _opened(url: str, timeout: timedelta = TIMEOUT) -> AsyncIterator[RedisStore]:
    store = RedisStore(url, clock=SystemClock(), timeout=timeout, pause=PAUSE)
    yield store
    await store.close()


async def _failure(store: RedisStore, keys: list[str]) -> StoreUnavailableError:
    with pytest.raises(StoreUnavailableError) as caught:
        await store.load(keys)
    return caught.value


async def test_a_server_that_hangs_costs_one_timeout(machine: Any) -> None:
    """The first load gives up after its time, the next ones do not even wait."""
    async with _opened(machine.url) as store:
        await store.save([Item("a", b"1", HOUR)])
        machine.hang()
        assert isinstance((await _failure(store, ["a"])).__cause__, TimeoutError)
        waited = [(await _failure(store, ["a"])).__cause__ for _ in range(20)]
        # One may try again where this machine stood still for the breaker's pause.
        assert waited.count(None) >= 18
        machine.resume()


async def test_a_hundred_callers_wait_one_timeout_together(machine: Any) -> None:
    """More callers than connections, all at once on a server that hangs, are all free in time."""
    async with _opened(machine.url) as store:
        await store.ping()
        machine.hang()
        before = monotonic()
        replies = [asyncio.create_task(store.load([f"k{n}"])) for n in range(100)]
        await asyncio.wait(replies)
        # One after the other they would wait so long.
        assert monotonic() - before < 50 * TIMEOUT.total_seconds()
        assert all(isinstance(reply.exception(), StoreUnavailableError) for reply in replies)
        machine.resume()


async def test_a_busy_loop_is_not_taken_for_trouble(machine: Any) -> None:
    """A process that computes for longer than the timeout at a time still finds the replies."""

    async def compute(until: asyncio.Event) -> None:
        while not until.is_set():
            sleep(TIMEOUT.total_seconds() * 1.05)  # noqa: ASYNC251 - the very thing under test
            await asyncio.sleep(0)

    async with _opened(machine.url) as store:
        keys = [f"k{number}" for number in range(6)]
        await store.save([Item(key, bytes(65_536), HOUR) for key in keys])
        done = asyncio.Event()
        computing = asyncio.create_task(compute(done))
        with capture_logs() as lines:
            values = await asyncio.gather(*(store.load(keys) for _ in range(4)))
        done.set()
        await computing
        assert values == [[bytes(65_536)] * 6] * 4
        assert lines == []


async def test_a_caller_that_gives_up_says_nothing_of_the_server(machine: Any) -> None:
    """One caller's hurry, or a slow moment of our own, costs nobody else the store."""
    async with _opened(machine.url) as store:
        await store.save([Item("a", b"1", HOUR)])
        machine.hang()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.18):
                await store.load(["a"])
        machine.resume()
        assert await store.load(["a"]) == [b"1"]


async def test_whatever_the_client_raises_is_the_ports_error(machine: Any) -> None:
    """What nobody foresaw, as an argument the client cannot send, ends no answer and no task."""
    async with _opened(machine.url) as store:
        unsendable: Any = object()
        with capture_logs() as lines, pytest.raises(StoreUnavailableError):
            await store.load([unsendable])
        assert [line["event"] for line in lines] == ["store_unavailable"]
        with pytest.raises(StoreUnavailableError, match="a moment ago"):
            await store.load(["a"])
        await asyncio.sleep(PAUSE.total_seconds() * 1.1)
        with pytest.raises(StoreUnavailableError):
            await store.save([Item("\ud800", b"1", HOUR)])


async def test_a_late_reply_goes_to_nobody(machine: Any) -> None:
    """What a hanging server replies in the end is never taken for the answer to a later question."""
    async with _opened(machine.url) as store:
        await store.save([Item("mine", b"mine", HOUR), Item("other", b"other", HOUR)])
        machine.hang()
        await _failure(store, ["mine"])
        machine.resume()
        await asyncio.sleep(PAUSE.total_seconds() * 1.1)
        for _ in range(20):
            assert await store.load(["other"]) == [b"other"]


async def test_it_recovers_by_itself(machine: Any) -> None:
    """With the server gone every load fails at once; with a new one at its place the next works."""
    async with _opened(machine.url) as store:
        await store.save([Item("a", b"1", HOUR)])
        machine.stop()
        assert isinstance((await _failure(store, ["a"])).__cause__, RedisError | OSError)
        machine.start()
        await asyncio.sleep(PAUSE.total_seconds() * 1.1)
        assert await store.load(["a"]) == [None]
        await store.save([Item("a", b"2", HOUR)])
        assert await store.load(["a"]) == [b"2"]


async def test_a_restart_between_two_questions_goes_unnoticed(machine: Any) -> None:
    """Connections that died while idle are replaced without a failure."""
    async with _opened(machine.url) as store:
        await asyncio.gather(*(store.load(["a"]) for _ in range(10)))
        machine.stop()
        machine.start()
        with capture_logs() as lines:
            assert await store.load(["a"]) == [None]
        assert lines == []


async def test_trouble_is_logged_when_it_begins_and_when_it_ends(machine: Any) -> None:
    """However often the store fails in between, there is one line for each change."""
    async with _opened(machine.url) as store:
        with capture_logs() as lines:
            await store.ping()
            machine.stop()
            for _ in range(3):
                await _failure(store, ["a"])
                await asyncio.sleep(PAUSE.total_seconds() * 1.1)
            machine.start()
            await store.ping()
            await store.ping()
        assert [line["event"] for line in lines] == ["store_unavailable", "store_available"]


async def test_a_probe_that_is_cancelled_does_not_block_the_next(machine: Any) -> None:
    """A caller that gives up while it probes for all leaves the way free."""
    async with _opened(machine.url, timeout=timedelta(seconds=2)) as store:
        machine.stop()
        await _failure(store, ["a"])
        machine.start()
        machine.hang()
        await asyncio.sleep(PAUSE.total_seconds() * 1.1)
        probe = asyncio.create_task(store.load(["a"]))
        await asyncio.sleep(0.02)
        probe.cancel()
        await asyncio.wait({probe})
        machine.resume()
        assert await store.load(["a"]) == [None]


async def test_a_server_that_refuses_to_write_is_still_read(machine: Any) -> None:
    """No memory left means nothing new is kept, said once; loads go on."""
    async with _opened(machine.url) as store:
        await store.save([Item("a", b"1", HOUR)])
        with machine.client() as client, capture_logs() as lines:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "1")
            for _ in range(3):
                with pytest.raises(StoreUnavailableError, match="refused to save"):
                    await store.save([Item("b", b"2", HOUR)])
                assert await store.load(["a"]) == [b"1"]
            client.config_set("maxmemory", "0")
            await store.save([Item("b", b"2", HOUR)])
        assert [line["event"] for line in lines] == ["store_refuses", "store_accepts"]


class Cutter:
    """A way to the server that breaks after so many bytes, on every connection."""

    def __init__(self, path: Path, target: Path) -> None:
        """Prepare; `allowed` says how many bytes get through."""
        self.url = f"unix://{path}"
        self.allowed = 0
        self._path = path
        self._target = target
        self._relays: set[asyncio.Task[Any] | None] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Cutter"]:
        """Listen."""
        server = await asyncio.start_unix_server(self._relay, str(self._path))
        yield self
        server.close()
        await asyncio.gather(*filter(None, self._relays))

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._relays.add(asyncio.current_task())
        back, forth = await asyncio.open_unix_connection(str(self._target))
        async with asyncio.TaskGroup() as group:
            replies = group.create_task(self._copy(back, writer))
            left = self.allowed
            while left and (data := await reader.read(left)):
                left -= len(data)
                forth.write(data)
                await forth.drain()
            replies.cancel()
        for end in (forth, writer):
            end.close()
            await end.wait_closed()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@pytest.mark.parametrize("has_msetex", [True, False])
async def test_defect_5_no_cut_leaves_an_immortal_key(machine: Any, has_msetex: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Wherever the connection breaks while items are saved, every key that is there has an end."""
    items = [Item(f"k{n}", b"value" * 3, HOUR * (1 + n // 2)) for n in range(4)]
    kept = set()
    with TemporaryDirectory(prefix="rgt-", dir="/tmp") as folder, machine.client() as client:
        async with Cutter(Path(folder) / "c", Path(machine.url.removeprefix("unix://"))).open() as cutter:
            for cutter.allowed in range(40, 1040, 25):
                client.flushall()
                async with _opened(cutter.url) as store:
                    store._has_msetex = has_msetex
                    with suppress(StoreUnavailableError):
                        await store.save(items)
                keys = client.keys()
                kept.add(len(keys))
                assert all(client.pttl(key) > 0 for key in keys)
    # From nothing over a part to everything: the cuts did fall before, between and after.
    assert kept == ({0, 2, 4} if has_msetex else {0, 1, 2, 3, 4})


async def test_every_key_has_its_own_end(machine: Any) -> None:
    """Each key ends after its own ttl, whichever command wrote it."""
    lives = {"a": timedelta(seconds=90), "b": timedelta(seconds=90), "c": HOUR, "d": timedelta(days=2)}
    async with _opened(machine.url) as store:
        await store.save([Item(key, b"x", ttl) for key, ttl in lives.items()])
        await store.save([Item("e", b"x", HOUR)])
    with machine.client() as client:
        for key, ttl in (lives | {"e": HOUR}).items():
            assert 0.9 < client.pttl(key) / 1000 / ttl.total_seconds() <= 1


async def test_many_items_take_one_command_where_the_server_has_it(machine: Any) -> None:
    """Valkey 9.1 writes the items of one ttl by one MSETEX; neighbors only, so the order is kept."""
    lives = [HOUR, HOUR, HOUR * 2, HOUR]
    async with _opened(machine.url) as store:
        await store.save([Item(f"k{n}", b"x", ttl) for n, ttl in enumerate(lives)])
    with machine.client() as client:
        told = client.info("commandstats")
    assert told["cmdstat_msetex"]["calls"] == 3
    assert "cmdstat_set" not in told


@pytest.mark.parametrize(("denied", "tries"), [("-command", 1), ("-msetex", 2)])
async def test_who_may_only_read_and_write_has_many_items_kept(machine: Any, denied: str, tries: int) -> None:
    """A user's rights need not go beyond the oldest commands; that one is refused is learnt once."""
    with closing(machine.client()) as client:
        try:
            client.execute_command("ACL", "SETUSER", "default", denied)
        except RedisError:
            pytest.skip("the server does not know the command")
    async with _opened(machine.url) as store:
        for _ in range(tries - 1):
            with pytest.raises(StoreUnavailableError):
                await store.save([Item("a", b"0", HOUR), Item("b", b"0", HOUR)])
        await store.save([Item("a", b"1", HOUR), Item("b", b"2", HOUR)])
        assert await store.load(["a", "b"]) == [b"1", b"2"]


@pytest.mark.parametrize(
    "url",
    ["", "localhost", "http://localhost", "redis://u:CANARY-9@localhost:port", "redis+cluster://h:CANARY-9"],
)
def test_a_url_that_cannot_be_read_is_refused(url: str) -> None:
    """The mistake is named without the URL, which may hold a password."""
    with pytest.raises(ConfigurationError, match="redis_url") as caught:
        RedisStore(url, clock=SystemClock())
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_server_that_was_never_there_is_trouble_and_no_crash() -> None:
    """A store at an address where nobody listens raises the one error, on a cluster as well."""
    for url in ("redis://127.0.0.1:1", "redis+cluster://127.0.0.1:1", "unix:///nonexistent/s"):
        async with _opened(url) as store:
            for _ in range(2):
                with pytest.raises(StoreUnavailableError):
                    await store.load(["a"])
