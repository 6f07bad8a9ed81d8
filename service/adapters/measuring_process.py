"""Takes measures in processes of their own, which are killed when they overrun.

A thread could not be stopped, and would hold the interpreter that serves everybody else. A process
is started when the first graph needs one, and is kept for the next. One that overruns the deadline,
whose caller leaves, or that breaks down is killed; the next graph gets a new one.
"""

import asyncio
from collections.abc import Sequence

import structlog

from connectors.ports import Clock
from service.adapters.measuring_child import MeasuringChild, start_child
from service.adapters.measuring_message import Order
from service.graph.measure import Measure, Number
from service.graph.skeleton import Skeleton

log = structlog.get_logger(__name__)

# Two, so that a long one does not keep short ones waiting; each is a core and some 80 MB.
_MOST_AT_ONCE = 2


class MeasuringProcess:
    """The Measurer port over at most `at_once` processes, each with one graph at a time.

    Others wait for their turn, in order, each until its own deadline.
    """

    def __init__(self, *, clock: Clock, at_once: int = _MOST_AT_ONCE) -> None:
        """Start nothing yet."""
        self._clock = clock
        self._turns = asyncio.Semaphore(at_once)
        self._idle: list[MeasuringChild] = []
        self._living: set[MeasuringChild] = set()

    @property
    def pids(self) -> frozenset[int]:
        """Give the processes that there are, whether at work or waiting for it."""
        return frozenset(child.pid for child in self._living)

    async def take(
        self, measures: Sequence[Measure], *, skeleton: Skeleton, deadline: float
    ) -> dict[Measure, Sequence[Number]]:
        """Take the measures in this order and give those that were finished at the deadline."""
        finished: dict[Measure, Sequence[Number]] = {}
        seconds = deadline - self._clock.monotonic()
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds), self._turns:
                    await self._work(measures, skeleton, finished)
            except TimeoutError:
                pass  # what is not in `finished` did not finish
            except (OSError, EOFError) as error:
                log.warning("a measuring process broke down", error=str(error))
        return finished

    async def close(self) -> None:
        """Kill every process and wait until none is left."""
        self._idle.clear()
        for child in tuple(self._living):
            await self._end(child)

    async def _work(
        self, measures: Sequence[Measure], skeleton: Skeleton, finished: dict[Measure, Sequence[Number]]
    ) -> None:
        child = await self._obtain()
        try:
            await child.send(Order(tuple(measures), skeleton))
            for measure in measures:
                result = await child.receive()
                if result.values is None:
                    log.error("a measure failed", measure=measure.value, error=result.trouble)
                else:
                    finished[measure] = result.values
        except BaseException:
            await self._end(child)
            raise
        self._idle.append(child)

    async def _obtain(self) -> MeasuringChild:
        while self._idle:
            child = self._idle.pop()
            if child.is_alive():
                return child
            # It died while it waited, say for want of memory.
            await self._end(child)
        self._living = {child for child in self._living if child.is_alive()}
        child = await start_child()
        self._living.add(child)
        return child

    async def _end(self, child: MeasuringChild) -> None:
        # If this is cancelled, the next start or `close` takes note of the end.
        await child.end()
        self._living.discard(child)
