"""ThreatWinds' JSON, read and checked before anybody trusts it.

Numbers are documented as strings and come as integers; both are read. Every mistake is a
SourceContractError with the JSON path, and repeats nothing of what the upstream wrote.
"""

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError

from connectors.errors import SourceContractError
from connectors.model import Value
from connectors.sources.threatwinds.plain import PlainSlice, read_plain

_LARGEST = 2**63 - 1
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,18}))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_QUOTED_NAME = re.compile(r"[A-Za-z0-9@_.-]{1,64}")


def _read_whole(value: Any) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return value
    raise ValueError("not a whole number of at most 64 bits")


def _read_timestamp(value: Any) -> datetime:
    # Up to nine fractional digits come; a datetime keeps six.
    match = _TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("not an RFC 3339 time")
    seconds, fraction, zone = match.groups(default="0")
    try:
        return datetime.fromisoformat(f"{seconds}.{fraction[:6]:0<6}{zone}".upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("not an RFC 3339 time") from None


def _drop_nested(value: Any) -> Any:
    # Attributes are never nested: what is, is a field nobody has documented.
    if not isinstance(value, dict):
        return value
    return {name: item for name, item in value.items() if not _is_nested(item)}


def _is_nested(value: Any) -> bool:
    if isinstance(value, list):
        return any(isinstance(item, dict | list) for item in value)
    return isinstance(value, dict)


def _read_value(value: Any) -> Value:
    """Read an attribute: a scalar, or a flat list of them."""
    if isinstance(value, list):
        return tuple(_read_scalar(item) for item in value)
    return _read_scalar(value)


def _read_scalar(value: Any) -> Value:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int) and abs(value) <= _LARGEST:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError("not a text, a finite number of at most 64 bits, true, false, null or a list of these")


def _read_absent(value: Any) -> Any:
    return () if value is None else value


Whole = Annotated[int, PlainValidator(_read_whole)]


class Entity(BaseModel):
    """One entity: what is searched for, and every row of a list of relations."""

    model_config = ConfigDict(frozen=True)

    id: str
    type: str
    attributes: Annotated[
        dict[str, Annotated[Any, PlainValidator(_read_value)]], BeforeValidator(_drop_nested)
    ]
    updated_at: Annotated[datetime, PlainValidator(_read_timestamp)] | None = Field(None, alias="@timestamp")
    reputation: Whole | None = None
    accuracy: Whole | None = None
    tags: Annotated[tuple[str, ...], BeforeValidator(_read_absent)] = ()

    @property
    def written_at(self) -> str | None:
        """Give the time of the last change as it is told."""
        at = self.updated_at
        return None if at is None else at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


class Slice(BaseModel):
    """One page of a list of relations; `items` counts those of all pages, at most 10 000.

    The documents call the list `result`, the wire `results`. `pages` is not read: it follows from
    `items` and the rows that really came.
    """

    model_config = ConfigDict(frozen=True)

    items: Annotated[Whole, Field(ge=0)]
    results: tuple[Entity, ...] | None = None
    result: tuple[Entity, ...] | None = None

    @property
    def list_path(self) -> str:
        """Give the JSON path under which the rows came."""
        return "$.result" if self.results is None else "$.results"

    @property
    def rows(self) -> tuple[Entity, ...]:
        """Give the rows, under whichever name they came."""
        return (self.result if self.results is None else self.results) or ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Give the ids of the rows, in order."""
        return tuple(row.id for row in self.rows)


Payload = TypeVar("Payload", bound=BaseModel)


def parse_entity(body: bytes) -> Entity:
    """Read one entity; SourceContractError with the JSON path."""
    return _parse(Entity, body)


def parse_slice(body: bytes) -> Slice | PlainSlice:
    """Read one page of relations; SourceContractError with the JSON path."""
    return read_plain(body) or _parse_slice(body)


def _parse_slice(body: bytes) -> Slice:
    page = _parse(Slice, body)
    if page.results is None and page.result is None:
        if page.items == 0 and page.model_fields_set & {"results", "result"}:
            # Go writes an empty list that was never made as null.
            return page
        raise SourceContractError("a list is required", path="$.results")
    return page


def _parse(model: type[Payload], body: bytes) -> Payload:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise SourceContractError(
            first["msg"].removeprefix("Value error, "), path=_path(first["loc"])
        ) from None


def _path(location: Iterable[int | str]) -> str:
    return "$" + "".join(_step(part) for part in location)


def _step(part: int | str) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if _PLAIN_NAME.fullmatch(part):
        return f".{part}"
    # A name that the upstream made up is not repeated unless it is a harmless one.
    return f"['{part}']" if _QUOTED_NAME.fullmatch(part) else "[*]"
