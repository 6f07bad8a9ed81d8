"""How a list of relations goes on, when nobody says whether its pages count from 0 or from 1.

The first slice is asked for without a page number: whatever the server's base, its default is its
first page. The pages that follow are independent calls, made at once on the base the dialect
suggests, and one of them carries a memo that finds the base out:

- base 0 assumed: page 1 remembers what the first slice showed. If it shows the same again, the
  server counts from 1 and the last page is still missing.
- base 1 assumed: if the last page lies beyond the end, the server counts from 0 and page 1 is
  still missing.
"""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from connectors.paging import by_number
from connectors.wire import Call

# The rows a list can be read to: OpenSearch refuses from + size above this (threatwinds.md 1.5, 6).
WINDOW = 10_000

_PROBE = "beyond the end?"
_NOTHING_THERE = (204, 404)
_REFUSED = 400


def following(call: Call, *, ids: Sequence[str], items: int, base: int) -> tuple[Call, ...]:
    """Give the calls for the slices after the first one, which showed `ids` of `items` relations.

    The server may show fewer rows than asked for, so their number is what counts, not the limit. A
    row that comes twice counts once, unless the slice is all there is.
    """
    shown = len(set(ids))
    if not 0 < shown <= len(ids) < items:
        return ()
    count = min(-(-items // shown), WINDOW // shown)
    numbers = range(base + 1, base + count)
    calls = by_number(call, parameter="page", numbers=numbers)
    if not calls:
        return ()
    if base == 0:
        return (replace(calls[0], memo=(_fingerprint(ids), str(count))), *calls[1:])
    return (*calls[:-1], replace(calls[-1], memo=(_PROBE,)))


def amending(call: Call, *, ids: Sequence[str]) -> tuple[Call, ...]:
    """Give the call for the page that a wrong guess of the base left out, once that shows."""
    match call.memo:
        case (fingerprint, last) if fingerprint == _fingerprint(ids):
            missing = int(last)
        case (memo,) if memo == _PROBE and not ids:
            missing = 1
        case _:
            return ()
    return by_number(replace(call, memo=()), parameter="page", numbers=(missing,))


def is_beyond(call: Call, *, status: int) -> bool:
    """Tell whether a status says that a page after the first lies beyond the end of the list.

    A server that refuses what reaches out of its window does so with 400; only the page that is
    there to find the base out can reach so far.
    """
    if call.opening:
        return False
    return status in _NOTHING_THERE or (status == _REFUSED and call.memo == (_PROBE,))


def _fingerprint(ids: Sequence[str]) -> str:
    # Sorted: without a tie-break the same slice may come in another order.
    return sha256("\n".join(sorted(ids)).encode()).hexdigest()
