"""Numbers and times as a URL spells them: one way to write each, nothing guessed."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,30})?", re.ASCII)
_DATE_AND_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)
_TIME_EXPECTED = "not an ISO 8601 time such as 2024-05-01T00:00:00Z"


def _read_whole(value: Any) -> Any:
    # int() also takes "+1", "1_000" and the digits of other scripts.
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise ValueError("not a whole number")
    return value


def _read_decimal(value: Any) -> Any:
    # float() also takes "nan", "inf" and "1e3".
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError("not a decimal number of seconds")
    return value


def _read_flag(value: Any) -> Any:
    # pydantic also takes "yes", "on" and 1.
    if isinstance(value, bool):
        return value
    if value not in {"true", "false"}:
        raise ValueError("neither `true` nor `false`")
    return value == "true"


def _read_moment(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(_TIME_EXPECTED)  # noqa: TRY004 - the model tells of it like of any mistake
    # fromisoformat() also takes a bare date, week numbers, and what stands behind a null character.
    if not _DATE_AND_TIME.fullmatch(value):
        raise ValueError(_TIME_EXPECTED)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(_TIME_EXPECTED) from error
    if moment.tzinfo is None:
        raise ValueError("has no time zone; write Z or an offset such as %2B01:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error


Whole = Annotated[int, BeforeValidator(_read_whole)]
"""A whole number in ASCII digits."""
Flag = Annotated[bool, BeforeValidator(_read_flag)]
"""`true` or `false`."""
Seconds = Annotated[float, BeforeValidator(_read_decimal)]
"""Seconds as a decimal number without an exponent."""
# The bound stands first: behind a reader, pydantic checks it but cannot write it into a schema.
Age = Annotated[float, Field(ge=0), BeforeValidator(_read_decimal)]
"""Seconds that have passed."""
Moment = Annotated[datetime, BeforeValidator(_read_moment)]
"""A point in time with its zone, read as aware UTC."""
