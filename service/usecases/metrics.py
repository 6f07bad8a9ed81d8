"""What whoever operates the service is shown of it: numbers, none of them about a caller."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from service.usecases.meter import Meter


@dataclass(frozen=True, slots=True)
class Exposition:
    """Every number as text, and the media type that says how to read it."""

    media_type: str
    text: bytes


class Metrics(Meter, Protocol):
    """Counts what the service does, and shows it; counting never waits and never fails."""

    def requested(self, route: str, *, method: str, status: int | None, took: timedelta) -> None:
        """Count one request by the route's template; without a `status` nothing was answered."""
        ...

    def answered(self, *, complete: bool) -> None:
        """Count one graph that was given."""
        ...

    def repeated(self) -> None:
        """Count one graph that was given again as it was kept."""
        ...

    async def expose(self) -> Exposition:
        """Show the numbers of all processes that serve together."""
        ...
