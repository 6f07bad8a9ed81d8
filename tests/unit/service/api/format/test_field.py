"""Tests of records as flat fields."""

from typing import Any

import pytest

from service.api.format.field import Kind, classify_columns, flatten, spell


def test_single_values_stay_and_others_are_json() -> None:
    """Null is left out; a list or an object is its JSON text, an empty one too."""
    record = {"a": "x", "b": 1, "c": False, "d": None, "e": [], "f": {"g": ["\u2028", None]}, "h": ""}
    assert flatten(record) == {"a": "x", "b": 1, "c": False, "e": "[]", "f": '{"g":["\u2028",null]}', "h": ""}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_has_not_is_left_out(number: float) -> None:
    """As JSON says null of it."""
    assert flatten({"a": number, "measures": {"b": number}}) == {}


def test_each_measure_is_a_field() -> None:
    """So that a reader can size and color by it."""
    assert flatten({"measures": {"pagerank": 0.5, "degree": 2}}) == {
        "measures.pagerank": 0.5,
        "measures.degree": 2,
    }


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False], Kind.BOOLEAN),
        ([1, -(2**63)], Kind.LONG),
        ([1, 0.5], Kind.DOUBLE),
        ([0.5, 1, 2], Kind.DOUBLE),
        ([2**63], Kind.STRING),
        ([1, True], Kind.STRING),
        ([1, "a", 1], Kind.STRING),
        ([1, 0.5, "a", 1], Kind.STRING),
    ],
)
def test_a_column_has_the_narrowest_type_that_holds_it(values: list[Any], kind: Kind) -> None:
    """Numbers of both sorts are doubles, any other mixture is text."""
    assert classify_columns([{"a": value} for value in values]) == {"a": kind}


def test_columns_come_as_they_appear() -> None:
    """In whichever row."""
    assert list(classify_columns([{"b": 1}, {"a": 1, "b": 2}])) == ["b", "a"]


def test_values_are_spelled_as_json_does() -> None:
    """Python's own words for truth are nobody else's."""
    assert [spell(value) for value in (True, False, 1, 0.5, 1e-07, "True")] == [
        *("true", "false", "1", "0.5", "1e-07", "True"),
    ]
