"""Whatever is wrong with a request: a problem that names it, never a 500, never a word of a credential."""

import httpx
import pytest

from harness.problem import check_problem
from harness.process import Process
from harness.raw import send_raw

DOMAIN = "observable:domain:acescency.com"
SECRET = "s3cret-canary-of-a-caller"

BAD_VALUES = [
    ("hops", value)
    for value in (
        "-1",
        "7",
        "5.0",
        "1e0",
        "+1",
        " 1",
        "\N{ARABIC-INDIC DIGIT ONE}",
        "0x1",
        "",
        "1,2",
        "9" * 400,
        "null",
    )
]
BAD_VALUES += [
    (name, value)
    for name, over in (
        ("max_nodes", 50_001),
        ("max_edges", 200_001),
        ("fan_out", 10_001),
        ("max_calls", 5_001),
    )
    for value in ("0", "-1", str(over), "1000000000", "5.0")
]
BAD_VALUES += [
    ("timeout", value)
    for value in ("0.049", "60.001", "0", "-5", "nan", "inf", "1e1", "\N{ARABIC-INDIC DIGIT FIVE}", "5s", "")
]
BAD_VALUES += [("max_age", value) for value in ("-1", "nan", "infinity", "1h")]
BAD_VALUES += [
    ("created_after", value)
    for value in (
        "2024-05-01T00:00:00",
        "2024-05-01",
        "2024-W01-1T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "0001-01-01T00:00:00+23:00",
        "1714521600",
        "yesterday",
        "2024-05-01T00:00:00Z\x00",
    )
]
BAD_VALUES += [
    ("direction", "sideways"),
    ("deleted", "true"),
    ("order", "ASC"),
    ("require", "all"),
    ("identity", "guessed"),
    ("format", "xlsx"),
    ("sort", "nonsense"),
    ("sort", "nobody.reputation"),
    ("sort", "threatwinds."),
    ("with_key", ""),
    ("with_type", ",issue"),
    ("relation", "a,,b"),
    ("relation", "a" * 129),
]
BAD_VALUES += [(name, "1") for name in ("paths", "measures", "plan", "explain", "table", "Hops", "node ", "")]


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_wrong_parameter_is_named(caller: httpx.Client, name: str, value: str) -> None:
    """A value out of range or of the wrong form, and a parameter nobody knows, is a 400 with its name."""
    response = caller.get(f"/graph/{DOMAIN}", params={name: value})
    check_problem(response, 400, "invalid-parameter", fields={name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hops", "0"),
        ("max_nodes", "50000"),
        ("max_nodes", "1"),
        ("timeout", "0.05"),
        ("timeout", "60"),
        ("timeout", "0.3333333333333333"),
        ("max_age", "0"),
        ("max_age", "9" * 18),
        ("created_after", "2024-05-01 00:00:00+01:00"),
        ("sort", "threatwinds.no.such.attribute"),
    ],
)
def test_bounds_are_inclusive(caller: httpx.Client, name: str, value: str) -> None:
    """The least and the most that the contract names are accepted."""
    assert caller.get(f"/graph/{DOMAIN}", params={name: value, "require": "none"}).status_code == 200


def test_every_mistake_is_told_at_once(caller: httpx.Client) -> None:
    """A caller with several mistakes mends them in one go."""
    query = {
        "hops": "9",
        "max_nodes": "50001",
        "sort": "?",
        "plans": "true",
        "direction": "up",
        "fan_out": "",
    }
    response = caller.get(f"/graph/{DOMAIN}", params=query)
    check_problem(response, 400, "invalid-parameter", fields=query)


def test_an_empty_window_is_named(caller: httpx.Client) -> None:
    """Nothing can be created after the end of the window and before its beginning."""
    same = "2024-05-01T00:00:00Z"
    for before in (same, "2024-05-01T00:30:00+01:00"):
        response = caller.get(f"/graph/{DOMAIN}", params={"created_after": same, "created_before": before})
        check_problem(response, 400, "invalid-parameter", fields={"created_before"})


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (b"hops=1&hops=2", "hops"),
        (b"hops", "hops"),
        (b"direction=%ff", "direction"),
        (b"%ff=1", "\\xff"),
        (b"with_key=%ed%a0%80", "with_key"),
        (b"sources=", "sources"),
        (b"node=x", "node"),
        (b"hops=1;order=asc", "hops"),
        (b"=1", ""),
    ],
)
def test_a_query_string_is_read_strictly(service: Process, query: bytes, field: str) -> None:
    """Nothing in it is dropped, replaced or guessed."""
    response = send_raw(service.url, b"/graph/" + DOMAIN.encode() + b"?" + query)
    check_problem(response, 400, "invalid-parameter", fields={field})


@pytest.mark.parametrize(
    "target",
    [
        b"/graph/",
        b"/graph//",
        b"/graph//x",
        b"/graph/..",
        b"/graph/../healthz",
        b"/graph/%2e%2e/",
        b"/graph/~",
        b"/graph/%7E",
        b"/graph/~%7E",
        b"/graph/~!!!!",
        b"/graph/~YWI=",
        b"/graph/~____",
        b"/graph/%00",
        b"/graph/%ff",
        b"/graph/%ed%a0%80",
        b"/graph/observable:domain:",
        b"/graph/observable::x",
        b"/graph/observable@:domain:x",
        b"/graph/observable:domain:a%20b",
        b"/graph/observable:domain:a+b",
        b"/graph/observable:domain:x%00y",
        b"/graph/observable:no-such-kind:x",
        b"/graph/" + DOMAIN.encode() + b"/",
        b"/graph/" + DOMAIN.encode() + b"%20",
        b"/graph/" + b"n" * 129 + b":type:key",
    ],
)
def test_a_wrong_address_is_an_invalid_node(service: Process, target: bytes) -> None:
    """What is no address, in whichever way it is sent, is told of the field `node`."""
    check_problem(send_raw(service.url, target), 400, "invalid-node", fields={"node"})


