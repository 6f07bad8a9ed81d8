"""`measures=`: an answer's numbers, on time, beside other callers, and with nothing left behind."""

import signal
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import networkx as nx
import pytest

from harness.asking import Asker, Json, ids_of
from harness.batching import batch
from harness.board import Board
from harness.family import family, survivors
from harness.paging import follow
from harness.place import ASSET, DOCUMENT, DOCUMENT_HUB, DOMAIN, ISSUE, MALWARE_HUB, THREAT
from harness.plain import client_of
from harness.process import Process
from harness.settings import autodesk, threatwinds
from harness.standing import standing

ALL = ("degree", "components", "pagerank", "communities", "betweenness")
HUGE = {"max_nodes": "50000", "max_edges": "200000", "fan_out": "10000", "max_calls": "5000"}
# What an answer may take beyond its deadline on a busy machine: to encode a large graph, to be read.
OVERSHOOT = 1.5
UNEXPANDED = ("boundary", "cut", "failed")


@pytest.fixture(scope="module")
def asker(service: Process) -> Iterator[Asker]:
    """Ask the service of the run; the first large graph starts its measuring process."""
    with client_of(service.url, timeout=60) as client:
        yield Asker(client)


def load(answer: Json) -> Any:
    """Load an answer as the contract says."""
    return nx.node_link_graph(
        answer, directed=True, multigraph=True, source="subject", target="object", key="id", edges="edges"
    )


def undirected(answer: Json) -> Any:
    """Give the graph with an edge for each two nodes that edges join, as heavy as there are edges."""
    graph: Any = nx.Graph()
    graph.add_nodes_from(sorted(ids_of(answer)))
    counted = Counter(tuple(sorted((edge["subject"], edge["object"]))) for edge in answer["edges"])
    graph.add_weighted_edges_from((one, other, times) for (one, other), times in sorted(counted.items()))
    return graph


def ranked(groups: Collection[Collection[str]]) -> dict[str, int]:
    """Give groups their numbers by size, the largest first, and by smallest id among equals."""
    ordered = sorted(groups, key=lambda group: (-len(group), min(group)))
    return {node: number for number, group in enumerate(ordered) for node in group}


def measured(answer: Json, name: str) -> dict[str, Any]:
    """Give one measure of every node."""
    return {node["id"]: node["measures"][name] for node in answer["nodes"]}


@pytest.mark.parametrize(
    ("seed", "parameters"),
    [
        (ISSUE, {"hops": "2"}),
        (DOMAIN, {"hops": "3", "max_nodes": "120"}),
        (DOCUMENT_HUB, {"hops": "2", "deleted": "include", "max_nodes": "200", "max_calls": "30"}),
        (THREAT, {"hops": "0"}),
        (DOCUMENT, {"to": ASSET, "paths": "5"}),
    ],
)
def test_numbers_are_those_of_networkx(asker: Asker, seed: str, parameters: dict[str, str]) -> None:
    """Computed anew on the JSON answer: every edge of the sources counts both ways, parallel ones each."""
    answer = asker.graph(seed, **parameters, measures=",".join(ALL), timeout="30")
    graph, flat = load(answer), undirected(answer)
    assert {name: told["finished"] for name, told in answer["graph"]["measures"].items()} == dict.fromkeys(
        ALL, True
    )
    assert measured(answer, "degree") == dict(graph.degree())
    assert measured(answer, "components") == ranked(list(nx.weakly_connected_components(graph)))
    assert measured(answer, "pagerank") == pytest.approx(
        nx.pagerank(flat, tol=1e-12, max_iter=1000), abs=1e-9
    )
    assert measured(answer, "betweenness") == pytest.approx(nx.betweenness_centrality(flat), abs=1e-12)
    found = measured(answer, "communities")
    groups = [{node for node, number in found.items() if number == each} for each in set(found.values())]
    assert ranked(groups) == found
    louvain = nx.community.louvain_communities(flat, seed=0)
    assert (
        nx.community.modularity(flat, groups) >= nx.community.modularity(flat, louvain) - 0.05
        if flat.edges
        else True
    )


def test_what_misleads_is_counted(asker: Asker, autodesk_sandbox: Process) -> None:
    """Each measure says at how many nodes the graph goes on where the answer ends: boundary, cut, failed."""
    cut = asker.graph(MALWARE_HUB, max_nodes=30, hops=2, measures="degree,pagerank")
    edge = asker.graph(DOMAIN, hops=1, measures="degree")
    board = Board(autodesk_sandbox.url)
    asker.graph(ISSUE, hops=1)
    board.fault({"match": "relationships", "status": 500})
    try:
        headers = {"Cache-Control": "stale-if-error=0"}
        failed = asker.graph(ISSUE, hops=1, max_age="0", require="none", measures="degree", headers=headers)
    finally:
        board.reset(requests_per_minute=None)
    words = set()
    for answer in (cut, edge, failed):
        counted = Counter(node["expansion"] for node in answer["nodes"])
        words |= counted.keys()
        for told in answer["graph"]["measures"].values():
            assert told == {"finished": True, **{word: counted[word] for word in UNEXPANDED}}
    assert words >= set(UNEXPANDED)


