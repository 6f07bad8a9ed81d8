"""How much of an answer's time is kept for putting it together and writing it.

`timeout` bounds the whole answer, so its sources are waited for that much less. What the rest takes
depends on the machine and on how much is told of a record; it is learnt from the answers before.
"""

from connectors.ports import Clock

# Seconds, before anything is known: what the slowest machine in sight takes.
_AT_FIRST = 150e-6
# Of fewer records an answer tells nothing: it takes what any answer takes.
_ENOUGH = 200
# A longer time is believed sooner than a shorter one: being late is worse than knowing a little less. The
# guess to begin with counts as no more than two answers.
_SHARE_OF_LONGER, _SHARE_OF_SHORTER = 0.5, 0.1
# But no single answer is taken for more than so many times as slow: it may have waited for something else.
_TIMES = 1.9
# However large an answer becomes, its sources have half of the time; what the cache tells has none of it.
_MOST = 0.5


class Reserve:
    """What one process keeps, for all its answers."""

    def __init__(self) -> None:
        """Start with a guess."""
        self._per_record = _AT_FIRST
        self._learnt = 2

    def learn(self, *, records: int, seconds: float) -> None:
        """Take in how long an answer took from the sources' last word to its last byte.

        Its records are its nodes, its edges, and the questions that were asked for them.
        """
        if records < _ENOUGH:
            return
        taken = min(seconds / records, _TIMES * self._per_record)
        self._learnt += 1
        shorter = max(_SHARE_OF_SHORTER, 1 / self._learnt)
        share = _SHARE_OF_LONGER if taken > self._per_record else shorter
        self._per_record += share * (taken - self._per_record)

    def takes(self, records: int) -> float:
        """Give the seconds that so many records are thought to take."""
        return self._per_record * records

    def spare(self, records: int, more: int, *, end: float, clock: Clock) -> float:
        """Give the seconds left until `end` if so many records are told, and so many more."""
        return end - clock.monotonic() - self.takes(records + more)

    def of(self, records: int, *, timeout: float) -> float:
        """Give the seconds to keep for an answer of so many records that has `timeout` in all."""
        return min(_MOST * timeout, self.takes(records))
