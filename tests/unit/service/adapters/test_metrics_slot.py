"""Tests of the places that workers leave their numbers in, in a real folder."""

import os
from datetime import UTC, datetime
from pathlib import Path

from connectors.runtime.clock import SystemClock
from service.adapters.metric import ANSWERS, WORKERS
from service.adapters.metrics_slot import MetricsSlot
from service.adapters.numbers import Numbers

CLOCK = SystemClock()


def numbers(answers: int) -> Numbers:
    """Give what one living worker has counted."""
    made = Numbers()
    made.count(ANSWERS, ("true",), by=answers)
    made.set(WORKERS, to=1)
    return made


def seen(made: Numbers) -> tuple[float, float]:
    """Give how many answers and how many workers the numbers speak of."""
    return made.show(ANSWERS, ("true",))[0], made.show(WORKERS)[0]


def test_others_are_added_and_oneself_is_not(tmp_path: Path) -> None:
    """Each worker's numbers are in the sum once, and what was written first is replaced."""
    for number, answers in ((0, 1), (1, 10), (2, 99), (2, 100)):
        MetricsSlot(tmp_path, number).write(numbers(answers))
    total = numbers(1000)
    MetricsSlot(tmp_path, 1).add_others(total, clock=CLOCK)
    assert seen(total) == (1101, 3)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_place_is_taken_with_what_was_counted_there(tmp_path: Path) -> None:
    """Who comes after a worker that died goes on from its counts, and not from its gauges."""
    slot = MetricsSlot(tmp_path, 0)
    assert seen(slot.read()) == (0, 0)
    slot.write(numbers(5))
    assert seen(slot.read()) == (5, 0)


def test_a_silent_worker_keeps_its_counts_and_loses_its_gauges(tmp_path: Path) -> None:
    """What has not been written for longer than any living worker waits is of none."""
    slot = MetricsSlot(tmp_path, 0)
    slot.write(numbers(5))
    long_ago = datetime.now(UTC).timestamp() - 60  # noqa: TID251 - the file system's own clock
    os.utime(tmp_path / "0.json", (long_ago, long_ago))
    total = Numbers()
    MetricsSlot(tmp_path, 1).add_others(total, clock=CLOCK)
    assert seen(total) == (5, 0)
