"""One lane's book: who waits, who is under way, what went out in the last minute.

Rules: times are seconds on one clock that never runs backwards. In any `SPAN` at most
`requests_per_minute` calls are granted, in whatever rhythm; a call given back counts no more. No
more are under way than the adaptive limit says, and none is granted while the upstream wants rest.
Who is not the only caller about (one whose turn came or whose call
ended within `COMPANY`, who has a call under way, or who is next in line) leaves some of the places to the
others. Where an upstream says how many calls are left until when, no more are under way than that: each of
them may be one it has not counted yet, and others may use the same quota. Tickets and places belong
to a process, and go when it was not heard of for `LIFE`.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.ports import Caller, Lane, Signal
from connectors.runtime.governing.limit import AdaptiveLimit
from connectors.runtime.governing.line import Line, Ticket

# The upstream counts when calls arrive, we when they leave: half a second is for the way.
SPAN = 60.5
# Who was here so lately may well come again, and should not find all places taken.
COMPANY = 1.0
# So many of those who wait are looked at for one who may go before others.
FRONT = 8
# A process says every second that it is alive; one that has not for so long has lost what it had.
LIFE = 2.0
# No upstream is left alone for longer than this, whatever it asks for.
LONGEST_REST = 3600.0
# Two reports whose resets are further apart than this are of two periods: a header has whole seconds.
PERIOD_SLACK = 2.0


@dataclass(frozen=True, slots=True)
class Pumped:
    """Whose turn it is now, as (process, ticket), and when to look again, if time alone helps."""

    granted: tuple[tuple[str, str], ...]
    again: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the lane is doing; `left` None is no limit known, `rest_until` may have passed."""

    left: int | None
    places: int
    under_way: int
    waiting: int
    rest_until: float


