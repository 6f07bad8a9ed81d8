"""How often each caller may ask: its own limit, and what becomes of a request beyond it."""

from datetime import timedelta
from math import ceil
from typing import Protocol

from connectors.errors import GraphError


class CallerLimits(Protocol):
    """Counts the requests of each configured caller against its limit."""

    async def take(self, caller: str) -> timedelta | None:
        """Take one request; None if it is granted, else when the next one would be."""
        ...


class OverLimitError(GraphError):
    """A caller has asked more often than it may; `seconds` from now it may ask again, at least 1."""

    def __init__(self, caller: str, *, wait: timedelta) -> None:
        """Round the wait up: whoever comes back after it is let in."""
        self.seconds = max(1, ceil(wait.total_seconds()))
        super().__init__(f"{caller} has used up its requests a minute; ask again in {self.seconds} s")