@pytest.mark.parametrize(("query", "status"), [("", 400), ("?node=", 400), ("?node=a:b:c&node=a:b:c", 400)])
def test_the_node_is_given_once(caller: httpx.Client, query: str, status: int) -> None:
    """Without its one value the parameter `node` is a mistake like any other."""
    check_problem(caller.get(f"/graph{query}"), status, "invalid-parameter", fields={"node"})


def test_an_unknown_namespace_is_not_found(caller: httpx.Client) -> None:
    """No source accepts it, and the detail names what is accepted."""
    body = check_problem(caller.get("/graph/acme:type:key"), 404, "unknown-node")
    assert "threatwinds" in str(body["detail"])


def test_an_unknown_source_is_named(caller: httpx.Client) -> None:
    """Sources are those of the settings."""
    response = caller.get(f"/graph/{DOMAIN}", params={"sources": "threatwinds,acme"})
    body = check_problem(response, 400, "unknown-source", fields={"sources"})
    assert "acme" in str(body["detail"])


@pytest.mark.parametrize(
    "target", ["/", "/nothing", "/sources/", "/graphs", "//graph/x", "/healthz/", "/docs/x.js"]
)
def test_what_is_not_there_is_not_found(service: Process, target: str) -> None:
    """There are no redirects to something similar."""
    check_problem(send_raw(service.url, target.encode()), 404, "not-found")


def test_a_cursor_that_is_none_and_a_target_nobody_knows_are_refused(caller: httpx.Client) -> None:
    """Each has its own kind of problem, and is named."""
    answered = caller.get(f"/graph/{DOMAIN}", params={"cursor": "1"})
    check_problem(answered, 400, "invalid-cursor", fields={"cursor"})
    check_problem(caller.get(f"/graph/{DOMAIN}", params={"to": "1"}), 404, "unknown-node")


@pytest.mark.parametrize("path", ["/graph", "/graph/x:y:z", "/graph/~eA", "/sources", "/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(caller: httpx.Client, path: str, method: str) -> None:
    """The problem comes with the methods there are."""
    several = path == "/graph"
    response = caller.request(method, path)
    if several and method == "POST":
        # There is such a method; what it needs is a body.
        check_problem(response, 415, "unsupported-media-type")
        return
    check_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == ("GET, HEAD, POST" if several else "GET, HEAD")


@pytest.mark.parametrize(
    "target",
    [
        b"/graph/" + b"a" * 20_000,
        b"/graph/a?" + b"a" * 20_000,
        b"/graph/" + b"a" * 70_000,
        b"/" + b"%20" * 6000,
    ],
)
def test_a_long_url_is_refused(service: Process, target: bytes) -> None:
    """16 KiB are enough for everybody, path or query, and a problem does not send them back."""
    response = send_raw(service.url, target)
    check_problem(response, 414, "uri-too-long")
    assert len(response.content) < 1000


def test_the_longest_url_is_accepted(service: Process) -> None:
    """16 KiB to the byte are not too long."""
    start = b"/graph/threatwinds:text:"
    target = start + b"a" * (16 * 1024 - len(start) - len(b"?require=none")) + b"?require=none"
    assert send_raw(service.url, target).status_code == 200
    check_problem(send_raw(service.url, target.replace(b":a", b":aa", 1)), 414, "uri-too-long")


def test_a_misplaced_credential_is_not_repeated(caller: httpx.Client) -> None:
    """In the query, or as the value of an unknown parameter, it is not echoed either."""
    response = caller.get(f"/graph/{DOMAIN}", params={"api_key": SECRET, "hops": SECRET, "sort": SECRET})
    check_problem(response, 400, "invalid-parameter", fields={"api_key", "hops", "sort"})
    assert SECRET not in response.text


@pytest.mark.parametrize(
    "path", [f"/graph/{DOMAIN}", f"/graph?node={DOMAIN}", "/sources", "/healthz", "/readyz", "/docs"]
)
def test_head_is_get_without_a_body(caller: httpx.Client, path: str) -> None:
    """The headers are the same; the id of the request is its own."""
    got, head = caller.get(path), caller.head(path)
    # How long it took stands in the body, so the length of that may differ by a digit.
    own = {"request-id", "date", "age", "content-length", "server-timing"}
    assert head.content == b""
    assert {n: v for n, v in head.headers.items() if n not in own} == {
        n: v for n, v in got.headers.items() if n not in own
    }


@pytest.mark.parametrize("path", ["/graph/x", "/nothing", "/sources?a=1"])
def test_head_of_a_problem_is_its_headers(caller: httpx.Client, path: str) -> None:
    """Status and type of the problem are told without its body."""
    got, head = caller.get(path), caller.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == "application/problem+json"


def test_sources_takes_no_parameters(caller: httpx.Client) -> None:
    """An unknown parameter is an error there too."""
    check_problem(caller.get("/sources?name=acc"), 400, "invalid-parameter", fields={"name"})
