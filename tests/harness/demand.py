"""A call that is wanted for ever, as often as one likes: what the tests of turns and senders ask with."""

from collections.abc import Callable
from math import inf

from connectors.ports import Caller

ME = Caller("me")


class Wanted:
    """A demand of one caller."""

    callers = (ME,)
    exhausted = False

    def take(self) -> bool:
        """Allow any number."""
        return True

    @property
    def until(self) -> float:
        """Want it for ever."""
        return inf

    def on_join(self, listener: Callable[[Caller], None]) -> Callable[[], None]:
        """Nobody ever joins."""
        return lambda: None
