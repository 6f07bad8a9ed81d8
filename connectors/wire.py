"""HTTP as plain values: what to ask and what came back. A Call has no room for a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import quote, urlencode

from connectors.model import Address

Pairs = tuple[tuple[str, str], ...]


class Aspect(StrEnum):
    """Which of a node's two sides a call asks for."""

    RELATIONS = "relations"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True)
class Call:
    """One upstream call about one or several addresses.

    `path` is percent-encoded, starts with '/' and is joined to the source's base URL; `headers`
    never hold a credential, which is added when the call is sent. `opening` marks the calls that
    `ask` made (only they can say that a node is absent). `memo` is the connector's own note to the
    `read` that will see the reply.
    """

    method: str
    path: str
    nodes: tuple[Address, ...]
    query: Pairs = ()
    headers: Pairs = ()
    body: bytes | None = None
    aspect: Aspect = Aspect.RELATIONS
    opening: bool = True
    memo: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """Give path and query as they go on the wire, a space as %20."""
        return f"{self.path}?{_written(self.query)}" if self.query else self.path


# Most calls to a source have the very same one.
@lru_cache(maxsize=256)
def _written(query: Pairs) -> str:
    return urlencode(query, safe="", quote_via=quote)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: header names in lower case, the body decompressed, the time in UTC."""

    status: int
    received_at: datetime
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: bytes = b""

    @property
    def retry_after(self) -> timedelta | None:
        """Read `Retry-After`, in seconds or as a date; nonsense and the past are None."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return timedelta(seconds=min(int(text[:12]), _LONGEST_WAIT))
        try:
            until = parsedate_to_datetime(text)
        except (TypeError, ValueError, OverflowError):
            return None
        # RFC 9110 5.6.7: the asctime form names no zone, and every HTTP date is in UTC.
        wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - self.received_at
        return min(wait, timedelta(seconds=_LONGEST_WAIT)) if wait > timedelta(0) else None


# Nobody waits longer than a day for one call; an upstream that says a century is capped.
_LONGEST_WAIT = 86_400
