"""The vault in Redis: one refresher in the fleet, and tokens that nobody can read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.errors import StoreUnavailableError
from connectors.runtime.clock import SystemClock, SystemSleeper
from harness.looking import turn_until
from service.adapters.cipher import Cipher
from service.adapters.vault import RedisVault

LEASE = timedelta(milliseconds=300)
# And one that a machine which stands still for a moment does not end.
LONGER = timedelta(seconds=2.5)


@asynccontextmanager
async def _opened(machine: Any, *secret_keys: str, **options: timedelta) -> AsyncIterator[RedisVault]:
    vault = RedisVault(
        machine.url,
        cipher=Cipher(secret_keys or ("first key",)),
        clock=SystemClock(),
        sleeper=SystemSleeper(),
        **({"lease": LEASE} | options),
    )
    try:
        yield vault
    finally:
        await vault.close()


async def test_a_token_is_found_by_the_whole_fleet(machine: Any) -> None:
    """What one worker keeps another one loads, the newest only; an unknown name has none."""
    async with _opened(machine) as one, _opened(machine) as other:
        assert await one.load("acc") is None
        await one.store("acc", "first")
        await one.store("acc", "second ☂")
        assert await other.load("acc") == "second ☂"
        assert await other.load("emea") is None


async def test_a_token_has_no_end_and_does_not_show(machine: Any) -> None:
    """A token stays until it is replaced; neither it nor the source's name is in the store."""
    async with _opened(machine) as vault:
        await vault.store("acc-name", "CANARY-1")
    with machine.client() as client:
        (key,) = client.keys()
        assert client.ttl(key) == -1
        assert b"CANARY" not in client.get(key)
        assert b"acc-name" not in key


async def test_a_token_survives_the_rotation_of_keys(machine: Any) -> None:
    """Under a new first key the old token is still found and read."""
    async with _opened(machine, "first key") as old, _opened(machine, "new key", "first key") as new:
        await old.store("acc", "token")
        assert await new.load("acc") == "token"


