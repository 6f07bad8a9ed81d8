"""Cutting a listing into pages: limits, and the tokens that lead from one page to the next."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from connectors.sandbox.autodesk.problem import bad_value
from connectors.sandbox.autodesk.row import Row
from connectors.sandbox.autodesk.switches import AutodeskSwitches
from connectors.sandbox.faults import FaultRule


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is wanted; `binding` names the question, which a bound token may not leave."""

    limit: int
    token: str | None
    binding: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows and the token of the page after them."""

    rows: list[Row]
    next_token: str | None


def cut_page(
    rows: Sequence[Row],
    *,
    wanted: PageRequest,
    switches: AutodeskSwitches,
    fault: FaultRule | None = None,
) -> Page:
    """Give the page asked for; an offset past the end is an empty page, a bad token a 400.

    Pages made endless by a fault begin again at the first row.
    """
    if switches.order == "scattered":
        rows = sorted(rows, key=lambda row: sha256(row.id.encode()).digest())
    offset = _read_token(wanted, switches)
    endless = fault is not None and fault.endless_pages
    start = offset % len(rows) if endless and rows else offset
    kept = list(rows[start : start + wanted.limit])
    more = endless or start + wanted.limit < len(rows)
    following = offset + wanted.limit
    if fault is not None and fault.same_token:
        more, following = True, wanted.limit
    return Page(kept, _write_token(following, wanted, switches) if more else None)


def page_limit(asked: int | None, *, switches: AutodeskSwitches) -> int:
    """Settle how many rows a page has; 400 below 1, and above the maximum when that is refused."""
    if asked is None:
        return switches.default_page_limit
    if asked < 1 or (asked > switches.maximum_page_limit and switches.page_limit_above_maximum == "refuse"):
        raise bad_value("pageLimit", value=asked)
    return min(asked, switches.maximum_page_limit)


def bind(*parts: str) -> str:
    """Name a question briefly."""
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def _read_token(wanted: PageRequest, switches: AutodeskSwitches) -> int:
    if not wanted.token:
        return 0
    try:
        return _read_offset(wanted.token) if switches.continuation == "offset" else _read_bound(wanted)
    except (ValueError, KeyError, TypeError) as error:
        if switches.bad_continuation == "first_page":
            return 0
        raise bad_value("continuationToken", value=wanted.token) from error


def _read_offset(token: str) -> int:
    if not (token.isascii() and token.isdigit()):
        raise ValueError(token)
    return int(token)


def _read_bound(wanted: PageRequest) -> int:
    try:
        read = json.loads(base64.urlsafe_b64decode((wanted.token or "").encode()))
    except (binascii.Error, UnicodeError) as error:
        raise ValueError(wanted.token) from error
    if read["binding"] != wanted.binding or not isinstance(read["offset"], int):
        raise ValueError(wanted.token)
    return max(0, read["offset"])


def _write_token(offset: int, wanted: PageRequest, switches: AutodeskSwitches) -> str:
    # The reference page's own token is "10", and published clients count with it: it looks like an offset.
    if switches.continuation == "offset":
        return str(offset)
    text = json.dumps({"offset": offset, "binding": wanted.binding})
    return base64.urlsafe_b64encode(text.encode()).decode()
