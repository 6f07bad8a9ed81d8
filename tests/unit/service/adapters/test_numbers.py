"""Tests of plain numbers: counting, adding up, and the way through a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.adapters.metric import ANSWERS, CALLS_LEFT, METRICS, SERVED_AGE, STORE_UP, WORKERS, Metric
from service.adapters.numbers import Numbers, decode_numbers

Told = list[tuple[Metric, tuple[str, ...], list[float]]]

WORDS = st.sampled_from(["a", "b", 'quo"te', "line\nend"])


@st.composite
def numbers(draw: st.DrawFn) -> Numbers:
    """Give numbers of a few metrics under a few labels, whole so that their order of adding is no matter."""
    made = Numbers()
    for metric in draw(st.lists(st.sampled_from(list(METRICS.values())), max_size=6)):
        labels = tuple(draw(WORDS) for _ in metric.labels)
        value = draw(st.integers(0, 1000))
        if metric.kind == "histogram":
            made.observe(metric, labels, value=value)
        elif metric.kind == "counter":
            made.count(metric, labels, by=value)
        else:
            made.set(metric, labels, to=value)
    return made


def told(made: Numbers) -> Told:
    """Give everything in numbers."""
    return [(metric, labels, list(row)) for metric in METRICS.values() for labels, row in made.rows(metric)]


def added(*all_numbers: Numbers) -> Told:
    """Give everything in the sum of numbers."""
    total = Numbers()
    for each in all_numbers:
        total.add(each)
    return told(total)


@given(numbers(), numbers(), numbers())
def test_adding_up_knows_no_order(one: Numbers, two: Numbers, three: Numbers) -> None:
    """Whoever is asked, and whichever file comes first, the sum is the same."""
    assert added(one, two, three) == added(three, one, two)


@given(numbers())
def test_numbers_come_back_from_a_file(made: Numbers) -> None:
    """Every metric, label and number is the same."""
    assert told(decode_numbers(made.encode())) == told(made)


@given(numbers(), numbers())
def test_adding_leaves_what_is_added_alone(one: Numbers, two: Numbers) -> None:
    """The sum shares no number with its parts."""
    before = told(two)
    total = Numbers()
    total.add(two)
    total.add(one)
    total.add(two)
    assert told(two) == before


@pytest.mark.parametrize(("value", "bucket"), [(0, 0), (1, 0), (1.001, 1), (604_800, 8), (604_801, 9)])
def test_a_value_is_counted_once_in_the_first_bucket_that_holds_it(value: float, bucket: int) -> None:
    """A bound belongs to its own bucket, and what is beyond all to the last."""
    made = Numbers()
    made.observe(SERVED_AGE, ("tw",), value=value)
    ((_, row),) = made.rows(SERVED_AGE)
    assert row == [float(n == bucket) for n in range(10)] + [value]


def test_gauges_add_up_or_the_least_counts() -> None:
    """Processes are counted; of what each one knows of a shared thing, the most careful is believed."""
    total = Numbers()
    for left in (7, 3, 5):
        one = Numbers()
        one.set(WORKERS, to=1)
        one.set(CALLS_LEFT, ("acc",), to=left)
        total.add(one)
    assert told(total) == [(CALLS_LEFT, ("acc",), [3.0]), (WORKERS, (), [3.0])]


def test_only_what_is_counted_outlives_its_process() -> None:
    """Without gauges, how a process was doing is left out."""
    one, total = Numbers(), Numbers()
    one.set(STORE_UP, to=1)
    one.count(ANSWERS, ("true",), by=3)
    total.add(one, gauges=False)
    assert told(total) == [(ANSWERS, ("true",), [3.0])]


@pytest.mark.parametrize(
    "data",
    [
        b'[["relgraph_nobody", [], [1]]]',
        b'[["relgraph_answers", [], [1]]]',
        b'[["relgraph_answers", ["true"], [1, 2]]]',
        b'[["relgraph_answers", ["true"]',
        b"",
    ],
)
def test_what_this_version_has_not_written_is_refused(data: bytes) -> None:
    """Another metric, other labels, other buckets, half a file."""
    with pytest.raises(ValueError, match=r"no numbers of this version|truncated"):
        decode_numbers(data)
