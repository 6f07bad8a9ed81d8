"""Answers over HTTP, read by the readers that each format is for."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import networkx as nx
import pydot
import pytest

from harness.asking import Asker, Json, ids_of
from harness.folding import fold, lasting
from harness.place import DOCUMENT, ISSUE, THREAT
from harness.plain import client_of
from harness.process import Process
from harness.written import flat, parsed

SEEDS = (ISSUE, THREAT, DOCUMENT)


@pytest.fixture(scope="module")
def asker(service: Process) -> Iterator[Asker]:
    """Ask the service of the run; what is asked about is cached."""
    with client_of(service.url, timeout=30) as client:
        asker = Asker(client)
        for seed in SEEDS:
            asker.graph(seed, hops=2)
        yield asker


@pytest.mark.parametrize("seed", SEEDS)
def test_graphml_loads(asker: Asker, seed: str) -> None:
    """Every node and edge is read by networkx with all their fields, and the graph's own."""
    answer = asker.graph(seed, hops=2)
    graph: Any = nx.parse_graphml(asker.reply(seed, hops=2, format="graphml").text, force_multigraph=True)
    _check_graph(graph, answer)
    assert parsed(dict(graph.graph))["complete"] == answer["graph"]["complete"]


@pytest.mark.parametrize("seed", SEEDS)
def test_gexf_loads(asker: Asker, seed: str) -> None:
    """Every node and edge is read by networkx, parallel ones too."""
    answer = asker.graph(seed, hops=2)
    content = asker.reply(seed, hops=2, format="gexf").content
    graph: Any = nx.read_gexf(io.BytesIO(content))
    assert set(graph) == set(ids_of(answer))
    assert graph.number_of_edges() == len(answer["edges"])
    assert {data["label"] for _, data in graph.nodes(data=True)} == {
        node["label"] for node in answer["nodes"]
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_cytoscape_loads(asker: Asker, seed: str) -> None:
    """It is read whole by networkx, each record as it stands in the JSON answer."""
    answer = asker.graph(seed, hops=2)
    document = asker.reply(seed, hops=2, format="cytoscape").json()
    graph: Any = nx.cytoscape_graph(document)
    assert set(graph) == set(ids_of(answer))
    assert graph.number_of_edges() == len(answer["edges"])
    for node in answer["nodes"]:
        assert node.items() <= graph.nodes[node["id"]].items()
    assert document["data"]["complete"] is answer["graph"]["complete"]


# pydot calls pyparsing by names that pyparsing 3.3 says are old.
@pytest.mark.filterwarnings("ignore::pyparsing.warnings.PyparsingDeprecationWarning")
@pytest.mark.parametrize("seed", SEEDS)
def test_dot_loads(asker: Asker, seed: str) -> None:
    """As many nodes and edges are read by pydot, parallel ones each."""
    answer = asker.graph(seed, hops=2)
    (graph,) = pydot.graph_from_dot_data(asker.reply(seed, hops=2, format="dot").text) or ()
    names = {json.loads(node.get_name()) for node in graph.get_nodes() if node.get_name().startswith('"')}
    assert names >= set(ids_of(answer))
    assert len(graph.get_edges()) == len(answer["edges"])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("table", ["nodes", "edges"])
def test_csv_loads(asker: Asker, seed: str, table: str) -> None:
    """The csv module reads a row for each record, in the order of the answer."""
    answer = asker.graph(seed, hops=2, sort="hop", order="desc")
    reply = asker.reply(seed, hops=2, sort="hop", order="desc", format="csv", table=table)
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8"), newline="")))
    assert [row["id"] for row in rows] == [record["id"] for record in answer[table]]
    fields = "expansion" if table == "nodes" else "relation"
    assert [row[fields] for row in rows] == [record[fields] for record in answer[table]]


@pytest.mark.parametrize("seed", SEEDS)
def test_mermaid_names_every_node(asker: Asker, seed: str) -> None:
    """A line for each node and each edge; nothing but letters, digits and references inside labels."""
    answer = asker.graph(seed, hops=1)
    lines = asker.reply(seed, hops=1, format="mermaid").text.splitlines()
    assert "flowchart LR" in lines
    assert sum('["' in line for line in lines) >= len(answer["nodes"])
    assert sum('|"' in line for line in lines) == len(answer["edges"])


@pytest.mark.parametrize("seed", SEEDS)
def test_ndjson_folds_into_the_answer(asker: Asker, seed: str) -> None:
    """The events of the stream add up to the JSON answer."""
    answer = asker.graph(seed, hops=2)
    reply = asker.reply(seed, hops=2, format="ndjson")
    assert lasting(fold(reply.text.splitlines()).answer()) == lasting(answer)


def _check_graph(graph: Any, answer: Json) -> None:
    assert set(graph) == set(ids_of(answer))
    assert {key for _, _, key in graph.edges(keys=True)} == {edge["id"] for edge in answer["edges"]}
    for node in answer["nodes"]:
        wanted = {name: value for name, value in flat(node).items() if name != "id"}
        assert wanted.items() <= {**parsed(graph.nodes[node["id"]])}.items()
