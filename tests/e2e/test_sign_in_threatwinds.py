"""Signing in at ThreatWinds: a token or a key pair, and exactly one of the two."""

from pathlib import Path
from typing import Any

import pytest

from harness.board import Board
from harness.command import run_relgraph
from harness.inside import serving
from harness.process import Process
from harness.settings import threatwinds, write_settings
from harness.telling import told


@pytest.mark.parametrize(
    ("credential", "caller"),
    [
        ({"authorization": "Bearer sandbox-demo-token"}, "demo"),
        ({"api_key": "sandbox-demo-key", "api_secret": "sandbox-demo-secret"}, "demo-keypair"),
    ],
)
async def test_threatwinds_takes_a_token_or_a_key_pair(
    threatwinds_sandbox: Process, credential: dict[str, str], caller: str
) -> None:
    """Either opens the feed, and the journal says which."""
    board = Board(threatwinds_sandbox.url)
    board.reset()
    table = threatwinds(threatwinds_sandbox.url, **{"authorization": None} | credential)
    async with serving(sources={"feed": table}, redis_url="embedded") as client:
        reply = await client.get("/graph", params={"node": "observable:domain:acescency.com"})
    assert told(reply, source="feed").outcome == "ok"
    assert {call["caller"] for call in board.calls()} == {caller}


@pytest.mark.parametrize(
    ("credential", "named"),
    [
        ({"authorization": "Bearer a-token", "api_key": "a-key", "api_secret": "s"}, "authorization"),
        ({"authorization": "Bearer a-token", "api_key": "a-key"}, "authorization"),
        ({"authorization": None, "api_key": "a-key"}, "api_key"),
        ({"authorization": None}, "api_key"),
        ({"authorization": "a-token"}, "authorization"),
        ({"authorization": "Bearer a-token", "credentials": "caller"}, "credentials"),
    ],
)
def test_threatwinds_wants_one_credential(tmp_path: Path, credential: dict[str, Any], named: str) -> None:
    """Both ways at once, half a pair, or none: exit code 2, the setting named and its value not."""
    table = threatwinds("http://127.0.0.1:1", **credential)
    path = write_settings(tmp_path / "relgraph.toml", redis_url="embedded", sources={"feed": table})
    ended = run_relgraph("check", "--config", str(path))
    assert ended.returncode == 2
    assert f"sources.feed.{named}" in ended.stderr
    assert not any(text in ended.stderr for text in ("a-token", "a-key"))
