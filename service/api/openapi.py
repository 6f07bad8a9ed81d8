"""What the OpenAPI document says of each route."""

from typing import Any

from service.api.parameters import documented
from service.settings import Ceilings

_NODE = {
    "query": {"name": "node", "in": "query", "required": True},
    "ref": {"name": "ref", "in": "path", "required": True},
    "node": {"name": "node", "in": "path", "required": True},
}


def documented_graph(name: str, ceilings: Ceilings) -> dict[str, Any]:
    """Give the route's documentation."""
    node = _NODE[name] | {"schema": {"type": "string"}}
    return {
        "operation_id": f"expand_{name}",
        "openapi_extra": {"parameters": [node, *documented(ceilings)]},
    }


def documented_sources() -> dict[str, Any]:
    """Give the route's documentation."""
    return {"operation_id": "list_sources"}


def documented_health(name: str) -> dict[str, Any]:
    """Give the route's documentation."""
    return {"operation_id": name}
