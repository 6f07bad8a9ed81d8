"""When the sources of one page have to be done, so that the page is told in time.

A later page first brings back what the earlier ones were made of, and goes through all of it at its end. It
has time for what is new all the same, or a chain of hurried pages would never end: half of its `timeout`, and
at least a quarter of what bringing back took, so that pages become larger and not only later. A page is
late by what the old takes beyond half of its `timeout`, or by that quarter.
"""

from dataclasses import dataclass, field
from functools import partial

from connectors.ports import Clock
from service.usecases.answer.reserve import Reserve
from service.usecases.cached.perusal import Spare

_SHARE_OF_TIMEOUT = 0.5
_SHARE_OF_REPLAY = 0.25
# Seconds for what is new after so many pages in a row that brought nothing: what a machine or a store
# held up for a moment needs, and no more of a caller's time than that for a source that is dead.
_AFTER_FRUITLESS = (0.0, 0.2, 0.8)


@dataclass(slots=True)
class Timing:
    """The time of one page; `started` and all moments are in seconds of the clock's `monotonic`.

    `timeout` is in seconds. Records are nodes, edges, and the questions that were asked for them.
    """

    reserve: Reserve
    clock: Clock
    started: float
    timeout: float
    _before: int = field(init=False, default=0)
    _own: float = field(init=False)
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        """Have all of the time for what is new."""
        self._own, self._end = self.timeout, self.started + self.timeout

    def go_on(self, *, records: int, fruitless: int) -> float:
        """Begin what is new of a later page, and give when it has to be told.

        `records` are those of the earlier pages, `fruitless` the last of these that brought nothing.
        """
        now = self.clock.monotonic()
        self._own = max(
            self.timeout * _SHARE_OF_TIMEOUT,
            (now - self.started) * _SHARE_OF_REPLAY,
            _AFTER_FRUITLESS[min(fruitless, len(_AFTER_FRUITLESS) - 1)],
        )
        self._before = records
        self._end = max(self._end - self.reserve.takes(records), now + self._own)
        self._own = self._end - now
        return self._end

    def deadline(self, records: int) -> float:
        """Give until when sources are waited for, if so many records are told of all pages."""
        return self._end - self.reserve.of(max(0, records - self._before), timeout=self._own)

    def spare(self, records: int) -> Spare:
        """Give what tells the seconds left once so many records are told, and some more."""
        return partial(self.reserve.spare, max(0, records - self._before), end=self._end, clock=self.clock)
