"""GET and POST /graph: the neighborhood of nodes, however their addresses are sent."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.exceptions import HTTPException

from connectors.errors import InvalidParameterError
from connectors.model import decode_ref
from connectors.settings import Visibility
from service.api.answer import respond
from service.api.caller import caller_of
from service.api.content import read_object
from service.api.format.media import Format
from service.api.format.negotiate import choose_format
from service.api.header import read_credentials, read_tolerance
from service.api.lifetime import lifetime_of
from service.api.parameters import GraphParameters
from service.api.pieces import size_of
from service.api.planned import respond_with_plan
from service.api.presence import while_present
from service.api.query import read_path, read_query, single
from service.api.repeated import repeatable
from service.api.repeating import footing_of, note_repeatable
from service.api.route import CallerRoute
from service.api.state import service_of
from service.api.streaming import EventStream, open_stream
from service.api.timing import timed
from service.api.validation import bounds_of, read_members, read_parameters
from service.usecases.request import GraphRequest, Identity
from service.usecases.service import Service

MOST_SEEDS = 200
# So many seeds of ten kilobytes each.
MOST_CONTENT_BYTES = 2 * 1024 * 1024
_MEMBERS = (*GraphParameters.model_fields, "node", "nodes")


class _AddressConvertor(PathConvertor):
    """Matches any path: unlike that of `path`, its dot is a line end too."""

    regex = "(?s:.*)"


def graph_router() -> APIRouter:
    """Build the routes."""
    register_url_convertor("address", _AddressConvertor())
    router = APIRouter(route_class=CallerRoute)
    # The order matters: no address begins with '~', so a ref is never taken for one.
    for path, endpoint, methods in (
        ("/graph", expand_query, ["GET", "HEAD", "POST"]),
        ("/graph/~{ref:address}", expand_ref, ["GET", "HEAD"]),
        ("/graph/{node:address}", expand_node, ["GET", "HEAD"]),
    ):
        router.add_api_route(path, endpoint, methods=methods)
    return router


async def expand_query(request: Request) -> Response:
    """Expand the node that the parameter `node` names, or the nodes that the body names."""
    found = _query(request)
    if request.method == "POST":
        return await _expand_content(request, found)
    node = single(found, "node")
    if node is None:
        raise InvalidParameterError("missing", field="node")
    return await _expand(request, (node,), _parameters(request, found))


async def expand_ref(request: Request) -> Response:
    """Expand the node whose address is base64url in the path."""
    node = decode_ref(_path(request, "/graph/~"))
    return await _expand(request, (node,), _parameters(request, _query(request)))


async def expand_node(request: Request) -> Response:
    """Expand the node whose address stands in the path."""
    return await _expand(request, (_path(request, "/graph/"),), _parameters(request, _query(request)))


async def _expand_content(request: Request, found: Mapping[str, Any]) -> Response:
    if found:
        raise InvalidParameterError("a POST has its parameters in its body", field=min(found))
    content = await read_object(request, members=_MEMBERS, most_bytes=MOST_CONTENT_BYTES)
    nodes = _seeds(content)
    several = content.pop("nodes", None) is not None
    content.pop("node", None)
    parameters = read_members(content, bounds=bounds_of(service_of(request).settings))
    return await _expand(request, nodes, parameters, several=several)


def _seeds(content: Mapping[str, Any]) -> tuple[str, ...]:
    if "node" in content and "nodes" in content:
        raise InvalidParameterError("either this or `nodes`", field="node")
    field = "node" if "node" in content else "nodes"
    seeds = [content["node"]] if "node" in content else content.get("nodes")
    if not isinstance(seeds, list) or not all(isinstance(seed, str) and seed for seed in seeds):
        raise InvalidParameterError("needs addresses as texts", field=field)
    if not 1 <= len(seeds) <= MOST_SEEDS:
        raise InvalidParameterError(f"1 to {MOST_SEEDS} addresses", field=field)
    return tuple(seeds)


async def _expand(
    request: Request, nodes: tuple[str, ...], parameters: GraphParameters, *, several: bool = False
) -> Response:
    service = service_of(request)
    format_ = choose_format(", ".join(request.headers.getlist("accept")), parameter=parameters.format)
    if format_ is None:
        raise HTTPException(406)
    if format_ is not Format.CSV and "table" in parameters.model_fields_set:
        raise InvalidParameterError("only a CSV answer has tables", field="table")
    if parameters.to is not None and len(nodes) > 1:
        raise InvalidParameterError("a path begins at one node", field="to")
    if parameters.plan and format_ is not Format.JSON:
        raise InvalidParameterError("a plan is JSON", field="plan")
    asked = _request(request, service, nodes, parameters)
    if parameters.plan:
        plan = await while_present(request, service.planner.plan(asked))
        return respond_with_plan(plan, several=several)
    if format_ is Format.NDJSON and request.method != "HEAD":
        opening = open_stream(request, service, asked, several=several)
        return await while_present(request, opening, discard=EventStream.close)
    footing = footing_of(request.scope) if format_ is Format.JSON and asked.is_repeatable else None
    with timed(request.scope, "expand"):
        answer = await while_present(request, service.expander.expand(asked, footing=footing))
    if request.method == "POST":
        response = respond(request, answer, format=format_, table=parameters.table, several=several)
    else:
        response = respond(
            request,
            answer,
            format=format_,
            table=parameters.table,
            public=_public(service, parameters),
            lifetime=lifetime_of(answer.reports, sources=service.sources, max_age=parameters.oldest),
        )
        # A large body is in pieces, and to join them only to find that it is too large costs as much again.
        if footing is not None and answer.is_settled and service.repeats.has_room(size_of(response)):
            made = repeatable(answer, response=response)
            note_repeatable(request.scope, made, at=service.expander.clock.now())
    # A later page takes as long as all before it, and counts only what is new.
    if not asked.measures and asked.cursor is None:
        expander = service.expander
        taken = expander.clock.monotonic() - answer.heard_at
        # What ended without a word is told of as well, and takes its time.
        questions = sum(len(report.findings) for report in answer.reports)
        records = answer.spent.nodes + answer.spent.edges + questions
        expander.reserve.learn(records=records, seconds=taken)
    return response


def _request(
    request: Request, service: Service, nodes: tuple[str, ...], parameters: GraphParameters
) -> GraphRequest:
    credentials = read_credentials(request.headers, sources=service.sources)
    return GraphRequest(
        nodes=nodes,
        hops=parameters.hops,
        sources=parameters.sources,
        rule=parameters.rule,
        order=parameters.node_order,
        budget=parameters.budget,
        # Headers are read after the parameters: one mistake of each kind is told at a time.
        tolerance=read_tolerance(
            request.headers, max_age=parameters.oldest, floor=service.settings.max_age_floor
        ),
        require=parameters.require,
        identity=parameters.identity,
        explain=parameters.explain is not None,
        to=parameters.to,
        paths=parameters.paths,
        longest=parameters.longest,
        measures=parameters.measures or (),
        cursor=parameters.cursor,
        caller=request.state.caller,
        behalf=caller_of(request, credentials=credentials),
        credentials=credentials,
    )


def _public(service: Service, parameters: GraphParameters) -> frozenset[str]:
    # What takes a key to get is for no shared cache, however public its source is; and what of the
    # crosswalk shows, depends on who asks.
    if service.settings.callers or parameters.identity is Identity.ASSERTED:
        return frozenset()
    return frozenset(s.name for s in service.sources if s.visibility is Visibility.PUBLIC)


def _parameters(request: Request, found: dict[str, list[str]]) -> GraphParameters:
    return read_parameters(found, bounds=bounds_of(service_of(request).settings))


def _query(request: Request) -> dict[str, list[str]]:
    return read_query(request.scope["query_string"])


def _path(request: Request, prefix: str) -> str:
    return read_path(request.scope["raw_path"], prefix=request.scope.get("root_path", "") + prefix)
