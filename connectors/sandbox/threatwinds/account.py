"""Who may call the ThreatWinds sandbox: its documented accounts, how they show themselves, their quota."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from starlette.datastructures import Headers

from connectors.sandbox.clock import Clock
from connectors.sandbox.threatwinds.dialect import RefusedError, ThrottledError
from connectors.sandbox.threatwinds.setting import Account, ThreatWindsSwitches

# Names, not secrets: they open nothing but this sandbox.
DEMO_TOKEN = "sandbox-demo-token"  # noqa: S105 - see above
DEMO_KEY = "sandbox-demo-key"
DEMO_SECRET = "sandbox-demo-secret"  # noqa: S105 - see above
QUANTFALL_TOKEN = "sandbox-quantfall-token"  # noqa: S105 - see above
UNPERMITTED_TOKEN = "sandbox-unpermitted-token"  # noqa: S105 - see above

BUILT_IN_ACCOUNTS: Mapping[str, Account] = {
    DEMO_TOKEN: Account(label="demo"),
    f"{DEMO_KEY}:{DEMO_SECRET}": Account(label="demo-keypair"),
    QUANTFALL_TOKEN: Account(label="quantfall", groups=("public", "quantfall")),
    UNPERMITTED_TOKEN: Account(label="unpermitted", permitted=False),
}

MINUTE = timedelta(minutes=1)


def read_credential(headers: Headers) -> str:
    """Return a call's bearer token or "key:secret"; raise RefusedError when it shows neither, or both."""
    authorization = headers.get("authorization")
    key = headers.get("api-key")
    secret = headers.get("api-secret")
    if authorization is not None and (key is not None or secret is not None):
        # The upstream's own clients refuse this before calling; what the server does is not documented.
        raise RefusedError("authorization header and key pair cannot be combined", status=400)
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer" or not token.strip():
            raise RefusedError("incorrect authorization header", status=400)
        return token.strip()
    if not key or not secret:
        raise RefusedError("authentication required", status=401)
    return f"{key}:{secret}"


class Directory:
    """All accounts, by credential."""

    def __init__(self) -> None:
        self._added: Mapping[str, Account] = {}
        self._accounts: Mapping[str, Account] = BUILT_IN_ACCOUNTS

    def find(self, credential: str, *, switches: ThreatWindsSwitches) -> Account | None:
        """Return whose credential this is; accounts added by switch win over the built-in ones."""
        if switches.accounts is not self._added:
            self._added = switches.accounts
            labelled = {
                credential: replace(account, label=account.label or f"account-{number}")
                for number, (credential, account) in enumerate(self._added.items(), start=1)
            }
            self._accounts = {**BUILT_IN_ACCOUNTS, **labelled}
        return self._accounts.get(credential)


class Quota:
    """Counts each account's calls in windows of a minute, the first call opening a window."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[datetime, int]] = {}

    def spend(self, credential: str, *, switches: ThreatWindsSwitches) -> None:
        """Count one call; raise ThrottledError when the account's minute is used up."""
        if switches.requests_per_minute is None:
            return
        now = self._clock()
        opened, spent = self._windows.get(credential, (now, 0))
        if now - opened >= MINUTE:
            opened, spent = now, 0
        if spent >= switches.requests_per_minute:
            left = math.ceil((opened + MINUTE - now).total_seconds())
            raise ThrottledError(switches.throttle_text, retry_after=left)
        self._windows[credential] = (opened, spent + 1)
