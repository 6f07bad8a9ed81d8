"""Reads a reply from a socket of its own, as slowly as a test likes, and leaves as rudely."""

import json
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from harness.folding import Folded

NDJSON = "application/x-ndjson"
_PATIENCE = 60.0
_MOST = 1 << 16


class Reader:
    """One GET of `/graph` whose reply is read piece by piece; a context manager that closes it.

    `taken` are the bytes read so far, heads and chunk sizes included; `buffer` bounds what the kernel
    takes in for a reader that does not read.
    """

    def __init__(
        self,
        url: str,
        *,
        accept: str = NDJSON,
        buffer: int | None = None,
        patience: float = _PATIENCE,
        **query: Any,
    ) -> None:
        """Connect and ask; nothing is read yet."""
        parts = urlsplit(url)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(patience)
        self.socket.connect((parts.hostname, parts.port))
        self.taken = 0
        self._left = b""
        self._lines = self._split()
        lines = (f"GET /graph?{urlencode(query)} HTTP/1.1", f"Host: {parts.netloc}", f"Accept: {accept}")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def __enter__(self) -> Self:
        """Give the open reader."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.socket.close()

    def sip(self, most: int) -> None:
        """Read at most so many bytes, once, and keep them for `lines`; EOFError at the end."""
        self._left += self._received(most)

    def head(self) -> tuple[int, dict[str, str]]:
        """Read the status and the headers."""
        while b"\r\n\r\n" not in self._left:
            self._left += self._received()
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(first.split()[1]), {name.lower(): value for name, value in headers.items()}

    def lines(self) -> Iterator[bytes]:
        """Give the lines of a chunked body as they come, each once; EOFError when it breaks off."""
        return self._lines

    def fold(self, folded: Folded, *, until: str = "done") -> Folded:
        """Fold lines up to the first of this kind."""
        for line in self.lines():
            if folded.take(line) == until:
                return folded
        raise EOFError(f"no {until}: {folded.kinds[-3:]}")

    def problem(self) -> dict[str, Any]:
        """Read a problem, whose head has been read."""
        while True:
            try:
                found: dict[str, Any] = json.loads(self._left)
            except ValueError:
                self._left += self._received()
            else:
                return found

    def reset(self) -> None:
        """Close the connection at once: the other side is told that it is broken."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _split(self) -> Iterator[bytes]:
        whole = b""
        while chunk := self._chunk():
            *lines, whole = (whole + chunk).split(b"\n")
            yield from lines
        assert not whole, "a line without an end"

    def _chunk(self) -> bytes:
        while b"\r\n" not in self._left:
            self._left += self._received()
        size, _, self._left = self._left.partition(b"\r\n")
        length = int(size, 16)
        while len(self._left) < length + 2:
            self._left += self._received()
        chunk, self._left = self._left[:length], self._left[length + 2 :]
        return chunk

    def _received(self, most: int = _MOST) -> bytes:
        data = self.socket.recv(most)
        if not data:
            raise EOFError
        self.taken += len(data)
        return data


def sip_slowly(readers: Sequence[Reader], *, seconds: float, rate: float = 1024.0) -> None:
    """Have all read at so many bytes a second each, for so long."""
    tick = 0.25
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        for reader in readers:
            reader.sip(max(1, int(rate * tick)))
        time.sleep(max(0.0, began + tick - time.monotonic()))
