"""What one process has on one lane of the fleet: who waits, what is under way, what was last heard.

A place is handed on here, without asking the store first, where it says that the lane has one caller,
that nothing bounds its calls but the places, and that this process has the next in line: that one would
have its turn anyway. Whoever else comes ends this at once here, and elsewhere with the store's next word.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.errors import SourceThrottledError
from connectors.ports import Caller, Demand, Lane, LaneState, Signal


@dataclass(frozen=True, slots=True)
class Wait:
    """A ticket in line; `coming` gives True at its turn, False when the store is down, or why not."""

    coming: "asyncio.Future[bool | SourceThrottledError]"
    demand: Demand
    deadline: float


@dataclass(slots=True)
class Watch:
    """What this process has on one lane, and what it last heard of it."""

    lane: Lane
    processes: int
    waiting: dict[str, Wait] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)
    began: str = ""
    synced: bool = True
    state: LaneState | None = None
    # Who may hand places on by the store's word, how often it was spoken to, and from which word on its own
    # are believed: earlier ones do not know yet who has come.
    sole: str = ""
    words: int = 0
    doubted: int = 0
    alarm: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Tell whether anything waits or is under way here."""
        return bool(self.waiting or self.under_way)

    def heed(self, callers: Sequence[Caller]) -> None:
        """Hand nothing on before the store knows of these callers, unless they are the sole one anyway."""
        if any(caller.name != self.sole for caller in callers):
            self.sole, self.doubted = "", self.words + 1

    def heir(self, signal: Signal | None) -> str | None:
        """Give who goes in the place of a call of the sole caller that has ended well."""
        if not self.sole or signal is None or signal.warns:
            return None
        ticket = next((name for name, wait in self.waiting.items() if not wait.coming.done()), None)
        callers = () if ticket is None else self.waiting[ticket].demand.callers
        return ticket if [caller.name for caller in callers] == [self.sole] else None

    def silence(self) -> None:
        """Have the alarm not ring."""
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
