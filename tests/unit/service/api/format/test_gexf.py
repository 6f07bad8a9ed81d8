"""Tests of GEXF as a document."""

import json
from xml.etree import ElementTree as ET

from harness.written import about, edge, hostile, multigraph, node, restore, shown
from service.api.format.gexf import write_gexf
from service.api.format.written import Written

SPACE = "{http://gexf.net/1.3}"


def read(written: Written) -> ET.Element:
    """Parse the document."""
    return ET.fromstring(write_gexf(written))  # noqa: S314 - our own document


def test_defect_12_parallel_edges_differ_in_kind() -> None:
    """Gephi merges edges of one pair and one kind, so no two are alike, whichever way they point."""
    written = multigraph()
    back = edge("e5", "a.example", subject="observable:domain:b.example")
    document = read(Written(written.about, written.nodes, [*written.edges, back]))
    kinds = [each.attrib["kind"] for each in document.iter(f"{SPACE}edge")]
    assert kinds == ["related_to", "related_to 2", "resolves_to", "related_to", "related_to 3"]


def test_no_two_edges_of_a_pair_share_a_kind_by_accident() -> None:
    """A relation may itself be called as a numbered one would be."""
    edges = [edge("1", "b", relation="r"), edge("2", "b", relation="r 2"), edge("3", "b", relation="r")]
    kinds = [each.attrib["kind"] for each in read(Written(about(), [], edges)).iter(f"{SPACE}edge")]
    assert len(set(kinds)) == len(kinds)


def test_the_description_tells_of_the_answer() -> None:
    """All of it, as JSON: completeness, sources and what was spent."""
    for written in (multigraph(), hostile()):
        description = read(written).findtext(f"{SPACE}meta/{SPACE}description") or ""
        assert json.loads(restore(description)) == shown(written.about)


def test_the_schema_s_order_is_kept() -> None:
    """Attributes, then nodes, then edges; every node has a label, of another page its address."""
    document = read(Written(about(), [node("a.example", label="A")], [edge("e1", "b.example")]))
    graph = document.find(f"{SPACE}graph")
    assert graph is not None
    assert [each.tag.removeprefix(SPACE) for each in graph] == ["attributes", "attributes", "nodes", "edges"]
    labels = [each.attrib["label"] for each in document.iter(f"{SPACE}node")]
    assert labels == ["A", "observable:domain:b.example"]
