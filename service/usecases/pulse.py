"""How each source has been doing lately, as this process has seen it."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from connectors.model import Outcome

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Beat:
    """How the newest answer that asked a source ended for it; `until` is when it wants to be asked again."""

    outcome: Outcome
    at: datetime
    until: datetime | None = None


class Pulse:
    """The newest beat of each source, by whose credential asked; the oldest are forgotten first."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._beats: OrderedDict[tuple[str, str], Beat] = OrderedDict()
        self._newest: dict[str, Beat] = {}

    def note(self, source: str, *, identity: str, beat: Beat) -> None:
        """Take in how a source did for a credential."""
        self._newest[source] = self._beats[source, identity] = beat
        self._beats.move_to_end((source, identity))
        if len(self._beats) > _MOST:
            self._beats.popitem(last=False)

    def of(self, source: str, *, identity: str) -> Beat | None:
        """Give how the source last did for this credential."""
        return self._beats.get((source, identity))

    def newest(self, source: str) -> Beat | None:
        """Give how the source last did for anybody."""
        return self._newest.get(source)
