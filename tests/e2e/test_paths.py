"""`to=`: the paths between two nodes against brute force over the sandboxes' own data."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Any

import pytest

from harness.asking import Json, ids_of, source_of
from harness.crossing import AMPLE, FEEDS, PLAIN, SITE, Stage, crossing
from harness.oracle.pairs import Matchmaker, Pair, graph_of_paths, mistakes
from harness.oracle.question import Question
from harness.paging import follow
from harness.place import ASSET, DOCUMENT, DOMAIN, DOMAIN_ID, EMEA, ISSUE, NOBODY, THREAT
from harness.problem import check_problem
from harness.settings import CONTAINER

# What one case may take; a search that takes more is held to what is true of a cut one.
CALLS = {"max_calls": "200"}
TIMES = datetime(2021, 6, 1, tzinfo=UTC)

FILTERS = (
    PLAIN,
    Question(direction="in", sources=FEEDS, with_type=("domain", "ip", "url", "malware", "sha256", "threat")),
    Question(sources=(SITE,), deleted="include"),
    Question(sources=(SITE,), deleted="only"),
    Question(sources=(SITE,), created_after=TIMES),
    Question(sources=(SITE,), with_type=("issue", "documentlineage", "asset"), direction="out"),
    Question(sources=(SITE,), with_namespace=("autodesk-bim360-documentmanagement", "autodesk-bim360-asset")),
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Start everything for this file."""
    with crossing(tmp_path_factory.mktemp("paths")) as running:
        yield running


@pytest.mark.parametrize(
    "number",
    [pytest.param(each, marks=pytest.mark.soak if each % 3 else ()) for each in range(len(FILTERS))],
)
def test_paths_are_those_that_brute_force_finds(stage: Stage, number: int) -> None:
    """Paths, their order, nodes, hops, edges and the verdict are those of the upstreams' data."""
    matchmaker = Matchmaker(stage.worlds, FILTERS[number], seed=number)
    wrong, whole, verdicts = [], 0, set()
    for each in range(6):
        pair = matchmaker.draw(paths=(1, 3, 16)[each % 3])
        answer = stage.ask(pair, **CALLS)
        verdicts.add(answer["graph"]["verdict"])
        if answer["graph"]["truncated"] == ["max_calls"]:
            wrong += [f"{pair.query}: {what}" for what in graph_of_paths(answer, matchmaker.terrain)]
        else:
            whole += 1
            wrong += mistakes(answer, pair, matchmaker.terrain)
    assert wrong == []
    assert whole >= 5
    assert "found" in verdicts


def test_two_feeds_meet_on_what_both_know(stage: Stage) -> None:
    """From a thing that only one feed knows to one that only the other knows it goes over a shared value."""
    first, second, _ = stage.worlds
    only = [
        sorted(one.relations.keys() - other.things.keys())
        for one, other in ((first, second), (second, first))
    ]
    wrong, crossed = [], 0
    for start, end in zip(only[0][::1400], only[1][::1400], strict=False):
        distance = stage.plain.distance(start, end)
        if distance is not None:
            pair = Pair((start, end), start, end, PLAIN, 3, distance)
            answer = stage.ask(pair, **CALLS)
            crossed += 1
            wrong += mistakes(answer, pair, stage.plain)
            said = {word["source"] for edge in answer["edges"] for word in edge["provenance"]}
            assert said == set(FEEDS)
    assert wrong == []
    assert crossed >= 3


def test_there_is_none_where_an_end_stands_alone(stage: Stage) -> None:
    """An island, an upstream of another kind and a thing nobody knows are wholly told: there is no path."""
    first, _, site = stage.worlds
    island = min(first.things.keys() - first.relations.keys())
    apart = min(node for node in site.relations if len(stage.plain.distances_to(node)) < 5)
    for target in (island, apart, NOBODY):
        answer = stage.asker.graph(DOMAIN, to=target, max_age="0")
        assert (answer["graph"]["verdict"], answer["graph"]["paths"]) == ("none", [])
        assert ids_of(answer) == [DOMAIN]
        assert answer["graph"]["seed_known"] is True
        assert answer["graph"]["complete"] is True
        turned = stage.asker.graph(target, to=DOMAIN, max_age="0", require="none")
        assert (turned["graph"]["verdict"], turned["graph"]["paths"]) == ("none", [])


def test_what_nobody_can_judge_is_no_proof(stage: Stage) -> None:
    """Where a source tells no times, a window leaves open whether there is a path, and says so."""
    answer = stage.asker.graph(DOMAIN, to=THREAT, created_after="2020-01-01T00:00:00Z")
    assert (answer["graph"]["verdict"], answer["graph"]["paths"]) == ("none_within_budget", [])
    assert answer["graph"]["complete"] is False
    assert source_of(answer, "first")["undecided"] > 0


