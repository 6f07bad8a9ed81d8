"""The outer form of an entry: one byte that says how the rest is packed, and the packed bytes.

    01  the payload
    02  a zstd frame
    03 dddddddd  a zstd frame without its magic number, made with the dictionary of this digest
    04 nnnnnnnn  a tail of so many bytes, the least first, which nothing would press; then one of the others
    05 dddddddddddd  a zstd frame without its magic number, made with the learnt dictionary of this digest

What is read within hours by who wrote it is packed with the dictionary; what lasts is not, since a change
of its words makes a miss of all that was packed with it.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from threading import local
from types import MappingProxyType

from zstandard import (
    DICT_TYPE_FULLDICT,
    DICT_TYPE_RAWCONTENT,
    ZstdCompressionDict,
    ZstdCompressionParameters,
    ZstdCompressor,
    ZstdDecompressor,
    ZstdError,
    frame_content_size,
    train_dictionary,
)

from service.cache.words import WORDS

# No listing comes near this (a hub of 100 000 relations takes about 10 MB); a bomb does.
MAX_PAYLOAD_BYTES = 64 * 1024 * 1024

_PLAIN = b"\x01"
_ZSTD = b"\x02"
_BY_WORDS = b"\x03"
_TAILED = b"\x04"
_TAIL = slice(1, 5)
_LEARNT = b"\x05"
_LEVEL = 3
# Under this a zstd frame's own header eats what it saves.
_WORTH_TRYING = 128
_WORTH_TRYING_BY_WORDS = 24
# A larger payload has its words within itself, and would take its time.
_MOST_BY_WORDS = 64 * 1024
# Every zstd frame begins with these four bytes; the digest stands in their place.
_MAGIC = b"\x28\xb5\x2f\xfd"
_DIGEST_BYTES = 4
LEARNT_DIGEST_BYTES = 6
# Its entropy tables fit, so a higher level finds more: a tenth less for a microsecond a relation.
_LEARNT_LEVEL = 6
_DICTIONARY_BYTES = 16 * 1024

_words = ZstdCompressionDict(WORDS, dict_type=DICT_TYPE_RAWCONTENT)
_words.precompute_compress(level=_LEVEL)
_WORDS_DIGEST = blake2b(WORDS, digest_size=_DIGEST_BYTES).digest()


class EntryError(ValueError):
    """Bytes from a store are no entry, or a value cannot be written as one; count it as a miss."""


class Learnt(local):
    """A dictionary made of entries, which lies in the store beside them; a pair of contexts per thread."""

    def __init__(self, data: bytes) -> None:
        """Prepare to use it; EntryError where the data are none."""
        try:
            dictionary = ZstdCompressionDict(data, dict_type=DICT_TYPE_FULLDICT)
            parameters = ZstdCompressionParameters.from_level(_LEARNT_LEVEL, write_dict_id=False)
            self.compressor = ZstdCompressor(dict_data=dictionary, compression_params=parameters)
            self.decompressor = ZstdDecompressor(dict_data=dictionary)
        except ZstdError as error:
            raise EntryError(f"not a dictionary: {error}") from error
        self.data = data
        self.digest = blake2b(data, digest_size=LEARNT_DIGEST_BYTES).digest()


def make_dictionary(samples: Sequence[bytes]) -> bytes | None:
    """Make a dictionary of payloads; None where too little of them is alike."""
    try:
        # One way to choose the segments, not the best of many: a sixtieth of a second and as good as any.
        return train_dictionary(_DICTIONARY_BYTES, list(samples), k=200, d=8, level=_LEARNT_LEVEL).as_bytes()
    except ZstdError:
        return None


class _Contexts(local):
    """One pair of zstd contexts per thread: making one costs more than a small entry's work."""

    def __init__(self) -> None:
        self.compressor = ZstdCompressor(level=_LEVEL)
        self.decompressor = ZstdDecompressor()
        self.compressor_by_words = ZstdCompressor(level=_LEVEL, dict_data=_words)
        self.decompressor_by_words = ZstdDecompressor(dict_data=_words)


_contexts = _Contexts()
NOTHING_LEARNT: Mapping[bytes, Learnt] = MappingProxyType({})


