"""Mapping: from the rows of a page to edges and facts, and from a token to the next call."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Filter
from connectors.errors import SourceContractError
from connectors.model import Address, Edge, NodeFacts, NodeId, Selection, parse_address
from connectors.sources.autodesk.mapping import read_page
from connectors.sources.autodesk.question import intersect, search
from connectors.wire import Call, Reply

CONTAINER = "f0f4f36a-ac64-687f-b132-8efe04b22454"
ASSET = NodeId("autodesk-bim360-asset", CONTAINER, "asset", "2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0")
DOCUMENT = NodeId(
    "autodesk-bim360-documentmanagement",
    CONTAINER,
    "documentlineage",
    "urn:adsk.wipprod:dm.lineage:hC6k4hndRWaeIVhIjvHu8w",
)
EXAMPLE_EDGE = Edge(
    subject=ASSET,
    object=DOCUMENT,
    relation="related_to",
    directed=False,
    record="74b70bb8-8802-a1fd-f201-890375a60c8f",
    created_at=datetime(2015, 10, 21, 16, 32, 22, tzinfo=UTC),
    attributes=(("is_read_only", True), ("is_service", False)),
)
Row = dict[str, Any]
MakeReply = Callable[..., Reply]


def _call(*addresses: Address) -> Call:
    nodes = [address for address in addresses if isinstance(address, NodeId)]
    if len(nodes) > 1:
        return intersect(nodes, Filter(), headers=(), page_limit=100)
    return search(addresses[0], Filter(), headers=(), page_limit=100)


def _page(*rows: Row, **page: Any) -> Row:
    return {"page": {"syncToken": "eyJ9"} | page, "relationships": list(rows)}


def test_the_documented_row_is_one_edge(make_reply: MakeReply, example_row: Row) -> None:
    """Ends ascend by address, times are UTC, and both ends' creation is told."""
    page = read_page(_call(ASSET), make_reply(_page(example_row)))
    assert page.edges == (EXAMPLE_EDGE,)
    assert page.facts == (
        NodeFacts(ASSET, attributes=(("created_at", "2021-07-29T10:39:12Z"),)),
        NodeFacts(DOCUMENT, attributes=(("created_at", "2021-07-29T12:39:12Z"),)),
    )
    assert page.follow == ()
    assert (page.total, page.withheld) == (None, None)


def test_the_order_of_the_entities_means_nothing(make_reply: MakeReply, example_row: Row) -> None:
    """Either order is the same edge, asked from either end."""
    turned = example_row | {"entities": example_row["entities"][::-1]}
    for asked in (ASSET, DOCUMENT):
        assert read_page(_call(asked), make_reply(_page(turned))).edges == (EXAMPLE_EDGE,)


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        (f"autodesk@{CONTAINER}", True),
        (f"autodesk-bim360-asset@{CONTAINER}", True),
        (f"autodesk-bim360-documentmanagement@{CONTAINER}:documentlineage", True),
        (f"autodesk-bim360-asset@{CONTAINER}:documentlineage", False),
        (f"autodesk-bim360-issue@{CONTAINER}", False),
        (f"autodesk-bim360-issue@{CONTAINER}:asset:{ASSET.key}", False),
        (f"autodesk-bim360-asset@{CONTAINER}:category:{ASSET.key}", False),
        (f"autodesk-bim360-asset@{CONTAINER}:asset:{DOCUMENT.key}", False),
    ],
)
def test_a_row_must_have_to_do_with_the_question(
    make_reply: MakeReply, example_row: Row, *, address: str, kept: bool
) -> None:
    """One entity has to match in domain, type and id, as far as they were asked."""
    page = read_page(_call(parse_address(address)), make_reply(_page(example_row)))
    assert bool(page.edges) is kept
    assert bool(page.facts) is kept


@pytest.mark.parametrize(
    "address",
    [
        str(ASSET).upper(),
        f"autodesk-bim360-asset@{CONTAINER}:asset:{ASSET.key.upper()}",
        f"autodesk-BIM360-asset@{CONTAINER}:Asset",
        f"autodesk-bim360-Asset@{CONTAINER}",
    ],
)
def test_a_row_that_may_be_meant_is_held_back_not_lost(
    make_reply: MakeReply, example_row: Row, address: str
) -> None:
    """Nobody documents whether capitals count: then what is told is not known to be all."""
    asked = parse_address(address)
    page = read_page(_call(asked), make_reply(_page(example_row)))
    assert (page.edges, page.facts, page.withheld_from) == ((), (), (asked,))
    assert "other capitals" in str(page.withheld)


