"""GEXF 1.3, by hand: typed attributes, and a kind for each parallel edge so that none is merged.

https://gexf.net/schema.html; the format has no attributes of the graph, so what the answer tells of
itself is the document's description, as JSON.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from service.api.body import encode_json
from service.api.format.field import Scalar, classify_columns, flatten, spell
from service.api.format.markup import escape
from service.api.format.text import encode_text
from service.api.format.written import Written

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" version="1.3">
"""
_NODE_MARKUP = {"id", "label"}
_EDGE_MARKUP = {"id", "subject", "object"}
_Row: TypeAlias = "dict[str, Scalar]"


def write_gexf(written: Written) -> bytes:
    """Write the answer; `defaultedgetype` speaks for all edges, as in GraphML and for its reason."""
    elsewhere = [{"id": address, "elsewhere": True} for address in written.elsewhere()]
    nodes = [flatten(record) for record in (*written.nodes, *elsewhere)]
    edges = [flatten(record) for record in written.edges]
    about = escape(encode_json(written.about).decode("utf-8"))
    direction = "directed" if written.is_directed else "undirected"
    parts = [
        _HEAD,
        f"<meta><creator>relgraph</creator><description>{about}</description></meta>\n",
        f'<graph mode="static" defaultedgetype="{direction}" idtype="string">\n',
    ]
    node_attributes = _declare(parts, "node", nodes, _NODE_MARKUP)
    edge_attributes = _declare(parts, "edge", edges, _EDGE_MARKUP)
    parts.append("<nodes>\n")
    parts += [_node(row, node_attributes) for row in nodes]
    parts.append("</nodes>\n<edges>\n")
    kinds = _kinds(edges)
    parts += [_edge(row, edge_attributes, kind) for row, kind in zip(edges, kinds, strict=True)]
    parts.append("</edges>\n</graph>\n</gexf>\n")
    return encode_text("".join(parts))


def _kinds(edges: Sequence[_Row]) -> list[str]:
    """Give each edge its kind: the relation, numbered from the second between one pair on.

    Gephi merges parallel edges of one kind, and which source said what would be lost.
    """
    used: set[tuple[frozenset[str], str]] = set()
    told: Counter[tuple[frozenset[str], str]] = Counter()
    kinds = []
    for row in edges:
        relation = kind = str(row["relation"])
        pair = frozenset((str(row["subject"]), str(row["object"])))
        # A relation may itself be called as a numbered one would be.
        while (pair, kind) in used:
            told[pair, relation] += 1
            kind = f"{relation} {told[pair, relation] + 1}"
        used.add((pair, kind))
        kinds.append(kind)
    return kinds


def _declare(parts: list[str], scope: str, rows: Sequence[_Row], markup: set[str]) -> Mapping[str, str]:
    """Write an attribute for each name that is not in the markup; give the start of its value's tag."""
    opening = {}
    columns = {name: kind for name, kind in classify_columns(rows).items() if name not in markup}
    parts.append(f'<attributes class="{scope}" mode="static">\n')
    for number, (name, kind) in enumerate(columns.items()):
        parts.append(f'<attribute id="{scope}{number}" title="{escape(name)}" type="{kind}"/>\n')
        opening[name] = f'<attvalue for="{scope}{number}" value="'
    parts.append("</attributes>\n")
    return opening


def _values(row: _Row, opening: Mapping[str, str]) -> str:
    values = "".join(
        f'{opening[name]}{escape(spell(value))}"/>' for name, value in row.items() if name in opening
    )
    return f"<attvalues>{values}</attvalues>"


def _node(row: _Row, attributes: Mapping[str, str]) -> str:
    address = str(row["id"])
    label = escape(str(row.get("label", address)))
    return f'<node id="{escape(address)}" label="{label}">{_values(row, attributes)}</node>\n'


def _edge(row: _Row, attributes: Mapping[str, str], kind: str) -> str:
    ends = f'source="{escape(str(row["subject"]))}" target="{escape(str(row["object"]))}"'
    words = f'label="{escape(str(row["relation"]))}" kind="{escape(kind)}"'
    return f'<edge id="{escape(str(row["id"]))}" {ends} {words}>{_values(row, attributes)}</edge>\n'
