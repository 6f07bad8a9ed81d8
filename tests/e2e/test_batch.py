"""POST /graph: many seeds in one expansion."""

from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import pytest

from harness.asking import ANEW, Json, ids_of, source_of
from harness.batching import batch, edges_of, hops_of, post
from harness.board import Board
from harness.folding import fold, lasting
from harness.oracle.universe import World, read_autodesk, read_threatwinds
from harness.paging import follow
from harness.place import ASSET, DOCUMENT, DOMAIN, DOMAIN_ID, ISSUE, MALWARE_HUB, NOBODY, THREAT
from harness.problem import check_problem
from harness.process import Process
from harness.settings import CONTAINER

AMPLE = {"max_nodes": 50_000, "max_edges": 200_000, "fan_out": 10_000, "max_calls": 5_000, "timeout": 60}
JSON = {"Content-Type": "application/json"}
ISSUES = f"autodesk-bim360-issue@{CONTAINER}:issue"
MOST_SEEDS = 200


@pytest.fixture(scope="module")
def boards(threatwinds_sandbox: Process, autodesk_sandbox: Process) -> tuple[Board, Board]:
    """Give the upstreams' boards."""
    return Board(threatwinds_sandbox.url), Board(autodesk_sandbox.url)


@pytest.fixture(scope="module")
def worlds(boards: tuple[Board, Board]) -> tuple[World, World]:
    """Give what is true."""
    feed, site = boards
    return (
        read_threatwinds("threatwinds", feed.world(), groups=("public",)),
        read_autodesk("acc", site.world(), containers=(CONTAINER,), read_only=()),
    )


@pytest.fixture
def calls(boards: tuple[Board, Board]) -> Iterator[Any]:
    """Count the upstream calls since the count was taken last."""

    def taken() -> int:
        made = sum(len(board.calls()) for board in boards)
        for board in boards:
            board.forget()
        return made

    taken()
    return taken


def pick(world: World, many: int, *, seed: int, most: int = 12) -> list[str]:
    """Draw related things with few relations, the same ones each time."""
    small = sorted(node for node, relations in world.relations.items() if len(relations) <= most)
    return Random(seed).sample(small, many)  # noqa: S311 - repeatable by design, nothing secret


@pytest.mark.parametrize("hops", [1, 2])
def test_a_batch_is_the_union_of_its_answers(
    caller: httpx.Client, worlds: tuple[World, World], hops: int
) -> None:
    """Nodes with their least hop, and edges, are those of the single answers; the seeds are at hop 0."""
    seeds = [*pick(worlds[0], 6, seed=1), *pick(worlds[1], 18, seed=1)]
    together = batch(caller, nodes=seeds, hops=hops, **AMPLE)
    single = [batch(caller, node=seed, hops=hops, **AMPLE) for seed in seeds]
    assert hops_of([together]) == hops_of(single)
    assert edges_of([together]) == edges_of(single)
    assert len(together["nodes"]) == len(set(ids_of(together)))
    assert {node["id"] for node in together["nodes"] if node["hop"] == 0} == set(seeds)
    assert together["graph"]["complete"] is True
    assert [seed["seed"] for seed in together["graph"]["seeds"]] == seeds
    known = [seed["seed_known"] for seed in together["graph"]["seeds"]]
    assert known == [answer["graph"]["seed_known"] for answer in single]
    assert True in known
    assert (together["graph"]["seed"], together["graph"]["requested"]) == (None, None)


def test_calls_are_shared_and_batched(caller: httpx.Client, worlds: tuple[World, World], calls: Any) -> None:
    """Two hundred seeds of the site take a call for twenty of them; the sum of single answers is far more."""
    seeds = pick(worlds[1], MOST_SEEDS, seed=2, most=4)
    answer = batch(caller, headers=ANEW, nodes=seeds, **AMPLE)
    together = calls()
    assert answer["graph"]["spent"]["calls"] == together
    assert source_of(answer, "acc")["outcomes"] == {"ok": MOST_SEEDS}
    # Twenty a call, and further pages of the calls whose rows do not fit one.
    assert MOST_SEEDS // 20 <= together <= MOST_SEEDS // 20 * 3
    for seed in seeds[:15]:
        batch(caller, headers=ANEW, node=seed, **AMPLE)
    alone = calls()
    assert alone >= 15
    assert together / MOST_SEEDS < alone / 15 / 4


def test_neighbors_in_common_are_asked_about_once(caller: httpx.Client, calls: Any) -> None:
    """Three seeds of one neighborhood take fewer calls two hops out than each for itself."""
    seeds = [DOMAIN, THREAT, ids_of(batch(caller, node=THREAT))[0]]
    batch(caller, headers=ANEW, nodes=seeds, hops=2, **AMPLE)
    together = calls()
    for seed in seeds:
        batch(caller, headers=ANEW, node=seed, hops=2, **AMPLE)
    assert 0 < together < calls()


