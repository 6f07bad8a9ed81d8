"""Errors carry what their reader needs, and their tree is the one the module draws."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors import errors
from connectors.errors import (
    AmbiguousNodeError,
    ConfigurationError,
    GraphError,
    InvalidParameterError,
    SourceContractError,
    SourceDeniedError,
    SourceThrottledError,
    SourceUnavailableError,
)


def draw(kind: type[Exception], depth: int = 0) -> Iterator[tuple[int, str]]:
    """Give the tree below an error as pairs of depth and name, in order of declaration."""
    yield depth, kind.__name__
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from draw(below, depth + 1)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    """Every error stands in the module's drawing, below the right one."""
    lines = re.findall(r"^([│├└─ ]*)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE)
    assert [(len(indent) // 3, name) for indent, name in lines] == list(draw(GraphError))


def test_an_ambiguous_address_carries_the_choices() -> None:
    """The caller is told which addresses would do."""
    assert AmbiguousNodeError("two tenants", choices=["a@x:b:c", "a@y:b:c"]).choices == ("a@x:b:c", "a@y:b:c")


def test_a_wrong_parameter_is_named() -> None:
    """The error knows the parameter it is about."""
    assert InvalidParameterError("not a number", field="hops").field == "hops"


def test_a_configuration_error_tells_every_mistake() -> None:
    """All mistakes are kept, and all are in the message."""
    error = ConfigurationError(["no key", "no host"])
    assert (error.mistakes, str(error)) == (("no key", "no host"), "no key; no host")


def test_throttling_may_tell_how_long() -> None:
    """The wait is kept where it is known, and is None where not."""
    assert SourceThrottledError("slow down", retry_after=timedelta(seconds=3)).retry_after == timedelta(
        seconds=3
    )
    assert SourceThrottledError("slow down").retry_after is None


@pytest.mark.parametrize("kind", [SourceUnavailableError, SourceDeniedError])
def test_who_is_not_asked_is_told_for_how_long(
    kind: type[SourceUnavailableError] | type[SourceDeniedError],
) -> None:
    """A failure has no such time; an upstream that is left alone has."""
    assert kind("not asked", retry_after=timedelta(seconds=3)).retry_after == timedelta(seconds=3)
    assert kind("status 500").retry_after is None


def test_a_broken_reply_is_told_with_its_place() -> None:
    """The JSON path is kept, and begins the message."""
    error = SourceContractError("missing", path="$.results[0].id")
    assert (error.path, str(error)) == ("$.results[0].id", "$.results[0].id: missing")
