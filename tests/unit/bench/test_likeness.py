"""Tests of what keeps a contender from being timed for another answer than ours."""

import copy
from typing import Any

import msgspec
import pytest

from bench.likeness import UnlikeError, check_alike

ANSWER: dict[str, Any] = {
    "graph": {
        "seed": "a:b:c",
        "sources": [{"name": "feed", "age_seconds": 3}],
        "spent": {"milliseconds": 1.5},
    },
    "nodes": [{"id": "a:b:c", "hop": 0}, {"id": "a:b:d", "hop": 1}],
    "edges": [{"id": "1", "provenance": [{"source": "feed", "fetched_at": "2026-01-01T00:00:00Z"}]}],
}


def changed(*path: str | int, to: Any) -> bytes:
    """Give the answer with one member changed."""
    answer = copy.deepcopy(ANSWER)
    place: Any = answer
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return msgspec.json.encode(answer)


def test_what_a_clock_tells_may_differ() -> None:
    """Ages and times spent are no difference."""
    same = msgspec.json.encode(ANSWER)
    check_alike(same, changed("graph", "spent", "milliseconds", to=90), who="it")
    check_alike(same, changed("graph", "sources", 0, "age_seconds", to=7), who="it")


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("graph", "seed"), "a:b:d"),
        (("nodes", 1, "hop"), 2),
        (("nodes",), ANSWER["nodes"][::-1]),
        (("nodes", 0), {"hop": 0, "id": "a:b:c"}),
        (("edges",), []),
        (("edges", 0, "provenance", 0, "fetched_at"), "2026-01-01T00:00:01Z"),
    ],
)
def test_anything_else_is_a_difference(path: tuple[str | int, ...], to: Any) -> None:
    """A value, the order of records or of fields, or what is missing."""
    with pytest.raises(UnlikeError, match="it: "):
        check_alike(msgspec.json.encode(ANSWER), changed(*path, to=to), who="it")


def test_two_that_asked_for_themselves_were_told_at_two_times() -> None:
    """Then, and only then, times of fetching are left aside."""
    other = changed("edges", 0, "provenance", 0, "fetched_at", to="2026-01-01T00:00:01Z")
    check_alike(msgspec.json.encode(ANSWER), other, who="it", fetched_apart=True)
