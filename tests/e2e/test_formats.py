"""Every format of an answer over HTTP: how it is asked for, what its headers say, that readers load it."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import networkx as nx
import pytest

from harness.asking import Asker, Json, ids_of
from harness.paging import follow
from harness.place import ASSET, DOCUMENT, DOMAIN, ISSUE, MALWARE_HUB, NOBODY, THREAT
from harness.plain import client_of
from harness.problem import check_problem
from harness.process import Process
from harness.settings import CONTAINER
from harness.written import parsed

MEDIA = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "cytoscape": "application/vnd.cytoscape+json",
    "graphml": "application/graphml+xml",
    "gexf": "application/gexf+xml",
    "dot": "text/vnd.graphviz; charset=utf-8",
    "mermaid": "text/vnd.mermaid; charset=utf-8",
    "csv": "text/csv; charset=utf-8; header=present",
}
WHOLE = [name for name in MEDIA if name != "ndjson"]
SEEDS = (ISSUE, THREAT, DOCUMENT)
# Headers that differ from one request to the next, whatever is asked.
PASSING = {
    "date",
    "request-id",
    "server-timing",
    "content-length",
    "age",
    "content-encoding",
    "transfer-encoding",
}


@pytest.fixture(scope="module")
def asker(service: Process) -> Iterator[Asker]:
    """Ask the service of the run; what is asked about is cached."""
    with client_of(service.url, timeout=30) as client:
        asker = Asker(client)
        for seed in SEEDS:
            asker.graph(seed, hops=2)
        yield asker


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Give the headers that are the same for the same question."""
    return {name: value for name, value in headers.items() if name not in PASSING}


@pytest.mark.parametrize("name", MEDIA)
def test_a_format_by_parameter_and_by_accept_is_the_same(asker: Asker, name: str) -> None:
    """Either way it has the same type, completeness and, costs aside, content."""
    by_parameter = asker.reply(ISSUE, format=name, headers={"Accept": "image/png"})
    by_accept = asker.reply(ISSUE, headers={"Accept": MEDIA[name].split(";")[0]})
    for reply in (by_parameter, by_accept):
        assert reply.status_code == 200, reply.text
        assert reply.headers["content-type"] == MEDIA[name]
        assert "accept" in reply.headers["vary"].lower()
        if name != "ndjson":
            assert reply.headers["graph-complete"] == "?1"
    assert by_parameter.headers.get("etag") == by_accept.headers.get("etag")
    if name in ("csv", "mermaid"):
        assert by_parameter.content == by_accept.content


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("*/*", "json"),
        ("", "json"),
        ("application/*", "json"),
        ("text/*", "dot"),
        ("text/csv;q=0.5, application/graphml+xml;q=0.9", "graphml"),
        ("text/csv, */*;q=0.1", "csv"),
        ("text/csv;q=0, text/*", "dot"),
        ("application/json;q=0.2, text/*;q=0.3", "dot"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "json"),
        ("image/png, text/vnd.mermaid;q=0.001", "mermaid"),
        ("TEXT/CSV; Q=1.0; header=absent", "csv"),
        ("application/json;q=0, */*", "cytoscape"),
        ('application/json;profile="a,b;q=0", text/csv;q=0.9', "json"),
        ("application/gexf+xml;q=1.000, application/graphml+xml;q=0.999", "gexf"),
    ],
)
def test_accept_is_weighed(asker: Asker, accept: str, name: str) -> None:
    """The heaviest wins, the narrowest range speaks for a type, and of equals the one that is named."""
    reply = asker.reply(ISSUE, headers={"Accept": accept})
    # The stream takes its place before other formats of `application/*` when JSON is refused.
    wanted = {MEDIA[name]} | ({MEDIA["ndjson"]} if name == "cytoscape" else set())
    assert (reply.status_code, reply.headers["content-type"] in wanted) == (200, True), reply.headers


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/html",
        "application/xml",
        "application/json;q=0",
        "*/*;q=0",
        "nonsense",
        "text/csv;q=x",
    ],
)
def test_what_is_not_here_is_406(asker: Asker, accept: str) -> None:
    """A caller who takes nothing that is here is told so, as problem+json, on GET, HEAD and POST."""
    headers = {"Accept": accept}
    check_problem(asker.reply(ISSUE, headers=headers), 406, "not-acceptable")
    check_problem(asker.client.post("/graph", json={"node": ISSUE}, headers=headers), 406, "not-acceptable")
    head = asker.client.head("/graph", params={"node": ISSUE}, headers=headers)
    assert (head.status_code, head.content) == (406, b"")