@pytest.mark.parametrize("swapped", [True, False])
async def test_an_unreadable_token_is_none_and_said(machine: Any, swapped: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A token of another source, or under a key that is gone, is not used, and the log says so."""
    async with _opened(machine) as vault, _opened(machine, "another key") as stranger:
        await (vault if swapped else stranger).store("emea" if swapped else "acc", "token")
        if swapped:
            with machine.client() as client:
                (emea,) = client.keys()
                await vault.store("acc", "x")
                (acc,) = set(client.keys()) - {emea}
                client.copy(emea, acc, replace=True)
        with capture_logs() as lines:
            assert await vault.load("acc") is None
        assert [line["event"] for line in lines] == ["vault_unreadable"]


async def test_one_refreshes_at_a_time(machine: Any) -> None:
    """Of twenty refreshers in two workers no two are inside at once, and all get their turn."""
    inside, most, turns = 0, 0, 0

    async def refresh(vault: RedisVault) -> None:
        nonlocal inside, most, turns
        async with vault.hold("acc"):
            inside, turns = inside + 1, turns + 1
            most = max(most, inside)
            await asyncio.sleep(0.005)
            inside -= 1

    lease = timedelta(seconds=10)
    async with (
        _opened(machine, lease=lease) as one,
        _opened(machine, lease=lease) as other,
        asyncio.TaskGroup() as group,
    ):
        for vault in (one, other) * 10:
            group.create_task(refresh(vault))
    assert (most, turns) == (1, 20)


async def test_names_do_not_wait_for_each_other(machine: Any) -> None:
    """The lease is of one source: another one is refreshed meanwhile."""
    async with _opened(machine) as vault, vault.hold("acc"), asyncio.timeout(10), vault.hold("emea"):
        pass


async def test_a_lease_is_renewed_while_it_is_held(machine: Any) -> None:
    """A refresh that takes longer than the lease still keeps the others out."""
    patience = timedelta(milliseconds=50)
    async with (
        _opened(machine, lease=LONGER) as slow,
        _opened(machine, patience=patience) as other,
        slow.hold("acc"),
    ):
        await asyncio.sleep(LONGER.total_seconds() + 0.3)
        with pytest.raises(StoreUnavailableError, match="another worker"):
            async with other.hold("acc"):
                pytest.fail("two at once")
    async with _opened(machine) as other, other.hold("acc"):
        pass


async def test_the_lease_of_the_dead_ends(machine: Any) -> None:
    """A worker that was killed while it held the lease keeps the others out no longer than that."""
    with machine.client() as client:
        async with _opened(machine, lease=LONGER) as vault:
            async with vault.hold("acc"):
                (key,) = client.keys()
            before = monotonic()
            client.set(key, b"a dead worker's", px=LEASE)
            async with vault.hold("acc"):
                assert 0.2 < monotonic() - before < 10


async def test_a_lost_lease_is_not_taken_from_its_new_owner(machine: Any) -> None:
    """Who held on too long gives back only what is its own, and the log says what happened."""
    with machine.client() as client, capture_logs() as lines:
        async with _opened(machine, lease=LONGER) as vault, vault.hold("acc"):
            (key,) = client.keys()
            client.set(key, b"another's", px=60_000)
            await turn_until(lambda: bool(lines))
        assert client.get(key) == b"another's"
    assert [line["event"] for line in lines] == ["lease_lost"]


@pytest.mark.parametrize("how", ["error", "cancel"])
async def test_a_lease_is_given_back_however_the_block_ends(machine: Any, how: str) -> None:
    """After an error or a cancellation inside, the next one need not wait for the lease to end."""

    async def refresh(vault: RedisVault) -> None:
        async with vault.hold("acc"):
            if how == "error":
                raise LookupError
            await asyncio.sleep(60)

    async with _opened(machine, lease=timedelta(seconds=60)) as vault:
        task = asyncio.create_task(refresh(vault))
        with machine.client() as client:
            if how == "cancel":
                await turn_until(lambda: client.dbsize() == 1)
                task.cancel()
            await asyncio.wait({task})
            assert task.cancelled() or isinstance(task.exception(), LookupError)
            assert client.keys() == []


async def test_a_lease_is_given_back_by_whoever_is_stopped_meanwhile(machine: Any) -> None:
    """Cancelled once and again, just as the lease is being given back: it is, and the task is cancelled."""

    async def refresh(vault: RedisVault, leaving: asyncio.Event) -> None:
        async with vault.hold("acc"):
            leaving.set()

    async with _opened(machine, lease=timedelta(seconds=60)) as vault:
        with machine.client() as client:
            for number in range(50):
                leaving = asyncio.Event()
                task = asyncio.create_task(refresh(vault, leaving))
                await leaving.wait()
                for _ in range(number % 25):
                    await asyncio.sleep(0)
                ended = task.done()
                task.cancel()
                await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait({task})
                assert client.keys() == [], f"stopped in turn {number % 25}"
                assert task.cancelled() or ended


async def test_a_waiter_that_gives_up_leaves_nothing(machine: Any) -> None:
    """Cancelled while it waits for its turn, it neither takes the lease nor gives back another's."""
    async with _opened(machine, lease=timedelta(seconds=10)) as vault, _opened(machine) as other:
        async with vault.hold("acc"):
            waiter = asyncio.create_task(other.hold("acc").__aenter__())
            await asyncio.sleep(0.1)
            waiter.cancel()
            await asyncio.wait({waiter})
            with machine.client() as client:
                assert len(client.keys()) == 1
        with machine.client() as client:
            assert client.keys() == []


async def test_whoever_waits_can_be_stopped_at_any_moment(machine: Any) -> None:
    """Also just as what it has sent leaves: a cancellation that is lost would have it wait for ever."""
    lease = timedelta(seconds=10)
    async with _opened(machine, lease=lease) as vault, _opened(machine) as other, vault.hold("acc"):
        for number in range(300):
            waiter = asyncio.create_task(other.hold("acc").__aenter__())
            for _ in range(number % 25):
                await asyncio.sleep(0)
            waiter.cancel()
            ended, _ = await asyncio.wait({waiter}, timeout=10)
            assert ended, f"stopped in turn {number % 25}"


async def test_a_server_that_hangs_is_trouble_in_bounded_time(machine: Any) -> None:
    """Every operation ends with the one error when the server does not reply."""
    async with _opened(machine) as before_that:
        await before_that.store("acc", "token")
    async with _opened(machine, timeout=timedelta(milliseconds=100)) as vault:
        machine.hang()
        before = monotonic()
        with pytest.raises(StoreUnavailableError):
            await vault.load("acc")
        with pytest.raises(StoreUnavailableError):
            await vault.store("acc", "next")
        with pytest.raises(StoreUnavailableError):
            await vault.hold("acc").__aenter__()
        # By itself it would never end.
        assert monotonic() - before < 10
        machine.resume()


async def test_a_store_that_fails_while_held_does_not_fail_the_refresh(machine: Any) -> None:
    """When the server goes away under a lease, the block goes on and the log says so."""
    async with _opened(machine) as vault:
        with capture_logs() as lines:
            async with vault.hold("acc"):
                machine.stop()
                await turn_until(lambda: bool(lines))
    assert {line["event"] for line in lines} == {"lease_not_renewed", "lease_not_released"}
