"""Tests of the OpenAPI document by itself: nothing is missing, and it agrees with itself."""

import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.routing import APIRoute
from jsonschema_rs import Draft202012Validator

from connectors.model import Outcome, decode_ref
from harness.folding import Folded
from service.api.format.media import Format, Table
from service.api.format.writer import write_answer
from service.api.format.written import Written
from service.api.graph import MOST_SEEDS
from service.api.openapi.document import build_document
from service.api.openapi.problem import EXAMPLES
from service.api.openapi.wording import EVENTS, EXPANSIONS, OUTCOMES, RULES, TAGS, VERDICTS
from service.api.parameters import GraphParameters
from service.api.problems import KINDS
from service.app import create_app
from service.caller import make_key
from service.graph.measure import Measure
from service.graph.path import PathVerdict
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
        for operation in item.values():
            yield path, operation


def bodies(document: Json) -> Iterator[tuple[Json, Any]]:
    """Give the schema and each example of every body, sent or answered."""
    for _, operation in operations(document):
        for content in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media in content.get("content", {}).values():
                for example in media["examples"].values():
                    yield media["schema"], example["value"]


def strict(document: Json, schema: Json) -> Draft202012Validator:
    """Give a validator that takes no field which is not documented."""
    components = copy.deepcopy(document["components"])
    for shape in components["schemas"].values():
        if "properties" in shape:
            shape["additionalProperties"] = False
    return Draft202012Validator({**schema, "components": components})


def test_every_route_is_documented() -> None:
    """And every path of the document is a route; the documentation itself is none of it."""
    own = {"/docs", "/docs/{name}"}
    routes = {
        route.path_format: {method.lower() for method in route.methods}
        for router in create_app(settings()).routes
        for route in getattr(getattr(router, "original_router", None), "routes", [router])
        if isinstance(route, APIRoute)
    }
    told = {path: set(item) for path, item in build_document(settings())["paths"].items()}
    # That HEAD is answered wherever GET is, is said once of all.
    assert {path: routes[path] - {"head"} for path in routes.keys() - own} == told
    assert all({"get", "head"} <= methods for methods in routes.values())


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
        examples += parameter["schema"].get("examples", [])
        examples += [parameter["example"]] if "example" in parameter else []
        # Nobody can make a cursor up.
        assert examples or parameter["name"] == "cursor"
        for example in examples:
            Draft202012Validator(parameter["schema"]).validate(example)
        if "default" in parameter["schema"]:
            Draft202012Validator(parameter["schema"]).validate(parameter["schema"]["default"])


@pytest.mark.parametrize("name", ["to", "paths", "table", "cursor"])
def test_what_needs_company_is_never_filled_in(document: Json, name: str) -> None:
    """Neither a default nor an example stands where a page for trying requests looks for one."""
    told = next(p for p in document["paths"]["/graph"]["get"]["parameters"] if p["name"] == name)
    assert not {"example", "examples"} & told.keys()
    assert "default" not in told["schema"]
    if name in {"paths", "table"}:
        assert f"By default `{GraphParameters.model_fields[name].default}`." in told["description"]


