"""A sliding window over the calls of the last minute, as a pure state machine.

Rules: times are seconds on a clock that never runs backwards, and never decrease from one `take`
to the next. In any `span` at most `capacity` of the times given out lie; a time given back counts
no more. Times are given out in the order they are asked for.
"""

from collections import deque


class Window:
    """The log of when calls went out, or are to go out."""

    def __init__(self, *, capacity: int | None, span: float) -> None:
        """Allow `capacity` calls in any `span` seconds; None is any number."""
        self._capacity = capacity
        self._span = span
        self._times: deque[float] = deque()
        self._closed_until = 0.0

    def earliest(self, now: float) -> float:
        """Give the time at which a call that asks now may go out."""
        self._forget(now)
        at = max(now, self._closed_until)
        if self._capacity is None or not self._times:
            return at
        at = max(at, self._times[-1])
        if len(self._times) >= self._capacity:
            at = max(at, self._times[-self._capacity] + self._span)
        return at

    def take(self, now: float) -> float:
        """Give that time and count it."""
        at = self.earliest(now)
        if self._capacity is not None:
            self._times.append(at)
        return at

    def give_back(self, at: float) -> None:
        """Count a time no more, if it still counts: its call did not go out."""
        if at in self._times:
            self._times.remove(at)

    def close(self, until: float) -> None:
        """Give out no time before `until` from now on."""
        self._closed_until = max(self._closed_until, until)

    def idle(self, now: float) -> bool:
        """Tell whether a new window would behave the same."""
        self._forget(now)
        return not self._times and self._closed_until <= now

    def _forget(self, now: float) -> None:
        while self._times and self._times[0] + self._span <= now:
            self._times.popleft()
