"""Headers of every sort: heeded, ignored as HTTP says, or a problem that names them and repeats nothing."""

import httpx
import pytest

from harness.problem import check_problem
from harness.process import Process
from harness.raw import send_raw

DOMAIN = "observable:domain:acescency.com"
SECRET = "s3cret-canary-of-a-caller"


@pytest.mark.parametrize("host", [b"[", b"", b"a b", b"\xff", b"x" * 300, b"evil.example:99999999"])
def test_the_host_header_does_not_matter(service: Process, host: bytes) -> None:
    """A problem is not put together from what a client calls this host."""
    response = send_raw(service.url, b"/nothing", headers=[(b"Host", host)])
    assert check_problem(response, 404, "not-found")["instance"] == "/nothing"


def test_large_headers_are_refused(service: Process) -> None:
    """64 KiB of them are more than anything here has a use for."""
    response = send_raw(service.url, b"/healthz", headers=[(b"X-Large", b"x" * 70_000)])
    check_problem(response, 431, "headers-too-large")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/*;q=0.1", 200),
        ("APPLICATION/JSON", 200),
        ("text/html, application/json;q=0.9", 200),
        (",,,", 406),
        ("text/csv", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("*/*;q=0", 406),
        ("application/json;q=nan", 406),
        ("a" * 5000, 406),
        ("\xff/\xff;;;==", 406),
        ("application/json" + ",text/x" * 2000, 200),
    ],
)
def test_accept_is_heeded(service: Process, accept: str, status: int) -> None:
    """A caller who takes no JSON is told, however the header is written."""
    response = send_raw(
        service.url, b"/graph/" + DOMAIN.encode(), headers=[(b"Accept", accept.encode("latin-1"))]
    )
    if status == 200:
        assert response.status_code == 200
    else:
        check_problem(response, 406, "not-acceptable")


@pytest.mark.parametrize(
    "value", ["max-age", "max-age=", "max-age=-1", "max-age=x", "max-stale=1.5", "stale-if-error"]
)
def test_a_wrong_cache_control_is_named(caller: httpx.Client, value: str) -> None:
    """A directive that is known needs its number."""
    response = caller.get(f"/graph/{DOMAIN}", headers={"Cache-Control": value})
    check_problem(response, 400, "invalid-parameter", fields={"Cache-Control"})


@pytest.mark.parametrize(
    "value",
    [
        "",
        ",,",
        "=,=",
        "no-store",
        "max-stale",
        "x=y, \x80",
        'max-age="5"',
        "MAX-AGE=5",
        f"max-age={'9' * 5000}",
    ],
)
def test_a_strange_cache_control_is_taken(service: Process, value: str) -> None:
    """Directives nobody knows are ignored, as HTTP says, and no number is too large."""
    target = b"/graph/" + DOMAIN.encode()
    response = send_raw(service.url, target, headers=[(b"Cache-Control", value.encode("latin-1"))])
    assert response.status_code == 200


@pytest.mark.parametrize("path", [f"/graph/{DOMAIN}", "/sources"])
@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        f'acc="Bearer {SECRET}"',
        f'nobody="Bearer {SECRET}"',
        f'acc="Bearer {SECRET}',
        f"acc=Bearer {SECRET}",
        f'acc="Bearer {SECRET}\xe9"',
        f'acc=%"Bearer {SECRET}%c3%a9"',
        f"acc=:{SECRET}:",
        f'ACC="Bearer {SECRET}"',
        "acc=@99999999999999",
        "acc",
    ],
)
def test_wrong_upstream_credentials_are_not_repeated(service: Process, path: str, value: str) -> None:
    """A name that takes none, and whatever is no dictionary of strings, is a 400 without the value."""
    header = (b"Upstream-Credentials", value.encode("latin-1"))
    response = send_raw(service.url, path.encode(), headers=[header])
    check_problem(response, 400, "invalid-parameter", fields={"Upstream-Credentials"})
    assert SECRET[:8] not in response.text


@pytest.mark.parametrize("value", [b"", b" "])
def test_an_empty_dictionary_is_no_credential(service: Process, value: bytes) -> None:
    """By RFC 8941 a field with nothing in it is a dictionary, and as good as none."""
    response = send_raw(service.url, b"/sources", headers=[(b"Upstream-Credentials", value)])
    assert response.status_code == 200


def test_if_none_match_is_taken_as_it_comes(service: Process) -> None:
    """Nonsense in it fits no answer; the right tag among it gives 304 with the headers of the answer."""
    target = b"/graph/" + DOMAIN.encode()
    answer = send_raw(service.url, target)
    tag = answer.headers["etag"].encode()
    for nonsense in (b"", b",,,", b'"', b"W/", b"\xff", b"x" * 4000):
        assert send_raw(service.url, target, headers=[(b"If-None-Match", nonsense)]).status_code == 200
    for held in (tag, tag.removeprefix(b"W/"), b'"x", ' + tag, b"*"):
        response = send_raw(service.url, target, headers=[(b"If-None-Match", held)])
        assert (response.status_code, response.content) == (304, b"")
        for name in ("etag", "vary", "cache-control", "graph-complete", "content-location"):
            assert response.headers[name] == answer.headers[name]
