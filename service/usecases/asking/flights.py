"""Single-flight: whoever asks a source the same question at the same time waits for one walk.

A question is what a cache entry answers, asked as one credential. In this process its riders share
the walk itself; in the fleet a lease says which process asks, and the others, once told that it is
over, look into the cache. Nobody depends on anybody else's patience: a rider leaves at its own
deadline with what was read until then, a walk goes on while anybody rides, and one that nobody
rides any more is cancelled and its leases are given back. A failure is told to those who waited for
it and kept for nobody.

    board ── a seat is there ──▶ ride it
      └──── none ──▶ new flight: gather a batch ─▶ take the leases ─▶ look once more ─▶ walk ─▶ keep ─▶ land
                                                        └─ led elsewhere ─▶ follow ─▶ look into the cache
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Coroutine, Iterable, Iterator
from contextlib import contextmanager

from connectors.model import Address
from connectors.ports import Caller, Clock
from service.graph.budget import Tally
from service.usecases.asking.desk import Desk, Unhurried
from service.usecases.asking.flight import Drive, Flight, Landing, Rider, Route, Seat, speaks_of_no_one
from service.usecases.asking.lease import Leases, Taken
from service.usecases.meter import Meter
from service.usecases.source import Source

# Seconds that a batch with room left waits for what others ask: less than one call takes.
_GATHERING = 0.002
# A flight under the same deadline has its own word for how it ended; it is given the time to say it.
_LAST_WORD = 0.01
# Seconds: nobody rides for longer.
_LONGEST = 120.0
# What is asked again behind an answer has so many seconds and calls.
BEHIND_SECONDS = 30.0
_BEHIND_CALLS = 100
# For so long a question that failed is waited for again, instead of being asked behind an answer.
_FAILED_SECONDS = 30.0
_MOST_FAILED = 10_000


class Flights:
    """The questions under way in this process, by key."""

    def __init__(self, drive: Drive, *, leases: Leases, clock: Clock, meter: Meter) -> None:
        """Start with none; the caller closes it. `meter` is for those who ride, too."""
        self.drive = drive
        self._leases = leases
        self._clock = clock
        self.meter = meter
        self._seats: dict[str, Seat] = {}
        self._open: dict[object, Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._desks: dict[str, Desk] = {}
        self._failed: OrderedDict[str, float] = OrderedDict()
        leases.on_wanted(self._wanted)

    def board(self, route: Route, addresses: Iterable[Address], rider: Rider) -> dict[Address, Seat]:
        """Give a seat for each question: one under way, or one in a new flight that begins."""
        seats = {}
        keys = {address: route.key(address) for address in addresses}
        self._make_room(route, sum(key not in self._seats for key in keys.values()))
        for address, key in keys.items():
            seat = self._seats.get(key)
            if seat is None:
                seat = self._seats[key] = self._embark(route, key, address)
                seat.riders[rider] = None
            else:
                self._join(seat, rider)
            seats[address] = seat
        return seats

    async def ride(self, seats: Collection[Seat], *, until: float) -> None:
        """Wait until all have landed, or until then; whoever boards has to leave, come what may."""
        waiting = [seat.landed for seat in seats if not seat.landed.done()]
        if waiting and (left := until - self._clock.monotonic()) > -_LAST_WORD:
            await asyncio.wait(waiting, timeout=left + _LAST_WORD)

    def leave(self, seat: Seat, rider: Rider) -> Landing:
        """Leave a seat with what is known by now; raises what a defect has raised."""
        landing = seat.glimpse(now=self._clock.now())
        self.abandon([seat], rider)
        return landing

    def abandon(self, seats: Iterable[Seat], rider: Rider) -> None:
        """Leave seats without a look back."""
        for seat in seats:
            seat.riders.pop(rider, None)
            if not seat.landed.done():
                self._cancel_unridden(seat)

    def stay(self, seat: Seat, caller: Caller) -> None:
        """Have a question asked to its end although nobody may wait for it any more.

        However many say so, there are the seconds and calls of one.
        """
        if seat.stays:
            return
        seat.stays = True
        rider = Rider(caller, self._clock.monotonic() + BEHIND_SECONDS, Tally(limit=_BEHIND_CALLS))
        self._join(seat, rider, counted=False)
        ending = asyncio.get_running_loop().call_later(BEHIND_SECONDS, self.abandon, [seat], rider)
        seat.landed.add_done_callback(lambda landed: self._stayed(seat, landed, ending))

    def has_failed(self, key: str) -> bool:
        """Tell whether a question has failed lately, and has not been answered since."""
        return self._failed.get(key, 0.0) > self._clock.monotonic()

    async def close(self) -> None:
        """Cancel everything under way."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _make_room(self, route: Route, number: int) -> None:
        """Have so many new questions share a flight, with others if there is room for all of them.

        An answer's batches are not mixed: a walk that was stopped on the way could not be gone on with.
        """
        flight = self._open.get(route.group)
        if flight is not None and len(flight.seats) + number > route.source.connector.spec.batch_size:
            del self._open[route.group]

    def _embark(self, route: Route, key: str, address: Address) -> Seat:
        landed = asyncio.get_running_loop().create_future()
        flight = self._open.get(route.group)
        if flight is None:
            flight = Flight(route)
            flight.task = self._begin(self._fly(flight))
            if route.source.connector.spec.batch_size > 1:
                self._open[route.group] = flight
        seat = Seat(key, address, landed, flight)
        flight.seats.append(seat)
        if len(flight.seats) >= route.source.connector.spec.batch_size:
            self._open.pop(route.group, None)
        return seat

    def _join(self, seat: Seat, rider: Rider, *, counted: bool = True) -> None:
        known = rider.caller in seat.flight.callers
        seat.riders[rider] = None
        if not known:
            seat.flight.join(rider.caller)
        if counted:
            self.meter.shared(seat.flight.route.source.name, by="process")

    def _wanted(self, key: str, caller: Caller) -> None:
        seat = self._seats.get(key)
        if seat is not None and caller not in seat.flight.callers:
            seat.flight.elsewhere[caller] = None
            seat.flight.join(caller)

    async def _fly(self, flight: Flight) -> None:
        route = flight.route
        desk = self._desk(route.source)
        held: list[str] = []
        try:
            with self._ending(flight):
                desk.stir()
                if route.source.connector.spec.batch_size > 1:
                    await self._gather(flight)
                held = await self._lead(flight)
                if not flight.unknown:
                    await self._pass_known(flight)
                if flight.seats:
                    desk.stir()
                    with desk.walking(leads_on=any(rider.leads_on for rider in flight.riders)):
                        await self._walk(flight, desk)
        finally:
            await self._leases.give_back(held)

    @contextmanager
    def _ending(self, flight: Flight) -> Iterator[None]:
        """Tell those who wait of a defect, which ends nobody else, and close the flight."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is
            for seat in flight.seats:
                if not seat.landed.done():
                    seat.landed.set_exception(error)
                    # Told to whoever still rides; that nobody does is no news.
                    seat.landed.exception()
        finally:
            self._close(flight)
            # Seats know their flight: what of an answer is in a circle only a collector would free.
            flight.seats.clear()

    async def _gather(self, flight: Flight) -> None:
        await asyncio.sleep(_GATHERING if self._open.get(flight.route.group) is flight else 0)
        if self._open.get(flight.route.group) is flight:
            del self._open[flight.route.group]

    async def _lead(self, flight: Flight) -> list[str]:
        """Take the leases; questions that another process asks leave the flight. Gives what is held."""
        keys = [seat.key for seat in flight.seats]
        places = flight.route.places([seat.address for seat in flight.seats])
        led = await self._leases.take(keys, caller=flight.callers[0], kept=places)
        flight.unknown = isinstance(led, Taken) and led.nothing_kept
        for seat in [seat for seat in flight.seats if seat.key in led]:
            alone = _alight(seat)
            alone.task = self._begin(self._follow(seat))
            self.meter.shared(flight.route.source.name, by="fleet")
            # Whoever waited for it may have left while the others' leases were asked for.
            self._cancel_unridden(seat)
        return [key for key in keys if key not in led]

    async def _pass_known(self, flight: Flight) -> None:
        """Land the questions that were answered between their riders' look and the lease."""
        if not flight.seats:
            return
        looked = await flight.route.look([seat.address for seat in flight.seats])
        for seat in [seat for seat in flight.seats if seat.address in looked.known]:
            flight.seats.remove(seat)
            self._land(seat, Landing())
        flight.before = looked.trail

    async def _walk(self, flight: Flight, desk: Desk) -> None:
        route = flight.route
        walk = flight.begin()
        # Riders leave in their own time; this ends what would go on for ever.
        deadline = self._clock.monotonic() + _LONGEST
        sender = Unhurried(route.sender, desk)
        found = await self.drive(walk, sender=sender, demand=flight, deadline=deadline)
        if flight.before is None and speaks_of_no_one(found):
            await self._walk_apart(flight, desk)
            return
        shared = [route.shared(finding) for finding in found]
        trail = walk.trail(now=self._clock.now())
        # What has ended this walk for want of time need not end one that begins now.
        latest = min(flight.latest, deadline)
        flight.over = {finding.listing.address: Landing(finding, trail, latest) for finding in shared}
        failed = {finding.listing.address for finding in shared if not finding.cacheable}
        for seat in flight.seats:
            self._note(seat.key, failed=seat.address in failed)
            if seat.address in failed:
                # Who comes while it is being kept has not waited for it.
                self._unlist(seat)
            for rider in seat.riders:
                rider.overhear(rider, seat.address, flight.over[seat.address])
        await desk.keep()
        await route.keep(shared, trail=trail, before=flight.before)
        for seat in flight.seats:
            self._land(seat, flight.over[seat.address])

    async def _walk_apart(self, flight: Flight, desk: Desk) -> None:
        """Ask each question of a flight by itself; its leases are kept until all of them have ended."""
        flights = [_alight(seat) for seat in list(flight.seats)]
        for alone in flights:
            alone.task = self._begin(self._walk_alone(alone, desk))
        for alone in flights:
            # Whoever waited for it may have left while the batch was asked.
            self._cancel_unridden(alone.seats[0])
        await asyncio.wait([alone.task for alone in flights if alone.task is not None])

    async def _walk_alone(self, flight: Flight, desk: Desk) -> None:
        with self._ending(flight):
            await self._walk(flight, desk)

    def _desk(self, source: Source) -> Desk:
        return self._desks.setdefault(source.name, Desk(places=source.pace.concurrency))

    async def _follow(self, seat: Seat) -> None:
        try:
            # Each rider leaves in its own time, and the last one cancels this.
            await self._leases.freed(seat.key, until=self._clock.monotonic() + _LONGEST)
            self._land(seat, Landing())
        finally:
            self._close(seat.flight)
            seat.flight.seats.clear()

    def _unlist(self, seat: Seat) -> None:
        if self._seats.get(seat.key) is seat:
            del self._seats[seat.key]

    def _land(self, seat: Seat, landing: Landing) -> None:
        self._unlist(seat)
        if not seat.landed.done():
            seat.landed.set_result(landing)

    def _close(self, flight: Flight) -> None:
        if self._open.get(flight.route.group) is flight:
            del self._open[flight.route.group]
        for seat in flight.seats:
            self._unlist(seat)
            seat.landed.cancel()

    def _cancel_unridden(self, seat: Seat) -> None:
        flight = seat.flight
        # What has been fetched is kept, whoever is left.
        if any(True for _ in flight.riders) or flight.task is None or flight.over:
            return
        # At once, so that nobody boards what is about to end. A task that has not begun never will:
        # what it was to follow is followed no more, before another flight may follow the same.
        self._close(flight)
        flight.task.cancel()
        trail = flight.give_up(now=self._clock.now())
        if trail is not flight.before:
            # Who asks the same again goes on from there.
            self._begin(flight.route.keep((), trail=trail, before=flight.before))
        self._leases.unfollow([each.key for each in flight.seats])

    def _stayed(self, seat: Seat, landed: asyncio.Future[Landing], ending: asyncio.TimerHandle) -> None:
        ending.cancel()
        if landed.cancelled() or landed.exception() is not None:
            return
        finding = landed.result().finding
        if finding is not None:
            self.meter.refreshed(seat.flight.route.source.name, outcome=finding.outcome)

    def _note(self, key: str, *, failed: bool) -> None:
        self._failed.pop(key, None)
        if failed:
            self._failed[key] = self._clock.monotonic() + _FAILED_SECONDS
            if len(self._failed) > _MOST_FAILED:
                self._failed.popitem(last=False)

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _alight(seat: Seat) -> Flight:
    """Have a question leave its flight for one of its own."""
    seat.flight.seats.remove(seat)
    seat.flight = Flight(seat.flight.route, [seat])
    return seat.flight
