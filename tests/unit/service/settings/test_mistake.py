"""How every mistake of a table is found, and none is invented."""

from typing import Literal, Self

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from service.settings.mistake import read_model


class Table(BaseModel):
    """A table with fields, a choice, and rules over several of them."""

    model_config = ConfigDict(extra="forbid")

    base_url: str
    mode: Literal["mine", "theirs"] = "mine"
    token: SecretStr | None = None
    count: int = 1
    limit: int = 10

    @model_validator(mode="after")
    def _check_url(self) -> Self:
        if not self.base_url.startswith("https://"):
            raise ValueError("base_url: has to be https")
        return self

    @model_validator(mode="after")
    def _check_rest(self) -> Self:
        mistakes = []
        if self.mode == "mine" and self.token is None:
            mistakes.append("token: needed")
        if self.count > self.limit:
            mistakes.append("count: above limit; mend either")
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self


RIGHT = {"base_url": "https://x", "token": "t"}


def test_a_right_table_is_read() -> None:
    """No mistake, and the model."""
    table, mistakes = read_model(Table, RIGHT)
    assert table == Table(base_url="https://x", token=SecretStr("t"))
    assert mistakes == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"count": "x", "limit": "y"}, {"count", "limit"}),
        ({"count": "x", "base_url": "http://x"}, {"count", "base_url"}),
        ({"base_url": "http://x", "count": 11, "token": None}, {"base_url", "token", "count"}),
        ({"base_url": 5, "count": 11}, {"base_url", "count"}),
        ({"bogus": 1, "count": 11}, {"bogus", "count"}),
        ({"mode": "ours", "count": 11}, {"mode", "count"}),
    ],
)
def test_mistakes_behind_mistakes_are_found(changes: dict[str, object], expected: set[str]) -> None:
    """A wrong field hides no broken rule, and one broken rule no other."""
    table, mistakes = read_model(Table, RIGHT | changes)
    assert table is None
    assert {where for where, _ in mistakes} == expected
    assert len(mistakes) == len(expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"mode": "ours", "token": None}, {"mode"}), ({"token": 5}, {"token"}), ({"token": ["x"]}, {"token"})],
)
def test_what_a_right_value_might_heal_is_not_told(changes: dict[str, object], expected: set[str]) -> None:
    """A missing token is no mistake while the mode is unknown, nor is one that is merely misspelt."""
    _, mistakes = read_model(Table, RIGHT | changes)
    assert {where for where, _ in mistakes} == expected


def test_a_value_that_could_not_be_read_causes_no_further_mistake() -> None:
    """A token that is in an unreadable file is not missing; what is wrong besides is told."""
    table, mistakes = read_model(Table, {"base_url": "https://x", "count": 11}, unknown=frozenset({"token"}))
    assert table is None
    assert [where for where, _ in mistakes] == ["count"]


def test_a_rule_is_told_at_the_field_that_it_blames() -> None:
    """`field: words; words` of a rule becomes one mistake at the field, semicolon and all."""
    _, mistakes = read_model(Table, RIGHT | {"count": 11})
    assert mistakes == (("count", "above limit; mend either"),)
