"""Answers against an independent breadth-first search over the sandboxes' own data.

One service asks three ThreatWinds upstreams, one per dialect and each with a world of its own, and
Autodesk in two regions, so that feeds meet on nodes and edges. A second service asks the same
upstreams in other ways (small pages, one node a call) while they behave in other documented or
undocumented manners: what it answers must be the same.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.oracle.cases import Case, Dealer
from harness.oracle.compare import differences, edge_key
from harness.oracle.search import measure
from harness.oracle.universe import World, read_autodesk, read_threatwinds
from harness.place import EMEA, SECOND
from harness.plain import client_of
from harness.process import Process, start_sandbox, start_service
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings

INES_ONLY_READS = frozenset({"autodesk-bim360-documentmanagement"})
DIALECTS = ("2023", "2025", "2026")
Manners = tuple[dict[str, Any], dict[str, Any]]
NOTHING_STALE = {"Cache-Control": "stale-if-error=0"}
# The sandboxes' own ways for the first service; `giant` is off, it has tests of its own.
PLAIN = ({"giant": False}, {"requests_per_minute": None})
# Whichever way the unknowns turn out, nothing is lost, doubled or made up.
ODD = (
    {
        "giant": False,
        "duplicated_rows": True,
        "list_name": "result",
        "max_limit": 50,
        "numbers_as_strings": True,
        "page_zero_is_one": True,
        "past_end": "absent",
        "success_status": 200,
        "without_neighbors": "absent",
    },
    {
        "requests_per_minute": None,
        "continuation": "bound",
        "created_bounds": "inclusive",
        "last_page": "null",
        "maximum_page_limit": 17,
        "order": "scattered",
        "parameter_names": "any_case",
        "permission_field": False,
    },
)


@dataclass(slots=True)
class Stage:
    """Upstreams, what is true there, and the two services over them."""

    boards: Sequence[Board]
    worlds: Sequence[World]
    plain: httpx.Client
    odd: httpx.Client
    manners: Manners | None = None

    def behave(self, manners: Manners) -> None:
        """Give the sandboxes these manners, each in its dialect."""
        if manners == self.manners:
            return
        self.manners = manners
        *feeds, construction = self.boards
        for board, dialect in zip(feeds, DIALECTS, strict=True):
            board.reset(dialect=dialect, **manners[0])
        construction.reset(**manners[1])

    def differ(self, case: Case, answer: dict[str, Any]) -> list[str]:
        """List how the answer differs from what is true."""
        found = differences(answer, case.expected, worlds={w.name: w for w in self.worlds}, seed=case.seed)
        return [f"{case.sent} {case.question.query}: {difference}" for difference in found]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Start everything at once; each process is ended with the module."""
    folder = tmp_path_factory.mktemp("oracle")
    with ExitStack() as ending, ThreadPoolExecutor() as starting:
        jobs = [starting.submit(start_sandbox, "threatwinds", "--seed", seed) for seed in ("7", "8", "9")]
        sandboxes = _ended([*jobs, starting.submit(start_sandbox, "autodesk")], ending)
        boards = [Board(process.url) for process in sandboxes]
        paths = [
            _configure(folder / "plain.toml", sandboxes),
            _configure(folder / "odd.toml", sandboxes, odd=True),
        ]
        services = _ended([starting.submit(start_service, path) for path in paths], ending)
        clients = [ending.enter_context(client_of(process.url, timeout=70)) for process in services]
        yield Stage(boards, _read_worlds(boards), plain=clients[0], odd=clients[1])


def _ended(jobs: Sequence[Future[Process]], ending: ExitStack) -> list[Process]:
    """Wait for processes to start; each is ended with the stack, also when another did not start."""
    processes = []
    for job in jobs:
        processes.append(job.result())
        ending.callback(processes[-1].end)
    return processes


