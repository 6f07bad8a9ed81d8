"""Each format of the answer is read back by somebody else's reader: nothing is lost, merged or made up.

Cytoscape and mermaid run under Node, from `tests/readers`; the others are Python's.
"""

import csv
import fcntl
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import networkx as nx
import pydot
import pytest

from harness.written import SEED, about, edge, flat, hostile, multigraph, node, parsed, restore, shown
from service.api.format.media import Format, Table
from service.api.format.writer import write_answer
from service.api.format.written import Record, Written

READERS = Path(__file__).parents[1] / "readers"
MIXED = (True, False, False)
ANSWERS = {
    "multigraph": multigraph(),
    "directed multigraph": Written(about(), multigraph().nodes, multigraph(directed=(True,) * 3).edges[:3]),
    "mixed multigraph": multigraph(directed=MIXED),
    "hostile": hostile(),
    "second page": Written(about(), [node("b.example")], [edge("e1", "b.example")]),
    "nothing": Written(about(), [], []),
}
Read = tuple[dict[str, Any], dict[str, Any], dict[str, tuple[tuple[str, str], Any]]]
Run = Callable[[str, bytes], Any]


@pytest.fixture(scope="session")
def run_reader() -> Run:
    """Give a function that feeds a document to a reader under Node and gives what it printed."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed here")
    lock, installed = READERS / "package-lock.json", READERS / "node_modules" / ".package-lock.json"
    with lock.open() as held:
        # Whoever comes first installs, the other test processes wait.
        fcntl.flock(held, fcntl.LOCK_EX)
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            ran = subprocess.run(  # noqa: S603 - our own words
                command, cwd=READERS, capture_output=True, text=True, timeout=300, check=False
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
            installed.touch()

    def run(script: str, document: bytes) -> Any:
        command = ["node", str(READERS / script)]
        ran = subprocess.run(command, input=document, capture_output=True, timeout=120, check=False)  # noqa: S603 - our own words
        assert ran.returncode == 0, ran.stderr.decode("utf-8")
        # JavaScript's numbers are doubles, also those that it prints without a point.
        return json.loads(ran.stdout, parse_int=float)

    return run


def assert_whole(written: Written, read: Read, *, directed: bool | None = None) -> None:
    """Compare what a reader found with what JSON shows; without `directed` an edge's ends have no order."""
    told, nodes, edges = read
    assert told == flat(written.about)
    expected = {record["id"]: flat(record) for record in written.nodes}
    expected |= {address: {"elsewhere": True} for address in written.elsewhere()}
    assert len(expected) == len(written.nodes) + len(written.elsewhere())
    for address, fields in expected.items():
        fields.pop("id", None)
        assert nodes.pop(address) == fields
    assert nodes == {}
    assert list(edges) == [record["id"] for record in written.edges] or set(edges) == {
        record["id"] for record in written.edges
    }
    for record in written.edges:
        fields = flat(record)
        ends = (fields.pop("subject"), fields.pop("object"))
        found_ends, found = edges[fields.pop("id")]
        assert found_ends == ends if directed else set(found_ends) == set(ends)
        assert found == fields


def from_networkx(graph: Any, told: dict[str, Any]) -> Read:
    """Take a graph of networkx apart; an edge's key is its id."""
    edges = {}
    for subject, object_, fields in graph.edges(data=True):
        told_of = parsed(fields)
        edges[told_of.pop("id")] = ((restore(subject), restore(object_)), told_of)
    nodes = {restore(name): parsed(fields) for name, fields in graph.nodes(data=True)}
    return parsed(told), nodes, edges


@pytest.mark.parametrize("name", ANSWERS)
def test_defect_12_networkx_reads_graphml(name: str) -> None:
    """Every edge with its key, direction, provenance and type; what the answer tells of itself."""
    written = ANSWERS[name]
    graph = nx.read_graphml(BytesIO(write_answer(written, format=Format.GRAPHML)))
    if graph.is_multigraph():
        # Of a graph without parallel edges networkx makes the id an attribute by itself.
        nx.set_edge_attributes(graph, {each: each[2] for each in graph.edges(keys=True)}, "id")
    told = {key: value for key, value in graph.graph.items() if key not in {"node_default", "edge_default"}}
    assert graph.is_directed() == written.is_directed
    assert graph.number_of_edges() == len(written.edges)
    assert_whole(written, from_networkx(graph, told), directed=written.is_directed)


