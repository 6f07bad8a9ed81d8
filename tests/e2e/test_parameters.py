"""What each parameter of `/graph` does to the answer; which nodes are found, test_oracle.py judges."""

from itertools import pairwise
from typing import Any

import httpx
import pytest

from harness.asking import Asker, ids_of, node_of, source_of
from harness.place import ASSET_HUB, DOCUMENT_HUB, DOMAIN, DROPPER, ISSUE, THREAT

WIDE: dict[str, Any] = {"max_nodes": 50_000, "max_edges": 200_000, "fan_out": 10_000}


@pytest.fixture
def asker(caller: httpx.Client) -> Asker:
    """Ask the service of the whole run."""
    return Asker(caller)


def test_hops(asker: Asker) -> None:
    """The radius: 0 is the seed alone with its attributes, and each further hop only adds."""
    answers = [asker.graph(DOMAIN, hops=hops) for hops in range(4)]
    assert ids_of(answers[0]) == [DOMAIN]
    assert node_of(answers[0], DOMAIN)["attributes"]["threatwinds"]["domain"] == "acescency.com"
    assert [answer["graph"]["spent"]["hops"] for answer in answers] == [0, 1, 2, 3]
    for nearer, wider in pairwise(answers):
        assert set(ids_of(nearer)) < set(ids_of(wider))
    assert asker.graph(DOMAIN)["nodes"] == answers[1]["nodes"]


def test_sources(asker: Asker) -> None:
    """Only the named sources are asked; comma-separated and repeated names are one list."""
    both = asker.client.get(f"/graph?node={DOMAIN}&sources=threatwinds&sources=acc").json()
    comma = asker.graph(DOMAIN, sources="acc,threatwinds")
    assert both["nodes"] == comma["nodes"]
    assert [source["name"] for source in comma["graph"]["sources"]] == ["threatwinds"]
    assert asker.problem(DOMAIN, sources="acc")["type"] == "/problems/unknown-node"
    problem = asker.problem(DOMAIN, sources="threatwinds,nobody")
    assert (problem["status"], problem["type"]) == (400, "/problems/unknown-source")


@pytest.mark.parametrize("node", [THREAT, ISSUE])
def test_direction_means_nothing_to_undirected_edges(asker: Asker, node: str) -> None:
    """An undirected edge counts for out, in and both."""
    found = [asker.graph(node, hops=2, direction=word)["edges"] for word in ("out", "in", "both")]
    assert found[0] == found[1] == found[2] == asker.graph(node, hops=2)["edges"] != []


def test_relation(asker: Asker) -> None:
    """Only the relations named are followed; what is left out by a filter is complete all the same."""
    assert asker.graph(ISSUE, relation="contains,related_to")["edges"] == asker.graph(ISSUE)["edges"]
    none = asker.graph(ISSUE, relation="contains")
    assert (ids_of(none), none["graph"]["complete"]) == ([ISSUE], True)


def test_the_other_end_is_seen_from_the_node_being_expanded(asker: Asker) -> None:
    """`with_` filters apply at every hop: from an issue to assets, and on to assets only."""
    wide = asker.graph(ISSUE, hops=2, with_type="asset", **WIDE)
    assert {node["type"] for node in wide["nodes"] if node["hop"]} == {"asset"}
    narrow = asker.graph(ISSUE, hops=2, with_namespace="autodesk-construction-photo", with_type="photo")
    assert {node["type"] for node in narrow["nodes"] if node["hop"]} == {"photo"}
    several = asker.graph(ISSUE, with_type="photo,rfi")
    assert {node["type"] for node in several["nodes"] if node["hop"]} == {"photo", "rfi"}
    key = next(node["key"] for node in several["nodes"] if node["type"] == "rfi")
    one = asker.graph(ISSUE, with_key=key)
    assert [node["key"] for node in one["nodes"] if node["hop"]] == [key]
    feed = asker.graph(THREAT, hops=2, with_type="domain")
    assert {node["type"] for node in feed["nodes"] if node["hop"]} == {"domain"}


def test_times_are_exclusive(asker: Asker) -> None:
    """A relation created at the very bound is outside, whichever zone the bound is written in."""
    edges = asker.graph(ISSUE)["edges"]
    times = sorted(edge["created_at"] for edge in edges)
    assert len(set(times)) == len(times) > 3
    after = asker.graph(ISSUE, created_after=times[1])
    assert sorted(edge["created_at"] for edge in after["edges"]) == times[2:]
    between = asker.graph(ISSUE, created_after=times[0], created_before=times[3])
    assert sorted(edge["created_at"] for edge in between["edges"]) == times[1:3]
    shifted = asker.graph(ISSUE, created_before=f"{times[2].rstrip('Z')}+00:00")
    assert sorted(edge["created_at"] for edge in shifted["edges"]) == times[:2]
    assert after["graph"]["complete"] is True


