"""The token endpoint: refreshing a user's access, and service accounts' signed assertions."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.sandbox.autodesk.account import CLIENT_ID, CLIENT_KEY, Account, account_of_service
from connectors.sandbox.autodesk.gate import Office, reply_refusal
from connectors.sandbox.autodesk.problem import Refusal, over_quota
from connectors.sandbox.autodesk.switches import AutodeskSwitches
from connectors.sandbox.journal import note

CALLS_PER_MINUTE = 500

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class _Grants(StrEnum):
    REFRESH = "refresh_token"
    ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def open_token_endpoint(office: Office) -> Callable[[Request], Awaitable[Response]]:
    """Answer POST /authentication/v2/token; the journal shows for which user each token was given."""

    async def answer(request: Request) -> Response:
        try:
            form = await _read_form(request)
            content = _grant(request, form, office)
        except Refusal as refusal:
            return reply_refusal(refusal)
        return JSONResponse(content, headers=_NO_STORE)

    return answer


def _grant(request: Request, form: Mapping[str, str], office: Office) -> dict[str, Any]:
    switches, now = office.switches.now, office.clock()
    client = _authenticate_client(request, form, switches)
    wait = office.quota.take(f"client {client}", limit=CALLS_PER_MINUTE, now=now)
    if wait is not None:
        raise over_quota()
    match form.get("grant_type"):
        case _Grants.REFRESH:
            account, following = _refresh(form, client, office)
        case _Grants.ASSERTION:
            account, following = _believe(request, form, client, office), {}
        case _:
            raise _refuse("unsupported_grant_type", "The grant_type is not supported.")
    note(request.scope, caller=account.user)
    return {
        "token_type": "Bearer",
        "expires_in": switches.access_token_seconds,
        "access_token": office.accounts.mint_access(account, switches=switches, now=now),
        **following,
    }


def _refresh(form: Mapping[str, str], client: str, office: Office) -> tuple[Account, dict[str, str]]:
    """Trade a refresh token, which works once, for a new pair; fewer scopes may be asked for, not more."""
    refresh = form.get("refresh_token", "")
    session = office.accounts.session(refresh, switches=office.switches.now)
    if session is None or session.client_id != client:
        raise _refuse("invalid_grant", "The refresh token is invalid, expired or was used before.")
    account = _narrow(session.account, form)
    return account, {"refresh_token": office.accounts.rotate(refresh, session)}


def _believe(request: Request, form: Mapping[str, str], client: str, office: Office) -> Account:
    """Verify a service account's assertion against its registered key."""
    # The library and its cryptography are a fifth of a start, and few sandboxes see an assertion.
    from connectors.sandbox.autodesk.assertion import verify_assertion  # noqa: PLC0415 - see above

    try:
        registered, claims = verify_assertion(
            form.get("assertion", ""),
            client=client,
            accounts=office.switches.now.service_accounts,
            audience=str(request.url.replace(query="")),
            now=office.clock(),
        )
    except ValueError as error:
        raise _refuse("invalid_grant", f"The assertion is not valid: {error}") from error
    scopes = claims.get("scope") or form.get("scope", "").split()
    if not isinstance(scopes, list) or not scopes or not all(isinstance(scope, str) for scope in scopes):
        raise _refuse("invalid_scope", "The assertion names no scopes.")
    return _narrow(account_of_service(registered, scopes=frozenset(scopes)), form)


def _narrow(account: Account, form: Mapping[str, str]) -> Account:
    asked = frozenset(form.get("scope", "").split())
    if not asked <= account.scopes:
        raise _refuse("invalid_scope", "More scopes are asked for than were granted.")
    return replace(account, scopes=asked) if asked else account


def _authenticate_client(request: Request, form: Mapping[str, str], switches: AutodeskSwitches) -> str:
    """Know the client by HTTP Basic or by body fields; both at once is a 400, as documented."""
    basic = request.headers.get("authorization", "")
    in_body = "client_id" in form or "client_secret" in form
    if basic and in_body:
        raise _refuse("invalid_request", "Client authentication is in the header and in the body.")
    told = _parse_basic(basic) if basic else (form.get("client_id", ""), form.get("client_secret", ""))
    keys = {CLIENT_ID: CLIENT_KEY}
    for registered in switches.service_accounts.values():
        keys[registered.client_id] = registered.client_secret or CLIENT_KEY
    for grant in switches.refresh_tokens.values():
        keys.setdefault(grant.client_id or CLIENT_ID, CLIENT_KEY)
    if keys.get(told[0]) != told[1]:
        raise _refuse("invalid_client", "The client is unknown or its secret is wrong.", status=401)
    return told[0]


def _parse_basic(header: str) -> tuple[str, str]:
    kind, _, coded = header.partition(" ")
    try:
        text = base64.b64decode(coded.strip(), validate=True).decode() if kind.lower() == "basic" else ""
    except (binascii.Error, UnicodeError):
        text = ""
    client, _, key = text.partition(":")
    return unquote_plus(client), unquote_plus(key)


async def _read_form(request: Request) -> dict[str, str]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise _refuse("invalid_request", "The body must be application/x-www-form-urlencoded.")
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def _refuse(code: str, description: str, *, status: int = 400) -> Refusal:
    # The token endpoint's error bodies are not documented; these are RFC 6749's (section 5.2).
    return Refusal(status, {"error": code, "error_description": description}, headers=_NO_STORE)
