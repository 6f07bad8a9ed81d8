"""A reply's body, decompressed in small steps, so that no body can take more memory than its cap.

HTTP libraries inflate whatever one read of the network brought: 64 KiB of zeros, compressed, are
64 MiB in one piece before anyone can count them. Here at most `_STEP` bytes come out at a time.
"""

import zlib
from collections.abc import Iterator
from io import BytesIO

from connectors.errors import SourceContractError, SourceUnavailableError

_STEP = 65_536
_GZIP = zlib.MAX_WBITS | 16
_ZLIB = zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS
# RFC 1950, 2.2: the low half of a zlib stream's first byte.
_DEFLATED = 8


class BodyReader:
    """Collects one body; `encoding` is its Content-Encoding."""

    def __init__(self, *, encoding: str, cap: int) -> None:
        """Refuse an encoding that we did not say we take; `cap` is in decompressed bytes."""
        self._encoding = encoding.strip().lower()
        if self._encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise SourceContractError("the body has an encoding that was not asked for", path="$")
        self._cap = cap
        self._received = 0
        self._inflater: zlib._Decompress | None = None
        self._body = BytesIO()

    def feed(self, data: bytes) -> None:
        """Take in what the network brought; SourceContractError past the cap or if it is damaged."""
        # Bytes on the wire are capped too: compressed, they can be endless and yet come to nothing.
        self._received += len(data)
        if self._received > self._cap:
            raise self._too_large()
        if self._encoding in ("", "identity") or not data:
            self._body.write(data)
            return
        try:
            for piece in self._inflate(data):
                self._append(piece)
        except zlib.error:
            raise SourceContractError("the body cannot be decompressed", path="$") from None

    def finish(self) -> bytes:
        """Give the whole body; SourceUnavailableError when it ends in the middle."""
        if self._inflater is not None and not self._inflater.eof:
            # Without a wrapper's checksum behind it, the last copy may still be on its way out.
            self._append(self._inflater.flush())
            if not self._inflater.eof:
                raise SourceUnavailableError("the connection ended in the middle of the body")
        return self._body.getvalue()

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        inflater = self._inflater
        if inflater is None:
            inflater = self._inflater = zlib.decompressobj(self._window_bits(data[0]))
        while data and not inflater.eof:
            yield inflater.decompress(data, _STEP)
            data = inflater.unconsumed_tail
        if data or inflater.unused_data:
            # Gzip may go on with further members (RFC 1952, 2.2); no API does, and thousands of
            # empty ones in a row would keep the processor busy for a body of nothing.
            raise SourceContractError("the body goes on after its end", path="$")

    def _window_bits(self, first: int) -> int:
        if self._encoding != "deflate":
            return _GZIP
        # RFC 9110, 8.4.1.2: "deflate" is zlib's format, but some servers leave its wrapper out. Its
        # first byte is unmistakable: without a wrapper it would be a stored block with dirty padding,
        # which no compressor writes.
        return _ZLIB if first & 0x0F == _DEFLATED else _RAW

    def _append(self, piece: bytes) -> None:
        if self._body.tell() + len(piece) > self._cap:
            raise self._too_large()
        self._body.write(piece)

    def _too_large(self) -> SourceContractError:
        return SourceContractError(f"the body is larger than {self._cap} bytes", path="$")
