"""GET /graph: the neighborhood of a node, however its address is sent."""

from fastapi import APIRouter, Depends, Request, Response
from starlette.convertors import PathConvertor, register_url_convertor

from connectors.errors import InvalidParameterError
from connectors.model import decode_ref
from connectors.settings import Visibility
from service.api.answer import answer_json
from service.api.caller import identify_caller
from service.api.header import read_credentials, read_tolerance, require_json
from service.api.query import read_path, read_query, single
from service.api.state import service_of
from service.api.validation import bounds_of, read_parameters
from service.usecases.request import GraphRequest
from service.usecases.service import Service


class _AddressConvertor(PathConvertor):
    """Matches any path: unlike that of `path`, its dot is a line end too."""

    regex = "(?s:.*)"


def graph_router() -> APIRouter:
    """Build the routes."""
    register_url_convertor("address", _AddressConvertor())
    router = APIRouter(dependencies=[Depends(identify_caller)])
    # The order matters: no address begins with '~', so a ref is never taken for one.
    for path, endpoint in (
        ("/graph", expand_query),
        ("/graph/~{ref:address}", expand_ref),
        ("/graph/{node:address}", expand_node),
    ):
        router.add_api_route(path, endpoint, methods=["GET", "HEAD"])
    return router


async def expand_query(request: Request) -> Response:
    """Expand the node that the parameter `node` names."""
    found = _query(request)
    node = single(found, "node")
    if node is None:
        raise InvalidParameterError("missing", field="node")
    return await _expand(request, node, found)


async def expand_ref(request: Request) -> Response:
    """Expand the node whose address is base64url in the path."""
    return await _expand(request, decode_ref(_path(request, "/graph/~")), _query(request))


async def expand_node(request: Request) -> Response:
    """Expand the node whose address stands in the path."""
    return await _expand(request, _path(request, "/graph/"), _query(request))


async def _expand(request: Request, node: str, found: dict[str, list[str]]) -> Response:
    service = service_of(request)
    if "format" not in found:
        require_json(request.headers)
    settings = service.settings
    parameters = read_parameters(found, bounds=bounds_of(settings))
    # Headers are read after the parameters: one mistake of each kind is told at a time.
    tolerance = read_tolerance(request.headers, max_age=parameters.oldest, floor=settings.max_age_floor)
    answer = await service.expander.expand(
        GraphRequest(
            node=node,
            hops=parameters.hops,
            sources=parameters.sources,
            rule=parameters.rule,
            order=parameters.node_order,
            budget=parameters.budget,
            tolerance=tolerance,
            require=parameters.require,
            identity=parameters.identity,
            credentials=read_credentials(request.headers, sources=service.sources),
        )
    )
    return answer_json(request, answer, public=_public(service))


def _public(service: Service) -> frozenset[str]:
    if service.settings.callers:
        # What takes a key to get is for no shared cache, however public its source is.
        return frozenset()
    return frozenset(s.name for s in service.sources if s.visibility is Visibility.PUBLIC)


def _query(request: Request) -> dict[str, list[str]]:
    return read_query(request.scope["query_string"])


def _path(request: Request, prefix: str) -> str:
    return read_path(request.scope["raw_path"], prefix=request.scope.get("root_path", "") + prefix)
