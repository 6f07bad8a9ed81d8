"""From entities to nodes, facts and edges."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.errors import SourceContractError
from connectors.model import NodeId, parse_address
from connectors.sources.threatwinds.mapping import map_description, map_relations
from connectors.sources.threatwinds.payload import Entity, Slice, parse_slice

Row = Callable[..., dict[str, Any]]


def node(text: str) -> NodeId:
    """Read the address of a node."""
    address = parse_address(text)
    assert isinstance(address, NodeId)
    return address


ASKED = node("threatwinds:threat:expansion on 123@123.com")


def neighbor(row: dict[str, Any]) -> str:
    """Give the address of the one row's node."""
    page = map_relations(ASKED, Slice.model_validate_json(json.dumps({"items": 1, "results": [row]})))
    return str(page.facts[0].node)


@pytest.mark.parametrize(
    ("type_", "shown", "hashed", "address"),
    [
        ("domain", "acescency.com", "acescency.com", "observable:domain:acescency.com"),
        ("domain", "Acescency.COM", "acescency.com", "observable:domain:acescency.com"),
        ("domain", "Acescency.COM", "Acescency.COM", None),
        ("ip", "::ffff:8.8.8.8", "8.8.8.8", "observable:ip:8.8.8.8"),
        ("ip", "10.0.0.1", "10.0.0.1", "observable:ip:10.0.0.1"),
        ("domain", "_dmarc.example.com", "_dmarc.example.com", "observable:domain:_dmarc.example.com"),
        ("adversary", "example.com", "example.com", "threatwinds:adversary:example.com"),
        ("malware", "Doc Dropper Agent", "doc dropper agent", "threatwinds:malware:doc dropper agent"),
        ("asn", 15169, "15169", "observable:asn:15169"),
        ("asn", 15169.0, "15169", "observable:asn:15169"),
        ("breach-count", 12345678.0, "12345678", "threatwinds:breach-count:12345678"),
        ("size-in-bytes", 2000000, "2e+06", "threatwinds:size-in-bytes:2e+06"),
        ("latitude", -74.006, "-74.006", "threatwinds:latitude:-74.006"),
        ("text", True, "true", "threatwinds:text:true"),
        ("group", "APT28", "apt28", None),
        ("domain", "acescencyhipotetic.com", "acescency.com", None),
        ("yara-rule", "rule a", "rule a", "threatwinds:yara-rule:rule a"),
        ("newer-than-this-code", "Foo", "Foo", "threatwinds:newer-than-this-code:Foo"),
        ("newer-than-this-code", "Foo", "foo", None),
        ("entity", "x", "x", None),
        ("text", "", "", None),
        ("text", "x" * 65_537, "x" * 65_537, None),
        ("ip", ["8.8.8.8"], "8.8.8.8", None),
        ("ip", None, "8.8.8.8", None),
    ],
)
def test_the_hash_decides_the_address(
    row: Row, type_: str, shown: Any, hashed: str, address: str | None
) -> None:
    """The value as it came, or its spelling, is the address if it hashes to the id; rules do not count."""
    entity = row(type_, shown, hashed=hashed)
    assert neighbor(entity) == (address or f"threatwinds:entity:{entity['id']}")


def test_the_value_may_be_called_value(row: Row) -> None:
    """Some examples keep the value under another name."""
    entity = {**row("domain", "acescency.com"), "attributes": {"value": "acescency.com"}}
    assert neighbor(entity) == "observable:domain:acescency.com"
    assert neighbor({**entity, "attributes": {}}) == f"threatwinds:entity:{entity['id']}"


def test_facts_are_the_entitys_own(row: Row) -> None:
    """Attributes come by name, a shown value is the label, times are written in UTC."""
    entity = Entity.model_validate(
        row(
            "ip",
            "8.8.8.8",
            **{"@timestamp": "2023-04-13T06:49:43.218143362Z"},
            reputation=-3,
            accuracy=0,
            tags=["b", "a"],
        )
        | {"attributes": {"ip": "8.8.8.8", "tags": "own", "latitude": 1.5, "asn": None, "cidr": ["a"]}}
    )
    (facts,) = map_description(node("observable:ip:8.8.8.8"), entity).facts
    assert (facts.node, facts.label, facts.url) == (node("observable:ip:8.8.8.8"), "8.8.8.8", None)
    assert facts.attributes == (
        ("accuracy", 0),
        ("asn", None),
        ("cidr", ("a",)),
        ("ip", "8.8.8.8"),
        ("latitude", 1.5),
        ("reputation", -3),
        ("tags", ("b", "a")),
        ("updated_at", "2023-04-13T06:49:43.218143Z"),
    )


def test_what_is_not_told_is_not_there(row: Row) -> None:
    """Only tags are always told, as an empty list if need be."""
    (facts,) = map_description(ASKED, Entity.model_validate(row("threat", ASKED.key))).facts
    assert facts.attributes == (("tags", ()), ("threat", ASKED.key))


