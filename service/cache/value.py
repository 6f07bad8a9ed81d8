"""Attribute values in the written form and back: tuples, and integers of any size."""

from typing import Any

from msgspec import Raw, ValidationError
from msgspec.msgpack import Decoder, Encoder, Ext

from connectors.model import Attributes, Value
from service.cache.frame import EntryError
from service.cache.row import AnyValues, PlainValues

_WIDE_INTEGER = 1
_SCALARS = frozenset({str, int, float, bool, type(None)})


def written_value(value: Any) -> Any:
    """Give what is written for a value."""
    if type(value) is str:
        return value
    if type(value) is tuple:
        return tuple(written_value(item) for item in value)
    # JSON knows integers of any size, msgpack up to 64 bits: wider ones go as an extension.
    if type(value) is int and not -(1 << 63) <= value < 1 << 64:
        return Ext(_WIDE_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
    return value


def attribute_bytes(attributes: Attributes) -> bytes:
    """Give what tells attributes from all others: 1, 1.0 and true are equal, and not the same."""
    try:
        return _ENCODER.encode(attributes)
    except OverflowError:
        return _ENCODER.encode(written_attributes(attributes))


def written_attributes(attributes: Attributes) -> Attributes:
    """Give what is written for attributes."""
    return tuple((name, written_value(value)) for name, value in attributes) if attributes else ()


def read_columns(written: Raw) -> AnyValues:
    """Give columns of values as they were written; EntryError or MsgspecError when one of them is none."""
    try:
        # Nearly always they are plain, and C says so in passing.
        return _PLAIN.decode(written)
    except ValidationError:
        columns = _ANY.decode(written)
    return tuple(each if isinstance(each, int) else list(map(_read_value, each)) for each in columns)


def read_attributes(attributes: tuple[tuple[str, Any], ...]) -> Attributes:
    """Give attributes as they were written; EntryError when a value is none."""
    return tuple((name, _read_value(value)) for name, value in attributes) if attributes else ()


def read_extension(code: int, data: memoryview) -> int:
    """Read what msgpack has no form of its own for; EntryError when it is nothing of ours."""
    if code != _WIDE_INTEGER:
        raise EntryError(f"unknown extension {code}")
    return int.from_bytes(data, "big", signed=True)


def _read_value(value: Any) -> Value:
    if type(value) in _SCALARS:
        return value  # type: ignore[no-any-return] # just looked
    if type(value) is list:
        return tuple(_read_value(item) for item in value)
    raise EntryError(f"an attribute cannot be a {type(value).__name__}")


_ENCODER = Encoder()
_PLAIN = Decoder(PlainValues)
_ANY = Decoder(AnyValues, ext_hook=read_extension)
