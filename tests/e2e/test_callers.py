"""API keys of this service's own callers: wanted on every answer, told apart from upstream credentials."""

import itertools
from collections.abc import Iterator

import httpx
import pytest

from harness.command import run_relgraph
from harness.process import Process
from harness.raw import send_raw
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings
from harness.standing import standing
from harness.telling import bearing, told
from service.caller import make_key

ASSET = f"autodesk-bim360-asset@{CONTAINER}:asset:2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
KEYS = {name: make_key() for name in ("dashboard", "night_job")}
WAYS = {"bearer": ("Authorization", "Bearer {}"), "x-api-key": ("X-API-Key", "{}")}
GUARDED = (
    "/graph?node=observable:domain:acescency.com",
    "/graph/observable:domain:acescency.com",
    "/sources",
    "/metrics",
)


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, threatwinds_sandbox: Process, autodesk_sandbox: Process
) -> Iterator[httpx.Client]:
    """Run a service that knows two callers."""
    sources = {
        "feed": threatwinds(threatwinds_sandbox.url),
        "acc": autodesk(autodesk_sandbox.url, credentials="caller"),
    }
    callers = {f"callers.{name}": {"key_hash": key_hash} for name, (_, key_hash) in KEYS.items()}
    folder = tmp_path_factory.mktemp("service")
    with standing(folder, redis_url="embedded", sources=sources, **callers) as (_, client):
        yield client


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEYS['dashboard'][0]}"},
        {"Authorization": f"Bearer {KEYS['dashboard'][0][:-1]}"},
        {"Authorization": f"Bearer {KEYS['dashboard'][0]}x"},
        {"Authorization": f"Bearer {KEYS['dashboard'][1]}"},
        {"X-API-Key": ""},
        {"X-API-Key": KEYS["dashboard"][0].upper()},
        {"X-API-Key": "dashboard"},
        {"Upstream-Credentials": f'acc="Bearer {KEYS["dashboard"][0]}"'},
        {"Cookie": f"X-API-Key={KEYS['dashboard'][0]}"},
    ],
    # Numbered: the keys are new at every run, and no name of a test may be.
    ids=itertools.count(),
)
def test_without_a_key_nothing_is_told(guarded: httpx.Client, path: str, headers: dict[str, str]) -> None:
    """No key, a wrong one, its hash, or a right one in the wrong place: 401, a problem, nothing more."""
    for method in ("GET", "HEAD"):
        reply = guarded.request(method, path, headers=headers)
        assert reply.status_code == 401
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.headers["www-authenticate"].startswith("Bearer")
        assert reply.headers["cache-control"] == "no-store"
    problem = guarded.get(path, headers=headers).json()
    assert (problem["type"], problem["status"]) == ("/problems/unauthenticated", 401)
    assert "sources" not in problem
    assert "acescency" not in str(problem.get("detail"))


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", KEYS)
def test_with_a_key_everything_is(guarded: httpx.Client, path: str, way: str, name: str) -> None:
    """Each caller's key opens every route, sent either way."""
    header, form = WAYS[way]
    reply = guarded.get(path, headers={header: form.format(KEYS[name][0])})
    assert reply.status_code == 200
    shown = {"/sources": '"sources":[{', "/metrics": "\nrelgraph_store_up 1.0\n"}
    assert shown.get(path, '"nodes":[{') in reply.text


@pytest.mark.parametrize("way", WAYS)
def test_space_around_a_key_is_no_part_of_it(guarded: httpx.Client, way: str) -> None:
    """RFC 9110, 5.5; a client that leaves a blank behind is the caller it is."""
    header, form = WAYS[way]
    line = (header.encode(), form.format(KEYS["dashboard"][0]).encode() + b" \t")
    assert send_raw(str(guarded.base_url), b"/sources", headers=[line]).status_code == 200
    assert send_raw(str(guarded.base_url), b"/sources", headers=[(b"X-API-Key", b" ")]).status_code == 401


def test_mistakes_are_told_to_callers_only(guarded: httpx.Client) -> None:
    """A stranger does not learn what sources, nodes or parameters there are: 401 comes before 400 and 404."""
    paths = ("/graph", "/graph?node=nonsense", "/graph/x:y:z", "/graph?node=autodesk@x&hops=99")
    for path in paths:
        assert guarded.get(path).status_code == 401
        assert guarded.get(path, headers={"X-API-Key": KEYS["dashboard"][0]}).status_code in {400, 404}


def test_health_needs_no_key(guarded: httpx.Client) -> None:
    """What a load balancer asks is open to it."""
    for path in ("/healthz", "/readyz"):
        assert guarded.get(path).status_code == 200


def test_a_callers_key_never_goes_upstream(guarded: httpx.Client) -> None:
    """With a key but no upstream credential the source has none; with both, each goes where it belongs."""
    for header, form in WAYS.values():
        headers = {header: form.format(KEYS["dashboard"][0])}
        parameters = {"node": ASSET, "require": "none"}
        answer = told(guarded.get("/graph", params=parameters, headers=headers), source="acc")
        assert (answer.outcome, answer.calls) == ("no_credential", 0)
        headers |= bearing(acc="sandbox-bearer-of-marc")
        answer = told(guarded.get("/graph", params=parameters, headers=headers), source="acc")
        assert answer.outcome == "ok"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", ""])  # noqa: S104 - to be refused
def test_without_callers_only_loopback_is_listened_on(
    tmp_path_factory: pytest.TempPathFactory, host: str
) -> None:
    """Anything else is refused with exit code 2, before anything is opened."""
    sources = {"feed": threatwinds("http://127.0.0.1:1")}
    path = write_settings(
        tmp_path_factory.mktemp("open") / "relgraph.toml", redis_url="embedded", sources=sources
    )
    ended = run_relgraph("serve", "--config", str(path), "--host", host, "--port", "0")
    assert ended.returncode == 2
    assert "callers" in ended.stderr
    assert "listening" not in ended.stdout


def test_a_printed_key_works(tmp_path_factory: pytest.TempPathFactory, threatwinds_sandbox: Process) -> None:
    """What `relgraph key new` prints is a settings file's part and the key that goes with it."""
    printed = run_relgraph("key", "new", "reports").stdout
    key = next(line.split()[1] for line in printed.splitlines() if line.startswith("# relgraph_"))
    key_hash = next(line.split('"')[1] for line in printed.splitlines() if line.startswith("key_hash"))
    sources = {"feed": threatwinds(threatwinds_sandbox.url)}
    callers = {"callers.reports": {"key_hash": key_hash}}
    folder = tmp_path_factory.mktemp("printed")
    everywhere = "0.0.0.0"  # noqa: S104 - with callers it may
    arguments = ("--host", everywhere)
    with standing(folder, *arguments, redis_url="embedded", sources=sources, **callers) as (_, client):
        local = client.base_url.copy_with(host="127.0.0.1", path="/sources")
        for sent, status in ((key, 200), (key_hash, 401)):
            assert httpx.get(local, headers={"X-API-Key": sent}).status_code == status
