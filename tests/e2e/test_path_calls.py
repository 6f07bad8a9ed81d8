"""What a search for a path costs, counted in the upstreams' own journals."""

from collections.abc import Iterator

import pytest

from harness.asking import ids_of
from harness.crossing import AMPLE, FEEDS, SITE, Stage, crossing


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Start everything for this file."""
    with crossing(tmp_path_factory.mktemp("calls")) as running:
        yield running


@pytest.mark.parametrize(("most", "factor"), [(2, 1), pytest.param(30, 3, marks=pytest.mark.soak)])
def test_two_ends_take_fewer_calls_than_one(stage: Stage, most: int, factor: int) -> None:
    """Over random pairs a path takes fewer calls than a neighborhood, over many less than a third.

    That is asked for as far as the target is, which nobody knows beforehand, and is
    given up at 200 calls; what it would take beyond them does not count.
    """
    both = one = 0
    for pair in stage.draw(seed=21, most=most, sources=(FEEDS[0], SITE)):
        spent = []
        for parameters in ({"to": pair.target}, {"hops": str(pair.hops), "max_calls": "200"}):
            stage.forget()
            answer = stage.asker.graph(
                pair.seed, **{**AMPLE, "max_calls": "2000", **parameters, "max_age": "0"}
            )
            spent.append(stage.calls())
            assert pair.target in ids_of(answer) or "max_calls" in answer["graph"]["truncated"]
        both += spent[0]
        one += spent[1]
    print(f"calls for {most} pairs: {both} from both ends, {one} from one")  # noqa: T201 - the figure
    assert both * factor < one
