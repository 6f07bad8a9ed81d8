"""Spoil a reply's body in the ways upstreams are known to; pure, but for the size of what it makes."""

import json
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

HTML_PAGE = (
    b"<!doctype html>\n<html><head><title>Gateway</title></head><body>Please try again</body></html>\n"
)

MEBIBYTE = 1 << 20
BOMB_MEBIBYTES = 512  # what the gzip bomb inflates to; on the wire it is about half a megabyte
HUGE_MEBIBYTES = 100
BLANKS = b" " * MEBIBYTE  # whitespace, so that a reader who swallows it all still finds valid JSON


def with_wrong_types(value: Any) -> Any:
    """Return the JSON value with every plain value replaced by one of another type."""
    match value:
        case dict():
            return {key: with_wrong_types(inner) for key, inner in value.items()}
        case list():
            return [with_wrong_types(inner) for inner in value]
        case str():
            return [len(value)]
        case bool():
            return "perhaps"
        case int() | float():
            return {"value": value}
        case _:
            return 0


def with_missing_fields(value: Any) -> Any:
    """Return the JSON value with no plain value left in any object; objects and lists stay."""
    match value:
        case dict():
            return {k: with_missing_fields(v) for k, v in value.items() if isinstance(v, dict | list)}
        case list():
            return [with_missing_fields(inner) for inner in value]
        case _:
            return value


def spoil(body: bytes, *, how: str) -> bytes:
    """Return a JSON body spoilt as `how` says; one that is not JSON is cut in half whatever is asked."""
    try:
        value = json.loads(body)
    except ValueError:
        return body[: len(body) // 2]
    match how:
        case "wrong_types":
            return json.dumps(with_wrong_types(value)).encode()
        case "missing_fields":
            return json.dumps(with_missing_fields(value)).encode()
        case _:
            return body[: len(body) // 2]


def huge_body() -> Iterator[bytes]:
    """Yield about 100 MB: blanks, then an empty JSON object."""
    for _ in range(HUGE_MEBIBYTES):
        yield BLANKS
    yield b"{}"


@cache
def bomb_body() -> bytes:
    """Return a valid gzip body that inflates to half a gigabyte of blanks and an empty JSON object.

    A deflate block that ends in a full flush may be repeated as it is, so only one is compressed.
    """
    packer = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    block = packer.compress(BLANKS) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(b"{}") + packer.flush()
    checksum = 0
    for _ in range(BOMB_MEBIBYTES):
        checksum = zlib.crc32(BLANKS, checksum)
    checksum = zlib.crc32(b"{}", checksum)
    # RFC 1952, 2.3: magic, deflate, no flags, no time, smallest, unknown system; then checksum and size
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    tail = struct.pack("<II", checksum, BOMB_MEBIBYTES * MEBIBYTE + len(b"{}"))
    return head + block * BOMB_MEBIBYTES + end + tail
