"""Documents are changed in one place at a time, and places are named the usual ways."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.testing import mutation

DOCUMENT = {"a": [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}], "@b": {"c-d": None}, "e": []}
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner)
)


def test_places_are_given_from_outside_in() -> None:
    """Every key is a place; of a list its first and its last item stand for all."""
    assert [mutation.written(path) for path in mutation.places(DOCUMENT)] == [
        "a", "a[0]", "a[0].id", "a[3]", "a[3].id", "@b", "@b.c-d", "e",
    ]  # fmt: skip


@given(documents)
def test_a_document_is_never_changed_itself(document: Any) -> None:
    """Changes are made to a copy, and only in the one place."""
    before = mutation.dump(document)
    for path in mutation.places(document):
        changed = mutation.with_value(document, path, "changed")
        assert mutation.value_at(changed, path) == "changed"
        if isinstance(path[-1], str):
            assert path[-1] not in mutation.value_at(mutation.without(document, path), path[:-1])
    assert mutation.dump(document) == before


def test_the_whole_document_can_be_replaced() -> None:
    """The empty path is the document."""
    assert mutation.with_value(DOCUMENT, (), 1) == 1


def test_empty_means_outermost_lists() -> None:
    """Lists are emptied and everything else is left, wherever they are."""
    assert mutation.emptied({"a": [{"b": [1]}], "c": {"d": [2]}, "e": 3}) == {"a": [], "c": {"d": []}, "e": 3}
    assert mutation.emptied([[1]]) == []


def test_long_lists_are_shortened() -> None:
    """The first two and the last item stay, within each list too."""
    assert mutation.shortened({"a": [1, 2, 3, [4, 5, 6, 7]]}) == {"a": [1, 2, [4, 5, 7]]}


@pytest.mark.parametrize("body", [b"", b"{", b"1", b'"a"', b"null", b"\xff", b"[" * 100_000])
def test_other_bodies_are_no_document(body: bytes) -> None:
    """Only a JSON object or array in UTF-8 can be changed in places."""
    assert mutation.load(body) is None


def test_hostile_values_survive_being_written() -> None:
    """NaN and a lone surrogate reach the reader as an upstream would send them."""
    assert mutation.dump([float("nan"), "\ud800"]) == b'[NaN, "\\ud800"]'


def test_a_pattern_stands_for_every_item() -> None:
    """Numbers of items are left open."""
    assert mutation.pattern(("a", 3, "id")) == "a[*].id"
    assert mutation.pattern((0, 1)) == "[*][*]"
    assert mutation.written(()) == "$"


@pytest.mark.parametrize("told", ["a[0].@b", "$.a[0].@b", "a.0.@b", "/a/0/@b", "$['a'][0]['@b']"])
def test_one_place_has_many_spellings(told: str) -> None:
    """JSON path, JSON pointer and dots are all understood."""
    assert mutation.same_place(told, ("a", 0, "@b"))


def test_nearby_is_above_or_below() -> None:
    """A place within or around another is near it, a sibling is not."""
    assert mutation.nearby("$.a", ("a", 0))
    assert mutation.nearby("a[0].b.c", ("a", 0, "b"))
    assert not mutation.nearby("a[1]", ("a", 0))
    assert not mutation.same_place("a", ("a", 0))
