"""The rules of signing in: exactly one of three service credentials, or the callers' own."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignIn:
    """One way to sign in: any of `marks` chooses it, all of `needed` must be there, `allowed` may."""

    name: str
    marks: frozenset[str]
    needed: tuple[str, ...]
    allowed: frozenset[str] = frozenset()


BEARER = SignIn("authorization", frozenset({"authorization"}), ("authorization",))
# A public client (PKCE) has no secret.
REFRESH = SignIn(
    "refresh_token",
    frozenset({"refresh_token"}),
    ("refresh_token", "client_id"),
    frozenset({"client_secret", "token_file"}),
)
ACCOUNT = SignIn(
    "a service account",
    frozenset({"service_account_id", "key_id", "private_key"}),
    ("service_account_id", "key_id", "private_key", "client_id", "client_secret"),
)
_WAYS = (BEARER, REFRESH, ACCOUNT)
_NO_WAY = (
    "credentials: give authorization, or refresh_token and client_id, or service_account_id, "
    'key_id, private_key, client_id and client_secret, or credentials = "caller"'
)

SIGN_IN_FIELDS = tuple(dict.fromkeys(name for way in _WAYS for name in (*way.needed, *sorted(way.allowed))))


def find_mistakes(given: frozenset[str], *, caller: bool) -> Iterable[str]:
    """Say, one sentence each, what is wrong with the settings given to sign in with."""
    in_order = tuple(name for name in SIGN_IN_FIELDS if name in given)
    if caller:
        return tuple(f'{name}: cannot go with credentials = "caller"' for name in in_order)
    chosen = tuple(way for way in _WAYS if way.marks & given)
    if not chosen:
        return (_NO_WAY,)
    if len(chosen) > 1:
        return (f"credentials: give only one of {', '.join(way.name for way in chosen)}",)
    way = chosen[0]
    missing = (f"{name}: needed with {way.name}" for name in way.needed if name not in given)
    spare = (
        f"{name}: of no use with {way.name}"
        for name in in_order
        if name not in way.needed and name not in way.allowed
    )
    return (*missing, *spare)
