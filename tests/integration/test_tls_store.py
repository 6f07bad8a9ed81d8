"""A store behind TLS and a list of users: every way to it is secured, and asks as who the URL says."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from redis.exceptions import ConnectionError as LostError

from connectors.errors import StoreUnavailableError
from connectors.runtime.clock import SystemClock
from harness.tls_store import PASSWORD, USER, run_tls_store
from service.adapters.redis_client import open_client
from service.adapters.redis_line import Line
from service.adapters.redis_server import read_server
from service.adapters.redis_store import RedisStore
from service.adapters.signals import Signals
from service.cache.store import Item

A_MINUTE = timedelta(minutes=1)
LARGE = b"large" * 1_000_000


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Run the server."""
    with ExitStack() as stack:
        found = stack.enter_context(run_tls_store(tmp_path_factory.mktemp("tls")))
        if found is None:
            pytest.skip("no server on the PATH speaks TLS")
        yield found


@pytest.fixture
def url(address: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> str:
    """Trust the server's certificate, as an operator does, and give the URL."""
    place, certificate = address
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return f"rediss://{USER}:{quote(PASSWORD, safe='')}@{place}/3"


async def test_a_line_asks_as_the_user_and_in_the_database(url: str) -> None:
    """What is large goes both ways whole, and a dropped connection is replaced by one of its kind."""
    line = Line(read_server(url), patience=1)
    await line.run([("SET", "large", LARGE)])
    asked = [asyncio.create_task(line.run([("GET", "large"), ("CLIENT", "INFO")])) for _ in range(3)]
    for each in asked:
        large, info = await each
        assert large == LARGE
        assert isinstance(info, bytes)
        assert {b"db=3", b"user=" + USER.encode()} <= set(info.split())
    client = open_client(url, timeout=timedelta(seconds=5), connections=1)
    await client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert await line.run([("STRLEN", "large")]) == [len(LARGE)]
    await line.close()
    assert len(await client.client_list()) == 1
    await client.aclose()


async def test_a_change_is_told_before_it_is_confirmed(url: str) -> None:
    """Who has written something and then heeds what was sent has been told of it, over TLS too."""
    store, signals = RedisStore(url, clock=SystemClock()), Signals(url, clock=SystemClock())
    told: list[Any] = []
    signals.track("rg1:L", listener=told.append)
    await signals.start()
    assert signals.tracking
    for number in range(20):
        told.clear()
        await store.save([Item(f"rg1:L{number}", b"v", A_MINUTE)])
        assert await signals.heed()
        assert told == [[f"rg1:L{number}".encode()]]
    await signals.close()
    await store.close()


@pytest.mark.parametrize("who", [f"{USER}:canary", "canary", ""], ids=["password", "user", "nobody"])
async def test_who_is_not_let_in_is_told_so(url: str, who: str, caplog: pytest.LogCaptureFixture) -> None:
    """The store is unavailable, and no word of the log repeats what was sent."""
    place = url.rpartition("@")[2]
    store = RedisStore(f"rediss://{who}@{place}" if who else f"rediss://{place}", clock=SystemClock())
    with pytest.raises(StoreUnavailableError):
        await store.load(["a"])
    assert "canary" not in caplog.text
    await store.close()


async def test_a_stranger_is_not_trusted(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one whose certificate nobody vouches for, nor one who goes by another name."""
    await _refuse(url.replace("localhost", "127.0.0.1"))
    monkeypatch.delenv("SSL_CERT_FILE")
    await _refuse(url)


async def _refuse(url: str) -> None:
    line = Line(read_server(url), patience=1)
    with pytest.raises(LostError, match="CERTIFICATE_VERIFY_FAILED"):
        await line.run([("PING",)])
