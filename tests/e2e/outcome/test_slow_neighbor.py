"""A slow source uses up the time; what the others told is not the less whole for it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.plain import client_of
from harness.process import Process, start_sandbox, start_service
from harness.settings import threatwinds, write_settings

HUB = "threatwinds:malware:win trojan sdbot"


@pytest.fixture
def pair(tmp_path: Path, threatwinds_sandbox: Process) -> Iterator[httpx.Client]:
    """Start a service over the shared sandbox and over one that takes twenty seconds for each reply."""
    slow = start_sandbox("threatwinds")
    fault = [{"match": "/api/", "latency_seconds": 20}]
    httpx.put(f"{slow.url}/_sandbox/faults", json=fault).raise_for_status()
    sources = {"fast": threatwinds(threatwinds_sandbox.url), "slow": threatwinds(slow.url)}
    service = start_service(write_settings(tmp_path / "pair.toml", sources=sources, store_timeout="5s"))
    with client_of(service.url, timeout=30) as client:
        yield client
    service.end()
    slow.end()


def test_a_cached_source_is_whole_beside_a_slow_one(pair: httpx.Client) -> None:
    """Cold or from the cache, attributes kept apart included, the fast source says `ok`."""
    parameters = {"node": HUB, "fan_out": 1000, "max_nodes": 1000, "timeout": 3}
    alone = pair.get("/graph", params=parameters | {"sources": "fast", "timeout": 10}).json()
    for _ in range(2):
        answer = pair.get("/graph", params=parameters).json()
        outcomes = {source["name"]: source["outcome"] for source in answer["graph"]["sources"]}
        assert outcomes == {"fast": "ok", "slow": "timeout"}
        assert {node["id"]: node["attributes"] for node in answer["nodes"]} == {
            node["id"]: node["attributes"] for node in alone["nodes"]
        }
