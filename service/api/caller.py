"""Who calls: the API key of `Authorization: Bearer` or `X-API-Key`, if callers are configured."""

from collections.abc import Mapping

from fastapi import Request

from connectors.ports import Caller
from service.api.problems import UnauthenticatedError
from service.api.state import service_of
from service.caller import verify
from service.usecases.caller_limits import OverLimitError
from service.usecases.source import UpstreamCredential


async def identify_caller(request: Request) -> str | None:
    """Give the caller's configured name, None when nobody is configured.

    It is in the request's state as `caller` from then on. UnauthenticatedError for who is none of them,
    OverLimitError for who has asked too often.
    """
    request.state.caller = None
    service = service_of(request)
    callers = service.settings.callers
    if not callers:
        return None
    key = _sent_key(request)
    if key is not None:
        for name, caller in callers.items():
            if verify(key, caller.key_hash):
                wait = await service.caller_limits.take(name)
                if wait is not None:
                    raise OverLimitError(name, wait=wait)
                request.state.caller = name
                return name
    raise UnauthenticatedError("send one of this service's API keys as 'Authorization: Bearer <key>'")


def caller_of(request: Request, *, credentials: Mapping[str, UpstreamCredential]) -> Caller:
    """Give in whose name calls wait for their turns: the API key's, else who sent these, else an address.

    The name goes to the store, so it holds neither a credential nor an address.
    """
    service = service_of(request)
    name: str | None = request.state.caller
    if name is not None:
        return Caller(f"key:{name}", service.settings.callers[name].weight)
    sent = tuple((source, each.scheme.value, each.value) for source, each in sorted(credentials.items()))
    address = "" if request.client is None else request.client.host
    who = sent or (("address", address),)
    return Caller(service.hasher.text("caller", who))


def _sent_key(request: Request) -> str | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    # What is around a field is no part of it (RFC 9110, section 5.5), and not every server takes it off.
    return request.headers.get("x-api-key", "").strip() or None
