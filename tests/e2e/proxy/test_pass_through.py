"""Through nginx and HAProxy as they come, HTTP is what it is without them."""

import re

import httpx
import pytest

from harness.front import Front
from harness.place import DOMAIN
from harness.process import Process

QUESTION = {"node": DOMAIN, "max_nodes": "498"}
LASTING = ("etag", "vary", "cache-control", "graph-complete", "content-location", "content-type")


@pytest.fixture(params=["direct", "nginx", "haproxy"])
def url(request: pytest.FixtureRequest, service: Process) -> str:
    """Give where to ask: the service itself, or a proxy with its default settings."""
    if request.param == "direct":
        return service.url
    front: Front = request.getfixturevalue(request.param)
    return front.url


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_head_and_304_have_the_headers_of_the_answer(url: str, coding: str) -> None:
    """Whichever form it has, and without its body."""
    form = {"Accept-Encoding": coding}
    answer = httpx.get(f"{url}/graph", params=QUESTION, headers=form)
    head = httpx.head(f"{url}/graph", params=QUESTION, headers=form)
    held = form | {"If-None-Match": answer.headers["etag"]}
    checked = httpx.get(f"{url}/graph", params=QUESTION, headers=held)
    assert [reply.status_code for reply in (answer, head, checked)] == [200, 200, 304]
    assert answer.json()["graph"]["seed"] == DOMAIN
    assert answer.headers.get("content-encoding", "identity") == coding
    assert answer.headers["etag"].startswith('W/"')
    assert head.content == checked.content == b""
    for name in LASTING:
        assert head.headers[name] == answer.headers[name]
        assert name == "content-type" or checked.headers[name] == answer.headers[name]
    assert head.headers.get("content-encoding") == answer.headers.get("content-encoding")
    # The figures of `spent` differ by a digit now and then.
    lengths = [int(reply.headers["content-length"]) for reply in (head, answer)]
    assert abs(lengths[0] - lengths[1]) < 64


def test_both_forms_are_the_same_answer(url: str) -> None:
    """One tag names both, and each says that it depends on what is accepted."""
    forms = [
        httpx.get(f"{url}/graph", params=QUESTION, headers={"Accept-Encoding": c}) for c in ("gzip", "br")
    ]
    assert len({reply.headers["etag"] for reply in forms}) == 1
    assert {"Accept-Encoding" in reply.headers["vary"] for reply in forms} == {True}
    assert "edges" in forms[0].json()
    assert forms[0].json()["edges"] == forms[1].json()["edges"]


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        (QUESTION, 200),
        (QUESTION | {"sources": "nobody"}, 400),
        (QUESTION | {"hops": "9"}, 400),
        ({"node": "a:b:c"}, 404),
    ],
)
def test_every_answer_tells_where_its_time_went(url: str, parameters: dict[str, str], status: int) -> None:
    """A success and a problem alike, in milliseconds; the parts are no longer than the whole."""
    reply = httpx.get(f"{url}/graph", params=parameters)
    assert reply.status_code == status
    told = re.findall(r"([a-z]+);dur=([0-9]+\.[0-9])(?:, |$)", reply.headers["server-timing"])
    names = [name for name, _ in told]
    assert names[0] == "total"
    assert status != 200 or {"expand", "encode", "compress"} <= set(names)
    assert sum(float(duration) for _, duration in told[1:]) <= float(told[0][1]) + 0.5
