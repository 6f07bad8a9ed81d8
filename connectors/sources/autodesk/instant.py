"""Times as the service writes them, and as it is told them."""

import re
from datetime import UTC, datetime
from typing import Any

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d)?", re.ASCII)


def read_instant(value: Any) -> datetime:
    """Read an ISO 8601 time into UTC, to the microsecond; one without a zone is taken to be UTC.

    Seen: `Z` and offsets, whole seconds and 6 or 7 digits of fraction. ValueError for anything else.
    """
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("not an ISO 8601 time")
    try:
        time = datetime.fromisoformat(value.upper())
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("no such time") from error


def write_instant(time: datetime) -> str:
    """Write an aware time as ISO 8601 in UTC, with `Z`; a fraction only where there is one."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