def test_a_time_filter_leaves_undecided_what_has_no_time(asker: Asker) -> None:
    """ThreatWinds tells no times: its relations are left out, counted, and the answer is not complete."""
    answer = asker.graph(THREAT, created_after="2020-01-01T00:00:00Z")
    assert (ids_of(answer), answer["graph"]["complete"]) == ([THREAT], False)
    assert source_of(answer, "threatwinds")["undecided"] == 8
    fewer = asker.graph(THREAT, created_after="2020-01-01T00:00:00Z", with_type="domain")
    assert source_of(fewer, "threatwinds")["undecided"] == 3


def test_deleted(asker: Asker) -> None:
    """Deleted relations are left out, included with their time, or all there is."""
    kept, all_, gone = (
        {edge["id"]: edge for edge in asker.graph(ISSUE, deleted=word)["edges"]}
        for word in ("exclude", "include", "only")
    )
    assert (len(kept), len(all_), len(gone)) == (6, 7, 1)
    assert kept.keys() | gone.keys() == all_.keys()
    assert [(edge["deleted"], edge["deleted_at"] is not None) for edge in gone.values()] == [(True, True)]
    assert {edge["deleted_at"] for edge in kept.values()} == {None}


@pytest.mark.parametrize(
    "field", ["id", "namespace", "tenant", "type", "key", "label", "url", "hop", "expansion", "known_degree"]
)
def test_sort_by_a_node_field(asker: Asker, field: str) -> None:
    """Nodes come in the order of the field, both ways; nothing but the order changes."""
    plain = asker.graph(THREAT, hops=2, max_nodes=40)
    for order, descending in (("asc", False), ("desc", True)):
        answer = asker.graph(THREAT, hops=2, max_nodes=40, sort=field, order=order)
        values = [_value(node[field]) for node in answer["nodes"]]
        told = [value for value in values if value is not None]
        assert told == sorted(told, reverse=descending)
        assert values == told + [None] * (len(values) - len(told))
        assert sorted(ids_of(answer)) == sorted(ids_of(plain))
        assert answer["edges"] == plain["edges"]


@pytest.mark.parametrize(
    ("node", "sort"),
    [
        (THREAT, "threatwinds.reputation"),
        (THREAT, "threatwinds.whois-registrar"),
        (ASSET_HUB, "acc.created_at"),
    ],
)
def test_sort_by_an_attribute_puts_missing_values_last(asker: Asker, node: str, sort: str) -> None:
    """Both ways the nodes without the attribute come last."""
    source, _, name = sort.partition(".")
    for order in ("asc", "desc"):
        answer = asker.graph(node, sort=sort, order=order)
        values = [each["attributes"].get(source, {}).get(name) for each in answer["nodes"]]
        told = [value for value in values if value is not None]
        assert told == sorted(told, reverse=order == "desc")
        assert values == told + [None] * (len(values) - len(told))
        assert len(set(told)) > 1


def test_sort_never_decides_what_is_cut(asker: Asker) -> None:
    """A cut keeps the smallest addresses, whatever order they are shown in."""
    plain = asker.graph(ASSET_HUB, max_nodes=7)
    turned = asker.graph(ASSET_HUB, max_nodes=7, sort="id", order="desc")
    assert ids_of(turned) == ids_of(plain)[::-1]


@pytest.mark.parametrize("sort", ["nobody.reputation", "reputation", "threatwinds.", ".x", "sources"])
def test_sort_by_nothing_known_is_refused(asker: Asker, sort: str) -> None:
    """What is neither a node field nor an attribute of a configured source is a 400 about `sort`."""
    assert [error["field"] for error in asker.problem(DOMAIN, sort=sort)["errors"]] == ["sort"]


def test_budgets_name_themselves(asker: Asker) -> None:
    """Each budget is kept, named where it cut, and the seed counts as a node."""
    for name, limit in (("max_nodes", 7), ("max_edges", 7), ("fan_out", 7)):
        answer = asker.graph(DOCUMENT_HUB, **(WIDE | {name: limit}))
        assert answer["graph"]["truncated"] == [name]
        assert answer["graph"]["complete"] is False
        assert node_of(answer, DOCUMENT_HUB)["expansion"] == "cut"
        assert len(answer["nodes"]) == (7 if name == "max_nodes" else 8)
    assert ids_of(asker.graph(DOCUMENT_HUB, max_nodes=1)) == [DOCUMENT_HUB]


