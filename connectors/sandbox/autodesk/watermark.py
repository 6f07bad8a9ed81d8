"""The sync token: where a caller's copy of a listing stands, as the one captured token writes it."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.sandbox.autodesk.filter import Filter
from connectors.sandbox.autodesk.row import Row, parse_instant

Place = tuple[datetime, str]

START = datetime(1970, 1, 1, tzinfo=UTC)
# Sorts after every id: a watermark that lies behind all rows of its moment.
LAST_ID = "~"

_SEVENTH_DIGIT = re.compile(r"(\.\d{6})\d(?=Z$)")


@dataclass(frozen=True, slots=True)
class Watermark:
    """The last change seen of one question, asked by one user in one container.

    `until` is set while a full download is under way: the change up to which it goes. What is deleted
    or added meanwhile comes after it. `overwrite` marks a download that replaces a copy gone stale.
    """

    container: str
    user: str
    filter: Filter
    after: Place
    issued_at: datetime
    until: datetime | None = None
    overwrite: bool = False

    def dump(self) -> str:
        """Write the token; clients must not look inside."""
        document = {
            "LastModified": {"DateTime": _write(self.after[0]), "OffsetMinutes": 0},
            "LastId": self.after[1],
            "Operation": 2,
            "OriginalParameters": {
                "__type": "RelationshipSearchParameters",
                "CallerType": 0,
                "ContainerId": self.container,
                "ModifiedAfter": None,
                "OxygenId": self.user,
                **self.filter.dump(),
            },
            "IssuedAt": _write(self.issued_at),
            "Until": self.until and _write(self.until),
            "Overwrite": self.overwrite,
            "VersionNumber": 1,
        }
        return base64.b64encode(json.dumps(document).encode()).decode()


def parse_watermark(token: str) -> Watermark:
    """Read a token of ours; ValueError for anything else."""
    try:
        document: dict[str, Any] = json.loads(base64.b64decode(token, validate=True))
        original = document["OriginalParameters"]
        until = document["Until"]
        return Watermark(
            container=original["ContainerId"],
            user=original["OxygenId"],
            filter=Filter.load(original),
            after=(_read(document["LastModified"]["DateTime"]), str(document["LastId"])),
            issued_at=_read(document["IssuedAt"]),
            until=None if until is None else _read(until),
            overwrite=bool(document["Overwrite"]),
        )
    except (binascii.Error, UnicodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a sync token") from error


def newest_change(rows: list[Row]) -> datetime:
    """Give the last change among the rows: the captured token tells that, not when it was asked for."""
    return max((row.changed_at for row in rows), default=START)


def _write(moment: datetime) -> str:
    """Write a time with the seven fractional digits that the captured token has."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def _read(text: str) -> datetime:
    return parse_instant(_SEVENTH_DIGIT.sub(r"\1", text))
