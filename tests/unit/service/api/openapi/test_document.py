"""Tests of the OpenAPI document by itself: nothing is missing, and it agrees with itself."""

import copy
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.routing import APIRoute
from jsonschema_rs import Draft202012Validator

from connectors.model import Outcome, decode_ref
from service.api.openapi.document import build_document
from service.api.openapi.problem import EXAMPLES
from service.api.openapi.wording import EXPANSIONS, OUTCOMES, TAGS
from service.api.parameters import GraphParameters
from service.api.problems import KINDS
from service.app import create_app
from service.caller import make_key
from service.kind import BY_STATUS, INTERNAL
from service.settings import Settings, parse_settings

Json = dict[str, Any]

SOURCES = {
    "tw": {"connector": "threatwinds", "base_url": "http://localhost:1", "authorization": "Bearer x"},
    "acc": {
        "connector": "autodesk",
        "base_url": "http://localhost:2",
        "containers": ["f0f4f36a-ac64-687f-b132-8efe04b22454"],
        "credentials": "caller",
    },
}
GRAPH_PATHS = ("/graph/{node}", "/graph/~{ref}", "/graph")
# How many problems of a kind only a document of a service with callers has.
ONLY_KEYED = {"unauthenticated"}


def settings(**top: Any) -> Settings:
    """Give settings with both sources."""
    return parse_settings({"sources": SOURCES, **top}, environ={})


KEYED = settings(
    callers={"dashboard": {"key_hash": make_key()[1]}}, ceilings={"max_nodes": 7, "timeout": "2s"}
)


@pytest.fixture(scope="module", params=[settings(), KEYED], ids=["open", "keyed"])
def document(request: pytest.FixtureRequest) -> Json:
    """Give the document of a service without callers, then of one with some."""
    return build_document(request.param)


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    """Give every path with its operation."""
    for path, item in document["paths"].items():
        assert list(item) == ["get"]
        yield path, item["get"]


def bodies(document: Json) -> Iterator[tuple[Json, Any]]:
    """Give the schema and each example of every body."""
    for _, operation in operations(document):
        for response in operation["responses"].values():
            for media in response.get("content", {}).values():
                for example in media["examples"].values():
                    yield media["schema"], example["value"]


def strict(document: Json, schema: Json) -> Draft202012Validator:
    """Give a validator that takes no field which is not documented."""
    components = copy.deepcopy(document["components"])
    for shape in components["schemas"].values():
        shape["additionalProperties"] = False
    return Draft202012Validator({**schema, "components": components})


def test_every_route_is_documented() -> None:
    """And every path of the document is a route; the documentation itself is none of it."""
    own = {"/docs", "/docs/{name}"}
    routes = {
        route.path_format: route.methods
        for router in create_app(settings()).routes
        for route in getattr(getattr(router, "original_router", None), "routes", [router])
        if isinstance(route, APIRoute)
    }
    assert routes.keys() - own == build_document(settings())["paths"].keys()
    assert all(methods == {"GET", "HEAD"} for methods in routes.values())


def test_the_application_serves_this_document() -> None:
    """And no other that the framework makes up."""
    assert create_app(settings()).openapi() == build_document(settings())


def test_operations_are_fit_for_generated_clients(document: Json) -> None:
    """Each has a name of its own that is an identifier, words, and a tag that is explained."""
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name.islower() for name in names)
    for _, operation in operations(document):
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= TAGS.keys()
    assert {tag["name"] for tag in document["tags"]} == TAGS.keys()


@pytest.mark.parametrize("path", GRAPH_PATHS)
def test_every_parameter_is_documented(document: Json, path: str) -> None:
    """With its meaning, its form and an example that has this form."""
    parameters = {parameter["name"]: parameter for parameter in document["paths"][path]["get"]["parameters"]}
    headers = {"Cache-Control", "If-None-Match", "Upstream-Credentials"}
    node = {"ref" if "ref" in path else "node"}
    assert parameters.keys() == GraphParameters.model_fields.keys() | headers | node
    for parameter in parameters.values():
        assert len(parameter["description"]) > 15
        examples = [example["value"] for example in parameter.get("examples", {}).values()]
        examples = examples or [parameter["example"]]
        for example in examples:
            Draft202012Validator(parameter["schema"]).validate(example)
        if "default" in parameter["schema"]:
            Draft202012Validator(parameter["schema"]).validate(parameter["schema"]["default"])


