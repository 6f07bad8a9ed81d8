"""Who calls: the API key of `Authorization: Bearer` or `X-API-Key`, if callers are configured."""

from fastapi import Request

from service.api.problems import UnauthenticatedError
from service.api.state import service_of
from service.caller import verify


async def identify_caller(request: Request) -> str | None:
    """Give the caller's configured name, None when nobody is configured; UnauthenticatedError.

    It is in the request's state as `caller` from then on.
    """
    request.state.caller = None
    callers = service_of(request).settings.callers
    if not callers:
        return None
    key = _sent_key(request)
    if key is not None:
        for name, caller in callers.items():
            if verify(key, caller.key_hash):
                request.state.caller = name
                return name
    raise UnauthenticatedError("send one of this service's API keys as 'Authorization: Bearer <key>'")


def _sent_key(request: Request) -> str | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    return request.headers.get("x-api-key")
