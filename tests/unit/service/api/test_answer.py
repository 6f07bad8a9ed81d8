"""Tests of an answer as HTTP: its body in each format, its ETag, and what it says about keeping it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.requests import Request

from connectors.contract import Filter
from connectors.model import NodeId, Outcome, encode_ref
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.api.answer import respond
from service.api.format.media import Format, Table
from service.graph.assemble import Records
from service.usecases.answer.answering import Answer, SeedTold, Spent
from service.usecases.answer.page import Page
from service.usecases.answer.report import Report

SEED = NodeId("observable", None, "domain", "a.example")
OTHER = NodeId("threatwinds", None, "threat", "bad")
EARLY = "2026-01-01T00:00:00Z"
LATE = "2026-01-02T00:00:00Z"
PRIVATE_VARY = "Accept, Authorization, X-API-Key, Upstream-Credentials"
HELD = [each for each in Format if each is not Format.NDJSON]


def records(*, fetched_at: str = EARLY, label: str = "bad") -> Records:
    """Give two nodes and an edge, with the fields that matter here."""
    nodes = [
        {"id": str(node), "key": node.key, "label": text, "expansion": "complete"}
        for node, text in ((SEED, "a.example"), (OTHER, label))
    ]
    edge = {"id": "e1", "subject": str(SEED), "object": str(OTHER), "relation": "r", "directed": False}
    word = {"source": "tw", "record": None, "fetched_at": fetched_at}
    return Records(nodes, [edge | {"deleted": False, "provenance": [word]}])


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
    """Give a complete answer, but for the changes; `told` are other records, `seed` its parts."""
    told = changes.pop("told", records())
    seed = {"address": SEED, "requested": str(SEED), "known": True} | changes.pop("seed", {})
    made = Answer(
        page=Page(told, changes.pop("amended", None)),
        seeds=(SeedTold(**seed),),
        complete=True,
        truncated=(),
        reports=(report(),),
        spent=Spent(hops=1, nodes=2, edges=1, calls=1, elapsed=timedelta(milliseconds=12.3456)),
        store_down=False,
        next_cursor=None,
        extra={},
        heard_at=0.0,
    )
    return replace(made, **changes)


def send(
    made: Answer,
    *,
    format: Format = Format.JSON,
    table: Table = Table.NODES,
    method: str = "GET",
    query: bytes = b"",
    held: str | None = None,
    public: tuple[str, ...] = (),
    several: bool = False,
) -> Any:
    """Give the response to a request for this answer, which anybody may keep for 59.9 s if it is public."""
    headers = [] if held is None else [(b"if-none-match", held.encode("latin-1"))]
    scope = {"type": "http", "method": method, "query_string": query, "headers": headers}
    lifetime = timedelta(seconds=59.9)
    return respond(
        Request(scope),
        made,
        format=format,
        table=table,
        public=frozenset(public),
        lifetime=lifetime,
        several=several,
    )


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


@pytest.mark.parametrize("format", HELD)
@pytest.mark.parametrize("table", Table)
def test_every_format_has_its_type_and_its_headers(format: Format, table: Table) -> None:
    """The same headers beside the type, the tag and the length; a body that is not JSON's is another one."""
    plain, sent = send(answer()), send(answer(), format=format, table=table)
    assert sent.headers["content-type"] == format.content_type
    own = {"content-type", "content-length", "etag"}
    assert {n: v for n, v in sent.headers.items() if n not in own} == {
        n: v for n, v in plain.headers.items() if n not in own
    }
    assert (sent.body == plain.body) is (format is Format.JSON)


def test_the_headers_of_a_stream_have_no_body() -> None:
    """A HEAD that asks for one is answered here; like a stream it has no tag and is kept by nobody."""
    sent = send(answer(), format=Format.NDJSON, method="HEAD", held="*", public=("tw",))
    assert (sent.status_code, sent.headers["content-type"], sent.body) == (200, "application/x-ndjson", b"")
    assert sent.headers["cache-control"] == "no-store"
    assert "etag" not in sent.headers