@pytest.mark.parametrize(
    ("name", "least", "most", "outside"),
    [
        ("hops", "0", "6", ("-1", "7", "1.0", "+1", "one")),
        ("max_nodes", "1", "50000", ("0", "50001", "1e3")),
        ("max_edges", "1", "200000", ("0", "200001")),
        ("fan_out", "1", "10000", ("0", "10001")),
        ("max_calls", "1", "5000", ("0", "5001")),
        ("timeout", "0.05", "60", ("0.049", "60.01", "inf", "nan", "0")),
        ("max_age", "0", "100000000", ("-1", "soon")),
    ],
)
def test_ceilings_are_inclusive(
    asker: Asker, name: str, least: str, most: str, outside: tuple[str, ...]
) -> None:
    """The least and the most that may be asked for are answered; anything beyond names its field."""
    # A cached node, so that the shortest time and the fewest calls are enough.
    asker.graph(DROPPER)
    for value in (least, most):
        inside: dict[str, Any] = {"hops": 0, "require": "none", name: value}
        assert asker.reply(DROPPER, **inside).status_code == 200
    for value in outside:
        beyond: dict[str, Any] = {name: value}
        problem = asker.problem(DROPPER, **beyond)
        assert (problem["type"], problem["errors"][0]["field"]) == ("/problems/invalid-parameter", name)


def test_identity(asker: Asker) -> None:
    """`exact` merges a feed's observables under their neutral address; `off` keeps the source's own form."""
    exact, off = asker.graph(THREAT), asker.graph(THREAT, identity="off")
    assert exact["nodes"] == asker.graph(THREAT, identity="exact")["nodes"]
    assert len(off["nodes"]) == len(exact["nodes"])
    assert DOMAIN in ids_of(exact)
    assert "threatwinds:domain:acescency.com" in node_of(exact, DOMAIN)["aliases"]
    assert not any(address.startswith("observable:") for address in ids_of(off))
    assert DOMAIN in node_of(off, "threatwinds:domain:acescency.com")["aliases"]


def test_cursor(asker: Asker) -> None:
    """Pages bring everything once, also when each is small; folded they are the answer at once."""
    whole = asker.graph(THREAT, hops=2)
    nodes: dict[str, Any] = {}
    edges: dict[str, Any] = {}
    page, asked, pages = asker.graph(THREAT, hops=2, max_nodes=4), {"hops": 2, "max_nodes": 4}, 1
    while True:
        new = {node["id"] for node in page["nodes"]}
        assert not new & nodes.keys()
        for part in (page, page["graph"].get("amended", {"nodes": [], "edges": []})):
            nodes |= {node["id"]: node for node in part["nodes"]}
            edges |= {edge["id"]: edge for edge in part["edges"]}
        if page["graph"]["next_cursor"] is None:
            break
        page, pages = asker.graph(THREAT, **asked, cursor=page["graph"]["next_cursor"]), pages + 1
    assert pages > 3
    assert page["graph"]["complete"] is True
    assert sorted(nodes) == ids_of(whole)
    assert [nodes[address] for address in sorted(nodes)] == whole["nodes"]
    assert sorted(edges) == [edge["id"] for edge in whole["edges"]]


def test_a_cursor_is_for_its_own_question(asker: Asker) -> None:
    """With another node or parameter it is refused; how fresh things have to be is no part of it."""
    cursor = asker.graph(THREAT, hops=2, max_nodes=4)["graph"]["next_cursor"]
    for node, changes in ((DOMAIN, {}), (THREAT, {"max_nodes": 5}), (THREAT, {"relation": "related_to"})):
        asked: dict[str, Any] = {"hops": 2, "max_nodes": 4, "cursor": cursor} | changes
        assert asker.problem(node, **asked)["type"] == "/problems/invalid-cursor"
    assert asker.graph(THREAT, hops=2, max_nodes=4, cursor=cursor, max_age=9000)["nodes"]


def test_to(asker: Asker) -> None:
    """The answer is a path: its nodes from end to end, the edges between them, and the verdict."""
    answer = asker.graph(DOMAIN, to=DROPPER)
    (path,) = answer["graph"]["paths"]
    assert (path[0], path[-1], answer["graph"]["verdict"]) == (DOMAIN, DROPPER, "found")
    assert set(path) == set(ids_of(answer))
    steps = {frozenset((edge["subject"], edge["object"])) for edge in answer["edges"]}
    assert steps == {frozenset(step) for step in pairwise(path)}
    assert [node_of(answer, node)["hop"] for node in path] == list(range(len(path)))
    same = asker.graph(DOMAIN, to=DOMAIN)
    assert (same["graph"]["paths"], same["edges"]) == ([[DOMAIN]], [])


def test_paths_and_how_long_they_may_be(asker: Asker) -> None:
    """Several come shortest first; `hops`, where it is given, bounds their length."""
    several = asker.graph(DOMAIN, to=DROPPER, paths=3)["graph"]
    lengths = [len(path) - 1 for path in several["paths"]]
    assert (len(lengths), lengths) == (3, sorted(lengths))
    assert asker.graph(DOMAIN, to=DROPPER, hops=lengths[0])["graph"]["verdict"] == "found"
    short = asker.graph(DOMAIN, to=DROPPER, hops=lengths[0] - 1)["graph"]
    assert (short["paths"], short["verdict"]) == ([], "none_within_budget")


