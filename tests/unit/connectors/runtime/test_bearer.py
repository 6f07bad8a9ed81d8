"""Bearer tokens: obtained once for everyone, kept, renewed, never cut off half way."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import SourceDeniedError, SourceError, SourceTimeoutError, SourceUnavailableError
from connectors.runtime.bearer import LONG_AGO, AccessToken, TokenAuthorizer, fresh_until

SECOND = timedelta(seconds=1)


class Numbering:
    """A grant whose tokens are t1, t2, …, each good for an hour, or whatever `fate` says."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.asked: list[str | None] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fate: Callable[[], None] = lambda: None
        self.issued_at = LONG_AGO

    async def obtain(self, *, rejected: str | None) -> AccessToken:
        """Give the next number once the gate is open."""
        self.asked.append(rejected)
        number = len(self.asked)
        await self.gate.wait()
        self.fate()
        until = fresh_until(self.clock.now(), timedelta(hours=1))
        return AccessToken(f"t{number}", until, self.issued_at)


@pytest.fixture
def grant(clock: Any) -> Numbering:
    """Give a grant with its gate open."""
    return Numbering(clock)


@pytest.fixture
def authorizer(grant: Numbering, clock: Any) -> TokenAuthorizer:
    """Give the authorizer of that grant."""
    return TokenAuthorizer(grant, identity="robot", clock=clock)


def failing(error: SourceError) -> Callable[[], None]:
    """Make a fate."""

    def fate() -> None:
        raise error

    return fate


async def token_of(authorizer: TokenAuthorizer) -> str:
    """Give the token that would be sent now."""
    ((name, value),) = await authorizer.headers(timeout=SECOND)
    assert name == "authorization"
    return value.removeprefix("Bearer ")


async def test_a_token_is_kept_until_a_minute_before_it_expires(
    authorizer: TokenAuthorizer, clock: Any
) -> None:
    """An hour's token is sent for 59 minutes, then another is obtained."""
    assert await token_of(authorizer) == "t1"
    clock.advance(3539)
    assert await token_of(authorizer) == "t1"
    clock.advance(1)
    assert await token_of(authorizer) == "t2"


def test_a_short_lived_token_is_used_for_half_its_life(clock: Any) -> None:
    """A token of ten seconds is not thrown away at once."""
    assert fresh_until(clock.now(), timedelta(seconds=10)) == clock.now() + timedelta(seconds=5)


async def test_everyone_who_waits_shares_one_obtaining(authorizer: TokenAuthorizer, grant: Numbering) -> None:
    """Twenty calls that need a token at once obtain one."""
    grant.gate.clear()
    async with asyncio.TaskGroup() as group:
        waits = [group.create_task(token_of(authorizer)) for _ in range(20)]
        await asyncio.sleep(0)
        grant.gate.set()
    assert ({wait.result() for wait in waits}, grant.asked) == ({"t1"}, [None])


async def test_who_gives_up_does_not_cut_it_off(authorizer: TokenAuthorizer, grant: Numbering) -> None:
    """A caller's deadline or cancellation leaves the exchange running, and the next caller has its token."""
    grant.gate.clear()
    with pytest.raises(SourceTimeoutError):
        await authorizer.headers(timeout=timedelta(milliseconds=5))
    waiting = asyncio.create_task(token_of(authorizer))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    grant.gate.set()
    assert await token_of(authorizer) == "t1"
    assert grant.asked == [None]


async def test_a_rejected_token_is_replaced_once_for_all(
    authorizer: TokenAuthorizer, grant: Numbering
) -> None:
    """Twenty calls that got a 401 for one token cause one renewal."""
    rejected = await authorizer.headers(timeout=SECOND)
    async with asyncio.TaskGroup() as group:
        renewals = [group.create_task(authorizer.renew(rejected=rejected, timeout=SECOND)) for _ in range(20)]
    assert all(renewal.result() for renewal in renewals)
    assert (await token_of(authorizer), grant.asked) == ("t2", [None, "t1"])
    assert await authorizer.renew(rejected=rejected, timeout=SECOND)
    assert grant.asked == [None, "t1"]


