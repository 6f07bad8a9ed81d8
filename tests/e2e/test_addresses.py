"""Three ways of sending an address, all equal, whatever stands in its key."""

from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import httpx
import pytest

from connectors.model import encode_ref
from harness.problem import check_problem
from harness.process import Process
from harness.raw import send_raw
from harness.settings import CONTAINER

DOCUMENT = f"autodesk-bim360-documentmanagement@{CONTAINER}:documentlineage:"
TEXT = "threatwinds:text:"
QUESTION = "hops=0&require=none"

KEYS = {
    "plain": "plain",
    "slashes": "a/b//c/",
    "leading slash": "/a",
    "dots": "../..",
    "dot segments": "a/./b/../c",
    "encoded slash": "a%2Fb%2fc",
    "encoded twice": "%252F%25",
    "encoded braces": "part#{3D}",
    "question": "a?b=c&d=e",
    "plus and space": "a+b c  d",
    "colons": "urn:adsk.wipprod:dm.lineage:x::",
    "semicolon": "a;b=c,d",
    "tilde": "~a~",
    "at": "a@b@c",
    "emoji": "\N{GRINNING FACE}\N{ZERO WIDTH JOINER}\N{FIRE}",
    "right to left": "a\N{RIGHT-TO-LEFT MARK}\N{HEBREW LETTER ALEF}\N{RIGHT-TO-LEFT OVERRIDE}b",
    "decomposed": "e\N{COMBINING ACUTE ACCENT} \N{LATIN SMALL LETTER E WITH ACUTE}",
    "lines": "a\nb\r\nc\td",
    "quotes": "\"'`<>|\\^{}[]",
    "node parameter": "node=x&hops=9",
}
LONG = "0123456789" * 1000


def ways(address: str) -> Iterator[bytes]:
    """Give every way of sending it, as it stands in the request line."""
    utf8 = address.encode()
    # What may stand in a path as it is, by the grammar or because our own parser takes it.
    literal = quote(utf8, safe="/:@!$&'()*+,;=~|\\^{}[]\"`<>'")
    yield f"/graph/{quote(utf8, safe='')}?{QUESTION}".encode()
    yield f"/graph/{literal}?{QUESTION}".encode()
    yield "/graph/{}?{}".format("".join(f"%{byte:02x}" for byte in utf8), QUESTION).encode()
    yield f"/graph/~{encode_ref(address)}?{QUESTION}".encode()
    yield f"/graph/%7E{encode_ref(address)}?{QUESTION}".encode()
    yield f"/graph?node={quote(utf8, safe='')}&{QUESTION}".encode()
    yield f"/graph?{QUESTION}&node={quote_plus(utf8)}".encode()


def seeds(answers: list[httpx.Response], *, requested: str) -> set[str]:
    """Hold that all are answers to what was sent, and give the seeds they are about."""
    for answer in answers:
        assert answer.status_code == 200, answer.text
        about = answer.json()["graph"]
        assert about["requested"] == requested
        location = f"/graph/~{encode_ref(about['seed'])}?{QUESTION}"
        # A longer one would make more headers than proxies take.
        assert answer.headers.get("content-location") == (location if len(location) <= 2048 else None)
        assert answer.json()["nodes"][0]["id"] == about["seed"]
    return {answer.json()["graph"]["seed"] for answer in answers}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_every_way_leads_to_the_same_document(service: Process, key: str) -> None:
    """A key of the Autodesk service is anything at all, and comes back as it was sent."""
    address = DOCUMENT + key
    assert seeds([send_raw(service.url, way) for way in ways(address)], requested=address) == {address}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_every_way_leads_to_the_same_text(service: Process, key: str) -> None:
    """ThreatWinds normalises its texts; the ways of sending one change nothing about that."""
    address = TEXT + key
    (seed,) = seeds([send_raw(service.url, way) for way in ways(address)], requested=address)
    assert seed.startswith(TEXT)
    assert seeds([send_raw(service.url, way) for way in ways(seed)], requested=seed) == {seed}


def test_a_long_key_is_sent_either_way(service: Process) -> None:
    """10 kB fit into every form, and into the ref of the canonical address."""
    address = TEXT + LONG
    short = [way for way in ways(address) if len(way) <= 16 * 1024]
    assert len(short) == 6
    assert seeds([send_raw(service.url, way) for way in short], requested=address) == {address}


@pytest.mark.parametrize("key", [*KEYS.values(), LONG], ids=[*KEYS, "long"])
def test_a_client_library_sends_all_three(caller: httpx.Client, key: str) -> None:
    """With nothing but a library's own quoting the ways are equal too."""
    address = TEXT + key
    answers = [
        caller.get(f"/graph/{quote(address, safe='')}?{QUESTION}"),
        caller.get(f"/graph/~{encode_ref(address)}?{QUESTION}"),
        caller.get(f"/graph?{QUESTION}", params={"hops": "0", "require": "none", "node": address}),
    ]
    assert len({answer.json()["graph"]["seed"] for answer in answers}) == 1
    assert {answer.json()["graph"]["requested"] for answer in answers} == {address}


@pytest.mark.parametrize(
    "target",
    [
        b"/graph%2Fobservable:domain:acescency.com",
        b"/%67raph/observable:domain:acescency.com",
        b"/graph/observable%3adomain%3Aacescency%2Ecom",
        b"/graph/observable:domain:AcEsCeNcY.com",
        b"/graph/threatwinds:domain:acescency.com",
        b"/graph?node=observable:domain:acescency.com&",
        b"/graph?%6eode=observable:domain:acescency.com",
        b"http://elsewhere.example/graph/observable:domain:acescency.com",
    ],
)
def test_a_url_means_the_same_however_it_is_spelled(service: Process, target: bytes) -> None:
    """What RFC 3986 calls equivalent is equivalent, and every spelling has one canonical address."""
    answer = send_raw(service.url, target)
    assert answer.status_code == 200, answer.text
    assert answer.json()["graph"]["seed"] == "observable:domain:acescency.com"
    assert answer.headers["content-location"] == "/graph/~b2JzZXJ2YWJsZTpkb21haW46YWNlc2NlbmN5LmNvbQ"


@pytest.mark.parametrize("key", [b"part#{3D}", b"a b", b"a\tb", "\N{FIRE}".encode(), b"\x7f"])
def test_what_no_url_can_hold_is_refused(service: Process, key: bytes) -> None:
    """Such a character is percent-encoded or refused; nothing is cut off in front of it."""
    check_problem(
        send_raw(service.url, b"/graph/" + TEXT.encode() + key), 400, "invalid-parameter", fields={"url"}
    )


def test_the_canonical_location_gives_the_same_answer(caller: httpx.Client) -> None:
    """`Content-Location` leaves the parameter `node` out, however it is spelled, and nothing else."""
    first = caller.get("/graph?hops=2&%6eode=threatwinds:domain:acescency.com&max_nodes=50")
    location = first.headers["content-location"]
    assert location.endswith("?hops=2&max_nodes=50")
    second = caller.get(location)
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["content-location"] == location
