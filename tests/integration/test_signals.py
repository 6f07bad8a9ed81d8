"""Words between processes over a real server, also one that dies, hangs and comes back."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.errors import StoreUnavailableError
from connectors.runtime.clock import SystemClock
from harness.cluster import run_cluster
from harness.store import Store
from service.adapters.signals import Signals

PATIENCE = 20.0


@pytest.fixture
def server() -> Iterator[Store]:
    """Run a server that a test may kill, hang and start again."""
    with Store() as store:
        yield store


@pytest.fixture
async def join() -> AsyncIterator[Callable[..., Signals]]:
    """Give the way to make the signals of one more process."""
    opened = []

    def make(url: str, **more: Any) -> Signals:
        opened.append(Signals(url, clock=SystemClock(), pause=timedelta(milliseconds=50), **more))
        return opened[-1]

    yield make
    for signals in opened:
        await signals.close()


async def until(true: Callable[[], bool]) -> None:
    """Wait for it."""
    end = monotonic() + PATIENCE
    while not true():
        assert monotonic() < end
        await asyncio.sleep(0.005)


async def test_a_word_reaches_every_listener_of_its_channel(server: Store, join: Any) -> None:
    """All processes hear a word, the speaker's too, in the order it was said, on its channel alone."""
    one, two = join(server.url), join(server.url)
    heard: list[tuple[str, bytes]] = []
    one.subscribe("a", lambda word: heard.append(("one", word)))
    two.subscribe("a", lambda word: heard.append(("two", word)))
    two.subscribe("a", lambda word: heard.append(("two again", word)))
    two.subscribe("b", lambda word: heard.append(("b", word)))
    await one.start()
    await two.start()
    assert one.connected
    assert two.connected

    await one.publish("a", b"\x00 first")
    await one.publish("a", b"second")
    await until(lambda: len(heard) == 6)
    assert sorted(heard) == sorted(
        (who, word) for who in ("one", "two", "two again") for word in (b"\x00 first", b"second")
    )
    assert [word for who, word in heard if who == "one"] == [b"\x00 first", b"second"]


async def test_a_channel_may_be_subscribed_to_later(server: Store, join: Any) -> None:
    """A channel of a later subscription is heard from the next `on_reconnect` on."""
    signals = join(server.url)
    heard: list[bytes] = []
    begun: list[bool] = []
    signals.on_reconnect(lambda: begun.append(signals.connected))
    await signals.start()
    assert begun == [True]

    signals.subscribe("late", heard.append)
    assert not signals.connected
    await until(lambda: signals.connected)
    assert begun == [True, True]
    await signals.publish("late", b"word")
    await until(lambda: heard == [b"word"])


async def test_a_listener_that_fails_ends_nothing(server: Store, join: Any) -> None:
    """What one listener raises is logged; the others, and the words after it, are not lost."""
    signals = join(server.url)
    heard: list[bytes] = []

    def fail(_: bytes) -> None:
        raise RuntimeError("a defect")

    signals.subscribe("a", fail)
    signals.subscribe("a", heard.append)
    await signals.start()
    with capture_logs() as logs:
        await signals.publish("a", b"1")
        await signals.publish("a", b"2")
        await until(lambda: heard == [b"1", b"2"])
    assert [entry["event"] for entry in logs] == ["signal_listener_failed"] * 2


async def test_words_come_again_after_the_server_was_gone(server: Store, join: Any) -> None:
    """It reconnects by itself, says so to its listeners, and logs that it began and that it ended."""
    signals = join(server.url)
    heard: list[bytes] = []
    begun: list[int] = []
    signals.subscribe("a", heard.append)
    signals.on_reconnect(lambda: begun.append(1))
    await signals.start()

    with capture_logs() as logs:
        server.kill()
        await until(lambda: not signals.connected)
        with pytest.raises(StoreUnavailableError):
            await signals.publish("a", b"lost")
        await asyncio.sleep(0.5)
        server.start()
        await until(lambda: signals.connected)
    assert len(begun) == 2
    told = [entry["event"] for entry in logs if entry["event"].startswith("signals")]
    assert told == ["signals_lost", "signals_back"]
    await asyncio.sleep(0.06)
    await signals.publish("a", b"word")
    await until(lambda: heard == [b"word"])


async def test_it_starts_without_a_server(server: Store, join: Any) -> None:
    """Starting does not fail for a server that is not there yet: it is found when it comes."""
    server.kill()
    signals = join(server.url)
    signals.subscribe("a", lambda _: None)
    await signals.start()
    assert not signals.connected
    server.start()
    await until(lambda: signals.connected)


