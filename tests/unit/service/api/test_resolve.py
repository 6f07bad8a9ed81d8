"""The routes of /resolve: what they answer, what they refuse, and in which order."""

import json
from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from connectors.contract import ConnectorSpec, Freshness, Pace
from connectors.errors import GraphError
from connectors.model import decode_ref
from connectors.settings import Visibility
from harness.toy import Toy
from service.api.edge import Edge, LastResort, UrlBound
from service.api.problems import answer_problem
from service.api.resolve import MOST_CONTENT_BYTES, MOST_TEXT_BYTES, MOST_TEXTS, router
from service.caller import make_key
from service.settings import parse_settings
from service.usecases.service import Service
from service.usecases.source import Access, Source

TOY = Toy(ConnectorSpec("toy", ("toy",), (), (), mapping_version=1), tenants=("a", "b"))
SOURCE = Source(
    "one", TOY, Freshness(), Pace(), Visibility.CREDENTIAL, frozenset(), lambda _: Access("", None)
)
SETTINGS = {"tw": {"connector": "threatwinds", "authorization": "Bearer x"}}
JSON = {"content-type": "application/json"}


class Unlimited:
    """Grants every request."""

    async def take(self, caller: str) -> timedelta | None:
        """Grant it."""
        return None


def client_of(*, sources: tuple[Source, ...] = (SOURCE,), **top: Any) -> httpx.AsyncClient:
    """Open a client of an application that has these routes and nothing to call."""
    app = FastAPI(exception_handlers={GraphError: answer_problem, HTTPException: answer_problem})
    app.include_router(router)
    app.add_middleware(UrlBound)
    app.add_middleware(LastResort)
    app.add_middleware(Edge)
    parts: dict[str, Any] = {field.name: None for field in fields(Service)}
    settings = parse_settings({"sources": SETTINGS, **top}, environ={})
    app.state.service = Service(
        **parts | {"settings": settings, "sources": sources, "caller_limits": Unlimited()}
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that is closed again."""
    async with client_of() as opened:
        yield opened


def fault(response: httpx.Response) -> tuple[int, str, list[str]]:
    """Give the status, the slug and the fields of a problem."""
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    return problem["status"], problem["type"], [each["field"] for each in problem.get("errors", [])]


async def test_one_text(client: httpx.AsyncClient) -> None:
    """Its candidates, the surest first, each in every form it can be asked by."""
    response = await client.get("/resolve", params={"q": " thing#x "})
    assert response.status_code == 200
    answer = response.json()
    assert answer["q"] == " thing#x "
    first, second = answer["candidates"]
    assert (first["address"], second["address"]) == ("toy@a:thing:x", "toy@b:thing:x")
    assert decode_ref(first["ref"]) == first["address"]
    assert first["href"] == f"/graph/~{first['ref']}"
    assert (first["kind"], first["confidence"], first["sources"]) == ("thing", 1.0, ["one"])


async def test_text_without_meaning(client: httpx.AsyncClient) -> None:
    """It has an answer like any other: no candidates."""
    for text in ("nothing", " ", "\u202e"):
        answer = (await client.get("/resolve", params={"q": text})).json()
        assert answer == {"q": text, "candidates": []}


async def test_the_answer_is_for_this_caller(client: httpx.AsyncClient) -> None:
    """It depends on the settings, so no shared cache keeps it; HEAD has the same headers and no body."""
    got, head = await client.get("/resolve?q=thing%23x"), await client.head("/resolve?q=thing%23x")
    assert got.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in got.headers["vary"]
    assert head.headers["content-length"] == got.headers["content-length"]
    assert head.content == b""
    many = await client.post("/resolve", json={"q": []})
    assert many.headers["cache-control"] == "no-store"


async def test_defect_13_as_many_answers_as_questions_in_order(client: httpx.AsyncClient) -> None:
    """Also for texts that mean nothing, that come twice, or that are empty."""
    texts = ["thing#b", "nothing", "", "thing#a", "thing#b", "NO#SHOUTING", "\ud800", "x" * 2000]
    response = await client.post("/resolve", content=json.dumps({"q": texts}), headers=JSON)
    answers = response.json()["answers"]
    assert [answer["q"] for answer in answers] == [*texts[:6], "\ufffd", texts[7]]
    assert [len(answer["candidates"]) for answer in answers] == [2, 0, 0, 2, 2, 0, 0, 0]
    assert answers[0] == answers[4] == (await client.get("/resolve?q=thing%23b")).json()


async def test_as_many_as_are_allowed(client: httpx.AsyncClient) -> None:
    """The bounds are inclusive."""
    answers = (await client.post("/resolve", json={"q": ["thing#x"] * MOST_TEXTS})).json()["answers"]
    assert len(answers) == MOST_TEXTS
    assert (await client.post("/resolve", json={"q": ["x" * MOST_TEXT_BYTES]})).status_code == 200
    padded = b'{"q": []}'.ljust(MOST_CONTENT_BYTES)
    assert (await client.post("/resolve", content=padded, headers=JSON)).status_code == 200


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["q"]),
        ("?q=", ["q"]),
        ("?q=a&q=b", ["q"]),
        ("?q=%ff", ["q"]),
        ("?q=a&hops=1&x=", ["hops", "x"]),
        ("?hops=1", ["hops"]),
    ],
)
async def test_parameters_are_strict(client: httpx.AsyncClient, query: str, names: list[str]) -> None:
    """Missing, empty, doubled, unknown, or no text."""
    assert fault(await client.get(f"/resolve{query}")) == (400, "/problems/invalid-parameter", names)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"", ["content"]),
        (b"{", ["content"]),
        (b"[]", ["content"]),
        (b'"text"', ["content"]),
        (b'{"q": ["\xff"]}', ["content"]),
        (b"[" * 100_000, ["content"]),
        (b'{"q": ' + b"9" * 5000 + b"}", ["content"]),
        (b"{}", ["q"]),
        (b'{"q": "text"}', ["q"]),
        (b'{"q": [1]}', ["q"]),
        (b'{"q": [null]}', ["q"]),
        (b'{"q": [], "q": []}', ["q"]),
        (b'{"q": [], "y": 1, "x": 2}', ["x", "y"]),
        (json.dumps({"q": [""] * (MOST_TEXTS + 1)}).encode(), ["q"]),
        (json.dumps({"q": ["x" * (MOST_TEXT_BYTES + 1)]}).encode(), ["q"]),
    ],
)
async def test_content_is_strict(client: httpx.AsyncClient, content: bytes, names: list[str]) -> None:
    """Whatever is no object with one list of texts is refused, and the mistake has its name."""
    response = await client.post("/resolve", content=content, headers=JSON)
    assert fault(response) == (400, "/problems/invalid-parameter", names)


async def test_a_post_takes_no_parameters(client: httpx.AsyncClient) -> None:
    """The texts are in the content, and nothing else is anywhere."""
    response = await client.post("/resolve?q=x", json={"q": []})
    assert fault(response) == (400, "/problems/invalid-parameter", ["q"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=latin-1"},
        {**JSON, "content-encoding": "gzip"},
    ],
)
async def test_other_content_is_refused(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """JSON in UTF-8, plainly, or a 415."""
    response = await client.post("/resolve", content=b'{"q": []}', headers=headers)
    assert fault(response)[:2] == (415, "/problems/unsupported-media-type")
    right = {"content-type": 'Application/JSON; Charset="UTF-8"'}
    assert (await client.post("/resolve", content=b'{"q": []}', headers=right)).status_code == 200


async def test_too_much_content_is_refused(client: httpx.AsyncClient) -> None:
    """By what is announced, and by what comes."""

    async def pour() -> AsyncIterator[bytes]:
        for _ in range(MOST_CONTENT_BYTES // 65_536 + 1):
            yield b" " * 65_536

    for content in (b" " * (MOST_CONTENT_BYTES + 1), pour()):
        response = await client.post("/resolve", content=content, headers=JSON)
        assert fault(response)[:2] == (413, "/problems/content-too-large")


async def test_a_longer_url_than_any_is_refused(client: httpx.AsyncClient) -> None:
    """What does not fit is sent as content."""
    assert fault(await client.get(f"/resolve?q={'x' * 16_384}"))[0] == 414


async def test_other_methods_and_formats_are_refused(client: httpx.AsyncClient) -> None:
    """A 405 names every method there is, a 406 is for who takes no JSON."""
    response = await client.put("/resolve", json={})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST")
    for accept in ("text/html", "application/json;q=0, */*", "text/csv"):
        assert fault(await client.get("/resolve?q=x", headers={"accept": accept}))[0] == 406
    for accept in ("", "text/csv, application/json;q=0.1", "text/html, */*;q=0.001"):
        assert (await client.get("/resolve?q=x", headers={"accept": accept})).status_code == 200


async def test_a_key_is_needed_where_callers_have_keys() -> None:
    """As for every other route that tells what is configured."""
    key, hashed = make_key()
    async with client_of(callers={"dashboard": {"key_hash": hashed}}) as client:
        assert fault(await client.get("/resolve?q=x"))[:2] == (401, "/problems/unauthenticated")
        assert fault(await client.post("/resolve", json={"q": []}))[0] == 401
        headers = {"authorization": f"Bearer {key}"}
        assert (await client.get("/resolve?q=x", headers=headers)).status_code == 200
