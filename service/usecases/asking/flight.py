"""One walk that several answers wait for: its questions, each a seat, and who rides."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from connectors.contract import Want
from connectors.model import Address, Outcome
from connectors.ports import Allowance, Caller, Demand, Sender
from connectors.walk import Finding, Trail, Walk
from service.usecases.source import Source

TIME_IS_UP = "the time given to this answer is up"
# Seconds by which a deadline has to be later for another attempt to be worth it.
_SOONER = 0.02
# What may be another word when asked by somebody with more time or calls.
_OWN_FAULT = frozenset({Outcome.TIMEOUT, Outcome.THROTTLED, Outcome.OVER_BUDGET})

# A batch that is too slow, too much or not allowed is so in each of its parts.
_TURNED_DOWN = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.GONE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


class Drive(Protocol):
    """Drives one walk to its end; the runtime's driver with its clock, sleeper and dice filled in."""

    async def __call__(
        self, walk: Walk, *, sender: Sender, demand: Demand, deadline: float
    ) -> tuple[Finding, ...]:
        """Give one finding per address of the walk."""
        ...


Overhear = Callable[["Rider", Address, "Landing"], None]


def to_nobody(rider: "Rider", address: Address, landing: "Landing") -> None:
    """Tell nobody."""


def to_nothing(_question: object) -> bool:
    """Say that it leads to no further question."""
    return False


@dataclass(frozen=True, slots=True, eq=False)
class Rider:
    """One answer that waits: in whose name, until when (`monotonic`), and what it may spend.

    `overhear` is told, by its rider, how a question has ended while that is still being kept. What is told
    `leads_on` where it says who will be asked about next.
    """

    caller: Caller
    deadline: float
    allowance: Allowance
    overhear: Overhear = to_nobody
    leads_on: bool = False


@dataclass(frozen=True, slots=True)
class Landing:
    """How a question ended; `finding` None: another process has asked it, and the cache may know.

    `latest` is the deadline it was asked under.
    """

    finding: Finding | None = None
    trail: Trail | None = None
    latest: float = 0.0

    def falls_short(self, rider: Rider) -> bool:
        """Tell whether the question ended for want of what this rider still has."""
        finding = self.finding
        if finding is None or finding.status is not None or finding.outcome not in _OWN_FAULT:
            return False
        if finding.outcome is Outcome.OVER_BUDGET:
            return not rider.allowance.exhausted
        return 0.0 < self.latest < rider.deadline - _SOONER


def _kept_nowhere(addresses: Sequence[Address]) -> Sequence[str]:  # noqa: ARG001 - whatever they are
    """Name no key: nobody need look for them."""
    return ()


@dataclass(frozen=True, slots=True)
class Looked:
    """Which questions the cache answers by now, and where a walk about all of them was stopped."""

    known: Collection[Address] = ()
    trail: Trail | None = None


