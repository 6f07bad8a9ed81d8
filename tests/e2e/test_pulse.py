"""/readyz and /sources tell how the sources are doing."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.plain import client_of
from harness.process import Process, start_sandbox, start_service
from harness.settings import threatwinds, write_settings

NODE = "observable:domain:acescency.com"


@pytest.fixture
def sandbox() -> Iterator[Process]:
    """Start a sandbox of its own: this test takes it down."""
    process = start_sandbox("threatwinds")
    yield process
    process.end()


def test_a_source_that_is_down_is_told_and_told_again_when_it_is_back(
    tmp_path: Path, sandbox: Process
) -> None:
    """The service stays ready, says `degraded` with the source's outcome, and `ok` after recovery."""
    settings = write_settings(tmp_path / "one.toml", sources={"threatwinds": threatwinds(sandbox.url)})
    service = start_service(settings)
    try:
        with client_of(service.url, timeout=30) as caller:

            def told() -> tuple[str, str | None, str | None]:
                ready, (source,) = caller.get("/readyz"), caller.get("/sources").json()["sources"]
                assert ready.status_code == 200
                last = source["last"] and source["last"]["outcome"]
                return ready.json()["status"], ready.json()["sources"][0]["outcome"], last

            assert told() == ("ok", None, None)
            httpx.put(f"{sandbox.url}/_sandbox/faults", json=[{"match": "/api/", "drop": "before"}])
            assert caller.get("/graph", params={"node": NODE}).status_code == 502
            assert told() == ("degraded", "unavailable", "unavailable")
            httpx.delete(f"{sandbox.url}/_sandbox/faults")
            assert caller.get("/graph", params={"node": NODE}).status_code == 200
            assert told() == ("ok", "ok", "ok")
    finally:
        service.end()
