"""Tests of GraphML as a document."""

from xml.etree import ElementTree as ET

import pytest

from harness.written import about, edge, hostile, multigraph, node
from service.api.format.graphml import write_graphml
from service.api.format.written import Written

SPACE = "{http://graphml.graphdrawing.org/xmlns}"


def read(written: Written) -> ET.Element:
    """Parse the document."""
    return ET.fromstring(write_graphml(written))  # noqa: S314 - our own document


def test_defect_12_parallel_edges_keep_their_ids() -> None:
    """Every edge is an element of its own."""
    edges = read(multigraph()).findall(f"{SPACE}graph/{SPACE}edge")
    assert [each.attrib["id"] for each in edges] == ["e1", "e2", "e3", "e4"]


@pytest.mark.parametrize(("directed", "default"), [(False, "undirected"), (True, "directed")])
def test_the_default_direction_is_that_of_the_edges(directed: bool, default: str) -> None:  # noqa: FBT001 - a case
    """No edge contradicts it, which networkx would refuse."""
    document = read(multigraph(directed=(directed, False, False)))
    assert document.find(f"{SPACE}graph").attrib["edgedefault"] == default  # type: ignore[union-attr] - it is there
    assert not any("directed" in each.attrib for each in document.iter(f"{SPACE}edge"))


def test_every_key_is_declared_once_and_with_a_type_that_graphml_has() -> None:
    """Keys are those of the values, no more; none has a name that a reader gives a meaning of its own."""
    document = read(hostile())
    keys = [each.attrib for each in document.findall(f"{SPACE}key")]
    assert {each["attr.type"] for each in keys} <= {"boolean", "long", "double", "string"}
    assert {each["id"] for each in keys} == {each.attrib["key"] for each in document.iter(f"{SPACE}data")}
    assert (
        len({each["id"] for each in keys})
        == len({(each["for"], each["attr.name"]) for each in keys})
        == len(keys)
    )
    assert not {"d3", "d7"}.intersection(each["id"] for each in keys)


def test_both_ends_of_every_edge_are_nodes() -> None:
    """A node of another page stands there with nothing but that."""
    document = read(Written(about(), [node("a.example")], [edge("e1", "b.example")]))
    assert [each.attrib["id"] for each in document.iter(f"{SPACE}node")] == [
        "observable:domain:a.example",
        "observable:domain:b.example",
    ]


def test_an_answer_without_anything_is_a_document() -> None:
    """No node and no edge, as of a selection that nothing matches."""
    assert list(read(Written(about(), [], [])).iter(f"{SPACE}node")) == []
