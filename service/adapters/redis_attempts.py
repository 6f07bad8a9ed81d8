"""What every operation on a shared server goes through: a bounded time, a breaker, one log line.

The time is spent in looks: where the loop is busy with other work a reply may lie there unread, and
the server is not to blame for that. After a failure nothing is tried for a while, then by one.
Trouble is logged when it begins and when it ends.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import TracebackType
from typing import TypeVar

import structlog
from redis.exceptions import ResponseError

from connectors.errors import StoreUnavailableError
from connectors.ports import Clock
from service.adapters.breaker import Breaker

T = TypeVar("T")

# How often an operation looks for its end within its time. A busy loop stretches each look to a turn
# of its own, and a large reply comes in some dozens of pieces, one a turn.
_LOOKS = 50
_log = structlog.get_logger(__name__)


class Attempts:
    """Tries operations, at most `at_once` together, for one user of the server, which it names."""

    def __init__(
        self,
        user: str,
        *,
        clock: Clock,
        timeout: timedelta,
        pause: timedelta,
        at_once: int,
        breaker: Breaker | None = None,
    ) -> None:
        """Start with nothing known against the server, or with what the `breaker` of all users knows."""
        self._user = user
        self._look = timeout.total_seconds() / _LOOKS
        self._breaker = breaker or Breaker(clock=clock, pause=pause)
        # A cluster's pools refuse whom they have no connection for; here everybody waits its turn.
        self._turn = asyncio.Semaphore(at_once)
        self._refused: set[str] = set()

    async def run(self, work: Callable[[], Awaitable[T]], *, operation: str = "run") -> T:
        """Give what `work` gives; StoreUnavailableError when it fails, or is not tried, or takes too long.

        The time that counts begins with the turn. A server may refuse one `operation` and do another.
        """
        async with self._turn:
            # Asked only now: whoever waited behind a failure does not try in its turn.
            if not self._breaker.allow():
                raise StoreUnavailableError("the store failed a moment ago and is not tried again yet")
            try:
                with _Looks(self._look):
                    result = await work()
            except ResponseError as error:
                # It replied, so there is nothing to wait for: no memory left, read-only, no permission.
                self._replied(operation, error)
                raise StoreUnavailableError(f"the store refused to {operation}") from error
            except Exception as error:
                # Whatever ails the server, nobody fails by it: it only ever saves work.
                if self._breaker.fail():
                    _log.warning(
                        "store_unavailable", user=self._user, operation=operation, error=_words(error)
                    )
                raise StoreUnavailableError(f"the store could not {operation}") from error
            except BaseException:
                # A caller that gave up has learnt nothing of the server.
                self._breaker.abandon()
                raise
            self._replied(operation, None)
            return result

    def _replied(self, operation: str, refusal: ResponseError | None) -> None:
        if self._breaker.succeed():
            _log.info("store_available", user=self._user, operation=operation)
        if refusal is not None and operation not in self._refused:
            self._refused.add(operation)
            _log.warning("store_refuses", user=self._user, operation=operation, error=_words(refusal))
        elif refusal is None and operation in self._refused:
            self._refused.remove(operation)
            _log.info("store_accepts", user=self._user, operation=operation)


class _Looks:
    """Ends what its block waits for, with a TimeoutError, after so many looks at it."""

    __slots__ = ("_before", "_handle", "_left", "_loop", "_seconds", "_task")

    def __init__(self, seconds: float) -> None:
        """Prepare; a look takes at least so many seconds, and a turn of the loop."""
        self._seconds = seconds
        self._left = _LOOKS
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - it is a task that waits
        self._task = task
        self._before = task.cancelling()
        self._handle = self._loop.call_later(self._seconds, self._look)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handle.cancel()
        ended = self._left == 0
        # See asyncio.Timeout: a cancellation from elsewhere goes before ours.
        left = self._task.uncancel() if ended else self._task.cancelling()
        if left > self._before:
            if not isinstance(error, asyncio.CancelledError):
                # What the work met on its way out is no news.
                raise asyncio.CancelledError from error
        elif ended and kind is not None:
            raise TimeoutError("no reply in time") from error

    def _look(self) -> None:
        self._left -= 1
        if self._left:
            self._handle = self._loop.call_later(self._seconds, self._look)
        else:
            self._task.cancel()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
