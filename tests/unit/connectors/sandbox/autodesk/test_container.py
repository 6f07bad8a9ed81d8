"""Tests of what a container keeps."""

import pytest

from connectors.sandbox.autodesk import kind
from connectors.sandbox.autodesk.container import Container
from connectors.sandbox.autodesk.row import End, Entity, Row, parse_instant

ASSET, PHOTO, OTHER = (
    Entity(*of, name) for of, name in ((kind.ASSET, "a"), (kind.PHOTO, "p"), (kind.PHOTO, "q"))
)
LATE = parse_instant("2026-01-01T00:00:00Z")


def row(name: str, created_on: str) -> Row:
    """Make a row between the asset and the photo."""
    return Row(name, created_on, (End(ASSET), End(PHOTO)))


def test_rows_come_by_moment_then_id() -> None:
    """Rows are in order of creation, whatever form the time has, and of id within a moment."""
    rows = [
        row("c", "2022-01-01T12:00:00Z"),
        row("b", "2022-01-01T13:00:00+01:00"),
        row("a", "2022-01-01T12:00:00.000001+00:00"),
    ]
    assert [each.id for each in Container(id="x", region="US", rows=rows)] == ["b", "c", "a"]


def test_an_id_is_used_once() -> None:
    """A second row of the same id is an error, not a replacement."""
    box = Container(id="x", region="US", rows=[row("a", "2022-01-01T12:00:00Z")])
    with pytest.raises(ValueError, match="exists"):
        box.add(row("a", "2023-01-01T12:00:00Z"))


def test_deleting_and_reviving_keep_the_place_and_tell_the_change() -> None:
    """A row stays where it is in the listing; its last change is the deletion, then the revival."""
    box = Container(id="x", region="US", rows=[row(name, "2022-01-01T12:00:00Z") for name in "ab"])
    box.delete("a", at=LATE)
    gone = box.find("a")
    assert gone is not None
    assert gone.is_deleted
    assert gone.changed_at > LATE
    back = box.revive("a", at=LATE)
    assert (back.is_deleted, back.changed_at) == (False, gone.changed_at)
    assert [each.id for each in box] == ["a", "b"]


def test_things_are_known_by_a_row_or_by_name() -> None:
    """An entity exists when a row names it or it was listed as unrelated, and in no other case."""
    box = Container(id="x", region="US", rows=[row("a", "2022-01-01T12:00:00Z")], unrelated=[End(OTHER, "d")])
    assert [box.knows(entity) for entity in (ASSET, PHOTO, OTHER)] == [True] * 3
    assert box.end(OTHER) == End(OTHER, "d")
    assert not box.knows(Entity(*kind.ASSET, "p"))