def test_only_who_is_spelled_otherwise_is_held_back_from(make_reply: MakeReply, example_row: Row) -> None:
    """Of two asked in one call, one is told of its relation, and of the other's row it is said why."""
    otherwise = deepcopy(example_row) | {"id": "0d8e7b64-2f1c-4c3a-9b5e-7a6f10c2d3e4"}
    otherwise["entities"] = [
        {"domain": "autodesk-bim360-rfi", "type": "rfi", "id": "a"},
        {"domain": "autodesk-bim360-issue", "type": "issue", "id": "b"},
    ]
    rfi = NodeId("autodesk-bim360-rfi", CONTAINER, "rfi", "A")
    page = read_page(_call(ASSET, rfi), make_reply(_page(example_row, otherwise)))
    assert (page.edges, page.withheld_from) == ((EXAMPLE_EDGE,), (rfi,))


def test_an_intersection_keeps_what_touches_any_of_its_nodes(make_reply: MakeReply, example_row: Row) -> None:
    """A row of one of the nodes is kept, a row of none dropped; wrapped in an array or not."""
    stranger = deepcopy(example_row)
    for entity in stranger["entities"]:
        entity["id"] = "elsewhere"
    call = _call(DOCUMENT, NodeId("autodesk-bim360-rfi", CONTAINER, "rfi", "1"))
    body = _page(stranger, example_row)
    assert read_page(call, make_reply(body)).edges == (EXAMPLE_EDGE,)
    assert read_page(call, make_reply([body])).edges == (EXAMPLE_EDGE,)


def test_what_is_not_told_is_not_made_up(make_reply: MakeReply, example_row: Row) -> None:
    """Missing and null flags and times leave no attribute, no time and no fact."""
    bare = {"id": example_row["id"], "entities": deepcopy(example_row["entities"])}
    for entity in bare["entities"]:
        del entity["createdOn"]
    nulls = bare | dict.fromkeys(["createdOn", "isReadOnly", "isService", "isDeleted", "deletedOn"])
    for row in (bare, nulls):
        page = read_page(_call(ASSET), make_reply(_page(row)))
        assert page.edges == (
            Edge(ASSET, DOCUMENT, "related_to", directed=False, record=EXAMPLE_EDGE.record),
        )
        assert page.facts == ()


@pytest.mark.parametrize(
    ("told", "deleted"),
    [
        ({"isDeleted": True, "deletedOn": "2022-01-01T00:00:00Z"}, True),
        ({"isDeleted": True}, True),
        ({"isDeleted": None, "deletedOn": "2022-01-01T00:00:00Z"}, True),
        ({"isDeleted": False, "deletedOn": None}, False),
        ({"isDeleted": False, "deletedOn": "2022-01-01T00:00:00Z"}, False),
    ],
)
def test_a_row_says_whether_it_is_deleted(
    make_reply: MakeReply, example_row: Row, *, told: Row, deleted: bool
) -> None:
    """The flag decides; only where there is none, the time of deletion does."""
    edge = read_page(_call(ASSET), make_reply(_page(example_row | told))).edges[0]
    assert edge.deleted is deleted
    assert edge.deleted_at == (datetime(2022, 1, 1, tzinfo=UTC) if told.get("deletedOn") else None)


def test_two_records_between_one_pair_are_two_edges(make_reply: MakeReply, example_row: Row) -> None:
    """A record is the edge's own, so parallel records stay apart; its GUID is lower-cased."""
    second = example_row | {"id": "AAAAAAAA-0000-0000-0000-000000000000"}
    records = [edge.record for edge in read_page(_call(ASSET), make_reply(_page(example_row, second))).edges]
    assert records == [EXAMPLE_EDGE.record, "aaaaaaaa-0000-0000-0000-000000000000"]


def test_a_thing_related_to_itself_is_a_loop(make_reply: MakeReply, example_row: Row) -> None:
    """Two equal entities are one node and one edge."""
    loop = example_row | {"entities": [example_row["entities"][0]] * 2}
    edge = read_page(_call(ASSET), make_reply(_page(loop))).edges[0]
    assert (edge.subject, edge.object) == (ASSET, ASSET)


def test_the_earliest_creation_of_a_node_stands(make_reply: MakeReply, example_row: Row) -> None:
    """Where rows disagree about an entity, their order does not matter."""
    earlier = deepcopy(example_row)
    earlier["entities"][0]["createdOn"] = "2020-01-01T00:00:00Z"
    for rows in ([earlier, example_row], [example_row, earlier]):
        facts = read_page(_call(ASSET), make_reply(_page(*rows))).facts
        assert facts[0] == NodeFacts(ASSET, attributes=(("created_at", "2020-01-01T00:00:00Z"),))


