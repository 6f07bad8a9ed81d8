"""Secrets stand nowhere in clear: no log, answer, problem, store entry, file, command line, environment."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.leak import find_leaks
from harness.process import start_sandbox, start_service
from harness.scene import SECRETS, Scene, caller_headers
from harness.settings import CONTAINER, write_settings
from harness.store import Store

ASSET = f"autodesk-bim360-asset@{CONTAINER}:asset:2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
DOMAIN = "observable:domain:acescency.com"
SOURCES = ("acc", "own", "renewed", "kept", "robot", "feed", "guest")
RENEWING = ("renewed", "kept", "robot")
STRAY = SECRETS["stray"]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Run one service for all tests here: what it writes adds up."""
    with ExitStack() as stack:
        upstreams = [start_sandbox(name) for name in ("autodesk", "threatwinds")]
        for upstream in upstreams:
            stack.callback(upstream.end)
        store = stack.enter_context(Store(password=SECRETS["store password"]))
        site, feed = upstreams
        yield Scene(tmp_path_factory.mktemp("scene"), site=site, feed=feed, store=store, stack=stack)


def ask(scene: Scene, source: str, **parameters: str) -> dict[str, Any]:
    """Ask one source about something it knows, and give what it did."""
    node = DOMAIN if source in {"feed", "guest"} else ASSET
    sent: dict[str, Any] = {"node": node, "sources": source, "require": "none", **parameters}
    done: dict[str, Any] = scene.ask(headers=caller_headers(source), **sent)["graph"]["sources"][0]
    return done


def test_successes_show_no_secret(scene: Scene) -> None:
    """Every kind of credential is used with success, cold and warm; none of them is anywhere."""
    for source in SOURCES * 3:
        assert ask(scene, source, hops="2")["outcome"] == "ok"
    for path in ("/sources", "/healthz", "/readyz", "/openapi.json"):
        scene.ask(path, headers=caller_headers("acc"))
    callers = {call["caller"] for call in (*scene.site.calls(), *scene.feed.calls())}
    assert callers == {SECRETS["user"], SECRETS["robot"], "feed", "guest"}
    assert len(scene.store.content()) > 10
    assert scene.leaks() == {}


FAULTS: tuple[dict[str, Any], ...] = (
    *({"status": status} for status in (400, 401, 403, 404, 418, 429, 500, 503)),
    *({"malformed": how} for how in ("html", "truncated", "wrong_types", "missing_fields", "bomb")),
    {"drop": "before"},
    {"drop": "midway"},
    {"latency_seconds": 1.0},
    {"redirect_to": "/elsewhere"},
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(map(str, *fault.items())))
def test_failures_show_no_secret(scene: Scene, fault: dict[str, Any]) -> None:
    """Whatever an upstream does wrong, its token endpoint included, no credential is told with it."""
    scene.admit()
    scene.feed.fault(fault)
    anew = partial(ask, scene, max_age="0", timeout="0.6")
    with ThreadPoolExecutor(len(SOURCES)) as pool:
        scene.site.fault({"match": "/bim360/"} | fault)
        done = list(pool.map(anew, SOURCES))
        scene.site.turn(access_token_generation=1)
        scene.site.fault({"match": "/authentication/"} | fault)
        done += pool.map(anew, RENEWING)
    assert {each["outcome"] for each in done} != {"ok"}
    scene.admit()
    assert scene.leaks() == {}


def test_an_upstream_that_repeats_the_credential_is_not_quoted(scene: Scene) -> None:
    """Error bodies, headers and reason codes that hold the very credential sent are kept back."""
    for name, source, board in (
        ("caller token", "acc", scene.site),
        ("own token", "own", scene.site),
        ("feed key", "feed", scene.feed),
        ("guest secret", "guest", scene.feed),
    ):
        secret = SECRETS[name]
        bodies = (
            f'{{"developerMessage": "bad {secret}", "errorCode": "{secret}", "type": "{secret}"}}',
            f'{{"uuid": "{secret}", "error": "{secret}"}}',
            f'{{"error": {{"message": "{secret}", "error_id": "{secret}", "code": "{secret}"}}}}',
            f'{{"type": "BadInput", "errors": [{{"field": "{secret}"}}]}}',
            secret,
        )
        for body, status in zip(bodies, (400, 401, 403, 429, 418), strict=True):
            scene.admit()
            for echo in ({}, {"x-error": secret, "x-error-id": secret, "retry-after": secret}):
                board.fault({"status": status, "body": body, "headers": echo})
                assert ask(scene, source, max_age="0")["outcome"] != "ok"
    scene.admit()
    assert scene.leaks() == {}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_no_credential_elsewhere(scene: Scene, status: int) -> None:
    """An upstream, or its token endpoint, that points to another server: nothing is sent there."""
    scene.admit()
    scene.site.turn(access_token_generation=1)
    scene.site.fault({"status": status, "redirect_to": f"{scene.feed_url}/elsewhere"})
    for source in ("acc", "own", *RENEWING):
        assert ask(scene, source, max_age="0")["outcome"] != "ok"
    assert scene.feed.calls() == []
    scene.admit()


