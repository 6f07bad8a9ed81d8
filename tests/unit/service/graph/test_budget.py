"""The budget of an answer and the count of its upstream calls."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.graph.budget import Budget, Tally


def test_the_defaults_are_the_contracts() -> None:
    """Without parameters: 500 nodes, 2000 edges, 200 neighbors, 200 calls, 10 seconds."""
    assert Budget() == Budget(500, 2000, 200, 200, timedelta(seconds=10))


@given(limit=st.integers(0, 20), tries=st.integers(0, 40))
def test_exactly_the_limit_is_spent(limit: int, tries: int) -> None:
    """The first `limit` calls go, no other does, and a refused one is not counted."""
    tally = Tally(limit=limit)
    taken = [not tally.exhausted and tally.take() for _ in range(tries)]
    assert taken == [n < limit for n in range(tries)]
    assert tally.spent == min(limit, tries)
