"""The outer form of an entry: one byte that says how the rest is packed, and the packed bytes."""

from threading import local

from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError, frame_content_size

# No listing comes near this (a hub of 100 000 relations takes about 10 MB); a bomb does.
MAX_PAYLOAD_BYTES = 64 * 1024 * 1024

_PLAIN = b"\x01"
_ZSTD = b"\x02"
_LEVEL = 3
# Under this a zstd frame's own header eats what it saves.
_WORTH_TRYING = 128


class EntryError(ValueError):
    """Bytes from a store are no entry, or a value cannot be written as one; count it as a miss."""


class _Contexts(local):
    """One pair of zstd contexts per thread: making one costs more than a small entry's work."""

    def __init__(self) -> None:
        self.compressor = ZstdCompressor(level=_LEVEL)
        self.decompressor = ZstdDecompressor()


_contexts = _Contexts()


def pack(payload: bytes) -> bytes:
    """Put the payload into its frame, compressed where that saves an eighth or more."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise EntryError(f"an entry of {len(payload)} bytes is more than {MAX_PAYLOAD_BYTES}")
    if len(payload) >= _WORTH_TRYING:
        pressed = _contexts.compressor.compress(payload)
        if len(pressed) * 8 <= len(payload) * 7:
            return _ZSTD + pressed
    return _PLAIN + payload


def unpack(blob: bytes) -> bytes:
    """Give the payload; EntryError when the frame is unknown, damaged or too large inside."""
    tag, body = blob[:1], blob[1:]
    if tag == _PLAIN:
        return body
    if tag != _ZSTD:
        raise EntryError(f"unknown format tag {tag.hex() or 'none'}")
    try:
        # `max_output_size` does not bind a frame that tells its size, so the telling is read first.
        # https://python-zstandard.readthedocs.io/en/latest/decompressor.html
        size = frame_content_size(body)
        if not 0 <= size <= MAX_PAYLOAD_BYTES:
            raise EntryError("the frame does not tell its size, or one beyond what an entry may have")
        return _contexts.decompressor.decompress(body, allow_extra_data=False)
    except ZstdError as error:
        raise EntryError(f"not a zstd frame: {error}") from error