@pytest.mark.parametrize("name", ANSWERS)
def test_defect_12_networkx_reads_gexf(name: str) -> None:
    """The same, but for what the answer tells of itself: networkx reads no description."""
    written = ANSWERS[name]
    graph = nx.read_gexf(BytesIO(write_answer(written, format=Format.GEXF)))
    assert graph.is_directed() == written.is_directed
    assert graph.number_of_edges() == len(written.edges)
    _, nodes, edges = from_networkx(graph, {})
    for address, fields in nodes.items():
        if fields.get("elsewhere"):
            assert fields.pop("label") == address
    assert [fields for _, fields in edges.values() if fields.pop("label") != fields["relation"]] == []
    assert_whole(written, (flat(written.about), nodes, edges), directed=written.is_directed)


@pytest.mark.parametrize("name", ANSWERS)
def test_defect_12_networkx_reads_cytoscape(name: str) -> None:
    """The records are the data, nested values and all."""
    written = ANSWERS[name]
    graph = nx.cytoscape_graph(json.loads(write_answer(written, format=Format.CYTOSCAPE)))
    assert graph.graph == shown(written.about)
    assert graph.is_multigraph()
    assert graph.number_of_edges() == len(written.edges)
    held = {name: fields for name, fields in graph.nodes(data=True) if "elsewhere" not in fields}
    assert held.keys() == {record["id"] for record in written.nodes}
    assert all(shown(record).items() <= held[record["id"]].items() for record in written.nodes)
    for record in written.edges:
        fields = graph.edges[record["subject"], record["object"], record["id"]]
        assert {key: fields[key] for key in record} == shown(record)


def unquoted(text: str) -> str:
    """Read a quoted string of DOT, as docs/formats.md says that it is read."""
    assert text[0] == text[-1] == '"'
    return restore(re.sub(r"\\(.)", r"\1", text[1:-1]))


def typed(fields: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """Give texts the type that the same field has in JSON: DOT and CSV have only text."""
    texts = {name: value for name, value in fields.items() if isinstance(like.get(name), str)}
    others = {name: json.loads(value) for name, value in fields.items() if name not in texts}
    return texts | others


def from_dot(written: Written) -> Read:
    """Read with pydot, which keeps the quotes of everything."""
    document = write_answer(written, format=Format.DOT).decode("utf-8")
    (graph,) = pydot.graph_from_dot_data(document) or ()
    kind = "digraph" if written.is_directed else "graph"
    assert (graph.get_type(), graph.get_strict()) == (kind, False)
    nodes = {unquoted(each.get_name()): _dot_fields(each) for each in graph.get_nodes()}
    likes = {record["id"]: flat(record) for record in (*written.nodes, *written.edges)}
    edges: dict[str, Any] = {}
    for each in graph.get_edges():
        fields = _dot_fields(each)
        like = likes[fields.pop("id")]
        assert fields.pop("label") == like["relation"]
        assert (fields.pop("dir", None) == "none") is not like["directed"]
        assert (fields.pop("style", None) == "dashed") is like["deleted"]
        ends = (unquoted(each.get_source()), unquoted(each.get_destination()))
        assert like["id"] not in edges
        edges[like["id"]] = (ends, typed(fields, like))
    nodes = {address: typed(fields, likes.get(address, {})) for address, fields in nodes.items()}
    told = typed(_dot_fields(graph), flat(written.about))
    return told, nodes, edges


def _dot_fields(each: Any) -> dict[str, str]:
    fields = {unquoted(name): value for name, value in each.get_attributes().items()}
    return {name: (drawn_label if name == "label" else unquoted)(value) for name, value in fields.items()}


def drawn_label(text: str) -> str:
    r"""Read a label, in which Graphviz ends a line at `\n` and reads HTML's references."""
    lines = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text[1:-1])
    return restore(lines.replace("&amp;", "&"))


