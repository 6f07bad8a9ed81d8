"""Which function writes which format."""

from collections.abc import Callable, Mapping

from service.api.body import encode_json
from service.api.format.cytoscape import write_cytoscape
from service.api.format.dot import write_dot
from service.api.format.gexf import write_gexf
from service.api.format.graphml import write_graphml
from service.api.format.media import Format, Table
from service.api.format.mermaid import write_mermaid
from service.api.format.table import write_csv
from service.api.format.written import Written


def write_json(written: Written) -> tuple[bytes, ...]:
    """Write node-link data, the format that all others are made of, in pieces that follow each other."""
    graph, edges = encode_json(written.about), encode_json(written.edges)
    return b'{"graph":', graph, b',"nodes":', written.nodes_json, b',"edges":', edges, b"}"


def write_answer(written: Written, *, format: Format, table: Table = Table.NODES) -> bytes:
    """Write the whole answer in a format; ndjson, which is a stream of events, is a KeyError."""
    if format is Format.CSV:
        return write_csv(written, table=table)
    return b"".join(write_json(written)) if format is Format.JSON else _WRITERS[format](written)


_WRITERS: Mapping[Format, Callable[[Written], bytes]] = {
    Format.CYTOSCAPE: write_cytoscape,
    Format.GRAPHML: write_graphml,
    Format.GEXF: write_gexf,
    Format.DOT: write_dot,
    Format.MERMAID: write_mermaid,
}
