r"""Graphviz DOT: every field of a record is an attribute of its node or edge.

Everything is a quoted string, in which Graphviz knows no escape but `\"`; a backslash is doubled, as
its labels have it, and every control character shows as `_xHHHH_`.
https://graphviz.org/doc/info/lang.html
"""

from collections.abc import Iterable, Mapping

from service.api.format.field import Scalar, flatten, spell
from service.api.format.text import encode_text, show_unseen_line
from service.api.format.written import Written
from service.graph.record import Record


def write_dot(written: Written) -> bytes:
    """Write a digraph if any edge is directed, else a graph; in a digraph `dir` tells who has no arrow."""
    directed = written.is_directed
    arrow = "->" if directed else "--"
    parts = ["digraph {\n" if directed else "graph {\n"]
    parts += [f"{pair};\n" for pair in _pairs(flatten(written.about))]
    parts += [_node(record) for record in written.nodes]
    parts += [f'{_quote(address)} ["elsewhere"="true"];\n' for address in written.elsewhere()]
    parts += [_edge(record, arrow) for record in written.edges]
    parts.append("}\n")
    return encode_text("".join(parts))


def _node(record: Record) -> str:
    fields = flatten(record)
    label = _label(str(fields.pop("label")))
    pairs = [f'"label"={label}', *_pairs({name: fields[name] for name in fields if name != "id"})]
    return f"{_quote(record['id'])} [{', '.join(pairs)}];\n"


def _edge(record: Record, arrow: str) -> str:
    fields = {name: value for name, value in flatten(record).items() if name not in {"subject", "object"}}
    pairs = [f'"label"={_label(record["relation"])}', *_pairs(fields)]
    if not record["directed"]:
        pairs.append('"dir"="none"')
    if record["deleted"]:
        pairs.append('"style"="dashed"')
    return f"{_quote(record['subject'])} {arrow} {_quote(record['object'])} [{', '.join(pairs)}];\n"


def _pairs(fields: Mapping[str, Scalar]) -> Iterable[str]:
    return (f"{_quote(name)}={_quote(spell(value))}" for name, value in fields.items())


def _quote(text: str) -> str:
    doubled = show_unseen_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{doubled}"'


def _label(text: str) -> str:
    # In a label Graphviz reads HTML's character references, and `\n` ends a line.
    lines = text.replace("&", "&amp;").split("\n")
    return f'"{_LINE_END.join(_quote(line)[1:-1] for line in lines)}"'


_LINE_END = "\\n"
