"""What is counted while answers are made; an adapter shows it to whoever operates the service."""

from datetime import timedelta
from typing import Literal, Protocol

from connectors.model import Outcome

Found = Literal["fresh", "stale", "absent", "missing"]
Shared = Literal["process", "fleet"]


class Meter(Protocol):
    """Counts; nothing here waits, fails, or keeps an address or a credential."""

    def looked_up(self, source: str, *, found: Found) -> None:
        """Count one question put to the cache: answered fresh, stale, known to be absent, or missing."""
        ...

    def served(self, source: str, *, age: timedelta) -> None:
        """Count the age of one cached listing that an answer was made of."""
        ...

    def shared(self, source: str, *, by: Shared) -> None:
        """Count one question that waited for the same question of this process, or of another."""
        ...

    def refreshed(self, source: str, *, outcome: Outcome) -> None:
        """Count one question that was asked again behind an answer."""
        ...

    def concluded(self, source: str, *, outcome: Outcome) -> None:
        """Count how one answer's questions to a source ended, at worst."""
        ...


class NoMeter:
    """Counts nothing."""

    def looked_up(self, source: str, *, found: Found) -> None:
        """Do nothing."""

    def served(self, source: str, *, age: timedelta) -> None:
        """Do nothing."""

    def shared(self, source: str, *, by: Shared) -> None:
        """Do nothing."""

    def refreshed(self, source: str, *, outcome: Outcome) -> None:
        """Do nothing."""

    def concluded(self, source: str, *, outcome: Outcome) -> None:
        """Do nothing."""
