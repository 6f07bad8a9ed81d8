"""Which rule a call meets."""

import pytest
from starlette.types import Message

from connectors.sandbox.faults import Faults, rule_of


def scope(path: str = "/a/b", query: str = "") -> dict[str, object]:
    """Return as much of a scope as the rules look at."""
    return {"raw_path": path.encode(), "query_string": query.encode()}


def sending(body: bytes) -> object:
    """Return a `receive` that gives this body in two pieces."""
    pieces: list[Message] = [
        {"type": "http.request", "body": body[:2], "more_body": True},
        {"type": "http.request", "body": body[2:], "more_body": False},
    ]

    async def receive() -> Message:
        return pieces.pop(0)

    return receive


async def choose(faults: Faults, called: dict[str, object], body: bytes = b"") -> int | None:
    """Return the status of the rule that the call meets."""
    rule, read = await faults.choose(called, sending(body))  # type: ignore[arg-type]  # duck-typed receive
    assert read == body
    assert rule_of(called) is rule
    return rule.status if rule else None


async def test_the_first_match_wins() -> None:
    """Rules are tried in their order, on path, query and body, decoded and as sent."""
    faults = Faults(seed=1)
    faults.replace(
        b'[{"match": "page=2", "status": 502}, {"match": "x y", "status": 404},'
        b' {"match": "secret-id", "status": 409}, {"match": "/a", "status": 500}]'
    )
    assert await choose(faults, scope(query="page=2&q=1")) == 502
    assert await choose(faults, scope(query="q=x%20y")) == 404
    assert await choose(faults, scope("/z"), b'["secret-id"]') == 409
    assert await choose(faults, scope()) == 500
    assert await choose(faults, scope("/z")) is None


async def test_a_spent_rule_lets_the_next_one_match() -> None:
    """`times` counts down only when the rule fires, and the list shows what is left."""
    faults = Faults(seed=1)
    faults.replace(b'[{"match": "/a", "status": 503, "times": 2}, {"status": 200}]')
    met = [await choose(faults, scope(path)) for path in ("/a", "/b", "/a", "/a")]
    assert met == [503, 200, 503, 200]
    assert faults.show()[0] == {"match": "/a", "status": 503, "times": 0}


async def test_probability_is_drawn_from_the_seed() -> None:
    """Half the calls meet a rule of one half, and the same seed picks the same calls."""

    async def run(seed: int) -> list[int | None]:
        faults = Faults(seed=seed)
        faults.replace(b'[{"status": 503, "probability": 0.5}]')
        return [await choose(faults, scope()) for _ in range(200)]

    assert await run(7) == await run(7)
    assert 60 < (await run(7)).count(503) < 140


@pytest.mark.parametrize(
    "payload", [b"{}", b"[{]", b'[{"mach": "x"}]', b'[{"drop": "after"}]', b'[{"latency_seconds": -1}]']
)
def test_an_unreadable_rule_changes_nothing(payload: bytes) -> None:
    """A list with a typo in it is refused as a whole."""
    faults = Faults(seed=1)
    faults.replace(b'[{"status": 500}]')
    with pytest.raises(ValueError, match=r"\w"):
        faults.replace(payload)
    assert faults.show() == [{"status": 500}]