async def test_a_rejection_waits_for_the_obtaining_under_way(
    authorizer: TokenAuthorizer, grant: Numbering, clock: Any
) -> None:
    """A 401 that comes while the next token is already on its way causes no further one."""
    rejected = await authorizer.headers(timeout=SECOND)
    clock.advance(3600)
    grant.gate.clear()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(token_of(authorizer))
        await asyncio.sleep(0)
        renewal = group.create_task(authorizer.renew(rejected=rejected, timeout=SECOND))
        await asyncio.sleep(0)
        grant.gate.set()
    assert (waiting.result(), renewal.result(), grant.asked) == ("t2", True, [None, None])


async def test_tokens_that_are_rejected_over_and_over_end_in_the_rejection(
    authorizer: TokenAuthorizer, grant: Numbering, clock: Any
) -> None:
    """Three forced renewals in half a minute are enough; later it is tried again."""
    results = [
        await authorizer.renew(rejected=await authorizer.headers(timeout=SECOND), timeout=SECOND)
        for _ in range(5)
    ]
    assert results == [True, True, True, False, False]
    assert grant.asked == [None, "t1", "t2", "t3"]
    clock.advance(30)
    assert await authorizer.renew(rejected=await authorizer.headers(timeout=SECOND), timeout=SECOND)


async def test_a_refusal_is_repeated_for_a_while_without_asking(
    authorizer: TokenAuthorizer, grant: Numbering, clock: Any
) -> None:
    """A token endpoint that said no is left alone for ten seconds, then asked again."""
    grant.fate = failing(SourceDeniedError("no"))
    for _ in range(3):
        with pytest.raises(SourceDeniedError, match="no"):
            await authorizer.headers(timeout=SECOND)
    assert len(grant.asked) == 1
    clock.advance(10)
    grant.fate = lambda: None
    assert await token_of(authorizer) == "t2"


async def test_a_broken_connection_is_tried_again_at_once(
    authorizer: TokenAuthorizer, grant: Numbering
) -> None:
    """What may pass is not held against the endpoint."""
    grant.fate = failing(SourceUnavailableError("broken"))
    with pytest.raises(SourceUnavailableError):
        await authorizer.headers(timeout=SECOND)
    grant.fate = lambda: None
    assert await token_of(authorizer) == "t2"


async def test_closing_lets_an_exchange_end(authorizer: TokenAuthorizer, grant: Numbering) -> None:
    """A refresh under way at shutdown is finished, so its new refresh token is stored."""
    grant.gate.clear()
    finished: list[bool] = []
    grant.fate = lambda: finished.append(True)
    with pytest.raises(SourceTimeoutError):
        await authorizer.headers(timeout=timedelta(milliseconds=5))
    asyncio.get_running_loop().call_later(0.02, grant.gate.set)
    await authorizer.aclose()
    assert finished == [True]


async def test_nothing_shows_a_token(authorizer: TokenAuthorizer) -> None:
    """Neither the authorizer nor a token tells its value when it is printed."""
    await authorizer.headers(timeout=SECOND)
    assert "t1" not in f"{authorizer!r} {authorizer._token!r}"
    assert authorizer.identity == "robot"


async def test_a_token_of_the_fleets_that_is_void_as_well_is_renewed_too(
    authorizer: TokenAuthorizer, grant: Numbering, clock: Any
) -> None:
    """Whoever slept through a renewal is given its token, void by now; one of its own time is the last."""
    since = clock.now()
    first = await authorizer.headers(timeout=SECOND)
    assert await authorizer.renew(rejected=first, timeout=SECOND)
    grant.issued_at = since
    second = await authorizer.headers(timeout=SECOND)
    assert await authorizer.renew(rejected=second, timeout=SECOND, since=since)
    third = await authorizer.headers(timeout=SECOND)
    assert await token_of(authorizer) == "t3"
    assert not await authorizer.renew(rejected=third, timeout=SECOND, since=since)
    assert grant.asked == [None, "t1", "t2"]