@pytest.mark.parametrize("deal", range(8))
def test_an_answer_is_what_an_independent_search_finds(stage: Stage, deal: int) -> None:
    """Nodes, hops, edges, attributes, times, outcomes and completeness are those of the upstreams' data."""
    stage.behave(PLAIN)
    dealer = Dealer(stage.worlds, seed=deal)
    wrong = []
    for _ in range(15):
        case = dealer.deal()
        wrong += stage.differ(case, _ask(stage.plain, case))
    assert wrong == []


@pytest.mark.parametrize("deal", range(4))
def test_an_answer_is_the_same_from_upstreams_of_other_manners(stage: Stage, deal: int) -> None:
    """Small and scattered pages, doubled rows, other spellings and single calls change nothing."""
    stage.behave(ODD)
    dealer = Dealer(stage.worlds, seed=100 + deal)
    wrong = []
    for _ in range(20):
        case = dealer.deal()
        wrong += stage.differ(case, _ask(stage.odd, case))
    assert wrong == []


@pytest.mark.parametrize("deal", range(4))
def test_a_cut_answer_keeps_the_smallest_addresses(stage: Stage, deal: int) -> None:
    """Under tight budgets the right part is kept, the cause named, and asking again changes nothing."""
    stage.behave(PLAIN)
    dealer = Dealer(stage.worlds, seed=200 + deal)
    wrong = []
    for _ in range(15):
        case = dealer.deal_cut()
        cold = _ask(stage.plain, case, max_age="0")
        wrong += stage.differ(case, cold)
        wrong += [f"{case.sent} {case.question.query}: {what}" for what in _overspent(case, cold)]
        again, other_way = _ask(stage.plain, case), _ask(stage.odd, case)
        if not _lasting(cold) == _lasting(again) == _lasting(other_way):
            wrong.append(f"{case.sent} {case.question.query}: another answer when asked again")
    assert wrong == []


def test_an_answer_cut_by_calls_is_a_part_of_the_truth(stage: Stage) -> None:
    """Whatever the calls allowed leave out, what is there is true, and no call more is made."""
    stage.behave(PLAIN)
    dealer = Dealer(stage.worlds, seed=500)
    before = sum(len(board.calls()) for board in stage.boards)
    for case in (dealer.deal() for _ in range(12)):
        allowed = 1 + case.expected.asks // 2
        answer = _ask(stage.plain, case, max_calls=str(allowed), max_age="0", headers=NOTHING_STALE)
        so_far = sum(len(board.calls()) for board in stage.boards)
        made, before = so_far - before, so_far
        sources = answer["graph"]["sources"]
        assert made == answer["graph"]["spent"]["calls"] == sum(source["calls"] for source in sources)
        assert made <= allowed
        spent = any("over_budget" in source["outcomes"] for source in sources)
        assert (answer["graph"]["truncated"] == ["max_calls"]) is spent
        found = {edge_key(edge) for edge in answer["edges"]}
        assert found <= case.expected.edges.keys()
        relations = [relation for key in found for relation in case.expected.edges[key].values()]
        if not answer["graph"]["selection"]:
            hop = measure(case.question, relations, roots={case.seed}, things=case.expected.things)
            assert {node["id"]: node["hop"] for node in answer["nodes"]} == hop


def test_cold_and_warm_answers_are_the_same_bytes(stage: Stage) -> None:
    """Whether cache or upstreams answer, nodes and edges are the same text, times of fetching aside."""
    stage.behave(PLAIN)
    dealer = Dealer(stage.worlds, seed=300)
    for case in (dealer.deal() for _ in range(12)):
        cold, warm, warmer = _ask(stage.plain, case, max_age="0"), *(_ask(stage.plain, case) for _ in "ab")
        assert _lasting(cold) == _lasting(warm)
        assert [source["calls"] for source in warm["graph"]["sources"]] == [0] * len(warm["graph"]["sources"])
        assert [warm["nodes"], warm["edges"]] == [warmer["nodes"], warmer["edges"]]


