"""Tests of `Server-Timing`: what was noted, in the form of the W3C."""

import re
from typing import Any

import pytest

from service.api.timing import note_timing, server_timing, timed


def test_the_total_comes_first() -> None:
    """Then the parts in the order in which they were noted, in milliseconds with one decimal."""
    scope: dict[str, Any] = {}
    note_timing(scope, "expand", seconds=0.0123)
    note_timing(scope, "encode", seconds=1.5)
    assert server_timing(scope, total=1.51234) == "total;dur=1512.3, expand;dur=12.3, encode;dur=1500.0"
    assert server_timing({}, total=0) == "total;dur=0.0"


def test_what_is_done_twice_is_summed() -> None:
    """A part has one entry, however many pieces it had."""
    scope: dict[str, Any] = {}
    for _ in range(2):
        note_timing(scope, "compress", seconds=0.002)
    assert server_timing(scope, total=0) == "total;dur=0.0, compress;dur=4.0"


def test_each_request_has_its_own() -> None:
    """Parts live in the request's state, beside what else is there."""
    one: dict[str, Any] = {"state": {"request_id": "x"}}
    note_timing(one, "encode", seconds=1)
    assert one["state"]["request_id"] == "x"
    assert "encode" not in server_timing({}, total=0)


def test_a_block_that_fails_took_its_time_too() -> None:
    """A problem tells where its time went."""
    scope: dict[str, Any] = {}
    with pytest.raises(RuntimeError), timed(scope, "expand"):
        raise RuntimeError
    assert re.fullmatch(r"total;dur=0\.0, expand;dur=\d+\.\d", server_timing(scope, total=0))