@pytest.mark.parametrize(
    "credentials",
    [
        f'acc="Bearer {STRAY}',
        f"acc=Bearer {STRAY}",
        f"acc={STRAY}",
        f'acc="{STRAY}"',
        f'acc="Basic {STRAY}"',
        f'acc="KeyPair {STRAY}:{STRAY}"',
        f'acc="Bearer {STRAY} {STRAY}"',
        f'acc="Bearer {STRAY}\\""',
        f'acc=("Bearer {STRAY}")',
        f"acc=:{STRAY}=:",
        f'acc="Bearer {STRAY}";{STRAY}="{STRAY}"',
        f'{STRAY}="Bearer {STRAY}"',
        f'own="Bearer {STRAY}"',
        f'guest="KeyPair {STRAY}"',
        f'guest="KeyPair {STRAY}:"',
        f'acc="Bearer {STRAY}", acc="Bearer {STRAY}x"',
        f'acc="Bearer {STRAY}", {STRAY}',
    ],
)
def test_a_header_that_is_wrong_is_not_repeated(scene: Scene, credentials: str) -> None:
    """A problem about `Upstream-Credentials` names the header and never what was in it."""
    headers = {"Upstream-Credentials": credentials}
    for body in (
        scene.ask(headers=headers, node=ASSET, sources="acc"),
        scene.ask("/sources", headers=headers),
    ):
        if body.get("status") == 400:
            assert body["errors"][0]["field"] == "Upstream-Credentials"
        else:
            assert body["sources"][0]["name"] == "acc"
    assert scene.leaks() == {}


def test_wrong_keys_of_callers_are_not_repeated(scene: Scene) -> None:
    """Nor are secrets in cookies and headers that mean nothing here."""
    wrong = SECRETS["wrong api key"]
    for headers in (
        {"Authorization": f"Bearer {wrong}"},
        {"Authorization": f"Basic {wrong}"},
        {"Authorization": wrong},
        {"X-API-Key": wrong},
        {"X-API-Key": f"{wrong}é".encode()},
        {"Cookie": f"key={wrong}"},
    ):
        for path in ("/graph", "/sources"):
            assert scene.ask(path, bare=True, headers=headers)["status"] == 401
    stray = {"Authorization": f"Bearer {STRAY}", "Cookie": STRAY, "Referer": STRAY, "User-Agent": STRAY}
    for status, path in ((404, "/nowhere"), (401, "/graph")):
        assert scene.ask(path, bare=True, headers=stray)["status"] == status
    assert scene.ask(headers={"Accept": f"text/{STRAY}"}, node=ASSET)["status"] == 406
    assert scene.leaks() == {}


def test_trouble_with_the_store_shows_no_password(scene: Scene, tmp_path: Path) -> None:
    """A store that hangs, one that is not there, and one that refuses the password."""
    scene.store.hang()
    try:
        assert ask(scene, "own")["outcome"] in {"ok", "denied"}
        scene.ask("/readyz")
    finally:
        scene.store.resume()
    wrong = SECRETS["wrong store password"]
    refusing = scene.store.url.replace(SECRETS["store password"], wrong)
    for number, url in enumerate((refusing, f"redis://someone:{wrong}@127.0.0.1:1/0")):
        config = write_settings(
            tmp_path / f"{number}.toml",
            redis_url=url,
            secret_keys=[SECRETS["secret key"]],
            log_level="debug",
            sources={"own": scene.sources["own"]},
        )
        process = start_service(config)
        try:
            reply = httpx.get(f"{process.url}/graph", params={"node": ASSET}, timeout=20)
            ready = httpx.get(f"{process.url}/readyz", timeout=20)
        finally:
            process.end()
        assert (reply.status_code, ready.json()["status"]) == (200, "degraded")
        assert '"event": "store_' in process.output
        for shown in (reply.text, ready.text, str(reply.headers), process.output):
            assert find_leaks(shown, secrets=scene.secrets) == set()
    assert scene.leaks() == {}


def test_the_search_finds_what_is_there() -> None:
    """Plain, in hex, percent-encoded, and in base64 at any place of a longer text."""
    secrets = {"it": "a-Secret/With+Signs=and-more"}
    for coded in (b64encode, urlsafe_b64encode):
        for before in ("", "x", "xx", "key:"):
            assert find_leaks(coded(f"{before}{secrets['it']}:after".encode()), secrets=secrets) == {"it"}
    assert find_leaks(f"before {secrets['it']} after", secrets=secrets) == {"it"}
    assert find_leaks(secrets["it"].encode().hex(), secrets=secrets) == {"it"}
    assert find_leaks("a-Secret%2FWith%2BSigns%3Dand-more", secrets=secrets) == {"it"}
    assert find_leaks("a-Secret", secrets=secrets) == set()