def test_many_callers_at_once_get_one_answer(stage: Stage) -> None:
    """The same question asked six times at the same moment has one answer, cut or not."""
    stage.behave(PLAIN)
    dealer = Dealer(stage.worlds, seed=600)
    with ThreadPoolExecutor(6) as callers:
        for case in (dealer.deal_cut() for _ in range(5)):
            jobs = [callers.submit(_ask, stage.plain, case, max_age="0") for _ in range(6)]
            answers = {_lasting(job.result()) for job in jobs}
            assert len(answers) == 1, case.sent


def test_an_edge_has_the_same_id_wherever_it_is_found(stage: Stage) -> None:
    """An edge's id depends on nothing but its ends, relation and record, and no two edges share one."""
    stage.behave(PLAIN)
    found: dict[str, Any] = {}
    dealer = Dealer(stage.worlds, seed=400)
    for case in (dealer.deal() for _ in range(6)):
        for client in (stage.plain, stage.odd):
            for edge in _ask(client, case)["edges"]:
                assert found.setdefault(edge["id"], edge_key(edge)) == edge_key(edge)
    assert len(set(found.values())) == len(found) > 0


def _ask(
    client: httpx.Client, case: Case, *, headers: dict[str, str] | None = None, **more: str
) -> dict[str, Any]:
    query = {"node": case.sent, "require": "none", "timeout": "60", "max_calls": "5000"}
    reply = client.get("/graph", params={**query, **case.question.query, **more}, headers=headers)
    assert reply.status_code == 200, (case.sent, case.question.query, reply.text)
    answer: dict[str, Any] = reply.json()
    assert reply.headers["Graph-Complete"] == ("?1" if answer["graph"]["complete"] else "?0")
    return answer


def _lasting(answer: dict[str, Any]) -> str:
    """Give nodes and edges as text, in their order, without the times of fetching."""
    edges = [
        {**edge, "provenance": [{**word, "fetched_at": None} for word in edge["provenance"]]}
        for edge in answer["edges"]
    ]
    return json.dumps([answer["nodes"], edges, answer["graph"]["truncated"]])


def _overspent(case: Case, answer: dict[str, Any]) -> Iterator[str]:
    question = case.question
    if len(answer["nodes"]) > question.max_nodes:
        yield f"{len(answer['nodes'])} nodes"
    if len(answer["edges"]) > question.max_edges:
        yield f"{len(answer['edges'])} edges"


def _configure(path: Path, sandboxes: Sequence[Process], *, odd: bool = False) -> Path:
    """Write the settings over all upstreams; the odd ones differ in everything that may not matter."""
    feed: dict[str, Any] = {"limit": 23} if odd else {}
    construction: dict[str, Any] = {"intersect": False, "page_limit": 11} if odd else {}
    first, second, third, autodesk_sandbox = (process.url for process in sandboxes)
    quantfall = "Bearer sandbox-quantfall-token"
    sources = {
        "first": threatwinds(first, groups_in="header" if odd else None, **feed),
        "second": threatwinds(second, dialect="2025", **feed),
        "third": threatwinds(third, dialect="2026", authorization=quantfall, **feed),
        "acc": autodesk(autodesk_sandbox, containers=[CONTAINER, SECOND], **construction),
        "emea": autodesk(autodesk_sandbox, containers=[EMEA], region="EMEA", **construction),
    }
    return write_settings(path, redis_url="embedded", store_timeout="5s", sources=sources)


def _read_worlds(boards: Sequence[Board]) -> list[World]:
    first, second, third, construction = (board.world() for board in boards)
    both = ("public", "quantfall")
    return [
        read_threatwinds("first", first, groups=("public",)),
        read_threatwinds("second", second, groups=("public",)),
        read_threatwinds("third", third, groups=both),
        read_autodesk("acc", construction, containers=(CONTAINER, SECOND), read_only=INES_ONLY_READS),
        read_autodesk("emea", construction, containers=(EMEA,), read_only=INES_ONLY_READS),
    ]
