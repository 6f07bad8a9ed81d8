"""Tests of Cytoscape's elements JSON."""

import json

from harness.written import SEED, about, edge, hostile, multigraph, node, shown
from service.api.format.cytoscape import write_cytoscape
from service.api.format.written import Written


def test_defect_12_every_record_is_there_whole() -> None:
    """Parallel edges each have their own element, with all that JSON says of them, hostile values too."""
    for written in (multigraph(), hostile()):
        read = json.loads(write_cytoscape(written))
        elements = read["elements"]
        assert read["data"] == shown(written.about)
        for records, found in ((written.nodes, elements["nodes"]), (written.edges, elements["edges"])):
            pairs = [(shown(record), each["data"]) for record, each in zip(records, found, strict=True)]
            assert [record for record, data in pairs if record != {name: data[name] for name in record}] == []


def test_an_edge_names_its_ends_as_cytoscape_does() -> None:
    """`source` and `target` are the ids of nodes that are there, if need be of another page."""
    written = Written(about(), [node("a.example")], [edge("e1", "b.example")])
    elements = json.loads(write_cytoscape(written))["elements"]
    assert elements["edges"][0]["data"]["source"] == SEED
    assert elements["edges"][0]["data"]["target"] == "observable:domain:b.example"
    assert elements["nodes"][1]["data"] == {
        "id": "observable:domain:b.example",
        "elsewhere": True,
        "value": "observable:domain:b.example",
        "name": "observable:domain:b.example",
    }
