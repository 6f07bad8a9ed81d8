"""Tests of an answer as HTTP: its body, its ETag, and what it says about keeping it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import networkx as nx
import pytest
from starlette.requests import Request

from connectors.contract import Filter
from connectors.model import NodeId, Outcome, encode_ref
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.api.answer import answer_json
from service.usecases.expand import Answer, Spent
from service.usecases.report import Report

SEED = NodeId("observable", None, "domain", "a.example")
OTHER = NodeId("threatwinds", None, "threat", "bad")
EARLY = "2026-01-01T00:00:00Z"
LATE = "2026-01-02T00:00:00Z"
PRIVATE_VARY = "Accept, Authorization, X-API-Key, Upstream-Credentials"


def graph(*, fetched_at: str = EARLY, label: str = "bad") -> Any:
    """Give two nodes and an edge, with the fields that matter here."""
    made: Any = nx.MultiDiGraph()
    for node, text in ((SEED, "a.example"), (OTHER, label)):
        made.add_node(str(node), id=str(node), label=text)
    edge = {"id": "e1", "provenance": [{"source": "tw", "record": None, "fetched_at": fetched_at}]}
    made.add_edge(str(SEED), str(OTHER), key="e1", **edge)
    return made


def report(
    outcome: Outcome = Outcome.OK,
    *,
    name: str = "tw",
    age: int | None = 5,
    detail: str | None = None,
    calls: int = 1,
) -> Report:
    """Give what a source did."""
    made = Report(name, "threatwinds", calls=calls, age=None if age is None else timedelta(seconds=age))
    listing = Listing(SEED, Aspect.RELATIONS, Filter(), datetime(2026, 1, 1, tzinfo=UTC))
    made.findings[SEED] = Finding(outcome, listing, detail)
    return made


def answer(**changes: Any) -> Answer:
    """Give a complete answer, but for the changes."""
    made = Answer(
        graph=graph(),
        seed=SEED,
        requested=str(SEED),
        seed_known=True,
        complete=True,
        truncated=(),
        reports=(report(),),
        spent=Spent(hops=1, nodes=2, edges=1, calls=1, elapsed=timedelta(milliseconds=12.3456)),
        store_down=False,
    )
    return replace(made, **changes)


def send(made: Answer, *, query: bytes = b"", held: str | None = None, public: tuple[str, ...] = ()) -> Any:
    """Give the response to a request for this answer."""
    headers = [] if held is None else [(b"if-none-match", held.encode("latin-1"))]
    scope = {"type": "http", "query_string": query, "headers": headers}
    return answer_json(Request(scope), made, public=frozenset(public))


def etag(**changes: Any) -> str:
    """Give the tag of an answer."""
    tag: str = send(answer(**changes)).headers["etag"]
    return tag


def test_the_body_is_node_link_data() -> None:
    """What it is about, then nodes in their order, then edges by id."""
    body = json.loads(send(answer()).body)
    assert list(body) == ["graph", "nodes", "edges"]
    assert [node["id"] for node in body["nodes"]] == [str(SEED), str(OTHER)]
    assert [edge["id"] for edge in body["edges"]] == ["e1"]
    assert body["graph"]["spent"]["milliseconds"] == 12.346
    assert body["graph"]["next_cursor"] is None


def test_the_etag_tells_the_graph_only() -> None:
    """Neither when it was fetched nor what that cost, nor how its address was spelled."""
    same = etag()
    assert same.startswith('W/"')
    assert etag(graph=graph(fetched_at=LATE)) == same
    assert etag(reports=(report(age=500, calls=9, detail="slow"),)) == same
    assert etag(requested="threatwinds:domain:a.example") == same
    assert etag(spent=Spent(1, 2, 1, 99, timedelta(seconds=9))) == same
    assert etag(store_down=True) == same


@pytest.mark.parametrize(
    "changes",
    [
        {"graph": graph(label="worse")},
        {"seed": OTHER},
        {"complete": False},
        {"truncated": ("max_nodes",)},
        {"seed_known": None},
        {"reports": (report(Outcome.STALE),)},
        {"reports": (report(name="other"),)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_etag_tells_every_difference(changes: dict[str, Any]) -> None:
    """What a caller holds is never taken for what it is not."""
    assert etag(**changes) != etag()


@pytest.mark.parametrize("form", ["{}", '{}, W/"x"', '"y" ,{}', "*"])
def test_a_caller_who_holds_it_gets_304(form: str) -> None:
    """With every header of the answer, and nothing else."""
    full = send(answer())
    response = send(answer(), held=form.format(full.headers["etag"]))
    assert (response.status_code, response.body) == (304, b"")
    assert {
        n: v for n, v in full.headers.items() if not n.startswith("content-t") and n != "content-length"
    } == dict(response.headers)


def test_the_comparison_is_weak() -> None:
    """A tag without its `W/` names the same graph; another's does not."""
    tag = etag()
    assert send(answer(), held=tag.removeprefix("W/")).status_code == 304
    assert send(answer(), held='W/"0"').status_code == 200
    assert send(answer(), held="").status_code == 200
    assert send(answer(), held=tag.strip('W/"')).status_code == 200


@pytest.mark.parametrize(
    ("public", "changes", "cache_control", "vary"),
    [
        ((), {}, "private, max-age=0", PRIVATE_VARY),
        (("tw",), {}, "public, max-age=0", "Accept"),
        (("tw", "else"), {}, "public, max-age=0", "Accept"),
        (("tw",), {"reports": (report(), report(name="acc"))}, "private, max-age=0", PRIVATE_VARY),
        (("tw",), {"complete": False}, "no-store", "Accept"),
        ((), {"complete": False}, "no-store", PRIVATE_VARY),
    ],
)
def test_who_may_keep_it(
    public: tuple[str, ...], changes: dict[str, Any], cache_control: str, vary: str
) -> None:
    """Anybody if every source asked is public, nobody if it is incomplete."""
    headers = send(answer(**changes), public=public).headers
    assert (headers["cache-control"], headers["vary"]) == (cache_control, vary)


def test_completeness_stands_in_a_header() -> None:
    """As an RFC 8941 boolean."""
    assert send(answer()).headers["graph-complete"] == "?1"
    assert send(answer(complete=False)).headers["graph-complete"] == "?0"


def test_the_age_is_that_of_the_oldest() -> None:
    """Of all sources; without any data there is none."""
    assert send(answer(reports=(report(age=5), report(name="b", age=77)))).headers["age"] == "77"
    assert "age" not in send(answer(reports=(report(age=None),))).headers


def test_a_cache_that_is_down_is_told() -> None:
    """In RFC 9211's words."""
    assert "cache-status" not in send(answer()).headers
    down = send(answer(store_down=True)).headers["cache-status"]
    assert down == "relgraph; fwd=bypass; detail=store-unavailable"


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        (b"", ""),
        (b"node=x", ""),
        (b"hops=2&node=x&&order=asc", "?hops=2&order=asc"),
        (b"%6eode=x&with_key=a%2Fb+c", "?with_key=a%2Fb+c"),
        (b"nodes=x", "?nodes=x"),
        (b'sort="<\xff', "?sort=%22%3C%FF"),
    ],
)
def test_the_canonical_location_keeps_the_query(query: bytes, kept: str) -> None:
    """But for the node, which stands in its path."""
    location = send(answer(), query=query).headers["content-location"]
    assert location == f"/graph/~{encode_ref(str(SEED))}{kept}"
