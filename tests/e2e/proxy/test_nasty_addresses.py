"""The 500 nastiest addresses through nginx and HAProxy: the same seed, or at worst a refusal."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import quote, quote_plus

import pytest

from connectors.model import encode_ref
from harness.front import Front
from harness.nasty import nasty_keys
from harness.process import Process
from harness.raw import RawConnection
from harness.settings import CONTAINER

# The one takes any key as it is; the other has its own spelling of it, or refuses it.
VERBATIM = f"autodesk-bim360-documentmanagement@{CONTAINER}:documentlineage:"
NORMALISED = "threatwinds:text:"
KEYS = nasty_keys(500)
ADDRESSES = [
    (NORMALISED if place % 5 == 4 or len(key) > 255 else VERBATIM) + key for place, key in enumerate(KEYS)
]
QUESTION = "hops=0&require=none"
# By the grammar of a path (RFC 3986 3.3) these may stand in it as they are; the rest has to be encoded.
LITERAL = "/:@!$&'()*+,;=~"
# And these may not, but our own parser takes them.
TAKEN = LITERAL + '|\\^{}[]"<>`'
# Both are the limits of these proxies as they come: a line of 8 KiB, a head of 16 KiB.
TOO_LONG = {"nginx": ("x" * 9000, 414), "haproxy": ("x" * 16000, 400)}

Told = tuple[int, str | None]
"""The status, and the seed or the kind of problem."""


def as_ref(address: str) -> bytes:
    """Send it as a ref."""
    return f"/graph/~{encode_ref(address)}?{QUESTION}".encode()


def as_query(address: str) -> bytes:
    """Send it as a parameter."""
    return f"/graph?{QUESTION}&node={quote(address.encode(), safe='')}".encode()


def as_form(address: str) -> bytes:
    """Send it as a parameter, in the way of HTML forms."""
    return f"/graph?node={quote_plus(address.encode())}&{QUESTION}".encode()


def as_path(address: str) -> bytes:
    """Send it in the path, with everything encoded that can be."""
    return f"/graph/{quote(address.encode(), safe='')}?{QUESTION}".encode()


def as_literal_path(address: str) -> bytes:
    """Send it in the path, with nothing encoded that need not be."""
    return f"/graph/{quote(address.encode(), safe=LITERAL)}?{QUESTION}".encode()


def as_wild_path(address: str) -> bytes:
    """Send it in the path, with even less encoded than the grammar wants."""
    return f"/graph/{quote(address.encode(), safe=TAKEN)}?{QUESTION}".encode()


def ask(url: str, way: Callable[[str], bytes], addresses: Iterable[str]) -> Iterator[Told]:
    """Ask for all of them one way, over one connection."""
    with closing(RawConnection(url)) as connection:
        for address in addresses:
            reply = connection.send(way(address))
            if reply.status_code == 200:
                yield 200, reply.json()["graph"]["seed"]
            elif reply.headers.get("content-type") == "application/problem+json":
                yield reply.status_code, reply.json()["type"]
            else:
                yield reply.status_code, None


def ask_all(url: str, *ways: Callable[[str], bytes]) -> list[list[Told]]:
    """Ask for every address in each of these ways, all ways at once."""
    with ThreadPoolExecutor(len(ways)) as pool:
        return list(pool.map(lambda way: list(ask(url, way, ADDRESSES)), ways))


@pytest.fixture(scope="module")
def direct(service: Process) -> list[Told]:
    """Give what the service itself tells of each address, sent as a ref."""
    return list(ask(service.url, as_ref, ADDRESSES))


@pytest.fixture(params=["nginx", "haproxy"])
def front(request: pytest.FixtureRequest) -> Front:
    """Give one proxy with its default settings."""
    chosen: Front = request.getfixturevalue(request.param)
    return chosen


def test_there_are_500_and_the_service_takes_them(direct: list[Told]) -> None:
    """All of the one source as they are, most of the other in its own spelling, and the rest are refused."""
    assert len(set(ADDRESSES)) == 500
    pairs = list(zip(ADDRESSES, direct, strict=True))
    wrong = [(sent, told) for sent, told in pairs if sent.startswith(VERBATIM) and told != (200, sent)]
    assert wrong == []
    assert Counter(told[0] for sent, told in pairs if sent.startswith(NORMALISED)).keys() <= {200, 400}
    assert Counter(told[0] for told in direct)[200] > 450


def test_ref_and_query_lead_to_the_same_seed_every_time(front: Front, direct: list[Told]) -> None:
    """Whatever the address is, the answer is the one given directly."""
    for told in ask_all(front.url, as_ref, as_query, as_form):
        wrong = [each for each in zip(ADDRESSES, told, direct, strict=True) if each[1] != each[2]]
        assert wrong == []


def test_the_path_leads_to_the_same_seed_or_nowhere(front: Front, direct: list[Told]) -> None:
    """What a proxy does not let through is a 400; never is it the address of something else."""
    for told in ask_all(front.url, as_path, as_literal_path, as_wild_path):
        pairs = list(zip(ADDRESSES, told, direct, strict=True))
        assert [each for each in pairs if each[1][0] != 400 and each[1] != each[2]] == []
        # It is a way to ask, not a way to be refused.
        assert sum(each[1] == each[2] for each in pairs) > 450


def test_a_proxy_that_writes_paths_anew_leaves_ref_and_query_alone(
    normalising_nginx: Front, direct: list[Told]
) -> None:
    """With such a proxy a path may lead elsewhere before the service sees it: docs/operations.md says so."""
    for told in ask_all(normalising_nginx.url, as_ref, as_query):
        wrong = [each for each in zip(ADDRESSES, told, direct, strict=True) if each[1] != each[2]]
        assert wrong == []


@pytest.mark.parametrize("way", [as_ref, as_query, as_path])
@pytest.mark.parametrize("name", TOO_LONG)
def test_what_is_too_long_for_a_proxy_is_not_cut(
    request: pytest.FixtureRequest, name: str, way: Callable[[str], bytes]
) -> None:
    """It is refused whole, by the proxy itself."""
    key, status = TOO_LONG[name]
    front: Front = request.getfixturevalue(name)
    assert list(ask(front.url, way, [VERBATIM + key])) == [(status, None)]