def test_the_body_of_a_post_is_the_parameters(document: Json) -> None:
    """Each with the schema, the meaning and the example of the query, beside one seed or several."""
    told = {p["name"]: p for p in document["paths"]["/graph"]["get"]["parameters"] if p["in"] == "query"}
    reference = document["paths"]["/graph"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    shape = document["components"]["schemas"][reference["$ref"].rpartition("/")[2]]
    members = shape["properties"]
    assert members.keys() == GraphParameters.model_fields.keys() | {"node", "nodes"}
    for name in GraphParameters.model_fields:
        schema = told[name]["schema"]
        examples = [told[name]["example"]] if "example" in told[name] else schema.get("examples", [])
        assert members[name].pop("examples", []) == examples
        schema = {part: value for part, value in schema.items() if part != "examples"}
        assert members[name] == schema | {"description": told[name]["description"]}
    assert (members["nodes"]["minItems"], members["nodes"]["maxItems"]) == (1, MOST_SEEDS)
    address = document["paths"]["/graph"]["get"]["parameters"][0]["schema"]["pattern"]
    assert members["node"]["pattern"] == members["nodes"]["items"]["pattern"] == address
    accepted = strict(document, reference)
    for body in ({"node": "a:b:c"}, {"nodes": ["a:b:c"], "hops": 2, "sources": ["tw"], "timeout": 1.5}):
        accepted.validate(body)
    for body in ({}, {"node": "a:b:c", "nodes": ["a:b:c"]}, {"nodes": []}, {"node": "a:b:c", "hop": 1}):
        assert not accepted.is_valid(body)


@pytest.mark.parametrize("method", ["get", "post"])
def test_every_format_is_documented_as_it_is_written(document: Json, method: str) -> None:
    """Under its media type, with an example that the real writer has made of the JSON one."""
    content = document["paths"]["/graph"][method]["responses"]["200"]["content"]
    assert list(content) == [each.media_type for each in Format]
    whole = next(iter(content["application/json"]["examples"].values()))["value"]
    written = Written(whole["graph"], whole["nodes"], whole["edges"])
    for each in Format:
        shown = [example["value"] for example in content[each.media_type]["examples"].values()]
        if each is Format.CSV:
            assert shown == [
                write_answer(written, format=each, table=table).decode("utf-8") for table in Table
            ]
        elif each is not Format.NDJSON:
            body = write_answer(written, format=each)
            text = isinstance(shown[0], str)
            assert shown[0] == (body.decode("utf-8") if text else json.loads(body))


def test_the_stream_is_documented_event_by_event(document: Json) -> None:
    """Each kind is explained and shown, each line has its shape, and folded they are the JSON example."""
    content = document["paths"]["/graph"]["get"]["responses"]["200"]["content"]
    media = content["application/x-ndjson"]
    lines = media["examples"]["complete"]["value"].splitlines()
    events = [json.loads(line) for line in lines]
    shape = strict(document, media["x-itemSchema"])
    for event in events:
        shape.validate(event)
    assert {event["event"] for event in events} == EVENTS.keys()
    for word in EVENTS:
        assert f"- `{word}`: " in media["schema"]["description"]
    folded = Folded()
    for line in lines:
        folded.take(line)
    whole = content["application/json"]["examples"]["complete"]["value"]
    assert list(folded.nodes.values()) == whole["nodes"]
    assert list(folded.edges.values()) == whole["edges"]
    assert folded.graph == whole["graph"] | {"requested": folded.graph["requested"]}


def test_every_member_of_an_answer_is_shown(document: Json) -> None:
    """Also those that only some answers have: of pages, paths, measures, several seeds."""
    shown: dict[str, set[str]] = {"About": set(), "Node": set(), "Edge": set()}
    for method in ("get", "post"):
        media = document["paths"]["/graph"][method]["responses"]["200"]["content"]["application/json"]
        for example in media["examples"].values():
            shown["About"] |= example["value"]["graph"].keys()
            for node in example["value"]["nodes"]:
                shown["Node"] |= node.keys()
            for edge in example["value"]["edges"]:
                shown["Edge"] |= edge.keys()
    schemas = document["components"]["schemas"]
    assert shown == {name: schemas[name]["properties"].keys() for name in shown}


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
    assert parameters["measures"]["items"]["enum"] == [each.value for each in Measure]
    assert parameters["format"]["enum"] == [each.value for each in Format]
    assert (parameters["paths"]["minimum"], parameters["paths"]["maximum"]) == (1, 16)
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
    for path in (*GRAPH_PATHS, "/sources", "/resolve"):
        for method in build_document(KEYED)["paths"][path]:
            assert build_document(KEYED)["paths"][path][method]["security"] == ways
            assert build_document(settings())["paths"][path][method]["security"] == [{}, *ways]
    schemes = build_document(settings())["components"]["securitySchemes"]
    assert all(name in schemes for way in ways for name in way)


def test_who_calls_is_told_apart_and_limited_on_the_same_routes(document: Json) -> None:
    """Each key has a limit of its own: where one is wanted, both problems are described."""
    for name, operation in operations(document):
        assert ("401" in operation["responses"]) is ("429" in operation["responses"]), name


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
    shapes: dict[str, Draft202012Validator] = {}
    checked = 0
    for schema, example in bodies(document):
        name = json.dumps(schema)
        if name not in shapes:
            shapes[name] = strict(document, schema)
        shapes[name].validate(example)
        checked += 1
    assert checked > 100


def test_every_word_of_an_answer_is_explained(document: Json) -> None:
    """Outcomes from best to worst, how far a node was expanded, verdicts, and rules of identity."""
    assert list(OUTCOMES) == list(reversed(Outcome))
    schemas = document["components"]["schemas"]
    outcome = schemas["SourceReport"]["properties"]["outcome"]
    assert outcome["x-extensible-enum"] == [word.value for word in reversed(Outcome)]
    assert "enum" not in outcome
    for word in Outcome:
        assert f"- `{word}`: " in outcome["description"]
    for words, shape, member in (
        (EXPANSIONS, "Node", "expansion"),
        (VERDICTS, "About", "verdict"),
        (RULES, "SameAs", "rule"),
    ):
        told = schemas[shape]["properties"][member]
        assert told["x-extensible-enum"] == [str(word) for word in words]
        assert all(f"- `{word}`: " in told["description"] for word in words)
    assert set(VERDICTS) == set(PathVerdict)


def test_every_response_names_its_request(document: Json) -> None:
    """And every header comes with its meaning and an example."""
    for _, operation in operations(document):
        for response in operation["responses"].values():
            assert response["description"]
            assert {"Request-Id", "Cache-Control"} <= response["headers"].keys()
            for header in response["headers"].values():
                assert header["description"]
                assert header["example"]


def test_a_post_is_kept_by_nobody(document: Json) -> None:
    """It has no tag, no address to be asked for again by, and no 304; too much, or no JSON, is refused."""
    responses = document["paths"]["/graph"]["post"]["responses"]
    assert "304" not in responses
    assert not {"ETag", "Content-Location"} & responses["200"]["headers"].keys()
    assert responses["200"]["headers"]["Cache-Control"]["example"] == "no-store"
    assert {"413", "415"} <= responses.keys()
    assert not {"413", "415"} & document["paths"]["/graph"]["get"]["responses"].keys()


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
