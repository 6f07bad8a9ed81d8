"""GET and POST /resolve: the addresses that pasted text may mean, with no upstream call."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from connectors.errors import InvalidParameterError
from connectors.model import encode_ref
from service.api.body import encode_json
from service.api.content import read_object
from service.api.format.media import Format
from service.api.format.negotiate import choose_format
from service.api.problems import ParametersError
from service.api.query import read_query, single
from service.api.route import CallerRoute
from service.api.state import service_of
from service.usecases.resolve import Candidate, resolve
from service.usecases.source import Source

MOST_TEXTS = 1000
MOST_CONTENT_BYTES = 1024 * 1024
MOST_TEXT_BYTES = 64 * 1024

router = APIRouter(route_class=CallerRoute)


# One route for all methods: a 405 names every one that the address has.
@router.api_route("/resolve", methods=["GET", "HEAD", "POST"])
async def resolve_text(request: Request) -> Response:
    """Resolve the text in the query, or each of those in the body."""
    sources = service_of(request).sources
    accept = ", ".join(request.headers.getlist("accept"))
    if choose_format(accept, offered=(Format.JSON,)) is None:
        raise HTTPException(HTTPStatus.NOT_ACCEPTABLE)
    found = read_query(request.scope["query_string"])
    if request.method == "POST":
        _refuse(found)
        answers = [await _answer(text, sources) for text in await _read_texts(request)]
        return _respond({"answers": answers}, cache_control="no-store")
    text = single(found, "q")
    _refuse(found)
    if text is None:
        raise InvalidParameterError("missing", field="q")
    # What a text means changes with the settings only, and those with a restart that nobody announces.
    return _respond(await _answer(text, sources), cache_control="private, no-cache")


def _refuse(unknown: dict[str, list[str]]) -> None:
    if unknown:
        raise ParametersError(
            [InvalidParameterError("there is no such parameter", field=name) for name in sorted(unknown)]
        )


async def _read_texts(request: Request) -> list[str]:
    content = await read_object(request, members=("q",), most_bytes=MOST_CONTENT_BYTES)
    texts = content.get("q")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InvalidParameterError("not a list of texts", field="q")
    if len(texts) > MOST_TEXTS:
        raise InvalidParameterError(f"at most {MOST_TEXTS} texts", field="q")
    if any(len(text.encode("utf-8", "surrogatepass")) > MOST_TEXT_BYTES for text in texts):
        raise InvalidParameterError(f"a text is at most {MOST_TEXT_BYTES} bytes", field="q")
    return texts


async def _answer(text: str, sources: Sequence[Source]) -> dict[str, Any]:
    # Many texts take a while together: others have their turn between two.
    await asyncio.sleep(0)
    return {"q": text, "candidates": [_record(candidate) for candidate in resolve(text, sources)]}


def _record(candidate: Candidate) -> dict[str, Any]:
    address = str(candidate.address)
    ref = encode_ref(address)
    return {
        "address": address,
        "ref": ref,
        "href": f"/graph/~{ref}",
        "kind": candidate.kind,
        "confidence": candidate.confidence,
        "sources": list(candidate.sources),
    }


def _respond(body: dict[str, Any], *, cache_control: str) -> Response:
    headers = {"Cache-Control": cache_control, "Vary": "Accept, Authorization, X-API-Key"}
    return Response(encode_json(body), media_type="application/json", headers=headers)
