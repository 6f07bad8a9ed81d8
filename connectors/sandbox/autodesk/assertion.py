"""A service account's signed assertion, verified; imported with the first one, for its cryptography."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from connectors.sandbox.autodesk.switches import ServiceAccount

OFFICIAL_AUDIENCE = "https://developer.api.autodesk.com/authentication/v2/token"

_LONGEST_ASSERTION = timedelta(minutes=5)


def verify_assertion(
    assertion: str, *, client: str, accounts: Mapping[str, ServiceAccount], audience: str, now: datetime
) -> tuple[ServiceAccount, dict[str, Any]]:
    """Verify it against its account's registered key, and give both; ValueError says what is wrong.

    `audience` is taken beside the official one; `client` is who has sent it.
    """
    try:
        registered = _find_account(assertion, client, accounts)
        claims = jwt.decode(
            assertion,
            registered.public_key_pem,
            algorithms=["RS256"],
            audience=[OFFICIAL_AUDIENCE, audience],
            issuer=registered.client_id,
            # Times are checked below, by the sandbox's clock.
            options={
                "require": ["iss", "sub", "aud", "exp"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.PyJWTError as error:
        raise ValueError(str(error)) from error
    _check_expiry(claims["exp"], now=now)
    return registered, claims


def _find_account(assertion: str, client: str, accounts: Mapping[str, ServiceAccount]) -> ServiceAccount:
    unverified = jwt.decode(assertion, options={"verify_signature": False})
    registered = accounts.get(str(unverified.get("sub")))
    if registered is None or registered.client_id != client:
        raise ValueError("no such service account of this client")
    if jwt.get_unverified_header(assertion).get("kid") != registered.key_id:
        raise ValueError("the key is not registered")
    return registered


def _check_expiry(expiry: float, *, now: datetime) -> None:
    left = datetime.fromtimestamp(float(expiry), tz=UTC) - now
    if not timedelta(0) < left <= _LONGEST_ASSERTION:
        raise ValueError("exp must lie within the next five minutes")