@pytest.mark.parametrize("name", MEDIA)
def test_head_has_the_headers_of_get(asker: Asker, name: str) -> None:
    """HEAD is GET without the body, in every format."""
    query = {"node": ISSUE, "format": name}
    got, head = (asker.client.request(method, "/graph", params=query) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == MEDIA[name]
    assert head.headers["graph-complete"] == "?1"
    if name != "ndjson":
        assert kept(head.headers) == kept(got.headers)


@pytest.mark.parametrize("name", WHOLE)
def test_each_format_has_a_tag_of_its_own(asker: Asker, name: str) -> None:
    """Held, it is a 304 with the completeness; another format's tag, or another table's, is not it."""
    query = {"format": name}
    first = asker.reply(ISSUE, **query)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    again = asker.reply(ISSUE, **query, headers={"If-None-Match": f'"x", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["graph-complete"] == "?1"
    assert again.headers["etag"] == tag
    assert again.headers["vary"] == first.headers["vary"]
    others = {asker.reply(ISSUE, format=other).headers["etag"] for other in WHOLE if other != name}
    assert tag not in others
    assert len(others) == len(WHOLE) - 1
    for other in others:
        assert asker.reply(ISSUE, **query, headers={"If-None-Match": other}).status_code == 200


def test_each_table_has_a_tag_of_its_own(asker: Asker) -> None:
    """Nodes and edges are two documents."""
    tags = [asker.reply(ISSUE, format="csv", table=table).headers["etag"] for table in ("nodes", "edges")]
    assert tags[0] != tags[1] == asker.reply(ISSUE, format="csv", table="edges").headers["etag"]
    assert asker.reply(ISSUE, format="csv").headers["etag"] == tags[0]


@pytest.mark.parametrize("name", WHOLE)
def test_an_incomplete_answer_says_so_in_every_format(asker: Asker, name: str) -> None:
    """`Graph-Complete: ?0`, nothing to keep, and a body all the same; so on HEAD."""
    query = {"node": MALWARE_HUB, "max_nodes": "5", "format": name}
    got, head = (asker.client.request(method, "/graph", params=query) for method in ("GET", "HEAD"))
    for reply in (got, head):
        assert reply.status_code == 200
        assert reply.headers["graph-complete"] == "?0"
        assert reply.headers["cache-control"] == "no-store"
    assert got.content


@pytest.mark.parametrize("name", ["graphml", "cytoscape", "dot", "csv", "gexf", "mermaid"])
def test_pages_come_in_every_format(asker: Asker, name: str) -> None:
    """With one cursor a page is the same in JSON and in the format, edges to earlier pages too."""
    asked: dict[str, Any] = {"hops": 2, "max_nodes": 5, "format": name}
    # The cursor is bound to the graph that is asked for, not to how it is written.
    cursor = asker.graph(ISSUE, hops=2, max_nodes=5)["graph"]["next_cursor"]
    page = asker.graph(ISSUE, hops=2, max_nodes=5, cursor=cursor)
    reply = asker.reply(ISSUE, **asked, cursor=cursor)
    assert reply.status_code == 200, reply.text
    assert reply.headers["graph-complete"] == ("?1" if page["graph"]["complete"] else "?0")
    held = {node["id"] for node in page["nodes"]}
    ends = {edge[end] for edge in page["edges"] for end in ("subject", "object")}
    assert ends - held, "no edge to an earlier page"
    if name == "graphml":
        graph: Any = nx.parse_graphml(reply.text, force_multigraph=True)
        assert set(graph) == held | ends
        assert graph.number_of_edges() == len(page["edges"])
    elif name == "cytoscape":
        elements = reply.json()["elements"]
        assert {node["data"]["id"] for node in elements["nodes"]} == held | ends
        assert reply.json()["data"]["next_cursor"]
    elif name == "csv":
        rows = list(csv.DictReader(io.StringIO(reply.text, newline="")))
        assert {row["id"] for row in rows} == held


def test_a_loop_in_another_format_is_the_answer(asker: Asker) -> None:
    """Cytoscape's pages carry their cursor: folded they are the whole answer."""
    whole = asker.graph(ISSUE, hops=2)

    def page(cursor: str | None) -> Json:
        more = {} if cursor is None else {"cursor": cursor}
        document = asker.reply(ISSUE, hops=2, max_nodes=5, format="cytoscape", **more).json()
        elements = {
            kind: [each["data"] for each in document["elements"][kind]] for kind in ("nodes", "edges")
        }
        elements["nodes"] = [node for node in elements["nodes"] if "elsewhere" not in node]
        return {"graph": document["data"], **elements}

    folding = follow(page, most=100)
    assert len(folding.pages) > 2
    assert set(folding.nodes) == set(ids_of(whole))


def test_paths_and_measures_survive(asker: Asker) -> None:
    """What only some answers have is in the formats that can hold it."""
    asked = {"to": ASSET, "measures": "degree"}
    answer = asker.graph(DOCUMENT, **asked)
    graph: Any = nx.parse_graphml(
        asker.reply(DOCUMENT, **asked, format="graphml").text, force_multigraph=True
    )
    assert parsed(dict(graph.graph))["paths"] == answer["graph"]["paths"]
    assert {data["measures.degree"] for _, data in graph.nodes(data=True)} == {
        node["measures"]["degree"] for node in answer["nodes"]
    }
    rows = list(csv.DictReader(io.StringIO(asker.reply(DOCUMENT, **asked, format="csv").text, newline="")))
    assert [int(row["measures.degree"]) for row in rows] == [
        node["measures"]["degree"] for node in answer["nodes"]
    ]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"table": "nodes"}, "table"),
        ({"table": "edges", "format": "json"}, "table"),
        ({"format": "csv", "table": "both"}, "table"),
        ({"format": "CSV"}, "format"),
        ({"format": ""}, "format"),
        ({"format": "xml"}, "format"),
        ({"format": ["csv", "json"]}, "format"),
    ],
)
def test_what_is_no_format_is_refused(asker: Asker, parameters: dict[str, Any], field: str) -> None:
    """A format that is not here, or a table of what has none, is a 400 that names the parameter."""
    reply = asker.client.get("/graph", params={"node": ISSUE, **parameters})
    check_problem(reply, 400, "invalid-parameter", fields={field})


