"""The leases of the fleet on Redis or Valkey: who asks a question now, told and not polled.

held here:      take ──▶ renewed every second ──▶ give_back, which everybody is told
held elsewhere: take ──▶ followed: freed returns by the word that it was given back, or when a look
                at the time the lease would end finds it gone; else there is a new end to wait for

Words are heard from before a lease is asked for, so none can slip between asking and waiting. While
the connection they come by is down they are lost: when it is back, all that is followed is looked
at, once. Where the server fails, everybody leads, and a lease nobody could take is held all the
same: the first renewal that reaches the server takes it, unless another has.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import Any, TypeVar

from connectors.errors import StoreUnavailableError
from connectors.ports import Caller, Clock
from service.adapters.breaker import Breaker
from service.adapters.lease_server import CHANNEL, Freed, LeaseServer, Wanted, parse_word
from service.adapters.signals import Signals
from service.usecases.asking.lease import Led, Taken

T = TypeVar("T")

# The server's milliseconds are cut, not rounded: a look at the very end would come before it.
_MARGIN = 0.005
# A renewal that failed is tried again so many times in the time between two.
_TRIES = 4


@dataclass(slots=True)
class _Followed:
    """A lease of another, between being told of it and waiting for it."""

    ends: float = inf
    freed: bool = False


class RedisLeases:
    """A `Leases` on the server that a URL names; `signals` are on the same one.

    `life` is how long a dead holder keeps the others out, `renewal` how often a living one says so.
    """

    def __init__(
        self,
        url: str,
        *,
        signals: Signals,
        clock: Clock,
        life: timedelta = timedelta(seconds=5),
        renewal: timedelta = timedelta(seconds=1),
        timeout: timedelta = timedelta(milliseconds=250),
        pause: timedelta = timedelta(seconds=1),
        breaker: Breaker | None = None,
    ) -> None:
        """Prepare; the first operation connects. ConfigurationError for a URL it cannot take."""
        self._server = LeaseServer(url, clock=clock, life=life, timeout=timeout, pause=pause, breaker=breaker)
        self._clock = clock
        self._renewal = renewal.total_seconds()
        self._origin = secrets.token_hex(8)
        self._held: dict[str, str] = {}
        self._early: dict[str, list[Caller]] = {}
        self._followed: dict[str, _Followed] = {}
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._wanted: list[Callable[[str, Caller], None]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing = asyncio.Event()
        self._renewing: asyncio.Task[None] | None = None
        signals.subscribe(CHANNEL, self._hear)
        signals.on_reconnect(self._catch_up)

    async def take(
        self, keys: Sequence[str], *, caller: Caller, kept: Sequence[str] = ()
    ) -> Mapping[str, Led]:
        """Take every lease that nobody holds, in one round trip, and give the others."""
        keys = list(dict.fromkeys(keys))
        if not keys:
            return {}
        token = secrets.token_hex(16)
        for key in keys:
            self._followed[key] = _Followed()
            self._early.setdefault(key, [])
        try:
            left, nothing_kept = await self._server.take(
                keys, token=token, origin=self._origin, caller=caller, kept=kept
            )
        except StoreUnavailableError:
            left, nothing_kept = {}, False
        except asyncio.CancelledError:
            # The server gives them all the same.
            self._server.release(dict.fromkeys(keys, token))
            self._forget(keys)
            raise
        now = self._clock.monotonic()
        led = Taken({key: Led(until=now + lasts.total_seconds()) for key, lasts in left.items()})
        led.nothing_kept = nothing_kept
        for key in keys:
            if key in led:
                self._lead_elsewhere(key, led[key])
            else:
                self._lead_here(key, token)
        return led

    async def give_back(self, keys: Collection[str]) -> None:
        """Let go of leases held here; everybody who follows one is told."""
        leaving = {key: self._held.pop(key) for key in keys if key in self._held}
        # Where the server fails the lease ends by itself, and followers see that by their looks. Whoever
        # gives up on waiting for this leaves it to be done all the same.
        for released in self._server.release(leaving):
            await released

    async def freed(self, key: str, *, until: float) -> bool:
        """Wait until the lease is given back or has ended: True; False when `until` came first.

        It follows the lease no longer, however it ends; called again, it begins by a look.
        """
        followed = self._followed.pop(key, None)
        if followed is not None and followed.freed:
            return True
        word = asyncio.Event()
        self._waiting.setdefault(key, set()).add(word)
        try:
            async with asyncio.timeout(max(0.0, until - self._clock.monotonic())):
                await self._end(key, word, since=followed)
        except TimeoutError:
            return word.is_set()
        else:
            return True
        finally:
            waiting = self._waiting[key]
            waiting.remove(word)
            if not waiting:
                del self._waiting[key]

    def unfollow(self, keys: Collection[str]) -> None:
        """Wait no more for these."""
        for key in keys:
            self._followed.pop(key, None)

    def on_wanted(self, listener: Callable[[str, Caller], None]) -> None:
        """Have `listener` told of each caller elsewhere who waits for a lease held here."""
        self._wanted.append(listener)

    async def close(self) -> None:
        """Give back all that is held, and close every connection."""
        self._closing.set()
        if self._renewing is not None:
            # Not in the middle of a renewal: what is given back must stay so.
            await self._renewing
        await self.give_back(list(self._held))
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.close()

    def _lead_here(self, key: str, token: str) -> None:
        self._held[key] = token
        self._followed.pop(key, None)
        for caller in self._early.pop(key, ()):
            # Not before whoever took the lease knows that it did.
            asyncio.get_running_loop().call_soon(self._tell_wanted, key, caller)
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renew(), name="leases")

    def _lead_elsewhere(self, key: str, led: Led) -> None:
        self._early.pop(key, None)
        self._followed.setdefault(key, _Followed()).ends = led.until

    def _forget(self, keys: Collection[str]) -> None:
        for key in keys:
            self._followed.pop(key, None)
            self._early.pop(key, None)

    async def _end(self, key: str, word: asyncio.Event, *, since: _Followed | None) -> None:
        """Return when a lease is given back or gone, or nobody can tell."""
        ends = since.ends if since is not None else -inf
        while not word.is_set():
            wait = ends + _MARGIN - self._clock.monotonic()
            if wait > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await word.wait()
                continue
            try:
                left = (await self._server.look([key])).get(key)
            except StoreUnavailableError:
                return
            if left is None:
                return
            ends = self._clock.monotonic() + left.total_seconds()

    async def _renew(self) -> None:
        pause = self._renewal
        while not self._closing.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._closing.wait()
            pause = self._renewal
            held = dict(self._held)
            if not held or self._closing.is_set():
                continue
            try:
                await self._server.renew(held)
            except StoreUnavailableError:
                # Leases go on ending: as soon as anybody tries the server again, so is this.
                pause /= _TRIES
            # A renewal that crossed a give-back on its way may have brought the lease to life again.
            crossed = {key: token for key, token in held.items() if self._held.get(key) != token}
            self._server.release(crossed)

    def _hear(self, payload: bytes) -> None:
        match parse_word(payload):
            case Freed(keys):
                self._tell_freed(keys)
            case Wanted(origin, caller, keys) if origin != self._origin:
                for key in keys:
                    if key in self._held:
                        self._tell_wanted(key, caller)
                    elif key in self._early:
                        self._early[key].append(caller)
            case _:
                pass

    def _catch_up(self) -> None:
        """Look at all that is followed: a word may have been said while nobody heard."""
        if keys := list({*self._followed, *self._waiting}):
            self._start(self._look(keys))

    async def _look(self, keys: Sequence[str]) -> None:
        with suppress(StoreUnavailableError):
            left = await self._server.look(keys)
            self._tell_freed([key for key in keys if key not in left])

    def _tell_freed(self, keys: Collection[str]) -> None:
        for key in keys:
            if key in self._followed:
                self._followed[key].freed = True
            for word in self._waiting.get(key, ()):
                word.set()

    def _tell_wanted(self, key: str, caller: Caller) -> None:
        for listener in self._wanted:
            listener(key, caller)

    def _start(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
