"""The sandbox as a process of its own."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from connectors.sandbox.threatwinds.account import DEMO_TOKEN

EXAMPLE = (
    "/api/search/v1/entity/domain-59f5e994104053f590acdd1d2d72071669c839a60fc68291110facfa2fd16396/relations"
)


@pytest.fixture
async def process() -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the sandbox on a free port, and leave nothing behind."""
    arguments = ["-m", "connectors.sandbox", "--upstream", "threatwinds", "--die-with-parent"]
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    yield running
    if running.returncode is None:
        running.kill()
    await running.wait()


async def read_url(process: asyncio.subprocess.Process) -> str:
    """Return the address in the one line that the process prints."""
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), timeout=20)).decode()
    assert line.startswith("sandbox threatwinds listening on http://127.0.0.1:")
    return line.split()[-1]


async def count_in_flight(client: httpx.AsyncClient) -> int:
    """Return how many calls the sandbox is busy with."""
    journal = (await client.get("/_sandbox/journal")).json()
    return int(journal["connections"]["now"])


async def test_it_serves_cuts_connections_and_ends_in_time(process: asyncio.subprocess.Process) -> None:
    """Once it says so it listens; drops are real; SIGTERM ends it within 2 s, a slow reply under way."""
    url = await read_url(process)
    async with httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {DEMO_TOKEN}"}) as client:
        assert (await client.get(EXAMPLE)).status_code == 202
        await client.put("/_sandbox/faults", json=[{"drop": "before", "times": 1}, {"drop": "midway"}])
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            await client.get(EXAMPLE)
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            await client.get(EXAMPLE)
        await client.put("/_sandbox/faults", json=[{"latency_seconds": 60}])
        slow = asyncio.create_task(client.get(EXAMPLE))
        while await count_in_flight(client) == 0:  # noqa: ASYNC110 - no event reaches us from there
            await asyncio.sleep(0.01)
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), timeout=5)
        assert time.monotonic() - asked < 2
        with pytest.raises(httpx.TransportError):
            await slow
    assert process.stdout is not None
    assert await process.stdout.read() == b""


STARTER = """
import subprocess, sys, time
arguments = ["-m", "connectors.sandbox", "--upstream", "threatwinds", "--die-with-parent"]
subprocess.Popen([sys.executable, *arguments])
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
async def test_it_does_not_outlive_a_killed_parent() -> None:
    """Kill the starter, which has no chance to tidy up: the sandbox is gone as well."""
    starter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STARTER, stdout=asyncio.subprocess.PIPE
    )
    url = await read_url(starter)
    starter.kill()
    await starter.wait()
    assert starter.stdout is not None
    await asyncio.wait_for(starter.stdout.read(), timeout=2)  # ends when the last writer, the sandbox, does
    async with httpx.AsyncClient(base_url=url) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/_sandbox/ready")
