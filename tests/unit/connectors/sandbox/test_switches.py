"""The settings of a sandbox upstream that a test may turn."""

from dataclasses import dataclass, field
from typing import Literal

import pytest

from connectors.sandbox.switches import Switches


@dataclass(frozen=True, slots=True)
class Inner:
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Toy:
    color: Literal["red", "blue"] = "red"
    most: int | None = None
    people: dict[str, Inner] = field(default_factory=dict)


def test_merge_replaces_only_the_given_fields() -> None:
    """What is not named keeps its value, and JSON becomes the fields' own types."""
    switches = Switches(Toy(most=4))
    switches.merge({"color": "blue", "people": {"ann": {"names": ["a"]}}})
    assert switches.now == Toy(color="blue", most=4, people={"ann": Inner(names=("a",))})
    assert switches.show() == {"color": "blue", "most": 4, "people": {"ann": {"names": ["a"]}}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"colour": "red"}, "no such switch: colour"), ({"color": "green"}, "green"), ({"most": "4"}, "int")],
)
def test_a_switch_that_does_not_fit_changes_nothing(changes: dict[str, object], words: str) -> None:
    """An unknown name, a value outside the choices and a wrong type are each a ValueError."""
    switches = Switches(Toy(most=1))
    with pytest.raises(ValueError, match=words):
        switches.merge({"most": 9} | changes)
    assert switches.now == Toy(most=1)


def test_reset_goes_back_to_the_start() -> None:
    """The start is what the sandbox was made with, not the defaults."""
    switches = Switches(Toy(most=1))
    switches.merge({"most": 2})
    switches.reset()
    assert switches.now == Toy(most=1)
