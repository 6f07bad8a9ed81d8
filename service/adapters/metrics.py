"""The port Metrics: counts in this process, and shows the sum over all processes of an instance."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from http import HTTPStatus

import structlog

from connectors.errors import StoreUnavailableError
from connectors.model import Outcome
from connectors.ports import Clock, Sleeper
from connectors.runtime.sender import Observe
from service.adapters import metric as of
from service.adapters.metrics_slot import EVERY, MetricsSlot
from service.adapters.numbers import Numbers
from service.cache.store import Store
from service.usecases.meter import Found, Shared
from service.usecases.metrics import Exposition
from service.usecases.source import Source

log = structlog.get_logger(__name__)
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
_STATUSES = frozenset(HTTPStatus)
_FOUND: tuple[Found, ...] = ("fresh", "stale", "absent", "missing")
_BY: tuple[Shared, ...] = ("process", "fleet")
_STATES = ("closed", "half_open", "open")


class ProcessMetrics:
    """Counts for one process; with a slot it adds what the other workers have counted."""

    def __init__(self, *, store: Store, clock: Clock, slot: MetricsSlot | None = None) -> None:
        """Start at zero, or where the worker that had the slot before has ended."""
        self._store = store
        self._clock = clock
        self._slot = slot
        self._watched: list[tuple[Source, str]] = []
        self._counted = Numbers() if slot is None else slot.read()
        # A series that begins at zero has a rate from its first event on.
        for complete in (True, False):
            self._counted.show(of.ANSWERS, (_word(complete),))
        self._counted.show(of.REPEATS, ())

    def watch(self, sources: Iterable[Source]) -> None:
        """Show how these sources are doing, for the configured credential, whenever numbers are shown."""
        for source in sources:
            self._watched.append((source, source.admit(None).identity))
            self._begin(source.name)

    def observe(self, source: str) -> Observe:
        """Give what counts the calls that leave for a source."""

        def count(reply: int | str, seconds: float) -> None:
            self._counted.count(of.CALLS, (source, _reply(reply)))
            self._counted.observe(of.CALL_SECONDS, (source,), value=seconds)

        return count

    def requested(self, route: str, *, method: str, status: int | None, took: timedelta) -> None:
        """Count one request; a method that no route knows is `other`."""
        labels = (route, method if method in _METHODS else "other", _class_of(status))
        self._counted.count(of.REQUESTS, labels)
        if status is not None:
            self._counted.observe(of.REQUEST_SECONDS, (route,), value=took.total_seconds())

    def answered(self, *, complete: bool) -> None:
        """Count one graph."""
        self._counted.count(of.ANSWERS, (_word(complete),))

    def repeated(self) -> None:
        """Count one graph given again."""
        self._counted.count(of.REPEATS, ())

    def looked_up(self, source: str, *, found: Found) -> None:
        """Count what the cache had."""
        self._counted.count(of.LOOKUPS, (source, found))

    def served(self, source: str, *, age: timedelta) -> None:
        """Count how old a listing was."""
        self._counted.observe(of.SERVED_AGE, (source,), value=max(age.total_seconds(), 0.0))

    def shared(self, source: str, *, by: Shared) -> None:
        """Count a question that waited for another's reply."""
        self._counted.count(of.SHARED, (source, by))

    def refreshed(self, source: str, *, outcome: Outcome) -> None:
        """Count a question asked behind an answer."""
        self._counted.count(of.REFRESHES, (source, outcome.value))

    def concluded(self, source: str, *, outcome: Outcome) -> None:
        """Count how a source did for an answer."""
        self._counted.count(of.OUTCOMES, (source, outcome.value))

    async def expose(self) -> Exposition:
        """Show everything; what takes long is done beside the event loop."""
        up = await self._is_store_up()
        numbers = self._now()
        if self._slot is not None:
            # Ours are left as they are shown: the next scrape, of another worker, shows no less.
            self._leave(self._slot, numbers)
        return await asyncio.to_thread(self._write, numbers, store_up=up)

    async def keep_writing(self, *, sleeper: Sleeper) -> None:
        """Write the numbers for the other workers as often as `EVERY`, until cancelled."""
        if self._slot is None:
            return
        try:
            while True:
                self._leave(self._slot, self._now())
                await sleeper.sleep(EVERY)
        finally:
            self._leave(self._slot, self._now())

    def _leave(self, slot: MetricsSlot, numbers: Numbers) -> None:
        try:
            slot.write(numbers)
        except OSError as error:
            log.warning("the numbers for /metrics cannot be written", reason=error.strerror)

    def _write(self, numbers: Numbers, *, store_up: bool) -> Exposition:
        # Imported with the first scrape: it takes as long as a whole answer, and many are never scraped.
        from service.adapters.exposition import write_exposition  # noqa: PLC0415 - the reason above

        if self._slot is not None:
            self._slot.add_others(numbers, clock=self._clock)
        numbers.set(of.STORE_UP, to=float(store_up))
        return write_exposition(numbers)

    def _now(self) -> Numbers:
        numbers = Numbers()
        numbers.add(self._counted)
        numbers.set(of.WORKERS, to=1)
        for source, identity in self._watched:
            condition = source.condition(identity)
            for state in _STATES:
                numbers.set(of.BREAKERS, (source.name, state), to=state == condition.breaker)
            if condition.pace is not None:
                numbers.set(of.CONCURRENCY, (source.name,), to=condition.pace.concurrency)
                if condition.pace.left is not None:
                    numbers.set(of.CALLS_LEFT, (source.name,), to=condition.pace.left)
        return numbers

    def _begin(self, source: str) -> None:
        for histogram in (of.CALL_SECONDS, of.SERVED_AGE):
            self._counted.show(histogram, (source,))
        for counter, words in (
            (of.OUTCOMES, [outcome.value for outcome in Outcome]),
            (of.REFRESHES, [outcome.value for outcome in Outcome]),
            (of.LOOKUPS, _FOUND),
            (of.SHARED, _BY),
        ):
            for word in words:
                self._counted.show(counter, (source, word))

    async def _is_store_up(self) -> bool:
        try:
            await self._store.ping()
        except StoreUnavailableError:
            return False
        return True


def _reply(reply: int | str) -> str:
    # What a status that HTTP does not know is, its upstream has made up: only its class is a label.
    return _class_of(reply) if isinstance(reply, int) and reply not in _STATUSES else str(reply)


def _class_of(status: int | None) -> str:
    return "none" if status is None else f"{status // 100}xx"


def _word(value: bool) -> str:  # noqa: FBT001 - the value itself is what is written
    return "true" if value else "false"
