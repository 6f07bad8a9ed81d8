"""GET /graph: the neighborhood of a node, however its address is sent."""

from datetime import timedelta

from fastapi import APIRouter, Depends, Request, Response

from connectors.errors import InvalidParameterError
from connectors.model import decode_ref
from service.api.answer import answer_json
from service.api.caller import identify_caller
from service.api.header import read_credentials, read_tolerance, require_json
from service.api.openapi import documented_graph
from service.api.parameters import read_parameters
from service.api.query import read_path_node, read_query, single
from service.api.state import service_of
from service.settings import Ceilings
from service.usecases.request import GraphRequest


def graph_router(ceilings: Ceilings) -> APIRouter:
    """Build the routes; the ceilings stand in their documentation."""
    router = APIRouter(tags=["graph"], dependencies=[Depends(identify_caller)])
    # The order matters: no address begins with '~', so a ref is never taken for one.
    for path, name, endpoint in (
        ("/graph", "query", expand_query),
        ("/graph/~{ref}", "ref", expand_ref),
        ("/graph/{node:path}", "node", expand_node),
    ):
        router.add_api_route(path, endpoint, methods=["GET"], **documented_graph(name, ceilings))
        router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)
    return router


async def expand_query(request: Request) -> Response:
    """Expand the node that the parameter `node` names."""
    found = read_query(request.scope["query_string"])
    node = single(found, "node")
    if node is None:
        raise InvalidParameterError("missing", field="node")
    return await _expand(request, node, found)


async def expand_ref(request: Request) -> Response:
    """Expand the node whose address is base64url in the path."""
    ref = read_path_node(_raw_path(request), prefix="/graph/~")
    return await _expand(request, decode_ref(ref), read_query(request.scope["query_string"]))


async def expand_node(request: Request) -> Response:
    """Expand the node whose address stands in the path."""
    node = read_path_node(_raw_path(request), prefix="/graph/")
    return await _expand(request, node, read_query(request.scope["query_string"]))


async def _expand(request: Request, node: str, found: dict[str, list[str]]) -> Response:
    service = service_of(request)
    if "format" not in found:
        require_json(request.headers)
    parameters = read_parameters(found, ceilings=service.settings.ceilings)
    # Headers are read after the parameters: one mistake of each kind is told at a time.
    max_age = None if parameters.max_age is None else timedelta(seconds=parameters.max_age)
    tolerance = read_tolerance(request.headers, max_age=max_age, floor=service.settings.max_age_floor)
    answer = await service.expander.expand(
        GraphRequest(
            node=node,
            hops=parameters.hops,
            sources=parameters.sources,
            rule=parameters.rule,
            order=parameters.order_over([source.name for source in service.sources]),
            budget=parameters.budget,
            tolerance=tolerance,
            require=parameters.require,
            identity=parameters.identity,
            credentials=read_credentials(request.headers, sources=service.sources),
        )
    )
    return answer_json(request, answer, sources=service.sources)


def _raw_path(request: Request) -> bytes:
    raw: bytes = request.scope["raw_path"]
    return raw[len(request.scope.get("root_path", "").encode()) :]