@pytest.mark.parametrize(
    "value",
    [
        {"domain": "forma-something"},
        {"domain": "autodesk-x "},
        {"type": "a/b"},
        {"type": "a\x00b"},
        {"type": "t" * 129},
        {"id": "x" * 513},
        {"id": "x" * 10_000},
    ],
)
def test_what_has_no_address_is_told_and_left_out(
    make_reply: MakeReply, example_row: Row, value: dict[str, str]
) -> None:
    """A relation to it makes the page partial for whom it is about; the other rows, and others, stay."""
    foreign = deepcopy(example_row)
    foreign["entities"][1] |= value
    page = read_page(_call(ASSET), make_reply(_page(foreign, example_row)))
    assert page.edges == (EXAMPLE_EDGE,)
    assert page.withheld == "a relation leads to what has no address here, as a domain that is not autodesk-*"
    assert read_page(_call(DOCUMENT), make_reply(_page(foreign))).withheld is None
    both = read_page(_call(ASSET, DOCUMENT), make_reply(_page(foreign, example_row)))
    assert (both.edges, both.withheld_from) == ((EXAMPLE_EDGE,), (ASSET,))


@pytest.mark.parametrize(("changed", "partial"), [({"id": "x" * 513}, True), ({"domain": "forma"}, False)])
def test_a_selection_misses_what_is_its_own(
    make_reply: MakeReply, example_row: Row, changed: dict[str, str], *, partial: bool
) -> None:
    """A member without an address is held back from its type's selection, a stranger's is noise."""
    row = deepcopy(example_row)
    row["entities"][0]["type"] = "another"
    row["entities"][1] |= changed
    member = example_row["entities"][1]
    call = _call(Selection(member["domain"], CONTAINER, member["type"]))
    assert (read_page(call, make_reply(_page(row))).withheld is not None) is partial


@pytest.mark.parametrize("page", [{}, {"continuationToken": None}, {"continuationToken": ""}])
def test_no_token_ends_the_listing(make_reply: MakeReply, page: Row) -> None:
    """Absent, null and empty all mean that this was the last page."""
    assert read_page(_call(ASSET), make_reply(_page(**page))).follow == ()


def test_a_token_leads_to_the_next_page(make_reply: MakeReply) -> None:
    """It is the same call with the token at the end of its query, replaced on every page."""
    call = _call(ASSET, DOCUMENT)
    (second,) = read_page(call, make_reply(_page(continuationToken="10"))).follow
    assert second.query == (*call.query, ("continuationToken", "10"))
    assert (second.method, second.path, second.body) == (call.method, call.path, call.body)
    assert second.opening is False
    (third,) = read_page(second, make_reply(_page(continuationToken=20))).follow
    assert third.query == (*call.query, ("continuationToken", "20"))


def test_a_page_that_names_itself_as_the_next_is_refused(make_reply: MakeReply) -> None:
    """The documentation's example does, having been asked with the token it returns."""
    (second,) = read_page(_call(ASSET), make_reply(_page(continuationToken="10"))).follow
    with pytest.raises(SourceContractError) as caught:
        read_page(second, make_reply(_page(continuationToken="10")))
    assert caught.value.path == "$.page.continuationToken"


ENDS = st.lists(
    st.tuples(
        st.sampled_from(["autodesk-a", "autodesk-b"]), st.sampled_from("tu"), st.text(min_size=1, max_size=3)
    ),
    min_size=2,
    max_size=2,
).filter(
    lambda ends: all(ord(character) not in range(0xD800, 0xE000) for end in ends for character in end[2])
)
SELECTION = Selection("autodesk-a", CONTAINER, None)


@given(rows=st.lists(ENDS, max_size=6))
def test_every_edge_touches_the_question_and_ids_survive(make_reply: MakeReply, rows: list[Any]) -> None:
    """Edges are those with a member at either end, and every address in them can be read back."""
    shown = [
        {
            "id": f"00000000-0000-0000-0000-{index:012x}",
            "entities": [dict(zip(("domain", "type", "id"), end, strict=True)) for end in ends],
        }
        for index, ends in enumerate(rows)
    ]
    edges = read_page(_call(SELECTION), make_reply(_page(*shown))).edges
    assert len(edges) == sum(any(end[0] == "autodesk-a" for end in ends) for ends in rows)
    for edge in edges:
        assert str(edge.subject) <= str(edge.object)
        assert "autodesk-a" in (edge.subject.namespace, edge.object.namespace)
        assert parse_address(str(edge.subject)) == edge.subject
