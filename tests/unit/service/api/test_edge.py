"""Tests of the outermost layers: every response has its id, no error leaves without a problem."""

import re
from collections.abc import Awaitable, Callable

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from service.api.edge import MOST_URL_BYTES, CrossOrigin, Edge, LastResort, UrlBound

App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def greet(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer."""
    await PlainTextResponse("hello")(scope, receive, send)


async def fail(scope: Scope, receive: Receive, send: Send) -> None:
    """Raise what nobody has foreseen."""
    raise RuntimeError("canary")


async def fail_late(scope: Scope, receive: Receive, send: Send) -> None:
    """Raise after the answer has begun."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError("too late")


async def ask(app: App, url: str = "/", **options: object) -> httpx.Response:
    """Send one request to an application."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        return await client.request("GET", url, **options)  # type: ignore[arg-type]


async def test_every_response_has_an_id_of_its_own() -> None:
    """A new one for each request, whatever the caller sent."""
    first, second = [await ask(Edge(greet), headers={"Request-Id": "mine"}) for _ in range(2)]
    assert first.text == "hello"
    assert len({"mine", first.headers["request-id"], second.headers["request-id"]}) == 3


@pytest.mark.parametrize("app", [greet, fail])
async def test_every_response_tells_its_time(app: App) -> None:
    """A problem too."""
    response = await ask(Edge(app))
    assert re.fullmatch(r"total;dur=\d+\.\d", response.headers["server-timing"])


async def test_the_unforeseen_is_a_problem() -> None:
    """With the id of its response, and nothing of what happened."""
    response = await ask(Edge(fail))
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["request-id"]
    assert "canary" not in response.text


async def test_an_answer_under_way_cannot_be_taken_back() -> None:
    """The server has to break the connection, so that nobody takes half an answer for a whole one."""
    with pytest.raises(RuntimeError, match="too late"):
        await ask(Edge(fail_late))


async def test_a_url_is_bounded_to_the_byte() -> None:
    """Path, question mark and query together."""
    app = Edge(LastResort(UrlBound(greet)))
    longest = "/" + "x" * (MOST_URL_BYTES - 4) + "?a="
    assert (await ask(app, longest)).status_code == 200
    assert (await ask(app, longest + "b")).status_code == 414
    assert (await ask(app, "/" + "x" * MOST_URL_BYTES)).status_code == 414


async def test_other_origins_read_failures_too() -> None:
    """A browser shows a page no response without these headers."""
    app = Edge(CrossOrigin(LastResort(fail), allow_origins=["https://a.example"]))
    response = await ask(app, headers={"Origin": "https://a.example"})
    assert response.status_code == 500
    assert response.headers["access-control-allow-origin"] == "https://a.example"


@pytest.mark.parametrize(
    ("allowed", "origin", "told"),
    [
        ("https://a.example", "https://a.example", "https://a.example"),
        ("https://a.example", "https://b.example", None),
        ("*", "https://b.example", "*"),
        ("*", None, None),
    ],
)
async def test_whose_pages_may_read_an_answer_may_read_its_time(
    allowed: str, origin: str | None, told: str | None
) -> None:
    """The two headers go together."""
    app = Edge(CrossOrigin(greet, allow_origins=[allowed]))
    headers = (await ask(app, headers={} if origin is None else {"Origin": origin})).headers
    assert headers.get("timing-allow-origin") == headers.get("access-control-allow-origin") == told


async def test_a_refused_preflight_is_an_error() -> None:
    """Which the last resort then answers as a problem."""
    app = CrossOrigin(greet, allow_origins=["https://a.example"])
    headers = {"Origin": "https://b.example", "Access-Control-Request-Method": "GET"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        with pytest.raises(HTTPException) as caught:
            await client.options("/", headers=headers)
    assert caught.value.status_code == 403


async def test_what_is_no_request_passes() -> None:
    """The start of the application goes straight through."""
    seen = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing() -> dict[str, object]:
        return {}

    async def ignore(message: object) -> None:
        pass

    await Edge(LastResort(UrlBound(note)))({"type": "lifespan"}, nothing, ignore)  # type: ignore[arg-type]
    assert seen == ["lifespan"]