def test_measures(asker: Asker) -> None:
    """Numbers of each node in the answer's graph, and where that graph goes on."""
    answer = asker.graph(THREAT, measures="degree,components")
    ends = [edge[end] for edge in answer["edges"] for end in ("subject", "object")]
    for node in answer["nodes"]:
        assert node["measures"] == {"degree": ends.count(node["id"]), "components": 0}
    boundary = sum(node["expansion"] == "boundary" for node in answer["nodes"])
    told = {"finished": True, "boundary": boundary, "cut": 0, "failed": 0}
    assert answer["graph"]["measures"] == {"degree": told, "components": told}


def test_explain(asker: Asker) -> None:
    """Every alias has its reason, and without the question nothing speaks of it."""
    answer = asker.graph(DOMAIN, explain="identity")
    for node in answer["nodes"]:
        assert [each["address"] for each in node["same_as"]] == node["aliases"]
        assert {each["rule"] for each in node["same_as"]} <= {"observable", "native_id"}
    assert answer["graph"]["identity"]["mode"] == "exact"
    plain = asker.graph(DOMAIN)
    assert "identity" not in plain["graph"]
    assert not any("same_as" in node for node in plain["nodes"])


def test_format_and_table(asker: Asker) -> None:
    """The parameter wins over `Accept`; a CSV answer is one table of the two."""
    dot = asker.reply(DOMAIN, format="dot", headers={"Accept": "application/json"})
    assert dot.headers["content-type"] == "text/vnd.graphviz; charset=utf-8"
    nodes, edges = (asker.reply(DOMAIN, format="csv", table=table).text for table in ("nodes", "edges"))
    assert asker.reply(DOMAIN, format="csv").text == nodes
    assert (nodes.partition(",")[0], edges.partition(",")[0]) == ("id", "id")
    assert ("expansion" in nodes, "provenance" in edges) == (True, True)


def test_several_nodes_in_a_body(asker: Asker) -> None:
    """The neighborhoods of all seeds together, each told of; one alone is what a GET gives."""
    one = asker.client.post("/graph", json={"node": DOMAIN}).json()
    assert (one["nodes"], one["edges"]) == (asker.graph(DOMAIN)["nodes"], asker.graph(DOMAIN)["edges"])
    both = asker.client.post("/graph", json={"nodes": [DOMAIN, DROPPER], "hops": 1}).json()
    assert [seed["seed"] for seed in both["graph"]["seeds"]] == [DOMAIN, DROPPER]
    single = [asker.graph(node) for node in (DOMAIN, DROPPER)]
    assert set(ids_of(both)) == {address for answer in single for address in ids_of(answer)}
    assert {edge["id"] for edge in both["edges"]} == {
        edge["id"] for answer in single for edge in answer["edges"]
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("hops=1&hops=1", "hops"),
        ("hops=", "hops"),
        ("sources=", "sources"),
        ("relation=related_to,,x", "relation"),
        ("with_key=", "with_key"),
        ("hop=1", "hop"),
        ("Hops=1", "Hops"),
        ("deleted=maybe", "deleted"),
        ("direction=up", "direction"),
        ("order=up", "order"),
        ("require=all", "require"),
        ("identity=guessed", "identity"),
        ("format=xml", "format"),
        ("table=edges", "table"),
        ("created_after=2024-05-01T00:00:00", "created_after"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2024-05-01T00:00:00Z&created_before=2024-05-01T00:00:00Z", "created_before"),
        ("cursor=", "cursor"),
        ("to=", "to"),
        ("to=autodesk-bim360-issue:issue", "to"),
        ("paths=2", "paths"),
        ("measures=degree,size", "measures"),
        ("plan=yes", "plan"),
        ("plan=true&format=csv", "plan"),
        ("plan=true&to=observable:domain:acescency.com", "to"),
        ("plan=true&cursor=x", "cursor"),
        ("explain=everything", "explain"),
        ("node=x", "node"),
    ],
)
def test_a_mistake_is_refused_and_named(asker: Asker, query: str, field: str) -> None:
    """Unknown, empty, doubly given and not yet built parameters are 400, never ignored."""
    reply = asker.client.get(f"/graph?node={DOMAIN}&{query}")
    problem = reply.json()
    assert (reply.status_code, problem["type"]) == (400, "/problems/invalid-parameter")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_all_mistakes_are_told_at_once(asker: Asker) -> None:
    """Several wrong parameters are all named in one problem."""
    problem = asker.problem(DOMAIN, hops=9, fan_out=0, sort="x", nonsense=1)
    assert {"hops", "fan_out", "nonsense"} <= {error["field"] for error in problem["errors"]}


def _value(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) else value
