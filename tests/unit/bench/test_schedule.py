"""Tests of the bound that cold answers are measured against."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.dice import dice
from bench.schedule import Calls
from bench.world.shape import draw_pairs
from bench.world.spread import Spread


def test_a_chain_takes_as_long_as_its_calls() -> None:
    """Where each call waits for the one before, the bound is their sum, and so is the queue's time."""
    calls = Calls(Spread(4, [(0, 1), (1, 2), (2, 3)]), 0, 3, lambda node: (1.0, 2.0, 4.0, 8.0)[node], 20)
    assert calls.least_seconds() == calls.queued_seconds() == pytest.approx(7.0)


def test_calls_that_do_not_fit_at_once_wait() -> None:
    """Three connections make seven equal calls behind a first one in three more turns."""
    calls = Calls(Spread(8, [(0, end) for end in range(1, 8)]), 0, 2, lambda _: 0.5, 3)
    assert calls.least_seconds() == calls.queued_seconds() == pytest.approx(2.0)


def test_nobody_beyond_the_last_hop_is_asked() -> None:
    """An answer of one hop takes the seed's own call, whatever the others would take."""
    calls = Calls(Spread(3, [(0, 1), (1, 2)]), 0, 1, lambda node: 1.0 + node, 20)
    assert calls.least_seconds() == calls.queued_seconds() == pytest.approx(1.0)


@given(seed=st.integers(0, 10**6), connections=st.integers(1, 5), hops=st.integers(1, 4))
def test_no_schedule_is_below_the_bound(seed: int, connections: int, hops: int) -> None:
    """A schedule without overhead is at or above the bound."""
    rng = dice(seed)
    spread = Spread(12, draw_pairs(12, pairs=20, rng=rng))
    costs = [rng.uniform(0.02, 0.2) for _ in range(12)]
    calls = Calls(spread, 0, hops, costs.__getitem__, connections)
    assert calls.least_seconds() <= calls.queued_seconds() + 1e-9
