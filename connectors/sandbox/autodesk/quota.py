"""How many calls each user made in the last minute, or whatever the quota's window is."""

from collections import defaultdict, deque
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=1)


class Quota:
    """Counts granted calls by name over a sliding window; what was refused does not count."""

    def __init__(self) -> None:
        self._granted: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def take(
        self, name: str, *, limit: int | None, now: datetime, window: timedelta = WINDOW
    ) -> timedelta | None:
        """Grant a call and give None, or give how long to wait until one is granted again."""
        granted = self._granted[name]
        while granted and granted[0] <= now - window:
            granted.popleft()
        if limit is not None and len(granted) >= limit:
            # Of a limit lowered while the window was full, the newest calls count.
            return granted[-limit] + window - now if limit else window
        granted.append(now)
        return None
