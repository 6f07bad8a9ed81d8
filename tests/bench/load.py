"""Many questions at once, at a cost that is small beside what is measured.

Whoever asks a server as fast as it can must not be the slower of the two: one thread, and bodies that
nobody reads are thrown away by the kernel (`MSG_TRUNC`, tcp(7)) instead of being copied here.
"""

import selectors
import socket
from collections.abc import Iterator
from time import perf_counter

from bench.wire import Connection

_ROOM = 1 << 20
_HEAD_ROOM = 4096
_HEAD_END = b"\r\n\r\n"


class _Lane:
    """One connection of a load: what it waits for, and since when."""

    def __init__(self, url: str) -> None:
        self.connection = Connection(url)
        self.due = 0.0
        self._left = -1
        self._head = b""

    def ask(self, target: bytes, *, due: float) -> None:
        self.due, self._left, self._head = due, -1, b""
        self.connection.send(target)

    def read(self, room: memoryview) -> bool:
        """Read what is there; True when the reply is at its end."""
        if self._left < 0:
            self._read_head(room)
            return self._left == 0
        self._left -= self._take(room, min(self._left, _ROOM), socket.MSG_TRUNC)
        return self._left == 0

    def _read_head(self, room: memoryview) -> None:
        got = self._take(room, _HEAD_ROOM)
        self._head += bytes(room[:got])
        head, end, rest = self._head.partition(_HEAD_END)
        if not end:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the load was refused: {head.decode('latin-1')}")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        self._left = int(length.partition(b":")[2]) - len(rest)

    def _take(self, room: memoryview, size: int, flags: int = 0) -> int:
        got = self.connection.socket.recv_into(room, size, flags)
        if not got:
            raise ConnectionResetError("the server has closed a connection of the load")
        return got


class Load:
    """Many questions at once, from one thread, over a fixed number of connections."""

    def __init__(self, url: str, *, connections: int) -> None:
        """Connect them all."""
        self._lanes = [_Lane(url) for _ in range(connections)]
        self._room = memoryview(bytearray(_ROOM))

    def closed(self, targets: Iterator[bytes], *, seconds: float) -> tuple[int, float]:
        """Ask again as soon as a reply has ended, for so long; gives replies, and the seconds they took."""
        began = perf_counter()
        end, last, count = began + seconds, began, 0
        with self._selector() as selector:
            for lane in self._lanes:
                lane.ask(next(targets), due=began)
            waiting = len(self._lanes)
            while waiting:
                for lane in self._ended(selector, None):
                    last, count = perf_counter(), count + 1
                    if last < end:
                        lane.ask(next(targets), due=last)
                    else:
                        waiting -= 1
        return count, last - began

    def open(self, targets: Iterator[bytes], *, gaps: Iterator[float], seconds: float) -> list[float]:
        """Ask when the time has come, whatever is still unanswered; gives seconds from then to the end.

        What finds every connection busy waits for one, and that waiting is part of its time.
        """
        began = perf_counter()
        due, end = began + next(gaps), began + seconds
        free = list(self._lanes)
        late: list[float] = []
        taken: list[float] = []
        with self._selector() as selector:
            while due < end or len(free) < len(self._lanes) or late:
                now = perf_counter()
                while due <= now and due < end:
                    late.append(due)
                    due += next(gaps)
                while free and late:
                    free.pop().ask(next(targets), due=late.pop(0))
                left = max(0.0, due - perf_counter()) if due < end else None
                for lane in self._ended(selector, left):
                    taken.append(perf_counter() - lane.due)
                    free.append(lane)
        return taken

    def close(self) -> None:
        """Close every connection."""
        for lane in self._lanes:
            lane.connection.close()

    def _selector(self) -> selectors.BaseSelector:
        selector = selectors.DefaultSelector()
        for lane in self._lanes:
            selector.register(lane.connection.socket, selectors.EVENT_READ, lane)
        return selector

    def _ended(self, selector: selectors.BaseSelector, timeout: float | None) -> list[_Lane]:
        return [key.data for key, _ in selector.select(timeout) if key.data.read(self._room)]
