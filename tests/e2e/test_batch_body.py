"""POST /graph: every body that is none is refused, whatever is wrong with it."""

import json
from typing import Any

import httpx
import pytest

from harness.batching import batch
from harness.place import DOMAIN
from harness.problem import check_problem

JSON = {"Content-Type": "application/json"}
MOST_SEEDS = 200


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/jsonx",
    ],
)
def test_another_content_type_is_415(caller: httpx.Client, content_type: str) -> None:
    """What does not say that it is JSON in UTF-8 is not read."""
    headers = {"Content-Type": content_type} if content_type else {}
    reply = caller.post("/graph", content=json.dumps({"node": DOMAIN}).encode(), headers=headers)
    check_problem(reply, 415, "unsupported-media-type")


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_of_seventeen_megabytes_is_413(caller: httpx.Client, *, declared: bool) -> None:
    """Whether or not its length is told beforehand; the next request is answered."""
    piece = b" " * 2**20
    content = piece * 17 if declared else (piece for _ in range(17))
    # A server may close while the rest is under way, having said why.
    try:
        reply = caller.post("/graph", content=content, headers=JSON)
        check_problem(reply, 413, "content-too-large")
    except (httpx.WriteError, httpx.ReadError):
        assert not declared
    assert batch(caller, node=DOMAIN)["graph"]["complete"] is True


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"nodes": []}, "nodes"),
        ({"nodes": [DOMAIN] * (MOST_SEEDS + 1)}, "nodes"),
        ({"nodes": DOMAIN}, "nodes"),
        ({"nodes": [DOMAIN, 5]}, "nodes"),
        ({"nodes": [DOMAIN, ""]}, "nodes"),
        ({"nodes": [[DOMAIN]]}, "nodes"),
        ({"nodes": None}, "nodes"),
        ({"nodes": {DOMAIN: DOMAIN}}, "nodes"),
        ({}, "nodes"),
        ({"node": [DOMAIN]}, "node"),
        ({"node": None}, "node"),
        ({"node": ""}, "node"),
        ({"node": DOMAIN, "nodes": [DOMAIN]}, "node"),
        ({"node": DOMAIN, "hop": 1}, "hop"),
        ({"node": DOMAIN, "": 1}, ""),
        ({"node": DOMAIN, "hops": None}, "hops"),
        ({"node": DOMAIN, "hops": True}, "hops"),
        ({"node": DOMAIN, "hops": [1]}, "hops"),
        ({"node": DOMAIN, "hops": {"a": 1}}, "hops"),
        ({"node": DOMAIN, "hops": 1.5}, "hops"),
        ({"node": DOMAIN, "hops": 10**400}, "hops"),
        ({"node": DOMAIN, "hops": -1}, "hops"),
        ({"node": DOMAIN, "max_nodes": 1e300}, "max_nodes"),
        ({"node": DOMAIN, "timeout": 1e308}, "timeout"),
        ({"node": DOMAIN, "timeout": 0}, "timeout"),
        ({"node": DOMAIN, "sources": "threatwinds"}, "sources"),
        ({"node": DOMAIN, "sources": []}, "sources"),
        ({"node": DOMAIN, "sources": [1]}, "sources"),
        ({"node": DOMAIN, "measures": ["degree", "size"]}, "measures"),
        ({"node": DOMAIN, "with_key": ["a"]}, "with_key"),
        ({"node": DOMAIN, "format": "yaml"}, "format"),
        ({"node": DOMAIN, "format": ["json"]}, "format"),
        ({"node": DOMAIN, "table": "edges"}, "table"),
        ({"node": DOMAIN, "cursor": 5}, "cursor"),
    ],
)
def test_a_member_that_means_nothing_is_named(caller: httpx.Client, body: Any, field: str) -> None:
    """Whatever is wrong with a member is a 400 that names it."""
    reply = caller.post("/graph", content=json.dumps(body).encode(), headers=JSON)
    check_problem(reply, 400, "invalid-parameter", fields={field})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "content"),
        (b"[]", "content"),
        (b"null", "content"),
        (b'"text"', "content"),
        (b"{", "content"),
        (b'{"node": "a"} {}', "content"),
        (b'{"node": \xff}', "content"),
        (json.dumps({"node": DOMAIN}).encode("utf-16"), "content"),
        (b"[" * 200_000, "content"),
        (b'{"a":' * 100_000, "content"),
        (b'{"node": "x", "hops": NaN}', "content"),
        (b'{"node": "x", "timeout": Infinity}', "content"),
        (b'{"node": "x", "hops": ' + b"9" * 20_000 + b"}", "content"),
        (b'{"node": "observable:domain:a.example", "node": "observable:domain:b.example"}', "node"),
        (b'{"nodes": ["observable:domain:a.example"], "hops": 1, "hops": 2}', "hops"),
        (b'{"node": "x", "hops": {"a": 1, "a": 2}}', "a"),
    ],
)
def test_a_body_that_is_no_object_is_refused(caller: httpx.Client, body: bytes, field: str) -> None:
    """What is no JSON object, or says a thing twice, is a 400 and no failure of ours."""
    reply = caller.post("/graph", content=body, headers=JSON)
    check_problem(reply, 400, "invalid-parameter", fields={field})


def test_half_a_character_is_no_address(caller: httpx.Client) -> None:
    """A lone surrogate, which JSON can spell, is refused wherever it stands."""
    for body in (rb'{"node": "observable:domain:\ud800"}', rb'{"nodes": ["threatwinds:malware:\udfff"]}'):
        reply = caller.post("/graph", content=body, headers=JSON)
        assert reply.status_code == 400, reply.text
        assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("query", ["hops=2", f"node={DOMAIN}", "cursor=x", "anything"])
def test_a_post_has_no_query(caller: httpx.Client, query: str) -> None:
    """Parameters in the URL of a POST are refused, not ignored."""
    reply = caller.post(f"/graph?{query}", json={"node": DOMAIN})
    check_problem(reply, 400, "invalid-parameter", fields={query.partition("=")[0]})


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/graph", f"/graph/{DOMAIN}"])
def test_other_methods_are_405(caller: httpx.Client, method: str, path: str) -> None:
    """What may be sent is told."""
    reply = caller.request(method, path, json={"nodes": [DOMAIN]})
    check_problem(reply, 405, "method-not-allowed")
    assert reply.headers["allow"] == ("GET, HEAD, POST" if path == "/graph" else "GET, HEAD")


def test_the_path_forms_take_no_post(caller: httpx.Client) -> None:
    """A body is for /graph alone."""
    check_problem(caller.post(f"/graph/{DOMAIN}", json={"hops": 1}), 405, "method-not-allowed")


def test_a_head_without_a_node_is_as_a_get(caller: httpx.Client) -> None:
    """HEAD /graph asks as GET does: without a node it is a 400 without a body."""
    reply = caller.head("/graph")
    assert (reply.status_code, reply.content) == (400, b"")
