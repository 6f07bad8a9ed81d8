"""What is read in one go is what the careful reader reads."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.threatwinds.payload import Slice
from connectors.sources.threatwinds.plain import PlainSlice, read_plain

Row = Callable[..., dict[str, Any]]
_TOLD = ("id", "type", "attributes", "written_at", "reputation", "accuracy", "tags")
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_TIMES = st.from_regex(
    r"20[0-9]{2}-[01][0-9]-[0-3][0-9][Tt][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,19})?(Z|z|[+-]05:30)",
    fullmatch=True,
)


def told(page: Slice | PlainSlice) -> Any:
    """Give all that is read from a page, values of different types being different."""
    rows = [[repr(getattr(row, name)) for name in _TOLD] for row in page.rows]
    return page.items, page.ids, page.list_path, rows


@given(
    items=_SCALARS,
    attributes=st.dictionaries(st.text(), _SCALARS | st.lists(_SCALARS | st.just({})), max_size=3),
    more=st.fixed_dictionaries(
        {},
        optional={
            "@timestamp": _TIMES | _SCALARS,
            "reputation": _SCALARS,
            "accuracy": _SCALARS,
            "tags": _SCALARS | st.lists(st.text(), max_size=2),
            "unheard": _SCALARS,
        },
    ),
)
def test_what_is_read_at_once_is_read_alike(items: Any, attributes: Any, more: dict[str, Any]) -> None:
    """A page that is read here is one that the careful reader reads, as the same."""
    for count in (1, items):
        row = {"id": "a-b", "type": "a", "attributes": attributes, **more}
        body = json.dumps({"items": count, "results": [row]}).encode()
        page = read_plain(body)
        assert page is None or told(page) == told(Slice.model_validate_json(body))


def test_what_comes_every_day_is_read(row: Row) -> None:
    """A page of the documented kind, with every field, needs no other reader."""
    full = row(
        "threat", "x", reputation=-3, accuracy=2, tags=["a"], **{"@timestamp": "2023-04-13T06:49:43.2Z"}
    )
    full["attributes"]["list"] = ["a", 1, None]
    body = json.dumps({"items": 2, "pages": 1, "results": [full, row("threat", "y", tags=None)]}).encode()
    page = read_plain(body)
    assert page is not None
    assert page.rows[0].written_at == "2023-04-13T06:49:43.200000Z"
    assert page.rows[0].attributes["list"] == ("a", 1, None)
    assert page.rows[1].tags == ()


@pytest.mark.parametrize(
    "change",
    [
        {"reputation": "3"},
        {"accuracy": 2**63},
        {"tags": "malware"},
        {"@timestamp": "2023-04-13T01:49:43-05:00"},
        {"@timestamp": "2023-02-30T00:00:00Z"},
        {"attributes": {"a": {}}},
        {"attributes": {"a": [[]]}},
        {"attributes": {"a": -(2**63)}},
        {"id": 7},
    ],
)
def test_anything_else_is_left_to_the_careful_reader(row: Row, change: dict[str, Any]) -> None:
    """What is unusual or wrong is not judged here."""
    body = json.dumps(
        {"items": 1, "results": [row("threat", "x"), {**row("threat", "y"), **change}]}
    ).encode()
    assert read_plain(body) is None


@pytest.mark.parametrize(
    "body", [b"", b"null", b'{"items": 0, "results": null}', b'{"items": 1, "result": []}', b"\xff"]
)
def test_no_page_is_left_too(body: bytes) -> None:
    """Nor is what has no list under the name on the wire."""
    assert read_plain(body) is None


def test_a_row_in_the_same_words_is_the_same_row(row: Row) -> None:
    """Whichever page it comes on; in other words, or beside one that is too long to keep, it is another."""
    first, second = row("threat", "x"), row("threat", "x", reputation=2)
    long = row("threat", "y" * 1024)

    def read(*rows: dict[str, Any]) -> PlainSlice:
        page = read_plain(json.dumps({"items": len(rows), "results": rows}).encode())
        assert page is not None
        return page

    page, again, unlike, beside = read(first), read(second, first), read(second), read(first, long)
    assert (page.remembered, beside.remembered) == (True, False)
    assert again.rows[1] is page.rows[0]
    assert unlike.rows[0] is again.rows[0] is not page.rows[0]
    assert beside.rows[0] is not page.rows[0]
    assert read().rows == ()
