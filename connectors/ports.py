"""What the outside must provide; every I/O a source needs goes through one of these."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from connectors.wire import Call, Reply


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Give the time of day, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Give seconds that never run backwards, for measuring and for deadlines."""
        ...


class Sleeper(Protocol):
    """Waits; a test's sleeper only takes notes."""

    async def sleep(self, wait: timedelta) -> None:
        """Return after `wait`."""
        ...


class Allowance(Protocol):
    """Counts the upstream calls of one answer, each as it leaves."""

    @property
    def exhausted(self) -> bool:
        """Tell whether no call is left, so that nobody need wait for a turn to learn it."""
        ...

    def take(self) -> bool:
        """Spend one call; False when none is left."""
        ...


class Sender(Protocol):
    """Sends one call as one credential."""

    async def send(self, call: Call, *, timeout: timedelta, allowance: Allowance) -> Reply:
        """Give the reply, whatever its status; SourceError when there is none within `timeout`.

        Each call that leaves, and none that does not, is taken from `allowance`; OverBudgetError
        when that has none left.
        """
        ...


class Vault(Protocol):
    """Keeps a source's rotating refresh token, encrypted, where the whole fleet finds it."""

    def hold(self, name: str) -> AbstractAsyncContextManager[None]:
        """Be the only one in the fleet who refreshes `name`, for as long as the block lasts."""
        ...

    async def load(self, name: str) -> str | None:
        """Give the newest token kept under `name`, or None."""
        ...

    async def store(self, name: str, token: str) -> None:
        """Keep `token` as the newest under `name`; durable when this returns."""
        ...