@dataclass(slots=True)
class Book:
    """The book of one lane; `lane` may be replaced, the newest one rules."""

    lane: Lane
    _limit: AdaptiveLimit = field(init=False)
    _line: Line = field(init=False, default_factory=Line)
    _log: deque[tuple[float, str]] = field(init=False, default_factory=deque)
    _under_way: dict[str, Ticket] = field(init=False, default_factory=dict)
    _about: dict[str, float] = field(init=False, default_factory=dict)
    _alive_until: dict[str, float] = field(init=False, default_factory=dict)
    _rest_until: float = field(init=False, default=0.0)
    _remaining: int = field(init=False, default=0)
    _remaining_until: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        """Begin with as many places as are configured."""
        self._limit = AdaptiveLimit(self.lane.concurrency, float(self.lane.concurrency))

    def alive(self, process: str, *, now: float) -> None:
        """Keep what a process has for another `LIFE`; one never heard of here loses nothing either."""
        self._bury(now)
        self._alive_until[process] = now + LIFE

    def enter(
        self, ticket: str, *, process: str, callers: Sequence[Caller], now: float, patience: float
    ) -> float | None:
        """Put a ticket in line; or give the wait in seconds, where it is foreseen to exceed `patience`."""
        if ticket in self._line or ticket in self._under_way:
            return None
        wait = self.foresee(callers, now=now) - now
        if wait > max(0.0, patience):
            return wait
        self._line.enter(ticket, process=process, callers=callers)
        return None

    def foresee(self, callers: Sequence[Caller], *, now: float) -> float:
        """Give when a new ticket would get its turn at the earliest, if those ahead of it stay."""
        self._forget(now)
        at = max(now, self._rest_until)
        if self._remaining <= 0:
            at = max(at, self._remaining_until)
        capacity = self.lane.requests_per_minute
        if capacity is None:
            return at
        # The calls ahead take what is free, then what the log sets free, then a span later again.
        ahead = self._line.ahead(callers) - max(0, capacity - len(self._log))
        if ahead < 0:
            return at
        spans, ahead = divmod(ahead, capacity)
        ahead += max(0, len(self._log) - capacity)
        freed = self._log[ahead][0] if ahead < len(self._log) else now
        return max(at, freed + SPAN * (spans + 1))

    def promote(self, ticket: str, *, caller: Caller) -> None:
        """Let one more caller bring a waiting ticket forward."""
        self._line.promote(ticket, caller=caller)

    def leave(
        self,
        ticket: str,
        *,
        now: float,
        signal: Signal | None = None,
        gave_back: bool = False,
        heir: str | None = None,
    ) -> None:
        """End a ticket, wherever it is; take in what its call told, or forget that it was granted.

        An `heir` in line has its place already: the sole caller of the lane has handed it on.
        """
        waited = ticket in self._line
        self._line.leave(ticket)
        away = self._in_use()
        held = self._under_way.pop(ticket, None)
        if held is not None:
            self._about[held.caller.name] = now
        if gave_back and not waited:
            self._strike(ticket)
        if signal is not None:
            self._learn(signal, now=now, held=held is not None, away=away)
        if held is not None and not gave_back and (signal is None or signal.remaining is None):
            # The upstream may have counted it, and has not said so.
            self._remaining -= 1
        if heir is not None and (next_one := self._line.find(heir)) is not None:
            self._grant(next_one, now=now)

    def note(self, ticket: str, *, now: float) -> None:
        """Count a call that leaves now by the word of another book."""
        self._forget(now)
        self._log.append((now, ticket))

    def recent(self, now: float) -> Sequence[tuple[str, float]]:
        """Give the calls that still count, as (ticket, time)."""
        self._forget(now)
        return [(name, at) for at, name in self._log]

    def pump(self, now: float) -> Pumped:
        """Grant whatever may leave now."""
        self._bury(now)
        self._forget(now)
        granted: list[tuple[str, str]] = []
        while self._line:
            blocked, again = self._blocked(now)
            if blocked:
                return Pumped(tuple(granted), again)
            ticket = self._next()
            if ticket is None:
                # They have calls under way, and the end of one lets somebody go.
                break
            self._grant(ticket, now=now)
            granted.append((ticket.process, ticket.name))
        return Pumped(tuple(granted), None)

    def standing(self, now: float) -> Standing:
        """Tell how the lane is doing."""
        self._forget(now)
        capacity = self.lane.requests_per_minute
        left = None if capacity is None else max(0, capacity - len(self._log))
        if now < self._remaining_until:
            told = max(0, self._remaining - len(self._under_way))
            left = told if left is None else min(left, told)
        return Standing(left, self._places, len(self._under_way), len(self._line), self._rest_until)

    def sole(self, process: str, *, now: float) -> str:
        """Name the caller who may hand a place on to its next call in this process; "" where nobody may.

        It is the only one about, nothing but the places bounds how many calls leave, and who is next in
        line is of the process.
        """
        bounded = self.lane.requests_per_minute is not None or now < max(
            self._rest_until, self._remaining_until
        )
        if bounded or len(self._under_way) > self._places:
            return ""
        if any(ticket.process != process for ticket in self._line.front(1)):
            return ""
        here = {ticket.caller.name for ticket in (*self._under_way.values(), *self._line.tickets)}
        about = here.union(self._about)
        return about.pop() if len(about) == 1 else ""

    def idle(self, now: float) -> bool:
        """Tell whether a new book would let the next call go just the same."""
        self._forget(now)
        return not (
            self._line
            or self._under_way
            or self._log
            or now < self._rest_until
            or now < self._remaining_until
        )

    @property
    def _places(self) -> int:
        self._limit.most = self.lane.concurrency
        return self._limit.places

    def _grant(self, ticket: Ticket, *, now: float) -> None:
        self._line.serve(ticket)
        self._under_way[ticket.name] = ticket
        self._about[ticket.caller.name] = now
        if self.lane.requests_per_minute is not None:
            self._log.append((now, ticket.name))

    def _blocked(self, now: float) -> tuple[bool, float | None]:
        if now < self._rest_until:
            return True, self._rest_until
        if len(self._under_way) >= self._places:
            return True, None
        if now < self._remaining_until and len(self._under_way) >= self._remaining:
            return True, self._remaining_until
        capacity = self.lane.requests_per_minute
        if capacity is not None and len(self._log) >= capacity:
            return True, self._log[len(self._log) - capacity][0] + SPAN
        return False, None

    def _in_use(self) -> int:
        """Count the places in use, with those that are left free for others while somebody waits."""
        away, places = len(self._under_way), self._places
        return places if self._line and places - self._limit.room <= away < places else away

    def _next(self) -> Ticket | None:
        """Give the first in line who may go; None while everybody there leaves room to others."""
        most = self._places - self._limit.room
        if len(self._under_way) < most:
            return self._line.front(1)[0]
        away = Counter(ticket.caller.name for ticket in self._under_way.values())
        front = self._line.front(FRONT)
        about = {ticket.caller.name for ticket in front}.union(self._about, away)
        for ticket in front:
            if len(about) == 1 or away[ticket.caller.name] < most:
                return ticket
        return None

    def _learn(self, signal: Signal, *, now: float, held: bool, away: int) -> None:
        if held:
            self._limit.most = self.lane.concurrency
            self._limit.learn(
                took=signal.took.total_seconds(),
                under_way=away,
                now=now,
                overloaded=signal.overloaded,
                unanswered=signal.unanswered,
            )
        if signal.rest is not None:
            rest = min(LONGEST_REST, signal.rest.total_seconds())
            self._rest_until = max(self._rest_until, now + rest)
        if signal.remaining is not None:
            span = SPAN if signal.reset is None else signal.reset.total_seconds()
            until = now + min(LONGEST_REST, span)
            # Replies overtake one another: of one period the lowest number is the newest.
            if now >= self._remaining_until or until > self._remaining_until + PERIOD_SLACK:
                self._remaining, self._remaining_until = signal.remaining, until
            else:
                self._remaining = min(self._remaining, signal.remaining)

    def _strike(self, ticket: str) -> None:
        for index in range(len(self._log) - 1, -1, -1):
            if self._log[index][1] == ticket:
                del self._log[index]
                return

    def _bury(self, now: float) -> None:
        dead = {process for process, until in self._alive_until.items() if until <= now}
        if not dead:
            return
        for process in dead:
            del self._alive_until[process]
        for ticket in self._line.tickets:
            if ticket.process in dead:
                self._line.leave(ticket.name)
        for name in [name for name, ticket in self._under_way.items() if ticket.process in dead]:
            del self._under_way[name]

    def _forget(self, now: float) -> None:
        while self._log and self._log[0][0] + SPAN <= now:
            self._log.popleft()
        self._about = {name: at for name, at in self._about.items() if at > now - COMPANY}
