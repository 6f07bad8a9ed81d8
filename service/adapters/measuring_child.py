"""A measuring process as the service sees it: started, given an order, read from, killed."""

import asyncio
import os
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from subprocess import DEVNULL, Popen

from service.adapters.measuring_message import LENGTH_BYTES, Order, Result, frame, read_length, read_result


@dataclass(frozen=True, slots=True, eq=False)
class MeasuringChild:
    """One process and the socket to it."""

    process: Popen[bytes]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def pid(self) -> int:
        """Give the process id."""
        return self.process.pid

    def is_alive(self) -> bool:
        """Tell whether the process has not ended."""
        return self.process.poll() is None

    async def send(self, order: Order) -> None:
        """Send an order; OSError when the process is gone."""
        self.writer.write(frame(order))
        await self.writer.drain()

    async def receive(self) -> Result:
        """Wait for the next result; OSError or EOFError when the process is gone."""
        start = await self.reader.readexactly(LENGTH_BYTES)
        return read_result(await self.reader.readexactly(read_length(start)))

    async def end(self) -> None:
        """Kill the process, whatever it is at, and wait until it is gone."""
        self.process.kill()
        self.writer.transport.abort()
        await asyncio.to_thread(self.process.wait)
        with suppress(OSError):
            await self.writer.wait_closed()


async def start_child() -> MeasuringChild:
    """Start a process, which is ready for orders at once; OSError when there can be none.

    The thread that calls has to be one that lasts: the process ends with it, see `service.lifeline`.
    """
    near, far = socket.socketpair()
    try:
        with far:
            process = _start(far)
        near.setblocking(False)  # noqa: FBT003 - the socket API takes it so
    except BaseException:
        near.close()
        raise
    try:
        reader, writer = await asyncio.open_unix_connection(sock=near)
    except BaseException:
        near.close()
        process.kill()
        process.wait()
        raise
    return MeasuringChild(process, reader, writer)


def _start(line: socket.socket) -> Popen[bytes]:
    # `Popen` and not the event loop's own way: uvloop copies the whole process for it, closes no
    # descriptor, and may hang when a start is cancelled. This closes all but the socket, so that the
    # service's listener stays its own, and takes under a millisecond.
    # https://github.com/MagicStack/uvloop/issues/118
    return Popen(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-P", "-m", "service.adapters.measuring_main", str(os.getpid())],
        stdin=line.fileno(),
        stdout=DEVNULL,
        stderr=DEVNULL,
        # Nothing of our environment, which may hold secrets; and one thread for numpy's libraries.
        env={
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        },
        # In a session of its own Ctrl-C does not reach it.
        start_new_session=True,
    )