def test_edges_are_undirected(row: Row) -> None:
    """The smaller address is the subject, whoever was asked about."""
    page = Slice.model_validate(
        {"items": 2, "results": [row("domain", "example.com"), row("threat", "zeus")]}
    )
    told = map_relations(ASKED, page)
    assert [(str(e.subject), str(e.object)) for e in told.edges] == [
        ("observable:domain:example.com", str(ASKED)),
        (str(ASKED), "threatwinds:threat:zeus"),
    ]
    assert {(e.relation, e.directed, e.record, e.created_at, e.deleted) for e in told.edges} == {
        ("related_to", False, None, None, False)
    }
    assert (told.total, told.capped, told.withheld) == (2, False, None)


def test_what_one_page_shows_twice_is_one_relation(row: Row) -> None:
    """Two rows of one entity are one edge, and no reason to look for another."""
    rows = [row("domain", "example.com"), row("threat", "zeus"), row("domain", "example.com")]
    told = map_relations(ASKED, Slice.model_validate({"items": 3, "results": rows}))
    assert told.total == len({edge.object for edge in told.edges} | {e.subject for e in told.edges}) - 1 == 2


@pytest.mark.parametrize("asked", ["threatwinds:malware:zeus", None])
def test_a_node_related_to_itself_is_a_loop(row: Row, asked: str | None) -> None:
    """The row of the node itself is the node as it was asked about, also by its native id."""
    itself = row("malware", "zeus")
    address = node(asked or f"threatwinds:entity:{itself['id']}")
    (edge,) = map_relations(address, Slice.model_validate({"items": 1, "results": [itself]})).edges
    assert edge.subject == edge.object == address


@pytest.mark.parametrize(("items", "capped"), [(9_999, False), (10_000, True), (10**18, True)])
def test_the_window_is_told(*, row: Row, items: int, capped: bool) -> None:
    """From 10 000 on the source holds relations back, and the page says so."""
    told = map_relations(ASKED, Slice.model_validate({"items": items, "results": [row("threat", "x")]}))
    assert (told.capped, told.withheld is not None, told.total) == (capped, capped, items)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": "x" * 10_240}, "$.results[1].id"),
        ({"id": "threat-" + "A" * 64}, "$.results[1].id"),
        ({"id": "6070686d-917d-44bb-ad11-02345a7f1939"}, "$.results[1].id"),
        ({"id": "\x00"}, "$.results[1].id"),
        ({"type": "malware"}, "$.results[1].type"),
        ({"type": ""}, "$.results[1].type"),
    ],
)
def test_ids_and_types_must_agree(row: Row, change: dict[str, str], path: str) -> None:
    """An id that is none, or is of another type than its row, breaks the contract."""
    rows = [row("threat", "x"), {**row("threat", "y"), **change}]
    with pytest.raises(SourceContractError) as error:
        map_relations(ASKED, Slice.model_validate({"items": 2, "results": rows}))
    assert error.value.path == path


def test_a_description_resolves_a_native_id(row: Row) -> None:
    """What an id means comes as the canonical address, and the facts are on it."""
    entity = row("malware", "Doc Dropper Agent", hashed="doc dropper agent")
    page = map_description(node(f"threatwinds:entity:{entity['id']}"), Entity.model_validate(entity))
    assert page.canonical == node("threatwinds:malware:doc dropper agent")
    assert [facts.node for facts in page.facts] == [page.canonical]


def test_an_altered_value_resolves_nothing(row: Row) -> None:
    """A value that does not hash to its id is a label, and the address stays."""
    entity = row("domain", "acescencyhipotetic.com", hashed="acescency.com")
    asked = node(f"threatwinds:entity:{entity['id']}")
    page = map_description(asked, Entity.model_validate(entity))
    assert page.canonical is None
    assert [(facts.node, facts.label) for facts in page.facts] == [(asked, "acescencyhipotetic.com")]


def test_a_canonical_node_stays_what_it_is(row: Row) -> None:
    """The description of a node whose address is known changes no address, whatever value it shows."""
    entity = Entity.model_validate(row("threat", "altered", hashed=ASKED.key))
    page = map_description(ASKED, entity)
    assert (page.canonical, page.facts[0].node, page.facts[0].label) == (None, ASKED, "altered")


def test_a_description_of_something_else_is_refused(row: Row) -> None:
    """The reply has to be about the entity that was asked for."""
    with pytest.raises(SourceContractError) as error:
        map_description(ASKED, Entity.model_validate(row("threat", "another")))
    assert error.value.path == "$.id"


def test_rows_that_are_remembered_are_told_as_they_were_the_first_time(row: Row) -> None:
    """Again, on another page, about another node and about the node itself: as the careful reader has it."""
    rows = [row("threat", "x", reputation=1), row("threat", "y", tags=["a"])]
    body = json.dumps({"items": 2, "results": rows}).encode()
    for asked in (ASKED, node("threatwinds:threat:x"), ASKED, node("threatwinds:threat:X")):
        page = map_relations(asked, parse_slice(body))
        assert page == map_relations(asked, Slice.model_validate_json(body))
        assert {asked} & {facts.node for facts in page.facts} == ({asked} if asked.key == "x" else set())
