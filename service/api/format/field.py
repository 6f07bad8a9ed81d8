"""Records as flat fields, for formats whose attributes are single values.

Null is a field that is not there, and so is a number that JSON does not have (NaN, infinity). The
numbers in `measures` are a field each, `measures.<name>`, so that a reader can size and color by
them. Any other list or object is its JSON text.
"""

from collections.abc import Iterable
from enum import StrEnum
from math import isfinite
from typing import Any

from service.api.body import encode_json
from service.graph.record import Record

Scalar = str | int | float | bool
_LARGEST = 2**63


class Kind(StrEnum):
    """The type of a column, by the name that GraphML and GEXF both have for it."""

    BOOLEAN = "boolean"
    LONG = "long"
    DOUBLE = "double"
    STRING = "string"


def flatten(record: Record) -> dict[str, Scalar]:
    """Give the fields of a record by name, in its order."""
    fields: dict[str, Scalar] = {}
    for name, value in record.items():
        if name == "measures" and isinstance(value, dict):
            for measure, number in value.items():
                _put(fields, f"measures.{measure}", number)
        else:
            _put(fields, name, value)
    return fields


def classify_columns(rows: Iterable[dict[str, Scalar]]) -> dict[str, Kind]:
    """Give each name its type, in order of appearance: the narrowest that holds all its values."""
    found: dict[str, Kind] = {}
    for row in rows:
        for name, value in row.items():
            kind = _kind(value)
            before = found.setdefault(name, kind)
            if before is not kind:
                numbers = {before, kind} == {Kind.LONG, Kind.DOUBLE}
                found[name] = Kind.DOUBLE if numbers else Kind.STRING
    return found


def spell(value: Scalar) -> str:
    """Write a value as XML Schema and JSON spell it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _put(fields: dict[str, Scalar], name: str, value: Any) -> None:
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return
    fields[name] = value if isinstance(value, Scalar) else encode_json(value).decode("utf-8")


def _kind(value: Scalar) -> Kind:
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, int):
        # Beyond 64 bits a number is text: no reader's `long` holds it.
        return Kind.LONG if -_LARGEST <= value < _LARGEST else Kind.STRING
    return Kind.DOUBLE if isinstance(value, float) else Kind.STRING
