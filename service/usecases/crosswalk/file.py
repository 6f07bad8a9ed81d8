"""From an operator's files to crosswalk rows: CSV or JSON Lines, every mistake told with file and line.

A file that begins with `{` is JSON Lines, any other is CSV with a header line. Addresses are only
parsed here; what they mean to the configured sources is `index`'s to say. What a mistake
repeats of a file is escaped: it ends up on a terminal.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from connectors.errors import InvalidNodeIdError
from connectors.model import NodeId, parse_address
from service.cache.crosswalk import WrittenRow
from service.strict_json import TwiceError, read_json

_NEEDED = ("address", "same_as", "source", "confidence")
COLUMNS = (*_NEEDED, "visibility")
_LONGEST_SOURCE = 256
_LONGEST_SHOWN = 80
_DECIMAL = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# As the settings name sources.
_SOURCE_NAME = re.compile(r"[a-z][a-z0-9]*", re.ASCII)

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A row and where it stands, as `file:line`."""

    place: str
    row: WrittenRow


def parse_file(data: bytes, *, name: str) -> tuple[list[PlacedRow], list[str]]:
    """Give the rows of a file and the mistakes in it, each as `file:line: what`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return [], [f"{name}:{line}: not text in UTF-8"]
    rows: list[PlacedRow] = []
    mistakes: list[str] = []
    for line, found in _json_records(text) if text.lstrip().startswith("{") else _csv_records(text):
        read = found if isinstance(found, str) else _read_row(found)
        if isinstance(read, WrittenRow):
            rows.append(PlacedRow(f"{name}:{line}", read))
        else:
            told = [read] if isinstance(read, str) else read
            mistakes += [f"{name}:{line}: {mistake}" for mistake in told]
    return rows, mistakes


def shown(text: str) -> str:
    """Give a text of a file fit for a terminal: quoted, escaped, and not too long."""
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def _csv_records(text: str) -> Iterator[tuple[int, Record | str]]:
    # A blank behind a comma is how people write; no address and no name begins with one.
    reader = csv.reader(StringIO(text, newline=""), strict=True, skipinitialspace=True)
    columns: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield line, f"not CSV: {error}"
            continue
        if not any(fields):
            continue
        if columns is None:
            columns = [field.strip() for field in fields]
            mistakes = _wrong_columns(columns)
            yield from ((line, mistake) for mistake in mistakes)
            if mistakes:
                return
        elif len(fields) != len(columns):
            yield line, f"{len(fields)} fields, where the header names {len(columns)}"
        else:
            yield line, _from_csv(dict(zip(columns, fields, strict=True)))
    if columns is None:
        yield 1, f"no header line; the first is to be: {','.join(COLUMNS)}"


def _wrong_columns(columns: Sequence[str]) -> list[str]:
    twice = sorted({column for column in columns if columns.count(column) > 1})
    return [
        *(f"the header lacks {name!r}" for name in _NEEDED if name not in columns),
        *(f"{shown(name)} is no column of a crosswalk" for name in columns if name not in COLUMNS),
        *(f"the header names {shown(name)} twice" for name in twice if name in COLUMNS),
    ]


def _from_csv(record: dict[str, str]) -> Record:
    visibility = record.get("visibility", "").strip()
    confidence = record["confidence"].strip()
    return record | {
        "confidence": float(confidence) if _DECIMAL.fullmatch(confidence) else record["confidence"],
        "visibility": [name.strip() for name in visibility.split(";")] if visibility else [],
    }


def _json_records(text: str) -> Iterator[tuple[int, Record | str]]:
    # Only "\n" ends a line: JSON may hold the other line ends of Unicode inside a string.
    for line, each in enumerate(text.split("\n"), start=1):
        if not each.strip():
            continue
        try:
            record = read_json(each)
        except TwiceError as error:
            yield line, f"names {shown(error.member)} twice"
        except (ValueError, RecursionError):
            yield line, "not a JSON object on one line"
        else:
            yield line, record if isinstance(record, dict) else "not a JSON object on one line"


def _read_row(record: Record) -> WrittenRow | list[str]:
    mistakes = [
        *(f"{name!r} is missing" for name in _NEEDED if name not in record),
        *(f"{shown(name)} is no column of a crosswalk" for name in record if name not in COLUMNS),
    ]
    if mistakes:
        return mistakes
    address, same_as, source, confidence = (record[name] for name in _NEEDED)
    visibility = record.get("visibility", [])
    checks = {
        "address": _wrong_address(address),
        "same_as": _wrong_address(same_as),
        "source": _wrong_source(source),
        "confidence": _wrong_confidence(confidence),
        "visibility": _wrong_visibility(visibility),
    }
    if mistakes := [f"{name}: {what}" for name, what in checks.items() if what is not None]:
        return mistakes
    return WrittenRow(address, same_as, source, float(confidence), tuple(sorted(set(visibility))))


def _wrong_address(value: Any) -> str | None:
    if not isinstance(value, str):
        return "has to be text"
    try:
        node = parse_address(value)
    except InvalidNodeIdError as error:
        return f"{shown(value)}: {error}"
    return None if isinstance(node, NodeId) else f"{shown(value)} is no node: namespace:type:key is"


def _wrong_source(value: Any) -> str | None:
    if isinstance(value, str) and 1 <= len(value) <= _LONGEST_SOURCE and value.isprintable():
        return None
    return f"who says so, in 1 to {_LONGEST_SOURCE} characters that can be seen"


def _wrong_confidence(value: Any) -> str | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and 0 <= value <= 1:
        return None
    return f"{shown(value) if isinstance(value, str) else 'this'} is no number from 0 to 1"


def _wrong_visibility(value: Any) -> str | None:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return "has to be a list of names of sources"
    wrong = next((name for name in value if not _SOURCE_NAME.fullmatch(name)), None)
    return None if wrong is None else f"{shown(wrong)} cannot be the name of a source"
