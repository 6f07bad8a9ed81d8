"""Floats, dates and times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.threatwinds.quantity import write_float
from connectors.sources.threatwinds.vocabulary import TYPES


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (2.0, "2"),
        (100.0, "100"),
        (0.5, "0.5"),
        (-74.006, "-74.006"),
        (40.7128, "40.7128"),
        (0.0001, "0.0001"),
        (0.00012, "0.00012"),
        (0.00001, "1e-05"),
        (123456.0, "123456"),
        (123456.75, "123456.75"),
        (1e6, "1e+06"),
        (1234567.0, "1.234567e+06"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (5e-324, "5e-324"),
    ],
)
def test_floats_are_written_as_go_does(number: float, text: str) -> None:
    """The fewest digits, with an exponent below 1e-04 and from 1e+06 up."""
    assert write_float(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_read_back(number: float) -> None:
    """What is written is the same number, and stays as it is."""
    text = write_float(number)
    assert float(text) == number
    assert TYPES["latitude"].normalise(text, kind="latitude") == text


@pytest.mark.parametrize(
    ("type_", "typed", "spelled"),
    [
        ("size-in-bytes", "2000000", "2e+06"),
        ("latitude", "+.50", "0.5"),
        ("date", "2023-05-20", "2023-05-20"),
        ("datetime", "2023-05-20T14:30:15.123456789Z", "2023-05-20T14:30:15.123456789Z"),
        ("datetime", "2023-05-20T14:30:15.1234567899Z", "2023-05-20T14:30:15.123456789Z"),
        ("datetime", "2023-05-20T14:30:15,500Z", "2023-05-20T14:30:15.5Z"),
        ("datetime", "2023-05-20T14:30:15.000+00:00", "2023-05-20T14:30:15Z"),
        ("last-analysis", "2023-05-20T14:30:15-05:00", "2023-05-20T14:30:15-05:00"),
    ],
)
def test_quantities_have_one_spelling(type_: str, typed: str, spelled: str) -> None:
    """Numbers are Go's text; a fraction of a second has no trailing zeros and nine digits at most."""
    assert TYPES[type_].normalise(typed, kind=type_) == spelled


@pytest.mark.parametrize(
    ("type_", "typed"),
    [
        ("latitude", "nan"),
        ("latitude", "inf"),
        ("latitude", "1e999"),
        ("latitude", "."),
        ("latitude", "1_0"),
        ("latitude", "0x1p2"),
        ("date", "2023-02-30"),
        ("date", "20230520"),
        ("datetime", "2023-05-20 14:30:15Z"),
        ("datetime", "2023-05-20T14:30:15"),
        ("datetime", "2023-05-20T25:30:15Z"),
    ],
)
def test_what_is_no_quantity_is_refused(type_: str, typed: str) -> None:
    """Numbers without an end, days that never were and times without zone are refused."""
    assert not TYPES[type_].fits(typed)
