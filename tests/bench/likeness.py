"""Whether two answers are the same: nobody is timed who does not answer what we answer."""

from typing import Any

import msgspec


class UnlikeError(AssertionError):
    """A contender answers something else than the service."""


def check_alike(ours: bytes, theirs: bytes, *, who: str, fetched_apart: bool = False) -> None:
    """Compare two answers member by member and in order, what a clock tells aside; UnlikeError.

    Two that have asked the upstream themselves have `fetched_apart`: each at its own time.
    """
    one, other = _timeless(ours, fetched_apart), _timeless(theirs, fetched_apart)
    for part in ("graph", "nodes", "edges"):
        if msgspec.json.encode(one[part]) != msgspec.json.encode(other[part]):
            raise UnlikeError(f"{who}: {part} differ: {_first(one[part], other[part])}")


def _timeless(body: bytes, fetched_apart: bool) -> dict[str, Any]:  # noqa: FBT001 - of this module alone
    answer: dict[str, Any] = msgspec.json.decode(body)
    answer["graph"]["spent"]["milliseconds"] = 0
    for source in answer["graph"]["sources"]:
        source["age_seconds"] = 0
    if fetched_apart:
        for edge in answer["edges"]:
            for word in edge["provenance"]:
                word["fetched_at"] = None
    return answer


def _first(one: Any, other: Any) -> str:
    if isinstance(one, list) and isinstance(other, list):
        pairs = (f"{a} != {b}" for a, b in zip(one, other, strict=False) if a != b)
        return next(pairs, f"{len(one)} and {len(other)} of them")
    return f"{one} != {other}"
