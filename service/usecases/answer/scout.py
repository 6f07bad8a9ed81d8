"""Asks about the next hop's nodes while the hop before is still being told (ADR 0045).

Who is asked early is who will be asked anyway: a new node that a listing leads to, in an answer with
room for twice what the hop seems to come to, in nodes, edges and calls. What an answer holds is decided
as ever, hop by hop; only the replies are in, or on their way, when their turn comes. What a budget that
was spent after all leaves without a turn is given up.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from connectors.model import NodeId
from connectors.walk import Finding
from service.usecases.ask import Ask
from service.usecases.asking.fetch import Fetcher
from service.usecases.asking.settling import Answered

# The part of what is left of a budget that a hop may seem to come to.
_CAUTION = 2


class Guide(Protocol):
    """What knows the way: where a listing leads, whom to ask there, and how much room there is."""

    def leads_to(self, ask: Ask, finding: Finding) -> Iterable[NodeId]:
        """Give new nodes that are due in the next round because of what was told."""
        ...

    def leads_on(self, ask: Ask) -> bool:
        """Tell whether an ask of this round, or one asked ahead, may lead to new nodes in its turn."""
        ...

    def asks_about(self, node: NodeId) -> Sequence[Ask]:
        """Give what will be asked about a node; nothing where questions are asked together."""
        ...

    def is_ample(self, *, nodes: int, edges: int, calls: int) -> bool:
        """Tell whether the answer has room for so much more."""
        ...


class Scout:
    """Fetches for the rounds of one page, by `fetcher`, and ahead of them."""

    def __init__(self, fetcher: Fetcher, *, guide: Guide) -> None:
        """Prepare; nothing is asked ahead outside of `listening`."""
        self._fetcher = fetcher
        self._guide = guide
        self._tell = fetcher.heard
        # What was asked ahead and has not had its turn, by whom it is being answered, and what was told.
        self._ahead: dict[Ask, asyncio.Task[dict[Ask, Answered]]] = {}
        self._told_early: dict[Ask, Finding] = {}
        self._tasks: set[asyncio.Task[dict[Ask, Answered]]] = set()
        # Of this round: how many questions it has and were answered, what they have brought, and what of
        # that has not been looked at.
        self._asked = self._answered = self._edges = 0
        self._found: set[NodeId] = set()
        self._unread: list[tuple[Ask, Finding]] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear what the fetcher hears; at the end whatever is still under way ahead is given up."""
        self._tell, self._fetcher.heard = self._fetcher.heard, self._hear
        led, self._fetcher.leads_on = self._fetcher.leads_on, self._guide.leads_on
        try:
            yield
        finally:
            self._fetcher.heard, self._fetcher.leads_on = self._tell, led
            # Those whose turn has come among them: their round may have ended before they have.
            for task in self._tasks:
                task.cancel()
            # What nobody asked for has failed for nobody.
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def fetch(self, asks: Sequence[Ask], *, nodes: Collection[NodeId]) -> dict[Ask, Answered]:
        """Answer a round's questions as the fetcher does; those asked ahead are only waited for."""
        early = {ask: self._ahead.pop(ask) for ask in asks if ask in self._ahead}
        self._begin(len(asks))
        for ask in early:
            self._fetcher.ledger.admit(ask.side)
            if ask in self._told_early:
                self._hear(ask, self._told_early.pop(ask))
        answered = await self._fetcher.fetch([ask for ask in asks if ask not in early], nodes=nodes)
        for task in await self._in_time(early.values()):
            told = await task
            # What a batch holds beyond this round's questions is how listings ended that had to be mended.
            answered |= {ask: each for ask, each in told.items() if ask not in self._ahead}
        self._begin(0)
        return answered

    async def _in_time(
        self, tasks: Iterable[asyncio.Task[dict[Ask, Answered]]]
    ) -> Collection[asyncio.Task[dict[Ask, Answered]]]:
        """Give each of them once, no later than in time: they began with that of an earlier round."""
        ahead = dict.fromkeys(tasks)
        if ahead:
            left = self._fetcher.deadline - self._fetcher.clock.monotonic()
            _, late = await asyncio.wait(ahead, timeout=max(0.0, left))
            if late:
                self._fetcher.hurry()
        return ahead

    def _begin(self, asked: int) -> None:
        self._asked, self._answered, self._edges = asked, 0, 0
        self._found.clear()
        self._unread.clear()

    def _hear(self, ask: Ask, finding: Finding) -> None:
        if ask in self._ahead:
            self._told_early[ask] = finding
            return
        self._tell(ask, finding)
        self._answered += 1
        if not self._unread:
            # Where everything is cached the round is over before that comes.
            asyncio.get_running_loop().call_soon(self._set_out)
        self._unread.append((ask, finding))

    def _set_out(self) -> None:
        """Ask about what was brought since the last time, if there is surely room for all of it."""
        unread, self._unread = self._unread, []
        new = list(self._read(unread))
        if not new or not self._has_room():
            return
        asks = [ask for node in new for ask in self._guide.asks_about(node) if ask not in self._ahead]
        if asks:
            self._fetcher.ledger.put_aside(ask.side for ask in asks)
            task = asyncio.create_task(self._fetcher.fetch(asks, nodes=(), ahead=True))
            self._tasks.add(task)
            self._ahead |= dict.fromkeys(asks, task)

    def _read(self, unread: Iterable[tuple[Ask, Finding]]) -> Iterator[NodeId]:
        for ask, finding in unread:
            self._edges += len(finding.listing.edges)
            for node in self._guide.leads_to(ask, finding):
                if node not in self._found:
                    self._found.add(node)
                    yield node

    def _has_room(self) -> bool:
        """Tell whether what this round will bring, going by what it has, fits with room to spare."""
        whole = _CAUTION * self._asked / self._answered
        nodes, edges = int(len(self._found) * whole), int(self._edges * whole)
        calls = _CAUTION * (self._asked - self._answered) + nodes
        return self._guide.is_ample(nodes=nodes, edges=edges, calls=calls)
