"""Leases of processes that share no server: each `LoneLeases` is a process, a `LeaseBoard` the fleet."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

from connectors.ports import Caller, Clock
from service.usecases.asking.lease import Led


class LeaseBoard:
    """Who holds which lease, and who must be told; None holds what a dead process left."""

    def __init__(self) -> None:
        """Start with nothing held."""
        self.holders: dict[str, LoneLeases | None] = {}
        self.processes: list[LoneLeases] = []

    def abandon(self, key: str, *, life: timedelta) -> None:
        """Let `key` be held, for `life`, by a process that died."""
        self.holders[key] = None
        asyncio.get_running_loop().call_later(life.total_seconds(), self.end, key)

    def end(self, key: str) -> None:
        """Let go of a lease, and tell everybody."""
        self.holders.pop(key, None)
        for process in self.processes:
            process.hear(key)


class LoneLeases:
    """A `Leases` in memory: alone on its board it always leads."""

    def __init__(
        self, board: LeaseBoard | None = None, *, clock: Clock, life: timedelta = timedelta(seconds=3)
    ) -> None:
        """Join the board, or have one of its own."""
        self._board = LeaseBoard() if board is None else board
        self._board.processes.append(self)
        self._clock = clock
        self._life = life
        self._told: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._wanted: list[Callable[[str, Caller], None]] = []

    @property
    def held(self) -> frozenset[str]:
        """Give the keys of the leases held here."""
        return frozenset(key for key, holder in self._board.holders.items() if holder is self)

    @property
    def followed(self) -> frozenset[str]:
        """Give the keys that are followed or waited for here."""
        return frozenset({*self._told, *self._waiting})

    async def take(
        self,
        keys: Sequence[str],
        *,
        caller: Caller,
        kept: Sequence[str] = (),
    ) -> Mapping[str, Led]:
        """Take every lease that nobody holds, and give the others."""
        await asyncio.sleep(0)
        led = {}
        for key in dict.fromkeys(keys):
            if key not in self._board.holders:
                self._board.holders[key] = self
                continue
            led[key] = Led(until=self._clock.monotonic() + self._life.total_seconds())
            self._told[key] = asyncio.Event()
            holder = self._board.holders[key]
            if holder is not None and holder is not self:
                holder.hear_wanted(key, caller)
        return led

    async def give_back(self, keys: Collection[str]) -> None:
        """Let go of leases held here; everybody who follows one is told."""
        for key in self.held & set(keys):
            self._board.end(key)

    async def freed(self, key: str, *, until: float) -> bool:
        """Wait until the lease is given back or has ended: True; False when `until` came first."""
        word = self._told.pop(key, None) or asyncio.Event()
        if word.is_set() or key not in self._board.holders:
            return True
        self._waiting.setdefault(key, set()).add(word)
        try:
            await asyncio.wait_for(word.wait(), max(0.0, until - self._clock.monotonic()))
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._waiting[key].remove(word)
            if not self._waiting[key]:
                del self._waiting[key]

    def unfollow(self, keys: Collection[str]) -> None:
        """Wait no more for these."""
        for key in keys:
            self._told.pop(key, None)

    def on_wanted(self, listener: Callable[[str, Caller], None]) -> None:
        """Have `listener` told of each caller elsewhere who waits for a lease held here."""
        self._wanted.append(listener)

    async def close(self) -> None:
        """Give back all that is held, and leave the board."""
        await self.give_back(self.held)
        self._board.processes.remove(self)

    def hear(self, key: str) -> None:
        """Take note that `key` is free."""
        if key in self._told:
            self._told[key].set()
        for word in self._waiting.get(key, ()):
            word.set()

    def hear_wanted(self, key: str, caller: Caller) -> None:
        """Take note that `caller` waits for `key`."""
        for listener in self._wanted:
            listener(key, caller)
