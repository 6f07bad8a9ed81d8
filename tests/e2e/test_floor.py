"""The operator's floor: no header and no parameter makes anybody ask again what is younger."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.place import ASSET
from harness.process import Process
from harness.settings import autodesk
from harness.standing import standing


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, site: Process) -> Iterator[httpx.Client]:
    """Serve with a floor of five minutes."""
    folder = tmp_path_factory.mktemp("service")
    top: dict[str, Any] = {"redis_url": "embedded", "max_age_floor": "5m"}
    with standing(folder, sources={"acc": autodesk(site.url)}, **top) as (_, opened):
        yield opened


@pytest.mark.parametrize("way", ["GET", "POST", "stream"])
@pytest.mark.parametrize(
    ("headers", "parameters"),
    [
        ({"Cache-Control": "no-cache"}, {}),
        ({"Cache-Control": "max-age=0"}, {}),
        ({"Cache-Control": "no-cache", "Pragma": "no-cache"}, {}),
        ({"Pragma": "no-cache"}, {}),
        ({"Cache-Control": "no-store, must-revalidate"}, {}),
        ({}, {"max_age": "0"}),
        ({"Cache-Control": "no-cache"}, {"max_age": "1"}),
    ],
)
def test_a_reload_costs_no_call(
    client: httpx.Client, board: Board, way: str, headers: dict[str, str], parameters: dict[str, str]
) -> None:
    """What is younger than the floor answers whoever reloads, however often and by whichever route."""
    client.get("/graph", params={"node": ASSET}).raise_for_status()
    board.forget()
    for _ in range(3):
        if way == "POST":
            body = {"nodes": [ASSET]} | {name: int(value) for name, value in parameters.items()}
            reply = client.post("/graph", json=body, headers=headers)
        else:
            asked = {"node": ASSET} | parameters | ({"format": "ndjson"} if way == "stream" else {})
            reply = client.get("/graph", params=asked, headers=headers)
        assert reply.status_code == 200, reply.text
        assert "issue" in reply.text
    assert board.calls() == []