async def test_a_server_that_hangs_is_given_up(server: Store, join: Any) -> None:
    """A connection on which nothing comes, not even when asked for, is no connection."""
    signals = join(server.url, quiet=timedelta(milliseconds=600))
    signals.subscribe("a", lambda _: None)
    await signals.start()
    # Longer than a server may be silent twice over, which has nothing to say.
    await asyncio.sleep(1.4)
    assert signals.connected
    server.hang()
    try:
        await until(lambda: not signals.connected)
        with pytest.raises(StoreUnavailableError):
            await signals.publish("a", b"word")
    finally:
        server.resume()
    await until(lambda: signals.connected)


async def test_a_flood_of_words_leaves_the_loop_its_turn(server: Store, join: Any) -> None:
    """While thousands of words are read others in the process go on, and each word comes once."""
    signals = join(server.url)
    heard: list[bytes] = []
    signals.subscribe("a", heard.append)
    await signals.start()
    turns = 0

    def flood() -> None:
        with closing(server.client()) as client, client.pipeline(transaction=False) as pipeline:
            for number in range(5000):
                pipeline.publish("a", str(number))
            pipeline.execute()

    flooding = asyncio.create_task(asyncio.to_thread(flood))
    while len(heard) < 5000:
        await asyncio.sleep(0)
        turns += 1
    await flooding
    assert heard == [str(number).encode() for number in range(5000)]
    assert turns > 20


async def test_a_cluster_carries_words_too(tmp_path: Path, join: Any) -> None:
    """On a cluster one connection to any of its servers hears all."""
    with run_cluster(tmp_path) as url:
        one, two = join(url, timeout=timedelta(seconds=5)), join(url, timeout=timedelta(seconds=5))
        heard: list[bytes] = []
        one.subscribe("a", heard.append)
        await one.start()
        await two.publish("a", b"word")
        await until(lambda: heard == [b"word"])
        await one.close()
        await two.close()


async def test_no_password_is_logged(caplog: pytest.LogCaptureFixture, join: Any) -> None:
    """What is logged of a server that refuses repeats no password of the URL."""
    with Store(password="canary-secret") as guarded, capture_logs() as logs:
        caplog.set_level(logging.DEBUG)
        signals = join(guarded.url.replace("canary-secret", "canary-wrong"))
        await signals.start()
        await until(lambda: bool(logs))
        await signals.close()
    assert "canary" not in f"{logs}{caplog.text}"


async def test_changes_of_watched_keys_are_told(server: Store, join: Any) -> None:
    """A write, a deletion, an expiry, a store that is emptied: of other keys nothing is told."""
    signals = join(server.url)
    told: list[list[bytes] | None] = []
    signals.track("watched:", "also:", listener=told.append)
    await signals.start()
    assert signals.tracking
    assert told == [None]
    told.clear()
    with closing(server.client()) as client:
        client.mset({"watched:a": "1", "other:a": "1", "also:a": "1"})
        await until(lambda: {b"watched:a", b"also:a"} == {key for keys in told for key in keys or ()})
        told.clear()
        client.delete("watched:a")
        await until(lambda: told == [[b"watched:a"]])
        client.set("also:b", "1", px=20)
        await until(lambda: told.count([b"also:b"]) == 2)
        client.flushall()
        await until(lambda: told[-1] is None)


async def test_tracking_ends_with_its_connection(server: Store, join: Any) -> None:
    """Nothing is told while the server is away, and once it is back whoever listens is told to forget all."""
    signals = join(server.url)
    told: list[list[bytes] | None] = []
    signals.track("watched:", listener=told.append)
    await signals.start()
    server.kill()
    await until(lambda: not signals.tracking)
    told.clear()
    server.start()
    await until(lambda: signals.tracking)
    assert told == [None]


async def test_who_may_not_track_still_hears_words(server: Store, join: Any) -> None:
    """A server that refuses to tell of changes carries words all the same."""
    with closing(server.client()) as client:
        client.execute_command("ACL", "SETUSER", "default", "-client|tracking")
    signals = join(server.url)
    heard: list[bytes] = []
    signals.subscribe("a", heard.append)
    signals.track("watched:", listener=lambda _: None)
    await signals.start()
    assert signals.connected
    assert not signals.tracking
    await signals.publish("a", b"word")
    await until(lambda: heard == [b"word"])


async def test_a_connection_that_is_gone_is_heeded_by_nobody(server: Store, join: Any) -> None:
    """Who asks in the moment between its end and the notice of it is told that nothing can be said."""
    signals = join(server.url)
    signals.track("watched:", listener=lambda _: None)
    await signals.start()
    assert await signals.heed()
    await signals._connection.disconnect(nowait=True)
    assert signals.tracking
    assert not await signals.heed()
