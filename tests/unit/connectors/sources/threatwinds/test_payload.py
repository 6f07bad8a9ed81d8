"""What is checked of the upstream's JSON."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import SourceContractError
from connectors.sources.threatwinds.payload import parse_entity, parse_slice

Row = Callable[..., dict[str, Any]]


def dump(document: Any) -> bytes:
    """Write JSON the way a careless upstream might: NaN and lone surrogates included."""
    return json.dumps(document).encode()


def test_numbers_may_be_texts(row: Row) -> None:
    """The documents say strings, the wire says integers; both are read."""
    page = parse_slice(
        dump(
            {"items": "2632", "pages": "264", "results": [row("threat", "x", reputation="-3", accuracy="2")]}
        )
    )
    assert page.items == 2632
    assert (page.rows[0].reputation, page.rows[0].accuracy) == (-3, 2)


def test_the_list_has_two_names(row: Row) -> None:
    """The documented name is read like the real one, which wins."""
    documented = parse_slice(dump({"items": 1, "result": [row("threat", "x")]}))
    both = parse_slice(dump({"items": 1, "result": [], "results": [row("threat", "y")]}))
    assert [r.attributes for r in documented.rows] == [{"threat": "x"}]
    assert [r.attributes for r in both.rows] == [{"threat": "y"}]
    assert (documented.list_path, both.list_path) == ("$.result", "$.results")


def test_no_items_and_null_is_an_empty_list() -> None:
    """A list that was never made comes as null."""
    assert parse_slice(b'{"items": 0, "results": null}').rows == ()


@pytest.mark.parametrize("tags", [None, [], ["a", "b"]])
def test_tags_are_always_a_list(row: Row, tags: Any) -> None:
    """Null, empty and absent tags are no tags."""
    assert parse_entity(dump(row("threat", "x", tags=tags))).tags == tuple(tags or ())
    assert parse_entity(dump(row("threat", "x"))).tags == ()


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2023-04-13T06:49:43.218143362Z", datetime(2023, 4, 13, 6, 49, 43, 218143, UTC)),
        ("2023-04-13T06:49:43.2Z", datetime(2023, 4, 13, 6, 49, 43, 200000, UTC)),
        ("2023-04-13T06:49:43Z", datetime(2023, 4, 13, 6, 49, 43, 0, UTC)),
        ("2023-04-13t01:49:43-05:00", datetime(2023, 4, 13, 6, 49, 43, 0, UTC)),
    ],
)
def test_times_are_utc_and_cut_to_microseconds(row: Row, text: str, time: datetime) -> None:
    """Any number of fractional digits is read, and any zone."""
    assert parse_entity(dump(row("threat", "x", **{"@timestamp": text}))).updated_at == time


def test_unknown_fields_are_ignored(row: Row) -> None:
    """What later dialects add, and what nobody documented, changes nothing."""
    plain = parse_entity(dump(row("threat", "x")))
    more = row("threat", "x", lastSeen="nonsense", score=float("nan"), visibleBy={"a": [1]})
    more["attributes"]["odd"] = {"nested": [1]}
    more["attributes"]["odder"] = [[1], {}]
    assert parse_entity(dump(more)) == plain


@pytest.mark.parametrize("field", ["id", "type", "attributes"])
def test_a_missing_field_is_named(row: Row, field: str) -> None:
    """The error holds the path of what every entity must have."""
    broken = row("threat", "x")
    del broken[field]
    with pytest.raises(SourceContractError) as error:
        parse_slice(dump({"items": 2, "results": [row("threat", "y"), broken]}))
    assert error.value.path == f"$.results[1].{field}"


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"results": []}, "$.items"),
        ({"items": 1}, "$.results"),
        ({"items": 0}, "$.results"),
        ({"items": 1, "results": None}, "$.results"),
        ({"items": -1, "results": []}, "$.items"),
        ({"items": True, "results": []}, "$.items"),
        ({"items": 1.5, "results": []}, "$.items"),
        ({"items": "\u0661", "results": []}, "$.items"),
        ({"items": 2**64, "results": []}, "$.items"),
        ({"items": 1, "results": {}}, "$.results"),
        ({"items": 1, "results": [None]}, "$.results[0]"),
        ([], "$"),
        (None, "$"),
    ],
)
def test_a_wrong_envelope_is_named(document: Any, path: str) -> None:
    """Counts that are none, and lists that are none, are refused with their path."""
    with pytest.raises(SourceContractError) as error:
        parse_slice(dump(document))
    assert error.value.path == path


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": 7}, "$.id"),
        ({"type": None}, "$.type"),
        ({"attributes": []}, "$.attributes"),
        ({"attributes": {"ip": float("nan")}}, "$.attributes.ip"),
        ({"attributes": {"ip": float("inf")}}, "$.attributes.ip"),
        ({"attributes": {"cc-number": 2**63}}, "$.attributes['cc-number']"),
        ({"attributes": {"a": [1, 10**30]}}, "$.attributes.a"),
        ({"attributes": {"\x1b[2J" * 50: 2**64}}, "$.attributes[*]"),
        ({"tags": "malware"}, "$.tags"),
        ({"tags": ["a", 1]}, "$.tags[1]"),
        ({"reputation": "high"}, "$.reputation"),
        ({"accuracy": []}, "$.accuracy"),
        ({"@timestamp": 1681368583}, "$['@timestamp']"),
        ({"@timestamp": "yesterday"}, "$['@timestamp']"),
        ({"@timestamp": "2023-02-30T00:00:00Z"}, "$['@timestamp']"),
        ({"@timestamp": "0001-01-01T00:00:00+23:59"}, "$['@timestamp']"),
        ({"id": "a\ud800b"}, "$"),
    ],
)
def test_a_wrong_value_is_named(row: Row, change: dict[str, Any], path: str) -> None:
    """Numbers without end or beyond 64 bits, and wrong types, are refused with their path."""
    with pytest.raises(SourceContractError) as error:
        parse_entity(dump({**row("threat", "x"), **change}))
    assert error.value.path == path


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff", b"[" * 100_000, b'{"id":' * 100_000, b"9" * 5000, b'{"id": "\\ud800"}']
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """Bodies that cannot be read at all are refused at the root."""
    for parse in (parse_entity, parse_slice):
        with pytest.raises(SourceContractError) as error:
            parse(body)
        assert error.value.path == "$"


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=8)
)
def test_nothing_but_a_contract_error_escapes(value: Any) -> None:
    """Any value in any place is read, or refused as the contract's breach."""
    fields = ["id", "type", "attributes", "@timestamp", "tags", "reputation"]
    base: dict[str, Any] = {"id": "a", "type": "b", "attributes": {"b": "c"}}
    for document in (*({**base, name: value} for name in fields), {**base, "attributes": {"b": value}}):
        with suppress(SourceContractError):
            parse_entity(dump(document))
