"""Who calls: the demo accounts, and the access and refresh tokens that are in force."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.sandbox.autodesk.landmark import DEMO_CONTAINER, EMEA_CONTAINER, SECOND_CONTAINER
from connectors.sandbox.autodesk.switches import AutodeskSwitches, Grant, ServiceAccount

CLIENT_ID = "sandbox-client"
CLIENT_KEY = "sandbox-client-key"

# Access tokens (send as `Authorization: Bearer …`) and one refresh token; none looks like a real one.
BEARER_OF_MEMBER = "sandbox-bearer-of-ines"
BEARER_OF_ADMINISTRATOR = "sandbox-bearer-of-marc"
BEARER_OF_OUTSIDER = "sandbox-bearer-of-otto"
BEARER_WITHOUT_SCOPE = "sandbox-bearer-of-ines-without-scope"
BEARER_OF_UNPROVISIONED_APP = "sandbox-bearer-of-an-app-without-this-api"
REFRESH_OF_MEMBER = "sandbox-refresh-of-ines"

# Ines may only read documents, so the example row of the reference page is read-only for her; Marc
# may write everywhere; Otto is in the second project only.
_INES = Grant(
    "ines",
    containers=(DEMO_CONTAINER, EMEA_CONTAINER, SECOND_CONTAINER),
    read_only_domains=("autodesk-bim360-documentmanagement",),
)
_MARC = Grant("marc", containers=(DEMO_CONTAINER, EMEA_CONTAINER))
_OTTO = Grant("otto", containers=(SECOND_CONTAINER,))
USERS = {grant.user: grant for grant in (_INES, _MARC, _OTTO)}


@dataclass(frozen=True, slots=True)
class Account:
    """What an access token stands for; `has_api` is False when its app was never given this API."""

    user: str
    containers: frozenset[str]
    scopes: frozenset[str]
    read_only_domains: frozenset[str]
    has_api: bool = True


@dataclass(frozen=True, slots=True)
class Session:
    """A refresh token's meaning: for which client, as whom, with which scopes at most."""

    client_id: str
    account: Account


@dataclass(frozen=True, slots=True)
class _Minted:
    account: Account
    expires_at: datetime
    generation: int


class Accounts:
    """The tokens in force: named constants, those added by switch, and those minted here."""

    def __init__(self) -> None:
        self._minted: dict[str, _Minted] = {}
        self._sessions: dict[str, Session] = {}
        self._spent: set[str] = set()
        self._counter = 0

    def authenticate(self, bearer: str, *, switches: AutodeskSwitches, now: datetime) -> Account | None:
        """Give the account of an access token that is in force."""
        if (grant := switches.accounts.get(bearer)) is not None:
            return _open_account(grant) if grant.generation == switches.access_token_generation else None
        if (minted := self._minted.get(bearer)) is not None:
            current = minted.generation == switches.access_token_generation and now < minted.expires_at
            return minted.account if current else None
        return _CONSTANTS.get(bearer) if switches.access_token_generation == 0 else None

    def mint_access(self, account: Account, *, switches: AutodeskSwitches, now: datetime) -> str:
        """Make a new access token for the account."""
        token = self._name("access", account)
        expires_at = now + timedelta(seconds=switches.access_token_seconds)
        self._minted[token] = _Minted(account, expires_at, switches.access_token_generation)
        return token

    def session(self, refresh: str, *, switches: AutodeskSwitches) -> Session | None:
        """Give what a refresh token stands for, unless it was used before."""
        if refresh in self._spent:
            return None
        if (grant := switches.refresh_tokens.get(refresh)) is not None:
            return Session(grant.client_id or CLIENT_ID, _open_account(grant))
        if refresh == REFRESH_OF_MEMBER:
            return Session(CLIENT_ID, _open_account(_INES))
        return self._sessions.get(refresh)

    def rotate(self, refresh: str, session: Session) -> str:
        """Void a refresh token and give the one that follows it."""
        self._spent.add(refresh)
        self._sessions.pop(refresh, None)
        token = self._name("refresh", session.account)
        self._sessions[token] = session
        return token

    def _name(self, what: str, account: Account) -> str:
        self._counter += 1
        return f"sandbox-{what}-{self._counter}-of-{account.user}"


def account_of_service(registered: ServiceAccount, *, scopes: frozenset[str]) -> Account:
    """Give the user that a service account acts as."""
    known = USERS.get(registered.user, Grant(registered.user))
    account = replace(_open_account(known), scopes=scopes)
    if registered.containers is None:
        return account
    return replace(account, containers=frozenset(registered.containers))


def _open_account(grant: Grant) -> Account:
    return Account(
        grant.user,
        frozenset(container.lower() for container in grant.containers),
        frozenset(grant.scopes),
        frozenset(grant.read_only_domains),
    )


_CONSTANTS = {
    BEARER_OF_MEMBER: _open_account(_INES),
    BEARER_OF_ADMINISTRATOR: _open_account(_MARC),
    BEARER_OF_OUTSIDER: _open_account(_OTTO),
    BEARER_WITHOUT_SCOPE: replace(_open_account(_INES), scopes=frozenset({"account:read"})),
    BEARER_OF_UNPROVISIONED_APP: replace(_open_account(_INES), has_api=False),
}
