"""Tests of what is told of a figure."""

from dataclasses import replace

import pytest

from bench.row import Bound, Figure, Reach, Row
from bench.table import write_table
from bench.timing import percentile


@pytest.mark.parametrize(("bound", "enough", "short"), [("at least", 2.0, 1.99), ("at most", 2.0, 2.01)])
def test_a_reach_is_met_at_its_bound(bound: Bound, enough: float, short: float) -> None:
    """What is exactly as much as wanted is enough."""
    row = Row("W1", "about", "somebody", Reach(bound, 2.0))
    assert replace(row, ratio=enough).reached is True
    assert replace(row, ratio=short).reached is False


def test_a_row_that_was_not_measured_shows_no_number() -> None:
    """It says why, and is neither reached nor missed."""
    row = Row("C1", "about", "somebody", Reach("at least", 2.0), missing="not built")
    assert row.reached is None
    line = next(line for line in write_table([row]).splitlines() if line.startswith("C1 "))
    assert line.split("  ")[0] == "C1"
    assert "not built" in line
    assert "missed" not in line


def test_figures_have_three_digits() -> None:
    """And no more of them than mean anything."""
    assert [str(Figure(value, "ms")) for value in (1234.5, 123.4, 12.34, 0.1234)] == [
        "1 234 ms",
        "123 ms",
        "12.3 ms",
        "0.123 ms",
    ]


def test_a_percentile_is_one_of_the_times() -> None:
    """The smallest that so many do not exceed."""
    times = [float(number) for number in range(100, 0, -1)]
    assert [percentile(times, share=share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert percentile([3.0], share=0.99) == 3.0
