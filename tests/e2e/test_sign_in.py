"""Signing in at Autodesk: refresh tokens that work once, service accounts, and being refused."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from signal import SIGKILL
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.board import Board
from harness.command import run_relgraph
from harness.inside import serving
from harness.process import Process, start_service
from harness.settings import CONTAINER, autodesk, write_settings
from harness.store import Store
from harness.telling import Told, told

ASSET = f"autodesk-bim360-asset@{CONTAINER}:asset:2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
DOCUMENTED = "74b70bb8-8802-a1fd-f201-890375a60c8f"
TOKEN = "/authentication/v2/token"
KEYS = ["a secret key of all services here"]
LOGINS = count(1)
REFUSAL = {"match": TOKEN, "status": 401, "body": '{"error": "invalid_client"}'}


@pytest.fixture
def store(running_store: Store) -> Iterator[Store]:
    """Empty the store, and see that it goes on after the test."""
    running_store.empty()
    yield running_store
    running_store.resume()


@pytest.fixture
def login(board: Board) -> str:
    """Make a refresh token that has not been used yet."""
    return make_login(board)


def make_login(board: Board, **who: Any) -> str:
    """Let somebody log in: give a refresh token that works once."""
    token = f"login-number-{next(LOGINS)}"
    board.turn(refresh_tokens={token: {"user": "lena", "containers": [CONTAINER]} | who})
    return token


def refreshing(site: Process, login: str, **changes: Any) -> dict[str, Any]:
    """Give the table of a source that signs in with a refresh token."""
    client = {"client_id": "sandbox-client", "client_secret": "sandbox-client-key"}
    return autodesk(site.url, authorization=None, refresh_token=login, **client | changes)


async def ask(client: httpx.AsyncClient, **parameters: Any) -> Told:
    """Ask the source acc anew, whatever is cached."""
    reply = await client.get("/graph", params={"node": ASSET, "max_age": "0", **parameters})
    return told(reply, source="acc")


def ask_at_once(urls: list[str], *, each: int) -> list[Told]:
    """Ask every service so many times at once, each time on a connection of its own."""

    def ask_anew(url: str) -> Told:
        parameters = {"node": ASSET, "max_age": "0", "timeout": "30"}
        return told(httpx.get(f"{url}/graph", params=parameters, timeout=40), source="acc")

    with ThreadPoolExecutor(len(urls) * each) as pool:
        return list(pool.map(ask_anew, urls * each))


def test_one_refresh_in_the_whole_fleet(
    tmp_path: Path, site: Process, board: Board, store: Store, login: str
) -> None:
    """Two services of two workers, all cold and asked at once: one refresh, and everybody answers.

    Then all access tokens become void at once: one forced refresh; then they run out of time: one more.
    """
    path = tmp_path / "relgraph.toml"
    sources = {"acc": refreshing(site, login)}
    write_settings(path, redis_url=store.url, secret_keys=KEYS, sources=sources)
    # Long enough for every worker to find that a refresh is due while the first one is under way.
    board.fault({"match": TOKEN, "latency_seconds": 0.5})
    with ExitStack() as stack:
        urls = []
        for _ in range(2):
            process = start_service(path, "--workers", "2")
            stack.callback(process.end)
            urls.append(process.url)
        for turn in ({}, {"access_token_generation": 1}, {"access_token_generation": 2}):
            board.forget()
            board.turn(**turn)
            answers = ask_at_once(urls, each=10)
            assert {(answer.status, answer.outcome) for answer in answers} == {(200, "ok")}
            assert [(call["status"], call["caller"]) for call in board.calls(TOKEN)] == [(200, "lena")]


async def test_a_token_is_renewed_before_it_expires(
    site: Process, board: Board, store: Store, login: str
) -> None:
    """Access tokens of two seconds: no call goes out with a spent one, and refreshes are few."""
    board.turn(access_token_seconds=2)
    top = {"redis_url": store.url, "secret_keys": KEYS}
    async with serving(sources={"acc": refreshing(site, login)}, **top) as client:
        for _ in range(12):
            assert (await ask(client)).outcome == "ok"
            await asyncio.sleep(0.2)
    assert {call["status"] for call in board.calls()} == {200}
    assert 2 <= len(board.calls(TOKEN)) <= 5


def test_embedded_without_a_token_file_is_refused(tmp_path: Path, site: Process, login: str) -> None:
    """The next refresh token would be lost at exit: exit code 2, and the setting is named."""
    path = write_settings(
        tmp_path / "r.toml", redis_url="embedded", secret_keys=KEYS, sources={"acc": refreshing(site, login)}
    )
    ended = run_relgraph("serve", "--config", str(path), "--port", "0")
    assert ended.returncode == 2
    assert "sources.acc.token_file" in ended.stderr
    assert login not in ended.stderr


def test_a_token_file_without_secret_keys_is_refused(tmp_path: Path, site: Process, login: str) -> None:
    """Made-up keys are gone at exit, and with them what the file holds: exit code 2, and why."""
    table = refreshing(site, login, token_file=str(tmp_path / "token"))
    path = write_settings(tmp_path / "r.toml", redis_url="embedded", sources={"acc": table})
    ended = run_relgraph("check", "--config", str(path))
    assert ended.returncode == 2
    assert "secret_keys" in ended.stderr


def test_a_token_file_survives_the_service(tmp_path: Path, site: Process, board: Board, login: str) -> None:
    """Killed and started again with the same settings, the service goes on where it was."""
    table = refreshing(site, login, token_file=str(tmp_path / "token"))
    path = tmp_path / "relgraph.toml"
    write_settings(path, redis_url="embedded", secret_keys=KEYS, sources={"acc": table})
    for generation, workers in enumerate("12"):
        # The access token that came with it is void each time: only the refresh token can help.
        board.turn(access_token_generation=generation)
        process = start_service(path, "--workers", workers)
        try:
            answers = ask_at_once([process.url], each=6)
        finally:
            process.end(SIGKILL)
        assert {(answer.status, answer.outcome) for answer in answers} == {(200, "ok")}
    assert [call["status"] for call in board.calls(TOKEN)] == [200, 200]


async def test_another_login_in_the_settings_begins_anew(tmp_path: Path, site: Process, board: Board) -> None:
    """A changed refresh token in the settings wins over the file; the former, spent, is denied."""
    anna = make_login(board, user="anna")
    form = {"token_file": str(tmp_path / "token")}
    top = {"redis_url": "embedded", "secret_keys": KEYS}

    async def flag(login: str, *, keys: list[str] = KEYS) -> Told:
        sources = {"acc": refreshing(site, login, **form)}
        async with serving(sources=sources, **top | {"secret_keys": keys}) as client:
            return await ask(client, require="none")

    assert (await flag(anna)).read_only[DOCUMENTED] is False
    boris = make_login(board, user="boris", read_only_domains=["autodesk-bim360-asset"])
    assert (await flag(boris)).read_only[DOCUMENTED] is True
    # A new first key still opens the file, as long as the old one is listed.
    board.turn(access_token_generation=1)
    answer = await flag(boris, keys=["another secret key, of the same length", *KEYS])
    assert answer.read_only[DOCUMENTED] is True
    denied = await flag(anna)
    assert (denied.outcome, denied.edges) == ("denied", [])
    assert "invalid_grant" in denied.detail


async def test_no_refresh_without_a_place_for_the_next_token(
    site: Process, board: Board, store: Store, login: str
) -> None:
    """While the store hangs nothing is refreshed, since the chain would be lost; afterwards all is well."""
    top = {"redis_url": store.url, "secret_keys": KEYS}
    async with serving(sources={"acc": refreshing(site, login)}, **top) as client:
        store.hang()
        answer = await ask(client, timeout="8")
        assert (answer.status in (502, 504), answer.edges) == (True, [])
        assert answer.outcome in {"unavailable", "timeout"}
        assert board.calls(TOKEN) == []
        store.resume()
        assert (await ask(client)).outcome == "ok"


async def test_a_service_account_signs_in_with_its_key(site: Process, board: Board, store: Store) -> None:
    """The assertion is accepted and the token renewed when it is void; another key is denied, clearly."""
    keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]
    public = (
        keys[0]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    account = {
        "key_id": "key-1",
        "public_key_pem": public.decode(),
        "client_id": "robots",
        "user": "robot",
        "containers": [CONTAINER],
        "client_secret": "a-secret-of-robots",
    }
    board.turn(service_accounts={"robot@example": account})
    for number, key in enumerate(keys):
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        table = autodesk(
            site.url,
            authorization=None,
            service_account_id="robot@example",
            key_id="key-1",
            private_key=pem.decode(),
            client_id="robots",
            client_secret="a-secret-of-robots",
        )
        board.forget()
        async with serving(sources={"acc": table}, redis_url=store.url, secret_keys=KEYS) as client:
            if number:
                answer = await ask(client)
                assert (answer.status, answer.outcome) == (502, "denied")
                assert "invalid_grant" in answer.detail
                continue
            assert [(await ask(client)).outcome for _ in range(3)] == ["ok"] * 3
            assert [call["caller"] for call in board.calls(TOKEN)] == ["robot"]
            board.turn(access_token_generation=1)
            assert [(await ask(client)).outcome for _ in range(3)] == ["ok"] * 3
            assert [call["status"] for call in board.calls(TOKEN)] == [200, 200]


async def test_a_wrong_client_secret_is_told_and_not_tried_again_and_again(
    site: Process, board: Board, store: Store, login: str
) -> None:
    """Forty requests, one attempt; the detail says who refused and why; mended, all is well soon after."""
    board.fault(REFUSAL)
    top = {"redis_url": store.url, "secret_keys": KEYS}
    async with serving(sources={"acc": refreshing(site, login)}, **top) as client:
        for answer in await asyncio.gather(*(ask(client) for _ in range(40))):
            assert (answer.status, answer.outcome) == (502, "denied")
            assert answer.detail == "the token endpoint refused the credential: status 401, invalid_client"
        assert len(board.calls(TOKEN)) == 1
        assert board.calls(":search") == []
        board.fault()
        for _ in range(60):
            await asyncio.sleep(0.5)
            if (await ask(client)).outcome == "ok":
                break
        assert len(board.calls(TOKEN)) == 2


async def test_a_login_that_ended_is_not_tried_again_and_again(
    site: Process, board: Board, store: Store, login: str
) -> None:
    """A token that became void and cannot be renewed: denied, why, one attempt, and nothing from cache."""
    top = {"redis_url": store.url, "secret_keys": KEYS}
    async with serving(sources={"acc": refreshing(site, login)}, **top) as client:
        assert (await ask(client)).outcome == "ok"
        board.forget()
        board.turn(access_token_generation=1)
        board.fault(REFUSAL)
        for _ in range(20):
            answer = await ask(client)
            assert (answer.status, answer.outcome) == (502, "denied")
            assert answer.detail == "the token endpoint refused the credential: status 401, invalid_client"
        plea = {"Cache-Control": "only-if-cached, max-stale"}
        reply = await client.get("/graph", params={"node": ASSET}, headers=plea)
        assert (reply.status_code, reply.json()["type"]) == (504, "/problems/not-cached")
    assert len(board.calls(TOKEN)) == 1
    # The void token is not sent again and again either.
    assert len(board.calls(":search")) <= 3


async def test_a_token_endpoint_that_fails_is_unavailable_and_recovers(
    site: Process, board: Board, store: Store, login: str
) -> None:
    """Its 503 is the source's trouble, not a refusal; once it works the next answer does."""
    board.fault({"match": TOKEN, "status": 503})
    top = {"redis_url": store.url, "secret_keys": KEYS}
    async with serving(sources={"acc": refreshing(site, login)}, **top) as client:
        answer = await ask(client)
        assert (answer.status, answer.outcome) == (502, "unavailable")
        assert "503" in answer.detail
        board.fault()
        assert (await ask(client)).outcome == "ok"