# pydot calls pyparsing by names that pyparsing 3.3 says are old.
@pytest.mark.filterwarnings("ignore::pyparsing.warnings.PyparsingDeprecationWarning")
@pytest.mark.parametrize("name", ANSWERS)
def test_defect_12_pydot_reads_dot(name: str) -> None:
    """Every field of every record, the direction of each edge, and no statement more."""
    assert_whole(ANSWERS[name], from_dot(ANSWERS[name]), directed=True)


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("table", Table)
def test_defect_12_a_table_is_read(name: str, table: Table) -> None:
    """Row by row as it was, the apostrophe before a formula taken away; an empty cell is null or empty."""
    written = ANSWERS[name]
    records = written.nodes if table is Table.NODES else written.edges
    document = write_answer(written, format=Format.CSV, table=table).decode("utf-8")
    rows = list(csv.DictReader(StringIO(document, newline=""), strict=True))
    assert not any(re.match(r"\s*[=+\-@\uff1d]", value) for row in rows for value in row.values())
    for record, row in zip(records, rows, strict=True):
        like = {name: value for name, value in flat(record).items() if value != ""}
        cells = {name: restore(cell.removeprefix("'")) for name, cell in row.items() if cell}
        assert typed(cells, like) == like


@pytest.mark.parametrize("name", ANSWERS)
def test_defect_12_cytoscape_reads_its_own(name: str, run_reader: Run) -> None:
    """Cytoscape itself holds every record whole, and each edge between its two nodes."""
    written = ANSWERS[name]
    told = run_reader("cytoscape.mjs", write_answer(written, format=Format.CYTOSCAPE))
    assert told["data"] == in_javascript(written.about)
    nodes = [each for each in told["nodes"] if "elsewhere" not in each]
    assert [each["id"] for each in told["nodes"] if "elsewhere" in each] == written.elsewhere()
    for record, found in ((written.nodes, nodes), (written.edges, told["edges"])):
        pairs = [(in_javascript(one), other) for one, other in zip(record, found, strict=True)]
        assert [one for one, other in pairs if one != {name: other[name] for name in one}] == []
    ends = [[record["subject"], record["object"]] for record in written.edges]
    assert [each["ends"] for each in told["edges"]] == ends


def in_javascript(record: Record) -> Record:
    """Give the record as JavaScript reads it: every number is a double there."""
    read = json.loads(json.dumps(shown(record)), parse_int=float)
    assert isinstance(read, dict)
    return read


class Text(HTMLParser):
    """Collects the text of a piece of HTML."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__(convert_charrefs=True)
        self.told = ""

    def handle_data(self, data: str) -> None:
        """Take text."""
        self.told += data


def drawn(html: str) -> str:
    """Give the text that a label shows."""
    reader = Text()
    reader.feed(html)
    reader.close()
    return restore(reader.told)


def referred(text: str) -> str:
    """Read mermaid's own marks for its references."""
    return restore(re.sub("\ufb02\xb0\xb0([0-9]+)\xb6\xdf", lambda found: chr(int(found[1])), text))


@pytest.mark.parametrize("name", [name for name in ANSWERS if name != "nothing"])
def test_defect_12_mermaid_reads_and_draws_a_flowchart(name: str, run_reader: Run) -> None:
    """Every node and edge is understood and drawn, with its text and nothing else that it could become."""
    written = ANSWERS[name]
    told = run_reader("mermaid.mjs", write_answer(written, format=Format.MERMAID))
    addresses = [*(record["id"] for record in written.nodes), *written.elsewhere()]
    labels = [*(_label(record) for record in written.nodes), *written.elsewhere()]
    relations = [_relation(record) for record in written.edges]
    assert told["diagramType"] == "flowchart-v2"
    assert referred(told["title"]) == f"Relations of {SEED}"
    assert ("not complete" in referred(told["description"])) is not written.about["complete"]
    assert [referred(each["label"]) for each in told["nodes"]] == labels
    assert [(each["start"], each["end"]) for each in told["edges"]] == [
        tuple(f"n{addresses.index(record[end])}" for end in ("subject", "object")) for record in written.edges
    ]
    assert [referred(each["label"]) for each in told["edges"]] == relations
    assert [each["type"] == "arrow_point" for each in told["edges"]] == [
        each["directed"] for each in written.edges
    ]
    assert [each["stroke"] == "dotted" for each in told["edges"]] == [
        each["deleted"] for each in written.edges
    ]
    assert [drawn(html) for html in told["drawn"]["nodes"]] == labels
    assert [drawn(html) for html in told["drawn"]["edges"]] == relations
    assert told["drawn"]["foreign"] == []


def _label(record: Record) -> str:
    record = shown(record)
    label, address = (_cut(record[name]) for name in ("label", "id"))
    return address if record["label"] in {"", record["key"]} else f"{label} [{address}]"


def _relation(record: Record) -> str:
    sources = sorted(word["source"] for word in record["provenance"])
    return f"{_cut(shown(record)['relation'])} ({', '.join(sources)})"


def _cut(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"
