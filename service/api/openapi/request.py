"""The body of POST /graph: the parameters as members of an object, made of what describes them in a query."""

from typing import Any

from service.api.graph import MOST_CONTENT_BYTES, MOST_SEEDS
from service.api.openapi.parameter import ADDRESS, Configured, Parameter, query_parameters

_NAME = "GraphRequest"


def request_schemas(configured: Configured) -> dict[str, Any]:
    """Give the shape of the body under its name, for `components.schemas`."""
    address = {"type": "string", "pattern": ADDRESS}
    parameters = {each["name"]: _member(each) for each in query_parameters(configured)}
    nodes = {
        "type": "array",
        "minItems": 1,
        "maxItems": MOST_SEEDS,
        "items": address,
        "description": "The addresses of several seeds; the answer is their neighborhood together.",
    }
    return {
        _NAME: {
            "type": "object",
            "description": "One seed or several, and the parameters, with the names and values they have in "
            "a query. Lists are lists; a number may also be written as text.",
            "oneOf": [{"required": ["node"]}, {"required": ["nodes"]}],
            "additionalProperties": False,
            "properties": {
                "node": address | {"description": "The address of the one seed."},
                "nodes": nodes,
                **parameters,
            },
        }
    }


def _member(parameter: Parameter) -> dict[str, Any]:
    examples = {"examples": [parameter["example"]]} if "example" in parameter else {}
    return {**parameter["schema"], "description": parameter["description"], **examples}


def graph_request(configured: Configured) -> dict[str, Any]:
    """Describe the body, with examples that can be sent."""
    seeds = list(configured.addresses.values())
    examples = {}
    if seeds:
        examples = {
            "several seeds": {"nodes": seeds, "hops": 1},
            "one seed": {"node": seeds[0], "hops": 2, "with_type": ["domain", "threat"]},
        }
    return {
        "required": True,
        "description": f"At most {MOST_CONTENT_BYTES // 1024**2} MiB of JSON in UTF-8.",
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{_NAME}"},
                "examples": {name: {"value": body} for name, body in examples.items()},
            }
        },
    }
