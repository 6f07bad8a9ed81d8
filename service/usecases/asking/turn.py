"""The turn of one question among those that an answer asks a source at the same time."""

from asyncio import Semaphore
from types import TracebackType


class Turn:
    """Waited for by the block that has it, which ends it at the latest."""

    __slots__ = ("_is_held", "_turns")

    def __init__(self, turns: Semaphore) -> None:
        """Take one of these, later."""
        self._turns = turns
        self._is_held = False

    async def __aenter__(self) -> None:
        """Wait for it."""
        await self._turns.acquire()
        self._is_held = True

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, if that has not been done."""
        self.end()

    def end(self) -> None:
        """Let another question have its turn; of no effect a second time."""
        if self._is_held:
            self._is_held = False
            self._turns.release()
