"""What an upstream's headers tell of its rate limit: how many calls are left, and for how long.

Three generations are read, the newest that makes sense first:
- `RateLimit: "default";r=50;t=30` with `RateLimit-Policy: "default";q=100;w=60`, structured fields
  (draft-ietf-httpapi-ratelimit-headers-08 and later);
- `RateLimit: limit=100, remaining=50, reset=5` (07) and `RateLimit-Remaining`, `RateLimit-Reset` (to 06);
- `X-RateLimit-Remaining` and `X-RateLimit-Reset`, which nobody ever specified: the reset is seconds
  to go, seconds or milliseconds since 1970, or a date.

Nonsense is nothing; of several limits the one with the fewest calls left counts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import http_sf

from connectors.wire import Reply

# No limit known runs longer; a longer time is a mistake, and would leave the upstream unused.
LONGEST_RESET = timedelta(hours=1)
_MOST_REMAINING = 1_000_000
_LONGEST_HEADER = 1_000
_NUMBER = re.compile(r"\d{1,18}(?:\.\d{1,9})?", re.ASCII)
# As seconds to go these would be decades: they are since 1970, the larger ones in milliseconds.
_EPOCH_SECONDS = 1e9
_EPOCH_MILLISECONDS = 1e12
# In the name of every header that is read here.
_WORD = "rate"
_FAMILIES = ("ratelimit-", "x-ratelimit-", "x-rate-limit-")


@dataclass(frozen=True, slots=True)
class LimitsTold:
    """`remaining` calls are left, until `reset` has passed; None is not told."""

    remaining: int | None = None
    reset: timedelta | None = None


_NOTHING = LimitsTold()


def read_limits(reply: Reply) -> LimitsTold:
    """Read the rate-limit headers of a reply, whatever its status."""
    if not any(_WORD in name for name in reply.headers):
        return _NOTHING
    told = [*_structured(reply.headers), *_seventh_draft(reply.headers)]
    if told:
        return min(told, key=_tightness)
    for family in _FAMILIES:
        remaining = _remaining(reply.headers.get(f"{family}remaining", ""))
        if remaining is not None:
            return LimitsTold(remaining, _reset(reply.headers.get(f"{family}reset", ""), reply.received_at))
    return LimitsTold()


def _structured(headers: Mapping[str, str]) -> Iterator[LimitsTold]:
    windows = {name: terms.get("w") for name, terms in _items(headers.get("ratelimit-policy", ""))}
    for name, terms in _items(headers.get("ratelimit", "")):
        remaining = _count(terms.get("r"))
        if remaining is not None:
            # Without `t` what is left holds for a window at most.
            yield LimitsTold(remaining, _span(terms.get("t", windows.get(name))))


def _seventh_draft(headers: Mapping[str, str]) -> Iterator[LimitsTold]:
    members = _parse(headers.get("ratelimit", ""), "dictionary")
    values = {name: value for name, (value, _) in members.items()} if isinstance(members, dict) else {}
    remaining = _count(values.get("remaining"))
    if remaining is not None:
        yield LimitsTold(remaining, _span(values.get("reset")))


def _items(text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    members = _parse(text, "list")
    for value, parameters in members if isinstance(members, list) else ():
        if isinstance(value, str | http_sf.Token):
            yield str(value), parameters


def _parse(text: str, kind: str) -> Any:
    if not text or len(text) > _LONGEST_HEADER:
        return None
    try:
        return http_sf.parse(text.encode("latin-1", "replace"), tltype=kind)
    except http_sf.StructuredFieldError:
        return None


def _remaining(text: str) -> int | None:
    number = _NUMBER.fullmatch(text.strip())
    return None if number is None else _count(int(float(number[0])))


def _reset(text: str, now: datetime) -> timedelta | None:
    text = text.strip()
    if _NUMBER.fullmatch(text):
        seconds = float(text)
        if seconds >= _EPOCH_MILLISECONDS:
            seconds /= 1000
        # A clock that is a little behind ours, or a slow way, makes the end of a period the past.
        return _span(max(0.0, seconds - now.timestamp()) if seconds >= _EPOCH_SECONDS else seconds)
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return _span(max(0.0, ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds()))


def _count(value: Any) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    return min(value, _MOST_REMAINING)


def _span(value: Any) -> timedelta | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        return None
    return timedelta(seconds=min(float(value), LONGEST_RESET.total_seconds()))


def _tightness(told: LimitsTold) -> tuple[int, timedelta]:
    return (told.remaining or 0, -(told.reset or timedelta(0)))