def test_only_what_is_asked_for_is_there(asker: Asker) -> None:
    """One measure gives one number; none gives no member, and the graph is otherwise the same."""
    plain, one = asker.graph(ISSUE), asker.graph(ISSUE, measures="degree")
    assert "measures" not in plain["graph"]
    assert one["graph"]["measures"].keys() == {"degree"}
    assert [
        {name: value for name, value in node.items() if name != "measures"} for node in one["nodes"]
    ] == plain["nodes"]
    repeated = asker.client.get(
        "/graph", params=[("node", ISSUE), ("measures", "degree"), ("measures", "degree")]
    )
    assert repeated.json()["nodes"] == one["nodes"]


@pytest.mark.parametrize("measures", ["", "size", "degree,size", "Degree", "degree,,pagerank"])
def test_a_measure_that_is_none_is_refused(asker: Asker, measures: str) -> None:
    """What is no measure is a 400 that names the parameter."""
    problem = asker.problem(ISSUE, measures=measures)
    assert (problem["status"], {error["field"] for error in problem["errors"]}) == (400, {"measures"})


def test_each_page_is_measured_for_itself(asker: Asker) -> None:
    """A page's numbers are those of the page's own graph, and no record comes amended for them."""

    def page(cursor: str | None) -> Json:
        more = {} if cursor is None else {"cursor": cursor}
        answer = asker.graph(ISSUE, hops=2, max_nodes=5, measures="degree,components", **more)
        assert measured(answer, "degree").keys() == set(ids_of(answer))
        assert answer["graph"]["measures"]["degree"]["finished"] is True
        return answer

    folding = follow(page, most=200)
    assert len(folding.pages) > 2
    assert folding.nodes.keys() == set(ids_of(asker.graph(ISSUE, hops=2, **HUGE)))


def test_a_batch_is_measured_as_one_graph(asker: Asker) -> None:
    """Two seeds far from each other are two components of one graph."""
    answer = batch(asker.client, nodes=[DOMAIN, ISSUE], measures=["components", "degree"])
    graph = load(answer)
    assert measured(answer, "components") == ranked(list(nx.weakly_connected_components(graph)))
    assert set(measured(answer, "components").values()) == {0, 1}


def test_a_deadline_cuts_measures_off(asker: Asker, service: Process) -> None:
    """What does not finish is named and left out, on time, and others are answered meanwhile."""
    whole = asker.graph(MALWARE_HUB, **HUGE, timeout="60")
    assert len(whole["nodes"]) == 2001
    asked = {**HUGE, "timeout": "2.5", "measures": ",".join(reversed(ALL))}
    with ThreadPoolExecutor(1) as other:
        start = monotonic()
        job = other.submit(_ask, service.url, {"node": MALWARE_HUB, **asked})
        slowest = 0.0
        while not job.done():
            began = monotonic()
            assert asker.reply(ISSUE).status_code == 200
            slowest = max(slowest, monotonic() - began)
            sleep(0.02)
        answer, took = job.result(), monotonic() - start
    told = answer["graph"]["measures"]
    assert told["betweenness"]["finished"] is False
    assert all("betweenness" not in node["measures"] for node in answer["nodes"])
    assert told["degree"]["finished"] is True
    assert measured(answer, "degree") == dict(load(answer).degree())
    assert list(told) == list(reversed(ALL))
    assert took < 2.5 + OVERSHOOT
    assert slowest < 1.5


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind(
    tmp_path: Path, threatwinds_sandbox: Process, autodesk_sandbox: Process, how: signal.Signals
) -> None:
    """However the service ends, in the midst of a measure, so do its measuring processes."""
    sources = {"threatwinds": threatwinds(threatwinds_sandbox.url), "acc": autodesk(autodesk_sandbox.url)}
    with (
        standing(tmp_path, sources=sources, redis_url="embedded") as (process, client),
        ThreadPoolExecutor(1) as other,
    ):
        wide = {"node": MALWARE_HUB, **HUGE, "timeout": "25"}
        client.get("/graph", params=wide)
        before = family(process.popen.pid)
        job = other.submit(_try, process.url, wide | {"measures": "betweenness"})
        _await_more(process.popen.pid, than=len(before))
        members = family(process.popen.pid)
        assert len(members) > len(before)
        process.end(how, within=12)
        assert survivors(members, within=5) == []
        job.result()


def _ask(url: str, parameters: dict[str, str]) -> Json:
    with client_of(url, timeout=60) as client:
        return Asker(client).graph(parameters.pop("node"), **parameters)


def _try(url: str, parameters: dict[str, str]) -> None:
    """Ask, and take whatever comes of it: the service is about to end."""
    try:
        httpx.get(f"{url}/graph", params=parameters, timeout=60)
    except httpx.HTTPError as error:
        assert not isinstance(error, httpx.TimeoutException)  # noqa: PT017 - any other end is welcome


def _await_more(pid: int, *, than: int) -> None:
    end = monotonic() + 20
    while len(family(pid)) <= than:
        assert monotonic() < end, "no measuring process"
        sleep(0.02)
    sleep(0.3)
