"""What one source did for an answer, in one word."""

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """Each kind of trouble has its own word; declared from worst to best."""

    DENIED = "denied"
    NO_CREDENTIAL = "no_credential"
    BROKEN = "broken"
    UNAVAILABLE = "unavailable"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    OVER_BUDGET = "over_budget"
    PARTIAL = "partial"
    UNSUPPORTED = "unsupported"
    STALE = "stale"
    ABSENT = "absent"
    OK = "ok"

    @property
    def whole(self) -> bool:
        """Tell whether nothing is missing because of this source."""
        return self in _WHOLE

    @property
    def answered(self) -> bool:
        """Tell whether the source gave a successful reply, complete or not."""
        return self in _WHOLE or self is Outcome.PARTIAL

    @property
    def cut(self) -> bool:
        """Tell whether the answer's own budget is why something is missing."""
        return self in _CUT

    @property
    def passing(self) -> bool:
        """Tell whether the same question may well end otherwise a little later."""
        return self in _PASSING

    @property
    def lasting(self) -> bool:
        """Tell whether it is about the credential or the listing itself, whatever else went wrong."""
        return self in _LASTING


_WHOLE = frozenset({Outcome.OK, Outcome.ABSENT, Outcome.STALE})
_CUT = frozenset({Outcome.OVER_BUDGET, Outcome.TIMEOUT})
_PASSING = _CUT | {Outcome.BROKEN, Outcome.UNAVAILABLE, Outcome.THROTTLED}
_LASTING = frozenset({Outcome.DENIED, Outcome.NO_CREDENTIAL, Outcome.BROKEN})
_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Give the worst of several outcomes; of none, `ok`."""
    return min(outcomes, key=_RANK.__getitem__, default=Outcome.OK)
