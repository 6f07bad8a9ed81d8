"""A circuit breaker as a pure state machine: whether to call something that keeps failing.

closed ── 5 failures in a row ──▶ open, for a pause ── the pause is over ──▶ half-open: one probe
   ▲                               ▲                                          │    │
   │                               └──────── it fails: another pause ─────────┘    │
   └──────────────────────────────────────── it succeeds ─────────────────────────┘

A pause is a tenth of the time since the circuit opened, so that no outage lasts much longer here than
it does there: short after a short one, and rare calls during a long one.
A probe that was cancelled or never left gives its place back. A call that left before the circuit
opened and is answered after it closes the circuit, since somebody is there; if it fails it tells
nothing new. `now` is in seconds of any clock that never runs backwards.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

FAILURES = 5
_SHORTEST_PAUSE = 0.5
LONGEST_PAUSE = timedelta(seconds=5.0)
_PART_OF_OUTAGE = 0.1
# How long an upstream may ask for: callers are promised to see data 30 s after it is back.
_LONGEST_ASKED = 30.0
# Circuits that opened together need not probe together; a pause is shortened by up to this part.
_SPREAD = 0.2


class CircuitState(StrEnum):
    """Where a circuit stands; each is worse than the one before."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to make one call, in the `era` between two changes of its circuit."""

    era: int
    probe: bool


class Circuit:
    """One circuit; whoever enters says once how it went: succeed, fail or leave."""

    __slots__ = ("_era", "_failures", "_longest", "_opened", "_probe", "_until")

    def __init__(self, *, longest: timedelta = LONGEST_PAUSE) -> None:
        """Start closed: nothing is known against calling; `longest` bounds its pauses."""
        self._longest = longest.total_seconds()
        self._era = 0
        self._failures = 0
        self._opened: float | None = None
        self._until: float | None = None
        self._probe: Ticket | None = None

    @property
    def failures(self) -> int:
        """Tell how many failures in a row there have been."""
        return self._failures

    def state(self, *, now: float) -> CircuitState:
        """Tell where it stands."""
        if self._until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self._until else CircuitState.HALF_OPEN

    def pause(self, *, now: float) -> timedelta | None:
        """Tell how much longer it stays open; None if it does not."""
        if self._until is None or now >= self._until:
            return None
        return timedelta(seconds=self._until - now)

    def enter(self, *, now: float) -> Ticket | None:
        """Give leave to call; None while it is open, or half-open with a probe under way."""
        match self.state(now=now):
            case CircuitState.CLOSED:
                return Ticket(self._era, probe=False)
            case CircuitState.HALF_OPEN if self._probe is None:
                self._probe = Ticket(self._era, probe=True)
                return self._probe
        return None

    def succeed(self) -> None:
        """Close: whatever the ticket, there has just been an answer."""
        self._failures = 0
        if self._until is not None:
            self._change(until=None)
            self._opened = None

    def fail(self, ticket: Ticket, *, now: float, jitter: float = 0.0, rest: timedelta | None = None) -> None:
        """Count a failure; a probe's, or the fifth in a row, opens.

        `jitter` is a number in [0, 1); `rest` is how long the upstream asked to be left alone.
        """
        if ticket.era != self._era:
            return
        self._failures += 1
        if ticket.probe or self._failures >= FAILURES:
            self._open(now, jitter, rest)

    def leave(self, ticket: Ticket) -> None:
        """Give the place back: nothing was learnt."""
        if ticket is self._probe:
            self._probe = None

    def _open(self, now: float, jitter: float, rest: timedelta | None) -> None:
        if self._opened is None:
            self._opened = now
        pause = max(_SHORTEST_PAUSE, _PART_OF_OUTAGE * (now - self._opened))
        pause = min(self._longest, pause) * (1 - _SPREAD * jitter)
        if rest is not None:
            pause = max(pause, min(_LONGEST_ASKED, rest.total_seconds()))
        self._change(until=now + pause)

    def _change(self, *, until: float | None) -> None:
        self._era += 1
        self._until = until
        self._probe = None
