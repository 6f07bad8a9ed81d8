"""The part of the document about /resolve agrees with itself and with what is answered."""

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from connectors.contract import Freshness, Pace
from connectors.registry import load_plugin
from connectors.settings import Visibility
from service.api.openapi.parameter import Configured
from service.api.openapi.resolve import resolve_paths, resolve_schemas
from service.api.openapi.schema import component_schemas
from service.api.parameters import Bounds
from service.api.resolve import MOST_TEXTS
from service.usecases.resolve import resolve
from service.usecases.source import Access, Source


@pytest.fixture(params=[False, True], ids=["open", "keyed"])
def described(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Describe a service without callers, then one with some."""
    configured = Configured(Bounds({}, ()), {}, {}, keyed=request.param)
    described: dict[str, Any] = resolve_paths(configured, security=[{}])["/resolve"]
    return described


def test_examples_have_the_described_shape(described: dict[str, Any]) -> None:
    """Every body, what is sent and what is answered, and problems too."""
    components = {"schemas": component_schemas() | resolve_schemas()}
    for shape in resolve_schemas().values():
        assert shape["description"]
    content = described["post"]["requestBody"]["content"]
    for operation in described.values():
        for response in operation["responses"].values():
            content |= {f"{len(content)}": media for media in response.get("content", {}).values()}
    assert len(content) > 5
    for media in content.values():
        validator = Draft202012Validator({**media["schema"], "components": components})
        for example in media["examples"].values():
            validator.validate(example["value"])


def test_the_example_is_what_is_answered(described: dict[str, Any]) -> None:
    """A real source gives these candidates, this sure."""
    plugin = load_plugin("threatwinds")
    table = {"connector": "threatwinds", "authorization": "Bearer x"}
    connector = plugin.build(plugin.settings.model_validate(table))
    source = Source(
        "threatwinds",
        connector,
        Freshness(),
        Pace(),
        Visibility.CREDENTIAL,
        frozenset(),
        lambda _: Access("", None),
    )
    media = described["get"]["responses"]["200"]["content"]["application/json"]
    for example in media["examples"].values():
        told = example["value"]
        real = resolve(told["q"], (source,))
        assert [(c["address"], c["kind"], c["confidence"], c["sources"]) for c in told["candidates"]] == [
            (str(c.address), c.kind, c.confidence, list(c.sources)) for c in real
        ]


def test_bounds_and_problems_are_told(described: dict[str, Any]) -> None:
    """How much content there may be, and what becomes of more."""
    schema = described["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["q"]["maxItems"] == MOST_TEXTS
    assert {"400", "406", "413", "415", "503"} <= described["post"]["responses"].keys()
    assert "413" not in described["get"]["responses"]