def pack(payload: bytes, *, by_words: bool = False) -> bytes:
    """Put the payload into its frame, compressed where that saves an eighth or more.

    `by_words` is for what ages out by itself: it is compressed with the dictionary of this version.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise EntryError(f"an entry of {len(payload)} bytes is more than {MAX_PAYLOAD_BYTES}")
    if by_words and _WORTH_TRYING_BY_WORDS <= len(payload) <= _MOST_BY_WORDS:
        pressed = _contexts.compressor_by_words.compress(payload)[len(_MAGIC) :]
        if (len(pressed) + _DIGEST_BYTES) * 8 <= len(payload) * 7:
            return _BY_WORDS + _WORDS_DIGEST + pressed
    elif len(payload) >= _WORTH_TRYING:
        pressed = _contexts.compressor.compress(payload)
        if len(pressed) * 8 <= len(payload) * 7:
            return _ZSTD + pressed
    return _PLAIN + payload


def pack_tailed(payload: bytes, tail: bytes, *, learnt: Learnt | None = None) -> bytes:
    """Put the payload into its frame, with a tail that is kept as it is.

    It is compressed with what was `learnt`, or else with the dictionary of this version.
    """
    size = len(tail).to_bytes(_TAIL.stop - _TAIL.start, "little")
    if learnt is None or len(payload) > _MOST_BY_WORDS:
        return b"".join((_TAILED, size, tail, pack(payload, by_words=True)))
    pressed = learnt.compressor.compress(payload)[len(_MAGIC) :]
    return b"".join((_TAILED, size, tail, _LEARNT, learnt.digest, pressed))


def learnt_of(blob: bytes) -> bytes | None:
    """Give the digest of the learnt dictionary without which the blob cannot be read; None for most."""
    if blob[:1] != _TAILED:
        return None
    at = _TAIL.stop + int.from_bytes(blob[_TAIL], "little")
    return blob[at + 1 : at + 1 + LEARNT_DIGEST_BYTES] if blob[at : at + 1] == _LEARNT else None


def unpack(blob: bytes, *, known: Mapping[bytes, Learnt] = NOTHING_LEARNT) -> bytes:
    """Give the payload and the tail behind it; EntryError when the frame is unknown, damaged or too large.

    `known` are learnt dictionaries by their digests: a frame by another one is as good as unknown.
    """
    if blob[:1] == _TAILED:
        return b"".join(unpack_tailed(blob, known=known))
    return _unframe(blob, known)


def unpack_tailed(blob: bytes, *, known: Mapping[bytes, Learnt] = NOTHING_LEARNT) -> tuple[bytes, bytes]:
    """Give the payload and the tail; EntryError when the frame has none, or is one that `unpack` refuses."""
    if blob[:1] != _TAILED:
        raise EntryError(f"unknown format tag {blob[:1].hex() or 'none'}")
    end = _TAIL.stop + int.from_bytes(blob[_TAIL], "little")
    return _unframe(blob[end:], known), blob[_TAIL.stop : end]


def _unframe(blob: bytes, known: Mapping[bytes, Learnt]) -> bytes:
    tag, body = blob[:1], blob[1:]
    if tag == _PLAIN:
        return body
    if tag == _ZSTD:
        return _unpress(body, _contexts.decompressor)
    if tag == _LEARNT:
        learnt = known.get(body[:LEARNT_DIGEST_BYTES])
        if learnt is None:
            raise EntryError("packed with a dictionary that is not known here")
        return _unpress(_MAGIC + body[LEARNT_DIGEST_BYTES:], learnt.decompressor)
    if tag != _BY_WORDS:
        raise EntryError(f"unknown format tag {tag.hex() or 'none'}")
    if body[:_DIGEST_BYTES] != _WORDS_DIGEST:
        raise EntryError("packed with a dictionary that is not known here")
    return _unpress(_MAGIC + body[_DIGEST_BYTES:], _contexts.decompressor_by_words)


def _unpress(frame: bytes, decompressor: ZstdDecompressor) -> bytes:
    try:
        # `max_output_size` does not bind a frame that tells its size, so the telling is read first.
        # https://python-zstandard.readthedocs.io/en/latest/decompressor.html
        size = frame_content_size(frame)
        if not 0 <= size <= MAX_PAYLOAD_BYTES:
            raise EntryError("the frame does not tell its size, or one beyond what an entry may have")
        return decompressor.decompress(frame, allow_extra_data=False)
    except ZstdError as error:
        raise EntryError(f"not a zstd frame: {error}") from error
