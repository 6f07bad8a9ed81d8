"""How many calls at once are good for an upstream: up by one a round, down by a third, never both.

Rules: a call that came back well raises the limit by 1/limit, but only while the limit is in use,
so that idleness proves nothing. A refusal for load, or no reply at all for clearly longer than
replies usually take, takes it down to 0.7 of itself; replies that have become much slower than they
used to be, to 0.9, but only while half of it is in use: fewer calls make nobody slow. After a step down the
next one waits for about one call's time, at least a second: the calls already under way left under
the old limit and tell nothing of the new one. It stays within 1 and what is configured.
"""

from dataclasses import dataclass
from math import floor

REFUSED = 0.7
SLOWER = 0.9
# How much one call weighs in what calls take now, and in what they take in the long run.
NOW_SHARE = 0.2
LONG_SHARE = 0.02
# Slower than this many times the long run, and by more than this many seconds, is clearly slower.
TIMES_SLOWER = 2.0
SECONDS_SLOWER = 0.1
# Of so many places one is room for others.
PLACES_FOR_ROOM = 4


@dataclass(slots=True)
class AdaptiveLimit:
    """The limit of one lane; times are seconds. `most` is what is configured."""

    most: int
    value: float
    stepped_down: float | None = None
    now_takes: float | None = None
    usually_takes: float = 0.0

    @property
    def places(self) -> int:
        """Give how many calls may be under way at once."""
        return max(1, min(self.most, floor(self.value)))

    @property
    def room(self) -> int:
        """Give how many of the places a caller who is not alone leaves to others."""
        return self.places // PLACES_FOR_ROOM

    def learn(self, *, took: float, under_way: int, now: float, overloaded: bool, unanswered: bool) -> None:
        """Take in how one call went; `under_way` is how many were, with this one, when it ended."""
        places = self.places
        self.value = max(1.0, min(float(self.most), self.value))
        if unanswered and self.now_takes is not None and not self._is_slow(took):
            # Who gives up sooner than replies usually come has learnt nothing.
            return
        if overloaded or unanswered:
            self._step_down(REFUSED, now=now)
            return
        if self.now_takes is None:
            self.now_takes = self.usually_takes = took
        else:
            self.now_takes += NOW_SHARE * (took - self.now_takes)
            self.usually_takes += LONG_SHARE * (took - self.usually_takes)
        if self._is_slow(self.now_takes):
            if 2 * under_way >= places:
                self._step_down(SLOWER, now=now)
        elif under_way >= places:
            self.value = min(float(self.most), self.value + 1.0 / self.value)

    def _is_slow(self, seconds: float) -> bool:
        return seconds > TIMES_SLOWER * self.usually_takes + SECONDS_SLOWER

    def _step_down(self, share: float, *, now: float) -> None:
        pause = max(1.0, self.now_takes or 0.0)
        if self.stepped_down is None or now - self.stepped_down >= pause:
            self.value = max(1.0, self.value * share)
            self.stepped_down = now
