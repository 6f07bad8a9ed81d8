"""Replies under a fault rule, seen by a client in process."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message

from connectors.sandbox.connection import HANG_UP_KEY, ConnectionDroppedError, until_disconnect
from connectors.sandbox.delivery import Delivery
from connectors.sandbox.faults import FaultRule
from connectors.sandbox.mangle import HTML_PAGE, bomb_body

HELLO = {
    "text": "hello",
    "rows": [{"id": str(number), "inner": {"ok": True}} for number in range(3)],
    "endless": False,
}


async def greet_under(toy: httpx.AsyncClient, **rule: Any) -> httpx.Response:
    """Return the toy's greeting with one rule in force."""
    assert (await toy.put("/_sandbox/faults", json=[rule])).status_code == 200
    return await toy.get("/greet")


async def test_latency_alone_lets_the_real_reply_through(toy: httpx.AsyncClient, sleeps: Any) -> None:
    """A rule that only waits changes nothing else."""
    reply = await greet_under(toy, latency_seconds=0.2)
    assert (reply.status_code, reply.json(), sleeps.asked) == (200, HELLO, [0.2])


async def test_an_error_status_brings_the_upstreams_own_body(toy: httpx.AsyncClient) -> None:
    """Without a body of its own, an injected error looks like the upstream's, headers and all."""
    reply = await greet_under(toy, status=503, headers={"Retry-After": "7"})
    assert (reply.status_code, reply.json()) == (503, {"toy": 503})
    assert (reply.headers["retry-after"], reply.headers["x-toy"]) == ("7", "broken")


async def test_a_success_status_keeps_the_real_body(toy: httpx.AsyncClient) -> None:
    """202 instead of 200 is the same answer."""
    reply = await greet_under(toy, status=202)
    assert (reply.status_code, reply.json()) == (202, HELLO)


async def test_204_has_no_body(toy: httpx.AsyncClient) -> None:
    """A status that allows no body gets none, and announces none."""
    reply = await greet_under(toy, status=204)
    assert (reply.content, "content-length" in reply.headers) == (b"", False)


async def test_a_body_replaces_the_reply(toy: httpx.AsyncClient) -> None:
    """The rule's own body and headers win."""
    reply = await greet_under(toy, status=500, body="oops", headers={"content-type": "text/plain"})
    assert (reply.status_code, reply.text, reply.headers["content-type"]) == (500, "oops", "text/plain")


@pytest.mark.parametrize(("given", "status"), [({}, 307), ({"status": 301}, 301)])
async def test_redirect(toy: httpx.AsyncClient, given: dict[str, int], status: int) -> None:
    """A redirect is 307 unless the rule says otherwise."""
    reply = await greet_under(toy, redirect_to="http://elsewhere/", **given)
    assert (reply.status_code, reply.headers["location"]) == (status, "http://elsewhere/")


async def test_html_instead_of_json(toy: httpx.AsyncClient) -> None:
    """A proxy's page comes with status 200 and an HTML type."""
    reply = await greet_under(toy, malformed="html")
    assert (reply.status_code, reply.content) == (200, HTML_PAGE)
    assert reply.headers["content-type"].startswith("text/html")


async def test_spoilt_json(toy: httpx.AsyncClient) -> None:
    """The real reply is spoilt, so that its shape is the upstream's."""
    assert (await greet_under(toy, malformed="missing_fields")).json() == {"rows": [{"inner": {}}] * 3}
    assert (await greet_under(toy, malformed="wrong_types")).json()["text"] == [5]
    truncated = await greet_under(toy, malformed="truncated")
    assert len(truncated.content) == int(truncated.headers["content-length"]) == 67


async def test_a_drip_comes_in_tenths_of_a_second(toy: httpx.AsyncClient, sleeps: Any) -> None:
    """The whole body arrives, at the rate asked for."""
    reply = await greet_under(toy, drip_bytes_per_second=20)
    assert reply.json() == HELLO
    assert set(sleeps.asked) == {0.1}
    assert len(sleeps.asked) == -(-len(reply.content) // 2)


@pytest.mark.parametrize("drop", ["before", "midway"])
async def test_a_drop_breaks_the_exchange(toy: httpx.AsyncClient, drop: str) -> None:
    """Where the server cannot cut the connection, the call crashes rather than ending well."""
    with pytest.raises(ConnectionDroppedError):
        await greet_under(toy, drop=drop)


async def test_routes_see_the_rule_and_the_body(toy: httpx.AsyncClient) -> None:
    """Paging faults are the routes' to obey, and a body that the rules have read is read again."""
    assert (await greet_under(toy, endless_pages=True)).json()["endless"] is True
    await toy.put("/_sandbox/faults", json=[{"match": "nothing"}, {"match": "pay", "latency_seconds": 1}])
    for text in ("payload", "other"):
        assert (await toy.post("/echo", content=text)).text == text


async def test_work_for_a_caller_who_left_is_given_up() -> None:
    """A reply that drips for an hour ends when its caller hangs up."""
    begun = asyncio.Event()
    given_up = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    async def receive() -> Message:
        await begun.wait()
        return {"type": "http.disconnect"}

    await until_disconnect(work(), receive)
    assert given_up.is_set()


class Wire:
    """The server's end of one exchange: counts what is sent, and can be cut."""

    def __init__(self) -> None:
        self.started: Message = {}
        self.sent = 0
        self.cut = asyncio.Event()

    async def receive(self) -> Message:
        """Say that the caller is gone, once the connection is cut."""
        await self.cut.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Keep the start and the size of a reply."""
        self.started = self.started or message
        self.sent += len(message.get("body", b""))

    async def deliver(self, sleep: Any, rule: FaultRule) -> None:
        """Answer one call under a rule; nobody knows the upstream's own error bodies."""
        delivery = Delivery(upstream=PlainTextResponse("12345678"), refuse=None, sleep=sleep)
        scope = {"type": "http", "method": "GET", "headers": [], HANG_UP_KEY: self.cut.set}
        await delivery.deliver(rule, body=b"", scope=scope, receive=self.receive, send=self.send)


async def test_bomb_and_huge_go_out_whole(sleeps: Any) -> None:
    """The bomb announces its size and encoding; the huge body comes with no size told."""
    bomb, huge = Wire(), Wire()
    await bomb.deliver(sleeps, FaultRule(malformed="bomb"))
    assert (b"content-encoding", b"gzip") in bomb.started["headers"]
    assert (b"content-length", str(bomb.sent).encode()) in bomb.started["headers"]
    assert bomb.sent == len(bomb_body())
    await huge.deliver(sleeps, FaultRule(malformed="huge"))
    assert huge.started["headers"] == [(b"content-type", b"application/json")]
    assert huge.sent > 100_000_000


async def test_a_drop_cuts_the_connection_where_the_server_can(sleeps: Any) -> None:
    """Before: not a byte is sent. Midway: half the body, the whole of it announced."""
    before, midway = Wire(), Wire()
    await before.deliver(sleeps, FaultRule(drop="before"))
    assert (before.cut.is_set(), before.started) == (True, {})
    await midway.deliver(sleeps, FaultRule(drop="midway"))
    assert (midway.cut.is_set(), midway.sent) == (True, 4)
    assert (b"content-length", b"8") in midway.started["headers"]


async def test_an_error_nobody_can_word_is_empty(sleeps: Any) -> None:
    """Without an upstream that words its errors, an injected one has no body."""
    wire = Wire()
    await wire.deliver(sleeps, FaultRule(status=503))
    assert (wire.started["status"], wire.sent) == (503, 0)