def test_order_and_repetition_of_seeds_mean_nothing(caller: httpx.Client) -> None:
    """Whatever the order, the spelling and the number of times, the graph is the same bytes."""
    seeds = [ISSUE, DOMAIN, ASSET, THREAT]
    first = batch(caller, nodes=seeds)
    again = batch(caller, nodes=[*reversed(seeds), f"threatwinds:entity:{DOMAIN_ID}", THREAT, ISSUE])
    assert (again["nodes"], again["edges"]) == (first["nodes"], first["edges"])
    assert [seed["seed"] for seed in again["graph"]["seeds"]][:4] == seeds[::-1]


def test_one_budget_is_for_all_seeds(caller: httpx.Client) -> None:
    """Caps hold for the answer as a whole, whose parts come page by page."""
    seeds = [ISSUE, DOMAIN, ASSET, THREAT, DOCUMENT]
    whole = batch(caller, nodes=seeds, **AMPLE)
    assert len(whole["nodes"]) > 12

    def page(cursor: str | None) -> Json:
        more = {} if cursor is None else {"cursor": cursor}
        answer = batch(caller, nodes=seeds, **AMPLE | {"max_nodes": 6, "max_edges": 5}, **more)
        assert len(answer["nodes"]) <= 6
        assert len(answer["edges"]) <= 5
        return answer

    folding = follow(page, most=100)
    assert len(folding.pages) > 2
    assert {name: node["hop"] for name, node in folding.nodes.items()} == hops_of([whole])
    assert edges_of([{"edges": list(folding.edges.values())}]) == edges_of([whole])
    assert folding.complete is True


def test_more_seeds_than_nodes_allowed_come_page_by_page(
    caller: httpx.Client, worlds: tuple[World, World]
) -> None:
    """Forty seeds come seven at a time, and in the end all of them at hop 0."""
    seeds = pick(worlds[1], 40, seed=3, most=3)
    whole = batch(caller, nodes=seeds, hops=1, **AMPLE)

    def page(cursor: str | None) -> Json:
        more = {} if cursor is None else {"cursor": cursor}
        return batch(caller, nodes=seeds, hops=1, **AMPLE | {"max_nodes": 7}, **more)

    folding = follow(page, most=100)
    assert folding.pages[0]["graph"]["truncated"] == ["max_nodes"]
    assert {node["hop"] for node in folding.pages[0]["nodes"]} == {0}
    assert {name: node["hop"] for name, node in folding.nodes.items()} == hops_of([whole])
    assert folding.edges.keys() == edges_of([whole]).keys()
    assert folding.complete is True


def test_a_bad_seed_is_told_by_its_place(caller: httpx.Client) -> None:
    """One address among two hundred that is none is a 400 that names it."""
    seeds = [f"observable:domain:x{number}.example" for number in range(MOST_SEEDS)]
    for at, bad in ((0, "no address"), (137, "observable:ip:300.1.1.1"), (199, "observable:domain:")):
        reply = post(caller, nodes=[*seeds[:at], bad, *seeds[at + 1 :]])
        check_problem(reply, 400, "invalid-node", fields={f"nodes[{at}]"})


def test_a_seed_that_nobody_accepts_is_told_by_its_place(caller: httpx.Client) -> None:
    """A namespace that no source accepts is a 404 that says which of the seeds has it."""
    body = check_problem(post(caller, nodes=[DOMAIN, "elsewhere:thing:x"]), 404, "unknown-node")
    assert "nodes[1]" in str(body["detail"])


def test_what_nobody_knows_is_told_of_each_seed(caller: httpx.Client) -> None:
    """An unknown seed among known ones is no failure; only when nobody knows any is it a 404."""
    answer = batch(caller, nodes=[NOBODY, DOMAIN])
    assert {seed["seed"]: seed["seed_known"] for seed in answer["graph"]["seeds"]} == {
        NOBODY: False,
        DOMAIN: True,
    }
    assert NOBODY in ids_of(answer)
    check_problem(post(caller, nodes=[NOBODY, f"{NOBODY}.org"]), 404, "unknown-node")
    tolerant = batch(caller, nodes=[NOBODY, f"{NOBODY}.org"], require="none")
    assert [seed["seed_known"] for seed in tolerant["graph"]["seeds"]] == [False, False]


def test_selections_and_nodes_go_together(caller: httpx.Client) -> None:
    """A selection beside a node: members and the node are at hop 0, edges are those of both."""
    both = batch(caller, nodes=[ISSUES, DOMAIN], hops=1, **AMPLE)
    each = [batch(caller, node=seed, hops=1, **AMPLE) for seed in (ISSUES, DOMAIN)]
    assert hops_of([both]) == hops_of(each)
    assert edges_of([both]) == edges_of(each)
    assert both["graph"]["complete"] is False or both["graph"]["truncated"] == []