def test_the_bounds_are_those_of_the_settings() -> None:
    """Ceilings are the maxima, and lower the defaults."""
    parameters = {
        p["name"]: p["schema"] for p in build_document(KEYED)["paths"]["/graph"]["get"]["parameters"]
    }
    assert (parameters["max_nodes"]["minimum"], parameters["max_nodes"]["maximum"]) == (1, 7)
    assert parameters["max_nodes"]["default"] == 7
    assert (parameters["timeout"]["minimum"], parameters["timeout"]["maximum"]) == (0.05, 2)
    assert (parameters["hops"]["minimum"], parameters["hops"]["maximum"]) == (0, 6)
    assert parameters["fan_out"]["maximum"] == 10_000
    assert parameters["max_age"]["minimum"] == 0
    assert parameters["sources"]["items"]["enum"] == ["tw", "acc"]
    assert KEYED.ceilings.timeout == timedelta(seconds=2)


def test_the_example_addresses_are_those_of_the_connectors() -> None:
    """In all three forms."""
    paths = build_document(settings())["paths"]
    nodes = {
        path: [example["value"] for example in paths[path]["get"]["parameters"][0]["examples"].values()]
        for path in GRAPH_PATHS
    }
    addresses = nodes["/graph"]
    assert addresses == [
        "observable:domain:acescency.com",
        "autodesk-bim360-issue@f0f4f36a-ac64-687f-b132-8efe04b22454:issue:bd17903c-7d3b-4e56-a79f-4cea00d430db",
    ]
    assert nodes["/graph/{node}"] == addresses
    assert [decode_ref(ref) for ref in nodes["/graph/~{ref}"]] == addresses


def test_credentials_are_documented_where_they_are_taken() -> None:
    """The header with the form that the source takes; without such a source it does not exist."""
    told = {p["name"]: p for p in build_document(settings())["paths"]["/sources"]["get"]["parameters"]}
    assert told["Upstream-Credentials"]["example"] == 'acc="Bearer <token>"'
    alone = parse_settings({"sources": {"tw": SOURCES["tw"]}}, environ={})
    assert build_document(alone)["paths"]["/sources"]["get"]["parameters"] == []


def test_a_key_is_required_where_callers_are_configured() -> None:
    """By either header; without callers by none."""
    ways = [{"bearer": []}, {"key": []}]
    for path in (*GRAPH_PATHS, "/sources"):
        assert build_document(KEYED)["paths"][path]["get"]["security"] == ways
        assert build_document(settings())["paths"][path]["get"]["security"] == [{}, *ways]
    schemes = build_document(settings())["components"]["securitySchemes"]
    assert all(name in schemes for way in ways for name in way)


def test_every_problem_is_documented_with_an_example(document: Json) -> None:
    """Under its own status on the routes that have it, or with those of any address."""
    keyed = "401" in document["paths"]["/graph"]["get"]["responses"]
    told = set()
    for _, operation in operations(document):
        for status, response in operation["responses"].items():
            for slug, example in (
                response.get("content", {})
                .get("application/problem+json", {"examples": {}})["examples"]
                .items()
            ):
                assert example["value"]["type"] == f"/problems/{slug}"
                assert status in ("default", str(example["value"]["status"]))
                told.add(slug)
    kinds = {kind.slug for kind in (*KINDS.values(), *BY_STATUS.values(), INTERNAL)}
    assert told == kinds - (set() if keyed else ONLY_KEYED)
    assert EXAMPLES.keys() == kinds


def test_every_example_has_the_documented_shape(document: Json) -> None:
    """Answers and problems alike, with no field that is not documented."""
    checked = 0
    for schema, example in bodies(document):
        strict(document, schema).validate(example)
        checked += 1
    assert checked > 40


def test_every_word_of_an_answer_is_explained(document: Json) -> None:
    """Outcomes from best to worst, and how far a node was expanded."""
    assert list(OUTCOMES) == list(reversed(Outcome))
    schemas = document["components"]["schemas"]
    outcome = schemas["SourceReport"]["properties"]["outcome"]
    assert outcome["x-extensible-enum"] == [word.value for word in reversed(Outcome)]
    assert "enum" not in outcome
    for word in Outcome:
        assert f"- `{word}`: " in outcome["description"]
    for word in EXPANSIONS:
        assert f"- `{word}`: " in schemas["Node"]["properties"]["expansion"]["description"]


def test_every_response_names_its_request(document: Json) -> None:
    """And every header comes with its meaning and an example."""
    for _, operation in operations(document):
        for response in operation["responses"].values():
            assert response["description"]
            assert {"Request-Id", "Cache-Control"} <= response["headers"].keys()
            for header in response["headers"].values():
                assert header["description"]
                assert header["example"]


def test_references_lead_somewhere(document: Json) -> None:
    """Every schema referred to is there, and every schema is referred to."""
    found: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                found.add(value["$ref"])
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect(document)
    assert found == {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