def test_a_table_goes_with_accept_too(asker: Asker) -> None:
    """`table` is good wherever CSV comes of it, however that was asked for."""
    reply = asker.reply(ISSUE, table="edges", headers={"Accept": "text/csv"})
    assert reply.text.partition(",")[0] == "id"
    assert reply.content == asker.reply(ISSUE, table="edges", format="csv").content


@pytest.mark.parametrize("name", MEDIA)
def test_problems_stay_problems(asker: Asker, name: str) -> None:
    """Whatever is accepted or asked for, a problem is problem+json."""
    headers = {"Accept": MEDIA[name].split(";")[0]}
    check_problem(asker.reply("no address", headers=headers), 400, "invalid-node")
    check_problem(asker.reply("no address", format=name), 400, "invalid-node")
    check_problem(asker.reply(ISSUE, hops=9, format=name), 400, "invalid-parameter", fields={"hops"})
    check_problem(asker.client.get("/nothing/here", headers=headers), 404, "not-found")
    if name != "ndjson":
        check_problem(asker.reply(NOBODY, headers=headers), 404, "unknown-node")


@pytest.mark.parametrize("name", [*WHOLE, "ndjson"])
def test_a_selection_comes_in_every_format(asker: Asker, name: str) -> None:
    """Nothing about a format needs one seed that is a node."""
    reply = asker.reply(f"autodesk-bim360-issue@{CONTAINER}:issue", hops=0, format=name)
    assert (reply.status_code, reply.headers["content-type"]) == (200, MEDIA[name])
    assert ISSUE.rpartition("-")[2] in reply.text


def test_gzip_is_the_same_document(asker: Asker) -> None:
    """Compressed or not, the tag and the text are the same."""
    packed = asker.reply(DOMAIN, hops=2, format="graphml", headers={"Accept-Encoding": "gzip"})
    plain = asker.reply(DOMAIN, hops=2, format="graphml", headers={"Accept-Encoding": "identity"})
    assert packed.headers["etag"] == plain.headers["etag"]
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert set(nx.parse_graphml(packed.text)) == set(nx.parse_graphml(plain.text))