def test_what_a_source_cannot_tell_is_no_proof(stage: Stage) -> None:
    """While a source fails there may be a path; when it is back, it is found."""
    site = stage.boards[2]
    site.fault({"match": "/", "status": 500})
    try:
        answer = stage.asker.graph(
            ISSUE, to=ASSET, max_age="0", require="none", headers={"Cache-Control": "stale-if-error=0"}
        )
    finally:
        site.fault()
    assert (answer["graph"]["verdict"], answer["graph"]["complete"]) == ("none_within_budget", False)
    assert source_of(answer, SITE)["outcome"] == "unavailable"
    assert answer["graph"]["next_cursor"] is None


def test_a_bound_on_the_steps_is_a_budget(stage: Stage) -> None:
    """One step too few finds nothing and proves nothing; as many as needed find the path."""
    pair = _apart(stage, 3)
    short = stage.asker.graph(pair.seed, to=pair.target, hops=2)
    assert (short["graph"]["verdict"], short["graph"]["paths"]) == ("none_within_budget", [])
    # To see whether both ends list, more may be asked about than the steps need.
    assert "hops" in short["graph"]["truncated"]
    assert short["graph"]["complete"] is False
    long = stage.asker.graph(pair.seed, to=pair.target, hops=3)
    assert [len(path) for path in long["graph"]["paths"]] == [4]
    none = stage.asker.graph(pair.seed, to=pair.target, hops=0)
    assert none["graph"]["verdict"] == "none_within_budget"


@pytest.mark.parametrize(
    "target", [DOMAIN, "threatwinds:domain:ACESCENCY.com", f"threatwinds:entity:{DOMAIN_ID}"]
)
def test_a_node_is_a_path_to_itself(stage: Stage, target: str) -> None:
    """Whatever the target is called, when it is the seed there is one path, of one node."""
    answer = stage.asker.graph(DOMAIN, to=target, paths=3)
    assert (answer["graph"]["verdict"], answer["graph"]["paths"]) == ("found", [[DOMAIN]])
    assert (ids_of(answer), answer["edges"]) == ([DOMAIN], [])


def test_a_node_of_a_source_that_describes_none_is_a_path_to_itself(stage: Stage) -> None:
    """Where nothing has to be asked, nobody has failed: the path of one node is found."""
    answer = stage.asker.graph(ISSUE, to=ISSUE)
    assert (answer["graph"]["verdict"], answer["graph"]["paths"]) == ("found", [[ISSUE]])


def test_ends_known_by_their_native_ids(stage: Stage) -> None:
    """Native ids at both ends are resolved first: paths name the values, as if those had been sent."""
    first = stage.worlds[0]
    pair = next(p for p in stage.draw(seed=77) if {p.seed, p.target} <= first.things.keys())
    aliases = [f"threatwinds:entity:{first.things[end].native}" for end in (pair.seed, pair.target)]
    by_value = stage.asker.graph(pair.seed, to=pair.target, paths=3, **CALLS)
    by_id = stage.asker.graph(aliases[0], to=aliases[1], paths=3, **CALLS)
    assert by_id["graph"]["seed"] == pair.seed
    assert by_id["graph"]["paths"] == by_value["graph"]["paths"] != []
    assert (by_id["nodes"], by_id["edges"]) == (by_value["nodes"], by_value["edges"])


def test_without_merging_the_ways_are_as_long(stage: Stage) -> None:
    """With `identity=off` over one feed its own addresses lead as many ways, as long as the merged ones."""
    first = stage.worlds[0]
    for pair in islice((p for p in stage.draw(seed=5, sources=("first",)) if p.hops and p.hops <= 4), 4):
        asked = {"sources": "first", "paths": "3", **CALLS}
        exact = stage.asker.graph(pair.seed, to=pair.target, **asked)
        off = stage.asker.graph(pair.seed, to=pair.target, identity="off", **asked)
        assert off["graph"]["verdict"] == exact["graph"]["verdict"] == "found"
        merged = {alias: thing.id for thing in first.things.values() for alias in thing.aliases}
        ways = [[merged.get(node, node) for node in path] for path in off["graph"]["paths"]]
        assert [len(way) for way in ways] == [len(path) for path in exact["graph"]["paths"]]
        assert all(step in stage.plain.parallel for way in ways for step in pairwise(way))


def test_a_pair_of_records_is_a_pair_of_edges(stage: Stage) -> None:
    """A step that two records assert has both edges; where only one fits, it is cut and says so."""
    twins = sorted(step for step, keys in stage.plain.parallel.items() if len(keys) > 1 and step[0] < step[1])
    seed, target = next((a, b) for a, b in twins if "@" in a)
    answer = stage.asker.graph(seed, to=target)
    assert answer["graph"]["paths"] == [[seed, target]]
    assert {edge["provenance"][0]["record"] for edge in answer["edges"]} == {
        record for _, _, record in stage.plain.parallel[seed, target]
    }
    cut = stage.asker.graph(seed, to=target, max_edges=1)
    assert (len(cut["edges"]), cut["graph"]["truncated"]) == (1, ["max_edges"])
    assert cut["graph"]["verdict"] == "found"
    assert cut["graph"]["next_cursor"] is None


