"""Whether and when a call is made a second time, as one pure function.

Every call of a connector asks and changes nothing, whatever its method, so each may be repeated.
Only what may pass by itself is: a failing upstream and a broken connection. An upstream that says
"too many" or "no" has answered, and one that is not asked since it keeps failing (ADR 0031) will
not be asked any sooner by whoever insists.
"""

from collections.abc import Callable
from datetime import timedelta

from connectors.disposition import Disposition, Verdict
from connectors.errors import SourceError, SourceSwitchedOffError, SourceUnavailableError

ATTEMPTS = 2
_LONGEST_PAUSE = timedelta(milliseconds=500)


def pause_before_retry(
    trouble: Verdict | SourceError,
    *,
    attempt: int,
    remaining: timedelta,
    jitter: Callable[[], float],
) -> timedelta | None:
    """Give how long to wait before the next attempt, or None when there is to be none.

    `attempt` is the number, from 1, of the attempt that met `trouble`; `jitter` gives a number in
    [0, 1), for the whole of the pause. An upstream that says how long to wait is heeded. No retry
    begins when no time remains.
    """
    if attempt >= ATTEMPTS or not _may_pass(trouble):
        return None
    pause = _LONGEST_PAUSE * jitter()
    if isinstance(trouble, Verdict) and trouble.retry_after is not None:
        pause = max(pause, trouble.retry_after)
    return pause if pause < remaining else None


def _may_pass(trouble: Verdict | SourceError) -> bool:
    if isinstance(trouble, Verdict):
        return trouble.disposition is Disposition.RETRY
    if isinstance(trouble, SourceSwitchedOffError):
        return False
    return isinstance(trouble, SourceUnavailableError) and trouble.retry_after is None
