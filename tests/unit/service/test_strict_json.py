"""JSON read strictly: twice the same member, words that JSON does not have, and what is JSON."""

import pytest

from service.strict_json import TwiceError, read_json


@pytest.mark.parametrize(
    ("text", "value"), [('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}), ("3", 3), ('" "', " ")]
)
def test_json_is_read(text: str, value: object) -> None:
    """What is JSON is given as Python's own reader gives it."""
    assert read_json(text) == value


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "\\u0061": 2}}]'])
def test_a_member_that_is_there_twice_is_told(text: str) -> None:
    """However deep it is, and however it is spelled."""
    with pytest.raises(TwiceError) as caught:
        read_json(text)
    assert caught.value.member == "a"


@pytest.mark.parametrize("text", ["NaN", '{"a": -Infinity}', "[Infinity]", "", "{", "{'a': 1}", "\ufeff{}"])
def test_what_is_no_json_is_refused(text: str) -> None:
    """Python's own reader takes the first three."""
    with pytest.raises(ValueError, match=r"\w") as caught:
        read_json(text)
    assert not isinstance(caught.value, TwiceError)


def test_what_is_nested_too_deep_is_refused() -> None:
    """It costs a stack, not the process."""
    with pytest.raises(RecursionError):
        read_json("[" * 100_000)
