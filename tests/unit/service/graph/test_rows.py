"""Rows are a list of records that nobody has written until somebody looks."""

import pytest
from msgspec import Raw

from service.graph.record import Record
from service.graph.rows import Rows

RECORDS: list[Record] = [{"id": "a"}, {"id": "b"}, {"id": "c"}]


class _Writer:
    """Writes the records, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> list[Record]:
        self.times += 1
        return list(RECORDS)


def test_who_passes_by_keeps_nothing() -> None:
    """Each reading writes the records anew, and to count them takes none."""
    writer = _Writer()
    rows = Rows(3, write=writer)
    assert len(rows) == 3
    assert writer.times == 0
    assert [list(rows.passing()), list(rows.passing())] == [RECORDS, RECORDS]
    assert writer.times == 2


@pytest.mark.parametrize(
    ("look", "seen"),
    [
        (list, RECORDS),
        (lambda rows: rows[1], RECORDS[1]),
        (lambda rows: rows[1:], RECORDS[1:]),
        (lambda rows: rows == RECORDS, True),
        (lambda rows: rows == Rows(3, write=_Writer()), True),
        (lambda rows: rows == RECORDS[1:], False),
    ],
)
def test_who_looks_at_one_has_all_of_them_kept(look: object, seen: object) -> None:
    """They are written once, whatever is looked at and however often."""
    writer = _Writer()
    rows = Rows(3, write=writer)
    assert callable(look)
    assert [look(rows), look(rows)] == [seen, seen]
    assert next(iter(rows.passing())) is rows[0]
    assert writer.times == 1


def test_who_passes_by_may_be_given_json_and_who_looks_is_not() -> None:
    """What is written already passes as it is; whoever looks at a record sees one."""
    rows = Rows(2, write=lambda: RECORDS[:2], give=lambda: [RECORDS[0], Raw(b'{"id": "b"}')])
    assert [type(each) for each in rows.passing()] == [dict, Raw]
    assert list(rows) == RECORDS[:2]
    assert list(rows.passing()) == RECORDS[:2]
