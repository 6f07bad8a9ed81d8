"""GraphML 1.0, by hand: typed keys, an XML id for each edge, parallel edges as they are.

http://graphml.graphdrawing.org/specification.html
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from service.api.format.field import Scalar, classify_columns, flatten, spell
from service.api.format.markup import escape
from service.api.format.text import encode_text
from service.api.format.written import Written

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
"""
_TAIL = "</graph>\n</graphml>\n"
# The id names the two ends and the edge itself: no need for data to say it again.
_IN_MARKUP = {"id", "subject", "object"}
_Row: TypeAlias = "dict[str, Scalar]"


def write_graphml(written: Written) -> bytes:
    """Write the answer; what it tells of itself is data of the graph.

    networkx refuses a document that mixes directed and undirected edges, so `edgedefault` speaks for
    all of them, `directed` only if some edge is; the edge's own direction is in its data `directed`.
    """
    elsewhere = [{"id": address, "elsewhere": True} for address in written.elsewhere()]
    about = flatten(written.about)
    nodes = [flatten(record) for record in (*written.nodes, *elsewhere)]
    edges = [flatten(record) for record in written.edges]
    parts = [_HEAD]
    graph_keys = _declare(parts, "graph", [about])
    node_keys = _declare(parts, "node", nodes)
    edge_keys = _declare(parts, "edge", edges)
    direction = "directed" if written.is_directed else "undirected"
    parts.append(f'<graph id="answer" edgedefault="{direction}">\n{_data(about, graph_keys)}\n')
    parts += [f'<node id="{escape(str(row["id"]))}">{_data(row, node_keys)}</node>\n' for row in nodes]
    parts += [_edge(row, edge_keys) for row in edges]
    parts.append(_TAIL)
    return encode_text("".join(parts))


def _declare(parts: list[str], scope: str, rows: Sequence[_Row]) -> Mapping[str, str]:
    """Write a key for each name; give the opening tag of its data."""
    opening = {}
    columns = {name: kind for name, kind in classify_columns(rows).items() if name not in _IN_MARKUP}
    for number, (name, kind) in enumerate(columns.items()):
        # Not `d3` or `d7`: Gephi takes these two for yEd's labels whatever the document says.
        key = f"{scope}{number}"
        parts.append(f'<key id="{key}" for="{scope}" attr.name="{escape(name)}" attr.type="{kind}"/>\n')
        opening[name] = f'<data key="{key}">'
    return opening


def _data(row: _Row, opening: Mapping[str, str]) -> str:
    return "".join(
        f"{opening[name]}{escape(spell(value))}</data>" for name, value in row.items() if name in opening
    )


def _edge(row: _Row, keys: Mapping[str, str]) -> str:
    ends = f'source="{escape(str(row["subject"]))}" target="{escape(str(row["object"]))}"'
    return f'<edge id="{escape(str(row["id"]))}" {ends}>{_data(row, keys)}</edge>\n'
