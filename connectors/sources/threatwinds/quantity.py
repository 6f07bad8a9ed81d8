"""Forms of ThreatWinds' measured data types: floats, dates and times, as Go writes them."""

import math
import re
from datetime import date, datetime
from decimal import Decimal

from connectors.observable.form import Form, anything

_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,]([0-9]+))?(Z|[+-][0-9]{2}:[0-9]{2})"
)
# Go's default text of a float: the fewest digits that read back as the same number, with an
# exponent below 1e-04 and from 1e+06 up (entities/float.go hashes `fmt.Sprint(value)`).
_LEAST_PLAIN, _LEAST_LARGE = -4, 6
_NANOSECOND_DIGITS = 9


def write_float(number: float) -> str:
    """Write a finite float as Go prints it."""
    if number == 0:
        return "-0" if math.copysign(1, number) < 0 else "0"
    sign, digits, power = Decimal(repr(number)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(power)  # where the decimal point stands, counted from the first digit
    minus = "-" if sign else ""
    if not _LEAST_PLAIN <= point - 1 < _LEAST_LARGE:
        exponent = point - 1
        fraction = f".{text[1:]}" if text[1:] else ""
        return f"{minus}{text[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    if point >= len(text):
        return f"{minus}{text}{'0' * (point - len(text))}"
    return f"{minus}{text[:point]}.{text[point:]}"


def _spell_float(value: str) -> str | None:
    if not _FLOAT.fullmatch(value):
        return None
    number = float(value)
    return write_float(number) if math.isfinite(number) else None


def _spell_date(value: str) -> str | None:
    if not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        return None


def _spell_datetime(value: str) -> str | None:
    match = _DATETIME.fullmatch(value)
    if match is None:
        return None
    seconds, fraction, zone = match.groups(default="")
    try:
        offset = datetime.fromisoformat(f"{seconds}{zone}").utcoffset()
    except ValueError:
        return None
    kept = fraction[:_NANOSECOND_DIGITS].rstrip("0")
    return f"{seconds}{'.' if kept else ''}{kept}{zone if offset else 'Z'}"


FLOAT = Form(_spell_float, anything, "a decimal number")
DATE = Form(_spell_date, anything, "a date, such as 2023-05-20")
DATETIME = Form(_spell_datetime, anything, "a time with zone, such as 2023-05-20T14:30:15.5Z")