@pytest.mark.parametrize(
    "members",
    [
        {"hops": 2, "max_nodes": 40},
        {"with_type": ["issue", "asset"], "deleted": "include"},
        {"to": ASSET, "paths": 2, "hops": 4},
        {"measures": ["degree", "components"], "explain": "identity"},
        {"created_after": "2020-01-01T00:00:00Z", "sort": "hop", "order": "desc", "relation": ["related_to"]},
        {"format": "graphml"},
        {"format": "csv", "table": "edges"},
    ],
)
def test_one_node_is_answered_as_by_get(caller: httpx.Client, members: dict[str, Any]) -> None:
    """The same question by GET has the same nodes and edges byte for byte, in every format."""
    seed = DOCUMENT
    query = {name: ",".join(value) if isinstance(value, list) else value for name, value in members.items()}
    caller.get("/graph", params={"node": seed, **query})
    got, posted = caller.get("/graph", params={"node": seed, **query}), post(caller, node=seed, **members)
    assert (got.status_code, posted.status_code) == (200, 200), posted.text
    assert posted.headers["content-type"] == got.headers["content-type"]
    assert posted.headers["graph-complete"] == got.headers["graph-complete"]
    assert posted.headers["cache-control"] == "no-store"
    assert "etag" not in posted.headers
    if members.get("format") == "csv":
        assert posted.content == got.content
    elif "format" not in members:
        assert _tail(posted.content) == _tail(got.content)
        assert lasting(posted.json()) == lasting(got.json())


def test_a_list_of_one_is_a_batch(caller: httpx.Client) -> None:
    """`nodes` with one address has the graph of `node`, and tells of it in `seeds`."""
    one, several = batch(caller, node=ISSUE), batch(caller, nodes=[ISSUE])
    assert (several["nodes"], several["edges"]) == (one["nodes"], one["edges"])
    assert "seeds" not in one["graph"]
    assert [seed["seed"] for seed in several["graph"]["seeds"]] == [ISSUE]


def test_a_cursor_is_of_one_set_of_seeds(caller: httpx.Client) -> None:
    """A page goes on with the same body only: other seeds, another budget or GET are 400."""
    asked: dict[str, Any] = {"nodes": [ISSUE, ASSET], "max_nodes": 3}
    cursor = batch(caller, **asked)["graph"]["next_cursor"]
    assert batch(caller, **asked, cursor=cursor)["nodes"]
    for changed in (
        asked | {"nodes": [ISSUE, DOCUMENT]},
        asked | {"nodes": [ISSUE]},
        asked | {"max_nodes": 4},
    ):
        check_problem(post(caller, **changed, cursor=cursor), 400, "invalid-cursor")
    reply = caller.get("/graph", params={"node": ISSUE, "max_nodes": 3, "cursor": cursor})
    check_problem(reply, 400, "invalid-cursor")


@pytest.mark.parametrize("by", ["member", "header"])
def test_a_batch_is_streamed(caller: httpx.Client, by: str) -> None:
    """As ndjson by the member or by Accept: folded, the events are the JSON answer."""
    seeds = [ISSUE, DOMAIN, NOBODY]
    batch(caller, nodes=seeds)
    whole = batch(caller, nodes=seeds)
    members = {"format": "ndjson"} if by == "member" else {}
    headers = {"Accept": "application/x-ndjson"} if by == "header" else {}
    reply = post(caller, headers=headers, nodes=seeds, **members)
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert lasting(fold(reply.text.splitlines()).answer()) == lasting(whole)


@pytest.mark.parametrize("format_", ["cytoscape", "graphml", "gexf", "dot", "mermaid", "csv"])
def test_a_batch_comes_in_every_format(caller: httpx.Client, format_: str) -> None:
    """By the member and by Accept it is the same document, with the completeness in a header."""
    by_member = post(caller, nodes=[ISSUE, DOMAIN], format=format_)
    assert by_member.status_code == 200, by_member.text
    media = by_member.headers["content-type"].split(";")[0]
    by_header = post(caller, headers={"Accept": media}, nodes=[ISSUE, DOMAIN])
    assert by_header.headers["content-type"] == by_member.headers["content-type"]
    assert by_header.headers["graph-complete"] == by_member.headers["graph-complete"] == "?1"
    assert ISSUE.rpartition(":")[2].split("-")[0] in by_member.text


def test_a_path_begins_at_one_node(caller: httpx.Client) -> None:
    """`to` with several seeds is 400; with a list of one, a path is found."""
    check_problem(post(caller, nodes=[ISSUE, DOMAIN], to=ASSET), 400, "invalid-parameter", fields={"to"})
    answer = batch(caller, nodes=[DOCUMENT], to=ASSET)
    assert answer["graph"]["paths"] == [[DOCUMENT, ASSET]]


def test_a_wide_batch_stays_in_its_budget(caller: httpx.Client) -> None:
    """A hub among the seeds takes what the budget leaves, and the answer says what cut it."""
    answer = batch(caller, nodes=[MALWARE_HUB, ISSUE], max_nodes=50, max_edges=40)
    assert len(answer["nodes"]) <= 50
    assert len(answer["edges"]) <= 40
    assert set(answer["graph"]["truncated"]) & {"max_nodes", "max_edges", "fan_out"}
    assert answer["graph"]["next_cursor"] is not None


def _tail(body: bytes) -> bytes:
    """Give the bytes from the nodes on."""
    return body[body.index(b'"nodes":[{') :]
