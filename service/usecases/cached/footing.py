"""What one answer stands on: the store keys it was read from, and until when all of it is fresh."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from service.usecases.cached.marker import FOR_EVER

# Who makes an answer for minutes while the whole cache is rewritten keeps it as little as nobody else's.
_MOST_CHANGES = 100_000


@dataclass(slots=True, eq=False, weakref_slot=True)
class Footing:
    """Filled while an answer is made; `firm` as long as nothing in it was asked, stale, or gone.

    `changed` are keys that others have written meanwhile.
    """

    keys: set[bytes] = field(default_factory=set)
    until: datetime = FOR_EVER
    firm: bool = True
    changed: set[bytes] = field(default_factory=set)

    @property
    def holds(self) -> bool:
        """Tell whether the answer could be read again word for word from what the store has now."""
        return self.firm and self.keys.isdisjoint(self.changed)

    def stand_on(self, keys: Iterable[str], *, until: datetime, whole: bool) -> None:
        """Note keys that were read, whatever was under them, and until when what was there is fresh.

        Not `whole` is what lacked something, so that somebody had to be asked.
        """
        self.keys.update(key.encode() for key in keys)
        self.until = min(self.until, until)
        self.firm &= whole

    def note_changed(self, keys: Iterable[bytes] | None) -> None:
        """Note that these may hold something else by now; None stands for all there are."""
        if keys is None or len(self.changed) > _MOST_CHANGES:
            self.firm = False
        else:
            self.changed.update(keys)
