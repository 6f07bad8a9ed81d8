"""A service with callers, other origins, lower ceilings and a source that takes its callers' credentials."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.plain import client_of
from harness.problem import check_problem
from harness.process import Process, start_service
from harness.raw import send_raw
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings
from service.caller import make_key

KEY, KEY_HASH = make_key()
ORIGIN = "https://dashboard.example"
DOMAIN = "/graph/observable:domain:acescency.com"
ISSUE = f"/graph/autodesk-bim360-issue@{CONTAINER}:issue:bd17903c-7d3b-4e56-a79f-4cea00d430db"
BEARER = "sandbox-bearer-of-ines"


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, threatwinds_sandbox: Process, autodesk_sandbox: Process
) -> Iterator[Process]:
    """Start the service."""
    file: Path = tmp_path_factory.mktemp("guarded") / "relgraph.toml"
    settings = write_settings(
        file,
        redis_url="embedded",
        cors_origins=[ORIGIN],
        ceilings={"max_nodes": 50, "timeout": "5s"},
        sources={
            "threatwinds": threatwinds(threatwinds_sandbox.url, visibility="public"),
            "acc": autodesk(autodesk_sandbox.url, credentials="caller"),
        },
    )
    with settings.open("a", encoding="utf-8") as more:
        more.write(f'\n[callers.dashboard]\nkey_hash = "{KEY_HASH}"\n')
    process = start_service(settings)
    yield process
    process.end()


@pytest.fixture
def known(guarded: Process) -> Iterator[httpx.Client]:
    """Give a client with a key."""
    headers = {"Authorization": f"Bearer {KEY}"}
    with client_of(guarded.url, timeout=30, headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": f"Bearer {KEY}"}, {"authorization": f"bearer   {KEY}"}, {"X-API-Key": KEY}],
    ids=["bearer", "spaces", "key"],
)
def test_a_key_opens_the_service(guarded: Process, headers: dict[str, str]) -> None:
    """It may be sent in either header."""
    assert httpx.get(f"{guarded.url}/sources", headers=headers).status_code == 200


@pytest.mark.parametrize("path", [DOMAIN, "/graph", "/graph/~x", "/graph/", "/sources", f"{DOMAIN}?hops=99"])
@pytest.mark.parametrize(
    "headers",
    [
        (),
        ((b"Authorization", b"Bearer"),),
        ((b"Authorization", b"Bearer " + KEY[:-1].encode()),),
        ((b"Authorization", b"Basic " + KEY.encode()),),
        ((b"X-API-Key", b""),),
        ((b"X-API-Key", b"\xff\xfe"),),
        ((b"Authorization", b"Bearer wrong"), (b"X-API-Key", KEY.encode())),
    ],
    ids=["nothing", "no key", "nearly", "other scheme", "empty", "no ASCII", "wrong and right"],
)
def test_without_a_key_nothing_is_told(
    guarded: Process, path: str, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    """Not even what else is wrong with the request, and what was sent is not repeated."""
    response = send_raw(guarded.url, path.encode(), headers=headers)
    check_problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"
    assert KEY[:-1] not in response.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json"])
def test_what_is_open_to_all_stays_open(guarded: Process, path: str) -> None:
    """Probes and the documentation need no key."""
    assert httpx.get(guarded.url + path).status_code == 200


def test_public_data_behind_a_key_is_for_no_shared_cache(known: httpx.Client) -> None:
    """A cache on the way would serve it to callers without one."""
    answer = known.get(DOMAIN)
    assert answer.headers["cache-control"] == "private, max-age=0"
    assert {"Authorization", "X-API-Key", "Upstream-Credentials"} <= set(answer.headers["vary"].split(", "))


def test_a_callers_own_credential_is_used(known: httpx.Client) -> None:
    """With one the source answers; without one it says `no_credential`, and the problem holds its outcome."""
    header = {"Upstream-Credentials": f'acc="Bearer {BEARER}"'}
    answer = known.get(ISSUE, headers=header).json()
    assert answer["graph"]["sources"][0]["outcome"] == "ok"
    assert len(answer["edges"]) > 0
    body = check_problem(known.get(ISSUE), 502, "sources-failed")
    sources: Any = body["sources"]
    assert sources[0]["outcome"] == "no_credential"


@pytest.mark.parametrize(
    "value",
    [
        f'acc="{BEARER}"',
        f'acc="KeyPair {BEARER}:x"',
        f'acc="Basic {BEARER}"',
        'acc=""',
        'acc="Bearer"',
        'acc="Bearer  "',
        f'threatwinds="Bearer {BEARER}"',
        f'acc="Bearer {BEARER}", nobody="Bearer x"',
        f'acc=("Bearer {BEARER}")',
        f'acc="Bearer {BEARER}',
        f'acc="Bearer {BEARER} {BEARER}"',
        f'acc="Bearer {BEARER}\xfc"',
    ],
)
def test_a_scheme_that_is_not_taken_is_told_without_the_value(guarded: Process, value: str) -> None:
    """What the source takes is said instead."""
    headers = [(b"X-API-Key", KEY.encode()), (b"Upstream-Credentials", value.encode("latin-1"))]
    response = send_raw(guarded.url, ISSUE.encode(), headers=headers)
    check_problem(response, 400, "invalid-parameter", fields={"Upstream-Credentials"})
    assert BEARER not in response.text


@pytest.mark.parametrize("value", ["~canary", "\\\\canary", " canary", "';canary", "canary" * 1000])
def test_a_credential_of_any_form_is_the_sources_to_judge(known: httpx.Client, value: str) -> None:
    """Whatever fits into a header is passed on or refused, and never a failure of ours."""
    response = known.get(ISSUE, headers={"Upstream-Credentials": f'acc="Bearer {value}"'})
    body = check_problem(response, 502, "sources-failed")
    sources: Any = body["sources"]
    assert sources[0]["outcome"] == "denied"
    assert "canary" not in response.text


def test_the_document_knows_the_settings(guarded: Process) -> None:
    """Keys are needed, ceilings are lower, and the header for credentials has its example."""
    document = httpx.get(f"{guarded.url}/openapi.json").json()
    operation = document["paths"]["/graph"]["get"]
    parameters = {parameter["name"]: parameter for parameter in operation["parameters"]}
    assert operation["security"] == [{"bearer": []}, {"key": []}]
    assert "401" in operation["responses"]
    assert (
        parameters["max_nodes"]["schema"] | {"maximum": 50, "default": 50}
        == parameters["max_nodes"]["schema"]
    )
    assert parameters["timeout"]["schema"]["default"] == 5
    assert parameters["Upstream-Credentials"]["example"] == 'acc="Bearer <token>"'


def test_ceilings_are_the_operators(known: httpx.Client) -> None:
    """They lower defaults too, and the detail names them."""
    assert known.get(DOMAIN).status_code == 200
    response = known.get(DOMAIN, params={"max_nodes": "51", "timeout": "5.1"})
    body = check_problem(response, 400, "invalid-parameter", fields={"max_nodes", "timeout"})
    assert "ceiling of 50" in str(body["detail"])


def test_another_origin_is_let_in(known: httpx.Client) -> None:
    """An answer, and every problem too, can be read by a page of a configured origin."""
    for path, status in (
        (DOMAIN, 200),
        ("/nothing", 404),
        (f"/{'x' * 20_000}", 414),
        (f"{DOMAIN}?hops=9", 400),
    ):
        response = known.get(path, headers={"Origin": ORIGIN})
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert "Request-Id" in response.headers["access-control-expose-headers"]
    assert (
        "access-control-allow-origin"
        not in known.get(DOMAIN, headers={"Origin": "https://evil.example"}).headers
    )


def test_a_preflight_needs_no_key(guarded: Process) -> None:
    """A browser sends none with it; all our headers may follow."""
    asked = "authorization,cache-control,if-none-match,upstream-credentials,x-api-key"
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": asked,
    }
    response = httpx.options(guarded.url + DOMAIN, headers=headers)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["request-id"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"},
        {"Origin": ORIGIN, "Access-Control-Request-Method": "DELETE"},
        {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "x-else",
        },
    ],
)
def test_a_refused_preflight_is_a_problem(guarded: Process, headers: dict[str, str]) -> None:
    """Like everything else that is refused."""
    check_problem(httpx.options(guarded.url + DOMAIN, headers=headers), 403, "forbidden")
