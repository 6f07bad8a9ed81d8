"""One script on a shared server, its calls in order: those that come while others are away go together."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha1

from redis.exceptions import NoScriptError

from connectors.errors import StoreUnavailableError
from connectors.ports import Clock
from service.adapters.breaker import Breaker
from service.adapters.redis_attempts import Attempts
from service.adapters.redis_commands import open_commands

_CONNECTIONS = 2
# The time limit is of a whole batch: a burst of ten thousand is no reason to take the store for dead.
_MOST_AT_ONCE = 1000

Reply = list[object]


@dataclass(frozen=True, slots=True)
class _Run:
    keys: Sequence[str]
    arguments: Sequence[str]
    operation: str
    reply: "asyncio.Future[Reply | None]" = field(compare=False)


class Scripts:
    """Runs one script, batch by batch; a run that the store did not reply to gives None."""

    def __init__(
        self,
        url: str,
        script: str,
        *,
        user: str,
        clock: Clock,
        timeout: timedelta,
        breaker: Breaker | None = None,
    ) -> None:
        """Prepare; ConfigurationError for a URL it cannot take. `timeout` is of each batch."""
        self._commands = open_commands(url, timeout=timeout, connections=_CONNECTIONS)
        pause = timedelta(seconds=1)
        self._breaker = breaker or Breaker(clock=clock, pause=pause)
        self._attempts = Attempts(
            user, clock=clock, timeout=timeout, pause=pause, at_once=1, breaker=self._breaker
        )
        self._script = script
        # The name by which the server keeps a script. https://redis.io/docs/latest/commands/evalsha/
        self._digest = sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._runs: list[_Run] = []
        self._some = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to send; where nobody says so, the first run does."""
        self._begin()

    async def close(self) -> None:
        """Send what is left, and close every connection."""
        if self._sending is not None:
            self._sending.cancel()
            with suppress(asyncio.CancelledError):
                await self._sending
            self._sending = None
        while self._runs:
            await self._send_batch()
        await self._commands.close()

    @property
    def down(self) -> bool:
        """Tell whether the store failed a moment ago and is not tried again yet."""
        return self._breaker.waits

    def run(
        self, keys: Sequence[str], arguments: Sequence[str], *, operation: str = "run"
    ) -> "asyncio.Future[Reply | None]":
        """Have the script run after every earlier one; gives its reply, None when the store is down.

        `operation` is what a log calls it: a full store refuses one that writes and does one that does not.
        """
        self._begin()
        run = _Run(keys, arguments, operation, asyncio.get_running_loop().create_future())
        self._runs.append(run)
        self._some.set()
        return run.reply

    def _begin(self) -> None:
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all(), name="scripts")

    async def _send_all(self) -> None:
        while True:
            await self._some.wait()
            await self._send_batch()

    async def _send_batch(self) -> None:
        runs, self._runs = self._runs[:_MOST_AT_ONCE], self._runs[_MOST_AT_ONCE:]
        if not self._runs:
            self._some.clear()
        replies: Sequence[Reply | None] = [None] * len(runs)
        operation = " and ".join(sorted({run.operation for run in runs}))
        try:
            with suppress(StoreUnavailableError):
                replies = await self._attempts.run(lambda: self._execute(runs), operation=operation)
        finally:
            for run, reply in zip(runs, replies, strict=True):
                if not run.reply.done():
                    run.reply.set_result(reply)

    async def _execute(self, runs: Sequence[_Run]) -> Sequence[Reply]:
        replies = await self._pipe("EVALSHA", self._digest, runs)
        # A server that has not seen the script yet refuses all of them: their order stays.
        again = [index for index, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if again:
            second = await self._pipe("EVAL", self._script, [runs[index] for index in again])
            for index, reply in zip(again, second, strict=True):
                replies[index] = reply
        told: list[Reply] = []
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
            if not isinstance(reply, list):
                raise TypeError("not a reply of a script")
            told.append(reply)
        return told

    async def _pipe(self, command: str, script: str, runs: Sequence[_Run]) -> list[object]:
        return await self._commands.run(
            [(command, script, len(run.keys), *run.keys, *run.arguments) for run in runs]
        )
