"""How many calls it takes to ask about so many nodes with so many relations."""

import pytest

from service.usecases.estimate.terrain import Manner


@pytest.mark.parametrize(
    ("manner", "asked", "calls"),
    [
        (Manner(1, 10), [(31, 1), (0, 3), (11, 0.5)], 4 + 3 + 1),
        (Manner(1, None), [(31, 1), (5, 2)], 3),
        (Manner(20, None), [(100, 41)], 3),
        # Twenty share a batch; its pages are those of what they list together.
        (Manner(20, 100), [(1, 20), (9, 20), (0, 1)], 1 + 2 + 1),
        (Manner(20, 100), [(250, 1)], 3),
        (Manner(20, 100), [], 0),
    ],
)
def test_calls_are_batches_and_pages(manner: Manner, asked: list[tuple[float, float]], calls: float) -> None:
    """Each node or batch takes a call, and one more for every further page of its own."""
    assert manner.calls(asked) == calls
