"""Payloads: the documented shape is read, anything else is told by its place."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Filter
from connectors.errors import SourceContractError, SourceError
from connectors.model import parse_address
from connectors.sources.autodesk.mapping import read_page
from connectors.sources.autodesk.payload import read_listing
from connectors.sources.autodesk.question import search
from connectors.wire import Call, Reply

CONTAINER = "f0f4f36a-ac64-687f-b132-8efe04b22454"
CALL = search(parse_address(f"autodesk@{CONTAINER}"), Filter(), headers=(), page_limit=100)
Row = dict[str, Any]
MakeReply = Callable[..., Reply]


def _at(body: Any, *steps: str | int) -> Any:
    for step in steps:
        body = body[step]
    return body


def _listing(row: Row) -> Row:
    return {"page": {"continuationToken": "10", "syncToken": "eyJ9"}, "relationships": [row]}


def _complaint(make_reply: MakeReply, body: Any) -> SourceContractError:
    with pytest.raises(SourceContractError) as caught:
        read_page(CALL, make_reply(body))
    return caught.value


def test_fields_nobody_knows_are_ignored(make_reply: MakeReply, example_row: Row) -> None:
    """A captured reply carries `permission: null`; that, and anything new anywhere, is no matter."""
    body = deepcopy(_listing(example_row))
    plain = read_page(CALL, make_reply(body))
    for part in (body, body["page"], body["relationships"][0], body["relationships"][0]["entities"][0]):
        part["permission"] = None
    assert read_page(CALL, make_reply(body)) == plain
    assert len(plain.edges) == 1


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$.page", ["page"]),
        ("$.relationships", ["relationships"]),
        ("$.relationships[0].id", ["relationships", 0, "id"]),
        ("$.relationships[0].entities", ["relationships", 0, "entities"]),
        ("$.relationships[0].entities[1]", ["relationships", 0, "entities", 1]),
        ("$.relationships[0].entities[1].domain", ["relationships", 0, "entities", 1, "domain"]),
        ("$.relationships[0].entities[1].type", ["relationships", 0, "entities", 1, "type"]),
        ("$.relationships[0].entities[1].id", ["relationships", 0, "entities", 1, "id"]),
    ],
)
def test_a_missing_required_field_is_told_by_its_place(
    make_reply: MakeReply, example_row: Row, path: str, steps: list[str | int]
) -> None:
    """Without any one of these a reply is broken, in an array as well as plain."""
    body = _listing(example_row)
    del _at(body, *steps[:-1])[steps[-1]]
    assert _complaint(make_reply, body).path == path
    assert _complaint(make_reply, [body]).path == path.replace("$", "$[0]")


@pytest.mark.parametrize(
    ("path", "steps", "value"),
    [
        ("$.page", ["page"], None),
        ("$.page.continuationToken", ["page", "continuationToken"], True),
        ("$.page.continuationToken", ["page", "continuationToken"], ["10"]),
        ("$.relationships", ["relationships"], {}),
        ("$.relationships[0]", ["relationships", 0], "row"),
        ("$.relationships[0].id", ["relationships", 0, "id"], "not-a-guid"),
        ("$.relationships[0].id", ["relationships", 0, "id"], 7),
        ("$.relationships[0].createdOn", ["relationships", 0, "createdOn"], 1650000000),
        ("$.relationships[0].deletedOn", ["relationships", 0, "deletedOn"], "never"),
        ("$.relationships[0].isDeleted", ["relationships", 0, "isDeleted"], "false"),
        ("$.relationships[0].isReadOnly", ["relationships", 0, "isReadOnly"], 1),
        (
            "$.relationships[0].entities",
            ["relationships", 0, "entities"],
            [{"domain": "a", "type": "t", "id": "1"}] * 3,
        ),
        ("$.relationships[0].entities[0].id", ["relationships", 0, "entities", 0, "id"], 7),
        ("$.relationships[0].entities[0].createdOn", ["relationships", 0, "entities", 0, "createdOn"], ""),
        ("$.relationships[0].entities[0].id", ["relationships", 0, "entities", 0, "id"], ""),
        ("$.relationships[0].entities[0].domain", ["relationships", 0, "entities", 0, "domain"], ""),
    ],
)
def test_a_wrong_value_is_told_by_its_place(
    make_reply: MakeReply, example_row: Row, path: str, steps: list[str | int], value: Any
) -> None:
    """Nothing is coerced, and nothing empty names anything."""
    body = deepcopy(_listing(example_row))
    _at(body, *steps[:-1])[steps[-1]] = value
    assert _complaint(make_reply, body).path == path


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>canary</body></html>",
        b"null",
        b'"canary"',
        b'{"page": {}, "relationships": [',
        b"\xff\xfe",
        b'{"page": {"continuationToken": "\\ud800"}, "relationships": []}',
        b"[" * 100_000,
        b'{"page":' * 100_000,
    ],
)
def test_what_is_no_listing_is_refused_without_quoting_it(make_reply: MakeReply, body: bytes) -> None:
    """HTML, half a document, lone surrogates and endless nesting break the contract and nothing else."""
    complaint = _complaint(make_reply, body)
    assert complaint.path.startswith("$")
    assert "canary" not in str(complaint)


@pytest.mark.parametrize("count", [0, 2])
def test_an_array_holds_exactly_one_listing(make_reply: MakeReply, count: int) -> None:
    """One captured reply was wrapped so; none and two are no such thing."""
    assert _complaint(make_reply, [{"page": {}, "relationships": []}] * count).path in ("$", "$[0]")


def test_an_empty_listing_is_an_answer(make_reply: MakeReply) -> None:
    """No rows is no edges, and no error."""
    page = read_page(CALL, make_reply({"page": {"syncToken": ""}, "relationships": []}))
    assert (page.edges, page.facts, page.follow) == ((), (), ())


HOSTILE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["x" * 10_000, "\x00\x1b[31m", "\ud800", "2022-01-01T00:00:00Z", "autodesk-x", "0" * 5000]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES: list[list[str | int]] = [
    ["page"],
    ["page", "continuationToken"],
    ["relationships"],
    ["relationships", 0],
    *(
        ["relationships", 0, name]
        for name in ("id", "createdOn", "deletedOn", "isDeleted", "isService", "entities")
    ),
    ["relationships", 0, "entities", 0],
    *(["relationships", 0, "entities", 1, name] for name in ("domain", "type", "id", "createdOn")),
]


@given(steps=st.sampled_from(PLACES), value=HOSTILE)
@settings(max_examples=200)
def test_hostile_values_escape_as_nothing_but_a_source_error(
    make_reply: MakeReply, make_row: Callable[[], Row], steps: list[str | int], value: Any
) -> None:
    """Whatever stands in whichever place, the page is read or the contract is broken."""
    body = _listing(make_row())
    _at(body, *steps[:-1])[steps[-1]] = value
    follow: Sequence[Call] = ()
    with suppress(SourceError):
        follow = read_page(CALL, make_reply(body)).follow
    assert all(call.target.isascii() for call in follow)


@given(body=st.binary(max_size=60))
def test_hostile_bytes_escape_as_nothing_but_a_source_error(body: bytes) -> None:
    """No sequence of bytes does anything but parse or break the contract."""
    with pytest.raises(SourceContractError):
        read_listing(body)