class Keep(Protocol):
    """Writes down what was found, and the trail a walk has left; `before` is the one it had gone on from."""

    async def __call__(
        self, findings: Sequence[Finding], *, trail: Trail | None, before: Trail | None
    ) -> None:
        """Keep what is worth it."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """What it takes to ask questions that may share a batch.

    `key` gives the question's text in the fleet, `look` what the cache has of some addresses by now,
    `keep` writes down what was found, `shared` leaves out of it what is not for everybody. `places`
    gives the store keys that `look` would find any of it under, none if that cannot be told.
    """

    source: Source
    sender: Sender
    want: Want
    group: object
    key: Callable[[Address], str]
    look: Callable[[Sequence[Address]], Awaitable[Looked]]
    keep: Keep
    shared: Callable[[Finding], Finding]
    places: Callable[[Sequence[Address]], Sequence[str]] = _kept_nowhere


@dataclass(slots=True, eq=False)
class Seat:
    """One question under way, and who waits for it; it `stays` when nobody need wait any more."""

    key: str
    address: Address
    landed: asyncio.Future[Landing]
    flight: "Flight"
    riders: dict[Rider, None] = field(default_factory=dict)
    stays: bool = False

    def glimpse(self, *, now: datetime) -> Landing:
        """Give what is known by now; raises what a defect has raised."""
        if self.landed.done() and not self.landed.cancelled():
            return self.landed.result()
        flight = self.flight
        if self.address in flight.over:
            return flight.over[self.address]
        walk = flight.walk
        if walk is None:
            # Nothing is under way yet: a walk that has made no call says so in its own form.
            walk = Walk(flight.route.source.connector, [self.address], flight.route.want)
        findings, trail = walk.leave(Outcome.TIMEOUT, TIME_IS_UP, now=now)
        finding = next(each for each in findings if each.listing.address == self.address)
        return Landing(flight.route.shared(finding), trail)


@dataclass(slots=True, eq=False)
class Flight:
    """The questions that one walk asks; as a Demand, everybody who rides it together.

    `unknown`: nothing of them was in the store when their leases were taken. `before` is the trail that
    the walk goes on from.
    """

    route: Route
    seats: list[Seat] = field(default_factory=list)
    walk: Walk | None = None
    task: asyncio.Task[None] | None = None
    over: dict[Address, Landing] = field(default_factory=dict)
    elsewhere: dict[Caller, None] = field(default_factory=dict)
    listeners: dict[Callable[[Caller], None], None] = field(default_factory=dict)
    latest: float = 0.0
    unknown: bool = False
    before: Trail | None = None

    def begin(self) -> Walk:
        """Make the walk about its questions, on from where another one was stopped if that is known."""
        connector = self.route.source.connector
        if self.before is not None:
            self.walk = Walk.resume(connector, self.before)
        else:
            self.walk = Walk(connector, [seat.address for seat in self.seats], self.route.want)
        return self.walk

    def give_up(self, *, now: datetime) -> Trail | None:
        """End the walk, if there is one, and give where that was."""
        if self.walk is None:
            return self.before
        self.walk.stop(Outcome.TIMEOUT, TIME_IS_UP)
        return self.walk.trail(now=now)

    @property
    def riders(self) -> Iterator[Rider]:
        """Give who waits for any of the questions, once for each of them."""
        return (rider for seat in self.seats for rider in seat.riders)

    @property
    def exhausted(self) -> bool:
        """Tell whether nobody has a call left."""
        # Asked four times a call, and mostly of the only one there is: without a generator.
        for seat in self.seats:
            for rider in seat.riders:
                if not rider.allowance.exhausted:
                    return False
        return True

    def take(self) -> bool:
        """Have the first who can pay for one call."""
        return any(rider.allowance.take() for rider in self.riders)

    @property
    def callers(self) -> tuple[Caller, ...]:
        """Name the callers of all riders, here and elsewhere."""
        return tuple(dict.fromkeys((*(rider.caller for rider in self.riders), *self.elsewhere)))

    def on_join(self, listener: Callable[[Caller], None]) -> Callable[[], None]:
        """Have `listener` told of each caller who joins."""
        self.listeners[listener] = None

        def end() -> None:
            self.listeners.pop(listener, None)

        return end

    @property
    def until(self) -> float:
        """Give until when anybody waits; what it was last is what the walk was bound by."""
        self.latest = max((rider.deadline for rider in self.riders), default=self.latest)
        return self.latest

    def join(self, caller: Caller) -> None:
        """Tell those who listen of a caller who was not there before."""
        for listener in list(self.listeners):
            listener(caller)


@dataclass(frozen=True, slots=True)
class Alone:
    """The Demand of one rider, for a walk that nobody can share."""

    rider: Rider

    @property
    def exhausted(self) -> bool:
        """Tell whether no call is left."""
        return self.rider.allowance.exhausted

    def take(self) -> bool:
        """Spend one call."""
        return self.rider.allowance.take()

    @property
    def until(self) -> float:
        """Give until when it waits."""
        return self.rider.deadline

    @property
    def callers(self) -> tuple[Caller, ...]:
        """Name the one caller."""
        return (self.rider.caller,)

    def on_join(self, listener: Callable[[Caller], None]) -> Callable[[], None]:  # noqa: ARG002 - the port's
        """Promise nothing: nobody ever joins."""
        return lambda: None


def speaks_of_no_one(found: Sequence[Finding]) -> bool:
    """Tell whether a source has turned down a batch as a whole: which question it meant, it has not said.

    It may know nothing of one node among twenty, and some have no call for many nodes at all.
    """
    return len(found) > 1 and all(
        finding.outcome is Outcome.ABSENT
        or (
            finding.outcome is Outcome.BROKEN and finding.status in _TURNED_DOWN and not finding.listing.edges
        )
        for finding in found
    )
