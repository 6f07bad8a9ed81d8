"""What a reply means before anyone reads its body, as one pure function over a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from connectors.wire import Reply


class Disposition(StrEnum):
    """What to do with a reply."""

    OK = "ok"
    ABSENT = "absent"
    RETRY = "retry"
    THROTTLED = "throttled"
    DENIED = "denied"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A disposition, the words for the outcome's detail, and how long the upstream says to wait.

    `detail` is fit for a caller: a status and the upstream's error id, never its text or body.
    """

    disposition: Disposition
    detail: str | None = None
    retry_after: timedelta | None = None


_SERVER_ERROR = 5

# What RFC 9110 says of a status, for every upstream that does not say otherwise.
USUAL: Mapping[int, Disposition] = {
    200: Disposition.OK,
    401: Disposition.DENIED,
    403: Disposition.DENIED,
    404: Disposition.ABSENT,
    408: Disposition.RETRY,
    429: Disposition.THROTTLED,
}


def classify(
    reply: Reply, table: Mapping[int, Disposition] = USUAL, *, error_id: str | None = None
) -> Verdict:
    """Judge a reply by its status: the table first, else 5xx is RETRY and the rest is BROKEN."""
    status = reply.status
    disposition = table.get(status)
    if disposition is None:
        disposition = Disposition.RETRY if status // 100 == _SERVER_ERROR else Disposition.BROKEN
    if disposition in (Disposition.OK, Disposition.ABSENT):
        return Verdict(disposition)
    detail = f"status {status}" if error_id is None else f"status {status}, error {error_id}"
    return Verdict(disposition, detail, reply.retry_after)
