"""Reading a JSON body strictly and bounded: its type, its size, its members, nothing twice."""

from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from connectors.errors import InvalidParameterError
from service.api.problems import ParametersError
from service.strict_json import TwiceError, read_json

# Reading takes its time for each object and list, and for each mistake told.
_MOST_NESTED = 100_000
_MOST_TOLD = 20
CONTENT = "content"
"""The field of a mistake in the body as a whole."""


async def read_object(request: Request, *, members: Collection[str], most_bytes: int) -> dict[str, Any]:
    """Read a JSON object that has no other members than these.

    HTTPException 415 when it is not said to be JSON in UTF-8, 413 past `most_bytes`;
    InvalidParameterError when it is no such object, ParametersError with every unknown member.
    """
    _require_json_content(request.headers)
    body = await _read_bytes(request, most_bytes=most_bytes)
    if body.count(b"{") + body.count(b"[") > _MOST_NESTED:
        raise InvalidParameterError("holds too many objects and lists", field=CONTENT)
    try:
        found = read_json(body.decode("utf-8"))
    except TwiceError as error:
        raise InvalidParameterError("given more than once", field=error.member) from error
    except (ValueError, RecursionError) as error:
        raise InvalidParameterError("not JSON in UTF-8", field=CONTENT) from error
    if not isinstance(found, dict):
        raise InvalidParameterError("not a JSON object", field=CONTENT)
    if unknown := sorted(found.keys() - set(members)):
        raise ParametersError(
            [InvalidParameterError("there is no such member", field=name) for name in unknown[:_MOST_TOLD]]
        )
    return found


def _require_json_content(headers: Headers) -> None:
    media, *parameters = (part.strip().lower() for part in headers.get("content-type", "").split(";"))
    charsets = [part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")]
    plain = headers.get("content-encoding", "identity").lower() == "identity"
    if media != "application/json" or set(charsets) - {"utf-8", "utf8"} or not plain:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


async def _read_bytes(request: Request, *, most_bytes: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdecimal() and int(declared[:20]) > most_bytes:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most_bytes:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except ClientDisconnect as error:
        raise InvalidParameterError("ended before it was complete", field=CONTENT) from error
    return bytes(body)
