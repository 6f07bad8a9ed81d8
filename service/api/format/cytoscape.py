"""Cytoscape's elements JSON: loads as it is, and holds everything that the JSON answer holds.

`data` of an element is the whole record, with the names that Cytoscape and networkx look for:
https://js.cytoscape.org/#notation/elements-json, and `networkx.cytoscape_graph`.
"""

from service.api.body import encode_json
from service.api.format.written import Written
from service.graph.record import Record


def write_cytoscape(written: Written) -> bytes:
    """Write one JSON object; `directed` at its top is for networkx, an edge's own is in its data."""
    nodes = [*written.nodes, *({"id": address, "elsewhere": True} for address in written.elsewhere())]
    return encode_json(
        {
            "data": written.about,
            "directed": written.is_directed,
            "multigraph": True,
            "elements": {
                "nodes": [{"data": _node(record)} for record in nodes],
                "edges": [{"data": _edge(record)} for record in written.edges],
            },
        }
    )


def _node(record: Record) -> Record:
    address = record["id"]
    return {**record, "value": address, "name": record.get("label", address)}


def _edge(record: Record) -> Record:
    # An edge's id never is a node's, as Cytoscape demands: it holds no colon.
    return {**record, "source": record["subject"], "target": record["object"], "key": record["id"]}