def test_a_path_is_whole_or_not_there(stage: Stage) -> None:
    """A path of four nodes does not fit an answer of three: it is left out, and no page would change that."""
    pair = _apart(stage, 3)
    answer = stage.asker.graph(pair.seed, to=pair.target, max_nodes=3)
    assert (answer["graph"]["verdict"], answer["graph"]["paths"]) == ("none_within_budget", [])
    assert ids_of(answer) == [pair.seed]
    assert answer["graph"]["truncated"] == ["max_nodes"]
    assert answer["graph"]["next_cursor"] is None


@pytest.mark.parametrize("paths", [1, 3])
def test_a_small_budget_is_turned_into_pages(stage: Stage, paths: int) -> None:
    """With few calls a page the cursor goes on until the paths are those that one answer finds."""
    pairs = islice((pair for pair in stage.draw(seed=9) if pair.hops and pair.hops >= 3), 2)
    longest = 0
    for pair in pairs:
        asked = {"to": pair.target, "paths": str(paths), "hops": str(pair.hops)}
        whole = stage.asker.graph(pair.seed, **AMPLE, **asked, max_calls=2000, max_age="0")
        assert whole["graph"]["complete"] is True

        def page(cursor: str | None, seed: str = pair.seed, asked: dict[str, str] = asked) -> Json:
            more = {} if cursor is None else {"cursor": cursor}
            answer = stage.asker.graph(seed, **AMPLE, **asked, max_calls=4, max_age="0", **more)
            assert answer["graph"]["spent"]["calls"] <= 4
            return answer

        folding = follow(page, most=400)
        longest = max(longest, len(folding.pages))
        last = folding.pages[-1]["graph"]
        assert (last["verdict"], last["complete"]) == ("found", True)
        assert last["paths"] == whole["graph"]["paths"]
        assert folding.nodes.keys() >= set(ids_of(whole))
        assert folding.edges.keys() >= {edge["id"] for edge in whole["edges"]}
    assert longest > 2


def test_a_search_over_a_dead_source_ends(stage: Stage) -> None:
    """A loop over pages comes to its end also while the source fails every call."""
    site = stage.boards[2]
    site.fault({"match": "/", "status": 500})
    try:

        def page(cursor: str | None) -> Json:
            more = {} if cursor is None else {"cursor": cursor}
            return stage.asker.graph(
                ISSUE,
                to=ASSET,
                max_calls=1,
                max_age="0",
                require="none",
                headers={"Cache-Control": "stale-if-error=0"},
                **more,
            )

        folding = follow(page, most=30)
    finally:
        site.fault()
    assert folding.pages[-1]["graph"]["verdict"] == "none_within_budget"
    assert folding.complete is False


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"paths": "2"}, "paths"),
        ({"to": THREAT, "paths": "17"}, "paths"),
        ({"to": THREAT, "paths": "0"}, "paths"),
        ({"to": ""}, "to"),
        ({"to": [THREAT, DOMAIN]}, "to"),
        ({"to": THREAT, "hops": "7"}, "hops"),
        ({"to": f"autodesk@{CONTAINER}"}, "to"),
        ({"to": f"autodesk-bim360-issue@{CONTAINER}:issue"}, "to"),
        ({"node": f"autodesk@{CONTAINER}", "to": DOMAIN}, "to"),
    ],
)
def test_what_makes_no_question_is_refused(stage: Stage, parameters: dict[str, Any], field: str) -> None:
    """A path leads from one node to one other; what says anything else is 400 and names the parameter."""
    reply = stage.asker.client.get("/graph", params={"node": DOMAIN, **parameters})
    check_problem(reply, 400, "invalid-parameter", fields={field})


@pytest.mark.parametrize(
    ("target", "status", "slug"),
    [
        (DOCUMENT.replace(f"@{CONTAINER}", ""), 400, "ambiguous-node"),
        ("no address", 400, "invalid-node"),
        ("observable:ip:300.1.1.1", 400, "invalid-node"),
        ("elsewhere:thing:x", 404, "unknown-node"),
        (ISSUE.replace(CONTAINER, EMEA), 404, "unknown-node"),
    ],
)
def test_a_target_that_means_nothing_is_named(stage: Stage, target: str, status: int, slug: str) -> None:
    """What is wrong with the target is told of `to`, not of the seed."""
    fields = {"to"} if status == 400 else None
    body = check_problem(stage.asker.reply(DOMAIN, to=target), status, slug, fields=fields)
    assert status == 400 or str(body["detail"]).startswith("to: ")


def test_nobody_knows_either_end(stage: Stage) -> None:
    """Two things that no source knows are a 404, as one is."""
    reply = stage.asker.reply(NOBODY, to=f"{NOBODY}.org")
    check_problem(reply, 404, "unknown-node")


def _apart(stage: Stage, distance: int) -> Pair:
    return next(pair for pair in stage.draw(seed=3, most=200) if pair.hops == distance)
