"""A breaker: after a failure nobody tries for a while, then one does, for all.

closed ── failure ──▶ open for `pause` ── the next attempt ──▶ one probe
   ▲                    ▲                                        │   │
   └────────────────────┼────────────── success ─────────────────┘   │
                        └────────────── failure ─────────────────────┘
"""

from datetime import timedelta

from connectors.ports import Clock


class Breaker:
    """Decides whether to try; told how each attempt went, it answers whether that is news."""

    def __init__(self, *, clock: Clock, pause: timedelta) -> None:
        """Start closed: nothing is known against trying."""
        self._clock = clock
        self._pause = pause.total_seconds()
        self._open_until: float | None = None
        self._probing = False

    @property
    def waits(self) -> bool:
        """Tell whether nobody is to try now; whoever only looks does not take the one probe."""
        return self._open_until is not None and (self._probing or self._clock.monotonic() < self._open_until)

    def allow(self) -> bool:
        """Tell whether to try now; who gets a yes reports back by one of the other three."""
        if self.waits:
            return False
        self._probing = self._open_until is not None
        return True

    def succeed(self) -> bool:
        """Close; True when that ends an outage."""
        ended = self._open_until is not None
        self._open_until = None
        self._probing = False
        return ended

    def fail(self) -> bool:
        """Open; True when that begins an outage."""
        began = self._open_until is None
        self._open_until = self._clock.monotonic() + self._pause
        self._probing = False
        return began

    def abandon(self) -> None:
        """Take back an attempt that was cancelled: nothing was learnt, the next one may probe."""
        self._probing = False
