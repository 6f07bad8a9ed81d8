"""Bearer tokens that expire: obtained once for everyone who waits, kept while they are good.

Obtaining may spend a single-use refresh token, so it is never cut off by the caller who happened
to ask: it runs as a task of its own, which callers wait for and which `aclose` ends.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from connectors.errors import (
    SourceDeniedError,
    SourceError,
    SourceThrottledError,
    SourceTimeoutError,
)
from connectors.ports import Clock
from connectors.wire import Pairs

# A token is given up before it expires, so that it does not expire on its way.
_SKEW = timedelta(seconds=60)
# A token endpoint that refused is not asked again for each node of an expansion.
_REST = timedelta(seconds=10)
_LONGEST_REST = timedelta(seconds=30)
# Fresh tokens that an upstream refuses all the same are not worth a storm of further ones.
_RENEWALS = 3
_RENEWAL_SPAN = 30.0
_CLOSING_SECONDS = 5.0
# When a token was issued of which nobody has noted it.
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, until when it is worth sending, and since when there is it; aware UTC."""

    value: str = field(repr=False)
    fresh_until: datetime
    issued_at: datetime = LONG_AGO


class Grant(Protocol):
    """A way to come by access tokens."""

    async def obtain(self, *, rejected: str | None) -> AccessToken:
        """Give a fresh token other than `rejected`; SourceError when there is none."""
        ...


def fresh_until(now: datetime, lifetime: timedelta) -> datetime:
    """Give until when to use a token of this lifetime: a minute less, or half of a short one."""
    return now + lifetime - min(_SKEW, lifetime / 2)


class TokenAuthorizer:
    """The Authorizer of a grant."""

    def __init__(self, grant: Grant, *, identity: str, clock: Clock) -> None:
        """Obtain nothing before it is needed."""
        self._grant = grant
        self._identity = identity
        self._clock = clock
        self._token: AccessToken | None = None
        self._obtaining: asyncio.Task[AccessToken] | None = None
        self._failure: SourceError | None = None
        self._void = False
        self._resting_until = 0.0
        self._renewals: deque[float] = deque(maxlen=_RENEWALS)

    @property
    def identity(self) -> str:
        """Name whose credential this is."""
        return self._identity

    async def headers(self, *, timeout: timedelta) -> Pairs:
        """Give the header with a token that is still good; SourceError when there is none."""
        token = self._token
        if token is None or token.fresh_until <= self._clock.now():
            token = await self._obtained(rejected=None, timeout=timeout)
        return _sign(token)

    async def renew(self, *, rejected: Pairs, timeout: timedelta, since: datetime | None = None) -> bool:
        """Obtain another token than the one refused, unless somebody has done so meanwhile.

        The first that is obtained may be of the fleet's, and void as well. One that was issued `since`
        is as new as any: refused, it says that the credential is.
        """
        if self._obtaining is not None:
            await self._obtained(rejected=None, timeout=timeout)
        token = self._token
        if token is None:
            return True
        if _sign(token) != rejected:
            return True
        if since is not None and token.issued_at >= since:
            return False
        now = self._clock.monotonic()
        if len(self._renewals) == _RENEWALS and now - self._renewals[0] < _RENEWAL_SPAN:
            return False
        self._renewals.append(now)
        await self._obtained(rejected=token.value, timeout=timeout)
        return True

    async def aclose(self) -> None:
        """Let an exchange under way end, so that no refresh token is lost; then give it up."""
        task = self._obtaining
        if task is not None:
            await asyncio.wait({task}, timeout=_CLOSING_SECONDS)
            task.cancel()
            await asyncio.wait({task})

    async def _obtained(self, *, rejected: str | None, timeout: timedelta) -> AccessToken:
        if self._failure is not None and self._clock.monotonic() < self._resting_until:
            raise self._failure.with_traceback(None)
        if self._obtaining is None:
            self._void = rejected is not None
            self._obtaining = asyncio.create_task(self._grant.obtain(rejected=rejected))
            self._obtaining.add_done_callback(self._settle)
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                return await asyncio.shield(self._obtaining)
        except TimeoutError:
            pass
        raise SourceTimeoutError("the credential was not ready in time")

    def _settle(self, task: asyncio.Task[AccessToken]) -> None:
        self._obtaining = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._token, self._failure = task.result(), None
        elif isinstance(error, SourceDeniedError | SourceThrottledError):
            wait = min(getattr(error, "retry_after", None) or _REST, _LONGEST_REST)
            self._failure = error
            # A token known to be void is not tried again: the failure is the word until it has rested.
            self._token = None if self._void else self._token
            self._resting_until = self._clock.monotonic() + wait.total_seconds()


def _sign(token: AccessToken) -> Pairs:
    return (("authorization", f"Bearer {token.value}"),)