def test_each_format_has_its_own_etag() -> None:
    """So has each table: a caller who holds one of them holds no other."""
    tags = {send(answer(), format=each).headers["etag"] for each in HELD}
    tags.add(send(answer(), format=Format.CSV, table=Table.EDGES).headers["etag"])
    assert len(tags) == len(HELD) + 1
    for each in HELD:
        assert send(answer(), format=each, held=etag()).status_code == (304 if each is Format.JSON else 200)


@pytest.mark.parametrize("format", HELD)
@pytest.mark.parametrize("held", [None, "*"])
def test_a_post_has_nothing_to_be_kept_by(format: Format, held: str | None) -> None:
    """No tag, no address to be asked for again by, and never a 304, however public its sources are."""
    got = send(answer(), format=format, public=("tw",))
    sent = send(answer(), format=format, method="POST", held=held, public=("tw",))
    assert (sent.status_code, sent.body) == (200, got.body)
    assert sent.headers["cache-control"] == "no-store"
    assert set(got.headers) - set(sent.headers) == {"etag", "content-location"}


def test_several_seeds_are_told_of_in_the_body() -> None:
    """In any format that holds what the answer tells of itself."""
    body = json.loads(send(answer(), several=True, method="POST").body)
    assert body["graph"]["seed"] is None
    assert [seed["seed"] for seed in body["graph"]["seeds"]] == [str(SEED)]
    assert b"seeds" in send(answer(), several=True, method="POST", format=Format.GRAPHML).body


def test_the_etag_tells_the_graph_only() -> None:
    """Neither when it was fetched nor what that cost, how its address was spelled nor how to go on."""
    same = etag()
    assert same.startswith('W/"')
    assert etag(told=records(fetched_at=LATE)) == same
    assert etag(reports=(report(age=500, calls=9, detail="slow"),)) == same
    assert etag(seed={"requested": "threatwinds:domain:a.example"}) == same
    assert etag(spent=Spent(1, 2, 1, 99, timedelta(seconds=9))) == same
    assert etag(store_down=True) == same
    assert etag(next_cursor="x") == same


@pytest.mark.parametrize(
    "changes",
    [
        {"told": records(label="worse")},
        {"seed": {"address": OTHER}},
        {"seed": {"known": None}},
        {"complete": False},
        {"truncated": ("max_nodes",)},
        {"reports": (report(Outcome.STALE),)},
        {"reports": (report(name="other"),)},
        {"amended": Records([], [])},
        {"extra": {"verdict": "none"}},
    ],
    ids=str,
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
        (("tw",), {}, "public, max-age=59", "Accept"),
        (("tw", "else"), {}, "public, max-age=59", "Accept"),
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


def test_a_long_canonical_location_is_left_out() -> None:
    """Proxies refuse a reply with more headers than they have room for; the node tells its ref anyway."""
    room = 1536 - len(f"/graph/~{encode_ref(str(SEED))}?x=")
    assert len(send(answer(), query=b"x=" + b"y" * room).headers["content-location"]) == 1536
    assert "content-location" not in send(answer(), query=b"x=" + b"y" * (room + 1)).headers


@pytest.mark.parametrize("format", HELD)
def test_a_cut_answer_links_to_its_next_page(format: Format) -> None:
    """In any format, with the same parameters and the new cursor; a last page, and a POST, link to none."""
    cut = answer(next_cursor="new", complete=False)
    link = send(cut, format=format, query=b"node=x&hops=2&cursor=old").headers["link"]
    assert link == f'</graph/~{encode_ref(str(SEED))}?hops=2&cursor=new>; rel="next"'
    assert "link" not in send(answer(), format=format).headers
    assert "link" not in send(cut, format=format, method="POST").headers
    assert "link" not in send(cut, format=format, query=b"x=" + b"y" * 1500).headers
