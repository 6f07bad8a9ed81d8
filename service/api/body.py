"""JSON as it leaves: always valid UTF-8, whatever text an upstream's reply has put into it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from service.graph.record import Record
from service.graph.rows import Rows

_encoder = msgspec.json.Encoder()


def encode_json(value: Any) -> bytes:
    """Encode a value made of what JSON has; a lone surrogate becomes U+FFFD."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        # JSON can spell half a character ("\ud800") and Python reads it; UTF-8 has no bytes for it.
        return _encoder.encode(_mend(value))


def encode_records(records: Sequence[Record]) -> bytes:
    """Encode records as a list, as `encode_json` does; those that are written as they are read one by one."""
    if not isinstance(records, Rows):
        return encode_json(records)
    try:
        return b"[%b]" % b",".join(map(_encoder.encode, records.passing()))
    except UnicodeEncodeError:
        return encode_json(list(records))


def _mend(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_mend(name): _mend(item) for name, item in value.items()}
    return [_mend(item) for item in value] if isinstance(value, list | tuple) else value
